"""Where a holder sits, from its name; and how regions are written."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cache

from matcher.places.regions import Place, Regions
from matcher.segments.facts import read_facts

_SEPARATORS = re.compile(r"[;|\n]")
_DUST = re.compile(r"[\s?\ufffd\"'《》]+")
# Bodies that name their seat behind their own name: 公安部天津消防研究所. Elsewhere a city inside a
# name is chance: 马里兰州大学 is not in 兰州.
_NATIONAL = re.compile(
    r"中国|中华|中科院|中铁|中交|中建|国家|国网|国电|全国|核工业|机械工业|航天|航空|\w{1,8}部(?!大学)"
)
_SHORTEST_NAME = 3

__all__ = ["Place", "PlaceTable", "load_places"]


class PlaceTable:
    """Knows regions, and the seats of universities, institutes and hospitals.

    Args:
        institutions: ``(name, province, city, branches)``; city may be empty; ``branches`` is
            ``inherit`` where a longer name that begins so sits in the same place, ``own`` where
            it need not (中国科学院…研究所).
        regions: the regions to read names with.
    """

    def __init__(self, institutions: Iterable[tuple[str, ...]], regions: Regions) -> None:
        self._regions = regions
        self._seats: dict[str, Place] = {}
        self._parents: dict[str, Place] = {}
        for name, province, city, branches in institutions:
            key = _folded(name)
            self._seats[key] = Place(province, city)
            if branches == "inherit":
                self._parents[key] = self._seats[key]

    def of_holder(self, name: str) -> Place | None:
        """Return where a holder sits, or ``None`` where its name does not tell.

        Several holders stand separated by ``；``, ``;`` or ``|``: the first that resolves counts.
        For each, in this order: the institution of exactly that name; the institution whose name
        is the longest beginning of it, unless the rest names a place (清华大学深圳研究生院 sits in
        深圳); the region with which the name begins; a city that a national body names in it
        (公安部天津消防研究所); a region in brackets.
        """
        for part in _SEPARATORS.split(unicodedata.normalize("NFKC", name)):
            place = self._of_one(_folded(part))
            if place is not None:
                return place
        return None

    def normalise_region(self, province: str, city: str) -> Place | None:
        """Return a registry's province and city in short form: 浙江省, 杭州市 → 浙江, 杭州.

        市辖区 and cities outside the table are dropped (``city`` is ``""``); a county-level city
        becomes the city above it; a district of a municipality becomes the municipality. Where
        the province is missing or unreadable, the city tells it. ``None`` where neither does.
        """
        return self._regions.normalise(province, city)

    def parse_region(self, text: str) -> Place:
        """Return the place that 浙江杭州, 杭州 or 江苏省苏州市 means.

        Raises:
            InputError: the text names no known province or city, or a city of another province.
        """
        return self._regions.parse(text)

    def _of_one(self, name: str) -> Place | None:
        if name in self._seats:
            return self._seats[name]
        for end in range(len(name) - 1, _SHORTEST_NAME - 1, -1):
            parent = self._parents.get(name[:end])
            if parent:
                return self._regions.inside(name[end:]) or parent
        place = self._regions.at_start(name)
        if place is None and _NATIONAL.match(name):
            place = self._regions.inside(name, towns=False)
        return place or self._regions.bracketed(name)


@cache
def load_places() -> PlaceTable:
    """Return the packaged table; it is read once."""
    package = "matcher.places.tables"
    regions = Regions(read_facts(package, "regions.csv"))
    return PlaceTable(read_facts(package, "institutions.csv"), regions)


def _folded(name: str) -> str:
    return _DUST.sub("", unicodedata.normalize("NFKC", name))
