"""Cells that several families write in the same odd way, put right before they are read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, lru_cache

from matcher.segments.facts import read_segment_facts
from service.ingest.families.family import Cleaner
from service.ingest.fields import line, text, texts
from service.store.keys import publication_key

_PARAGRAPH_MARK = re.compile(r"^\s*[\[【〔]\s*\d{3,5}\s*[\]】〕][ \t]*", re.MULTILINE)
_GRANT_OF_NINE = re.compile(r"CN1\d{8}B")
_SECTION_AND_DIGITS = re.compile(r"[A-T]?\d{2,4}(?!\d)")
_SECTION = re.compile(r"[A-Ta-t](?:[\s.、·:：-]*)(?=[\u4e00-\u9fff]|$)")
_LEVELS = re.compile(r"\s*(?:[/\\>»|-]|--?>|—+)\s*")
_HANZI = re.compile(r"[\u4e00-\u9fff]+")
# GB/T 2260, first two digits.
_PROVINCES = dict(
    re.findall(
        r"(\d\d)(\D+)",
        "11北京12天津13河北14山西15内蒙古21辽宁22吉林23黑龙江31上海32江苏33浙江34安徽35福建36江西"
        "37山东41河南42湖北43湖南44广东45广西46海南50重庆51四川52贵州53云南54西藏61陕西62甘肃"
        "63青海64宁夏65新疆71台湾81香港82澳门",
    )
)


def without_paragraph_marks(cell: object) -> object:
    """Return the text without marks like ``[0001]`` at the beginning of its lines.

    >>> without_paragraph_marks("[0001]本发明涉及轴承。\\n")
    '本发明涉及轴承。'
    """
    return _PARAGRAPH_MARK.sub("", text(cell)).strip()


def family_of(cell: object) -> object:
    """Return the id of a patent family: the smallest publication number of the list.

    A granted invention of nine digits counts as its application (B as A), so that the list of
    one application is the same family from whichever of its two publications it is written. A
    cell without publication numbers is an id already.

    >>> family_of("US11535568B2 | CN108676818B"), family_of("CN108676818A"), family_of("F1")
    ('CN108676818A', 'CN108676818A', 'F1')
    """
    numbers = [publication_key(part) for part in texts(cell)]
    known = [_as_applied(number) for number in numbers if number]
    return min(known) if known else line(cell)


def _as_applied(number: str) -> str:
    return number[:-1] + "A" if _GRANT_OF_NINE.fullmatch(number) else number


def industry_of(cell: object) -> object:
    """Return the GB/T 4754 code of a cell that carries a code or the name of an industry.

    A name that stands on several levels means the lowest, and so does a path of names; a section
    (制造业, C) has no code.

    Returns:
        None for a name that the classification does not have.

    >>> industry_of("工业机器人制造"), industry_of("C3491"), industry_of("制造业")
    ('3491', 'C3491', '')
    >>> industry_of("制造业>通用设备制造业>其他通用设备制造业")
    '349'
    """
    written = line(cell)
    if not written or _SECTION_AND_DIGITS.match(written.upper()):
        return written
    written = _SECTION.sub("", written)
    if not written:
        return ""
    code = _industry_named(written)
    if code is None:
        levels = map(_industry_named, reversed(_LEVELS.split(written)))
        code = next((found for found in levels if found is not None), None)
    return None if code is None else code if code.isdigit() else ""


@lru_cache(maxsize=1 << 12)
def _industry_named(name: str) -> str | None:
    return _industries().get("".join(name.split()))


@cache
def _industries() -> Mapping[str, str]:
    rows = sorted(read_segment_facts("industry_names.csv"), key=lambda row: len(row[0]))
    return {"".join(row[1].split()): row[0] for row in rows}


def province_of(cell: object) -> object:
    """Return the province of a 国省代码 cell.

    >>> province_of("浙江;33"), province_of("33"), province_of("US") is None
    ('浙江', '浙江', True)
    """
    written = line(cell)
    if found := _HANZI.match(written):
        return found[0]
    digits = written.removeprefix("CN")[:2]
    return _PROVINCES.get(digits) if written else ""


PATENT_CELLS: Mapping[str, Cleaner] = {
    "technical_field": without_paragraph_marks,
    "family_id": family_of,
}
FIRM_CELLS: Mapping[str, Cleaner] = {"industry_code": industry_of}
