"""Province and city of a row, in cells of their own or several levels in one cell."""

from __future__ import annotations

import re

from matcher.errors import InputError
from matcher.places.places import Place, load_places
from service.ingest import fields, words
from service.ingest.problems import BadValue
from service.ingest.records import Facts

_HANZI = re.compile(r"[\u3400-\u9fff·]+")
_PROVINCES = "|".join(sorted(words.PROVINCES))
# 吉林市 is a city; 浙江省, 浙江温州 and 北京市朝阳区 begin with a province.
_BELOW_PROVINCE = re.compile(rf"(?:{_PROVINCES})(?:.*省|.*自治区$|.+[^市]|..+市)")
# Of an address the beginning: 浙江省温州市 of 浙江省温州市瓯海区茶山街道66号.
_DOWN_TO_CITY = re.compile(r"(?:.{2,8}?(?:省|自治区))?.{2,8}?(?:市|自治州|盟|地区)")
_LIST = re.compile(r"[;；|]")
_TWO_LEVELS = re.compile(r".{2,}(?:市|州|盟|地区).{1,}(?:区|县|市|旗)")


def take_place(facts: Facts, province: str, city: str) -> None:
    """Set both fields from their cells; a cell with several levels tells both.

    What cannot be read warns. A row whose province is none is shifted: its city is no city either.

    Args:
        facts: of the row.
        province: name of the field.
        city: name of the field.
    """
    told = {name: line for name in (province, city) if (line := fields.line(facts.cells.get(name)))}
    found: dict[str, str] = {}
    bad_province = False
    if province in told:
        try:
            found = _province(told[province], (province, city))
        except BadValue as bad:
            bad_province = True
            facts.warnings.append(bad)
    if city in told:
        try:
            found |= _city(told[city], found.get(province, ""), (province, city))
        except BadValue as bad:
            facts.warnings.append(bad)
    if not bad_province:
        facts.found |= found


def _province(written: str, names: tuple[str, str]) -> dict[str, str]:
    """Return the fields that the cell of the province tells."""
    parts = _parts(written)
    if len(parts) == 1 and _is_province(parts[0]):
        return {names[0]: words.province(parts[0], names[0])}
    if place := _region(written, parts):
        return _fields_of(place, names)
    return {names[0]: words.province(written, names[0])}


def _city(written: str, known: str, names: tuple[str, str]) -> dict[str, str]:
    """Return the fields that the cell of the city tells."""
    _, city = names
    parts = _parts(written)
    whole = "".join(parts)
    if len(parts) < 2 and not (_BELOW_PROVINCE.fullmatch(whole) or _TWO_LEVELS.fullmatch(whole)):
        return {city: words.city(written, city)}
    place = _region(written, parts)
    if place is None:
        return {city: words.city(written, city)}
    if known and known != place.province:
        raise BadValue(city, written, "place", f"Write a city of {known}, or correct the province.")
    return _fields_of(place, names)


def _fields_of(place: Place, names: tuple[str, str]) -> dict[str, str]:
    told = zip(names, (place.province, place.city), strict=True)
    return {name: value for name, value in told if value}


def _parts(written: str) -> list[str]:
    """Return the names in the cell, without codes, 中国 and marks between them."""
    return [part for part in _HANZI.findall(written) if part != "中国"]


def _region(written: str, parts: list[str]) -> Place | None:
    """Return the place that the cell names level by level, None where it does not."""
    if not parts:
        return None
    second = parts[1] if len(parts) > 1 else ""
    if _LIST.search(written) and (not _is_province(parts[0]) or _is_province(second)):
        return None  # of several holders, one each
    whole = "".join(parts)
    start = _DOWN_TO_CITY.match(whole)
    for name in (whole, start[0] if start else "", parts[0] + second):
        try:
            return load_places().parse_region(name)
        except InputError:
            continue
    return None


def _is_province(word: str) -> bool:
    try:
        words.province(word, "")
    except BadValue:
        return False
    return True
