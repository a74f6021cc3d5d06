"""Provinces, cities and county-level cities: their short names, and how people write them."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from matcher.errors import InputError

_PROVINCE, _CITY = "province", "city"
_PROVINCE_TAIL = r"(?:(?:壮族|回族|维吾尔)?自治区|特别行政区|省|市)?"
_CITY_TAIL = r"(?:[\u4e00-\u9fff]{0,8}自治州|市|地区|盟|林区|州|哈萨克|柯尔克孜|新区|区|自治县|县)?"
_DROPPED = re.compile(r"市辖区|省直辖县(?:级行政区划)?|自治区直辖县级行政区划|县")
_DISTRICT = re.compile(r"(?:[\u4e00-\u9fff]*(?:区|县|市|镇|乡|旗))?")
_BRACKETS = re.compile(r"\(([\u4e00-\u9fff]{2,5})\)")
_NOISE = re.compile(r"[\s,，、/·\-—>›]+")

# Names that are also words or parts of institution names (复旦大学附属中山医院): they count as
# places inside a longer name only when an administrative suffix follows.
_AMBIGUOUS = frozenset(
    {
        "中山",
        "朝阳",
        "东方",
        "通化",
        "大同",
        "安康",
        "白银",
        "海南",
        "吉林",
        "和平",
        "合作",
        "安宁",
        "大安",
        "永安",
        "新民",
        "东港",
        "海城",
        "南海",
        "兴化",
        "新星",
        "双河",
        "白杨",
        "福安",
        "永康",
        "三河",
        "高明",
        "东兴",
        "长兴",
        "宝山",
        "金山",
        "北安",
        "华阴",
        "河南",
        "河北",
    }
)


@dataclass(frozen=True, slots=True)
class Place:
    """A province and, where known, a city, in the short form of registries (浙江, 杭州).

    The city is of prefecture level; in the four municipalities it repeats the province, whatever
    the district. ``city`` is ``""`` where only the province is known.
    """

    province: str
    city: str = ""


class Regions:
    """Looks up places by the names people write.

    Args:
        rows: ``(code, level, name, parent)``; level is ``province``, ``city`` or ``county``; the
            parent of a city is its province, that of a county ``province/city``.
    """

    def __init__(self, rows: Iterable[tuple[str, ...]]) -> None:
        provinces: list[str] = []
        self._cities: dict[str, Place] = {}
        self._counties: dict[str, tuple[Place, ...]] = {}
        for _, level, name, parent in rows:
            if level == _PROVINCE:
                provinces.append(name)
            elif level == _CITY:
                self._cities[name] = Place(parent, name)
            else:
                place = Place(*parent.split("/"))
                self._counties[name] = (*self._counties.get(name, ()), place)
        size = Counter(place.province for place in self._cities.values())
        self._municipalities = {p for p in provinces if p in self._cities and size[p] == 1}
        # 吉林市 and 海南州 are cities, 吉林 and 海南 alone are provinces.
        twins = {p for p in provinces if p in self._cities} - self._municipalities
        self._province_start = re.compile(
            f"(?!(?:{_any_of(twins)})(?:市|州|藏族))({_any_of(provinces)}){_PROVINCE_TAIL}"
        )
        towns = [n for n, of in self._counties.items() if of[0].city not in self._municipalities]
        self._start = re.compile(f"({_any_of([*self._cities, *self._counties])}){_CITY_TAIL}")
        self._city_inside = re.compile(f"({_any_of(self._cities)})(市?)")
        self._town_inside = re.compile(f"({_any_of([*self._cities, *towns])})(市|区|县|)")

    def normalise(self, province: str, city: str) -> Place | None:
        """Return the place of two cells; see ``PlaceTable.normalise_region``."""
        start = self._province_start.match(fold(province))
        if start is None:
            return self._city_of(fold(city), "") or self._city_of(fold(province), "")
        if start[1] in self._municipalities:
            return Place(start[1], start[1])
        return self._city_of(fold(city), start[1]) or Place(start[1])

    def parse(self, text: str) -> Place:
        """Return the place a text means; see ``PlaceTable.parse_region``."""
        folded = fold(text).removeprefix("中国")
        start = self._province_start.match(folded)
        province = start[1] if start else ""
        rest = folded[start.end() :] if start else folded
        if start and (rest == "" or _DROPPED.fullmatch(rest)):
            return Place(province, province if province in self._municipalities else "")
        city = self._start.match(rest)
        place = self._unique(city[1], province) if city else None
        if city is None or place is None or not _DISTRICT.fullmatch(rest[city.end() :]):
            raise InputError(
                f"found region {text!r}",
                "a province or a city of China, such as '浙江', '杭州' or '浙江杭州'",
                "write the province first, then the city",
            )
        return place

    def at_start(self, name: str) -> Place | None:
        """Return the place with which a holder's name begins (合肥市第二人民医院), or ``None``.

        After a province a city of that province is looked for in the rest of the name.
        """
        start = self._province_start.match(name)
        if start:
            if start[1] in self._municipalities:
                return Place(start[1], start[1])
            return self.inside(name[start.end() :], start[1]) or Place(start[1])
        city = self._start.match(name)
        if city is None or (city[1] in _AMBIGUOUS and city[0] == city[1]):
            return None
        return self._unique(city[1], "")

    def inside(self, name: str, province: str = "", *, towns: bool = True) -> Place | None:
        """Return the first place that a text names, or ``None``.

        Args:
            name: part of a holder's name, folded.
            province: look in that province only, if given.
            towns: count county-level cities too, not only cities.
        """
        for found in (self._town_inside if towns else self._city_inside).finditer(name):
            if found[1] in _AMBIGUOUS and not found[2]:
                continue
            place = self._unique(found[1], province)
            if place:
                return place
        return None

    def bracketed(self, name: str) -> Place | None:
        """Return the place that stands in brackets, 某某(上海)研究所, or ``None``."""
        for found in _BRACKETS.finditer(name):
            place = self.normalise(found[1], found[1])
            if place and found[1].startswith(place.city or place.province):
                return place
        return None

    def _city_of(self, text: str, province: str) -> Place | None:
        start = self._start.match(text)
        return self._unique(start[1], province) if start else None

    def _unique(self, name: str, province: str) -> Place | None:
        """Return the city, else the city above the county; ``None`` where several fit."""
        city = self._cities.get(name)
        if city and province in ("", city.province):
            return city
        fitting = {p for p in self._counties.get(name, ()) if province in ("", p.province)}
        return fitting.pop() if len(fitting) == 1 else None


def fold(text: str) -> str:
    """Return the text in NFKC without blanks and separators."""
    return _NOISE.sub("", unicodedata.normalize("NFKC", text))


def _any_of(names: Iterable[str]) -> str:
    """Return a pattern of the names, longest first, so that none hides a longer one."""
    return "|".join(sorted(map(re.escape, set(names)), key=lambda name: (-len(name), name)))
