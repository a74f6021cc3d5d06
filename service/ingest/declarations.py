"""Rows of the 盘活 workbook: one patent over several rows becomes one declaration.

What the holder wrote is kept as written, so that the workbook can be written back. What it means
for the engine (status, stop state, maturity, price, grade, open licence) is read beside it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from matcher.types import PatentId, StopState
from service.ingest import codes, fields, numbers, words
from service.ingest.continued import IMPLEMENTATION, WILLINGNESS
from service.ingest.problems import BadValue
from service.ingest.records import Cells
from service.store.declarations import Declaration, Implementation, Willingness

MOST_GROUPED = 9
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufeff\ud800-\udfff]")
_AMOUNT = re.compile(r"\d+(?:\.\d+)?")
_MEMBERS = re.compile(r"[,，、;；|\s]+")
_TEXTS = (
    "title",
    "legal_status",
    "years_in_force",
    "college",
    "funded",
    "price_band",
    "maturity",
    "self_grade",
    "advantages",
    "industry",
    "prospect",
    "emerging_industry",
    "field_ipc",
    "group_name",
    "group_description",
)
# Cells of free text, where a hyphen may be meant; in all others it stands for nothing.
_FREE = frozenset(
    {
        "implementation_outcome",
        "implementation_note",
        "group_description",
        "advantages",
        "industry",
        "prospect",
        "emerging_industry",
        "field_ipc",
    }
)
_GRADES = {name: 5 - place for place, name in enumerate(codes.GRADES)}
# The workbook's lower rows offer an older list.
_OLDER_MATURITIES = ("技术构思", "正在研发", "已有样品", "通过小试", "通过中试", "可以量产")
_MATURITIES = (*codes.MATURITIES, *_OLDER_MATURITIES)
_STOPPED = frozenset({"即将放弃专利权", "涉及权属纠纷", "其他不适宜转化的情况"})
_OPEN = frozenset({"已签订开放许可合同", "已列入开放许可计划"})


@dataclass(slots=True)
class Declared:
    """One patent of the workbook on its way into the store.

    Attributes:
        content: the declaration, still without id, file and day.
        stop_state: why it must not be recommended, NONE where nothing says so.
        contact: inventors, person and phone as written.
        warnings: what does not fit the workbook's rules, and was kept or left out all the same.
    """

    content: Declaration
    stop_state: StopState = StopState.NONE
    contact: tuple[str, str, str] = ("", "", "")
    warnings: list[BadValue] = field(default_factory=list)

    @property
    def facts(self) -> dict[str, Any]:
        """Return what the declaration says of fields that the patent itself has."""
        content = self.content
        facts: dict[str, Any] = {
            "maturity": content.maturity if content.maturity in _MATURITIES else "",
            "price_band": content.price_band if content.price_band in codes.PRICE_BANDS else "",
            "college": content.college,
            "emerging_industry": content.emerging_industry.strip("-"),
            "self_grade": _GRADES.get(content.self_grade, 0),
            "ipc": fields.ipc(content.field_ipc)[0],
            "industry_codes": fields.industry_codes(content.industry)[0],
        }
        if content.implementations:
            facts["open_licence"] = any(one.detail in _OPEN for one in content.implementations)
        return {name: value for name, value in facts.items() if value not in {"", 0, ()}}


WEAK = ("title", "ipc", "industry_codes", "emerging_industry")
"""Fields of the workbook that only fill what no vendor's record told."""


def declared(cells: Cells, more: Sequence[Cells]) -> Declared:
    """Return the declaration of a patent's first row and the rows that continue it."""
    rows = [cells, *more]
    told: dict[str, Any] = {name: _told(cells, name) for name in _TEXTS}
    content = Declaration(
        patent_id=PatentId(""),
        sequence=_sequence(cells.get("sequence")),
        implementations=tuple(Implementation(*option) for option in _options(rows, IMPLEMENTATION)),
        willingness=tuple(Willingness(*option) for option in _options(rows, WILLINGNESS)),
        group_members=tuple(_split(cells.get("group_members"))),
        **told,
    )
    found = Declared(content, contact=_contact(cells))
    found.stop_state = _stop_state(content)
    found.warnings += _warnings(content, more)
    return found


def _verbatim(cell: object) -> str:
    """Return the cell's text as written; numbers without a decimal point where they are whole."""
    written = cell if isinstance(cell, str) else fields.text(cell)
    return _CONTROL.sub("", written.replace("\r\n", "\n").replace("_x000D_", "")).strip()


def _told(cells: Cells, name: str) -> str:
    cell = cells.get(name)
    return _verbatim(cell) if name in _FREE or fields.text(cell) else ""


def _sequence(cell: object) -> int | None:
    written = _verbatim(cell)
    return int(written) if written.isdecimal() and len(written) < 10 else None


def _options(rows: Sequence[Cells], names: Sequence[str]) -> list[tuple[str, ...]]:
    """Return a tuple of texts for each row, without the empty ones at the end."""
    options = [tuple(_told(row, name) for name in names) for row in rows]
    while options and not any(options[-1]):
        options.pop()
    return options


def _split(cell: object) -> list[str]:
    return [part for part in _MEMBERS.split(_verbatim(cell)) if part]


def _contact(cells: Cells) -> tuple[str, str, str]:
    inventors, person, phone = (
        _told(cells, name) for name in ("inventor", "contact_person", "contact_phone")
    )
    return inventors, person, phone


def _stop_state(content: Declaration) -> StopState:
    # The status column too may say 保全 or 独占许可.
    for word in (*(option.state for option in content.implementations), content.legal_status):
        try:
            stop = words.stop_state(word) if word else StopState.NONE
        except BadValue:  # a text of the holder's own; the warnings name it
            continue
        if stop:
            return stop
    if any(_is_exclusive(option.detail) for option in content.implementations):
        return StopState.EXCLUSIVELY_LICENSED
    return StopState.NONE


def _is_exclusive(detail: str) -> bool:
    """Return whether a licence in force shuts others out; one that is only planned does not."""
    planned = any(word in detail for word in ("计划", "拟"))
    return not planned and any(word in detail for word in ("独占", "排他"))


def _warnings(content: Declaration, more: Sequence[Cells]) -> list[BadValue]:
    stopped = any(option.state in _STOPPED for option in content.implementations)
    return [
        *_listed(content),
        *_states(content.implementations),
        *_wishes(content.willingness),
        *([] if stopped else _missing(content)),
        *_grouped(content),
        *_strays(more),
    ]


def _listed(content: Declaration) -> list[BadValue]:
    """Return the values that the workbook's strict lists do not have."""
    lists: Mapping[str, Sequence[str]] = {
        "price_band": codes.PRICE_BANDS,
        "maturity": _MATURITIES,
        "self_grade": tuple(codes.GRADES),
        "funded": codes.YES_NO,
    }
    bad = []
    for name, allowed in lists.items():
        value = getattr(content, name)
        if value and value not in allowed:
            cure = "Choose one of the list: " + ", ".join(allowed) + "."
            bad.append(BadValue(name, value, "not_listed", cure))
    if content.legal_status:
        try:
            words.legal_status(content.legal_status)
        except BadValue as error:
            bad.append(error)
    return bad


def _states(options: Sequence[Implementation]) -> list[BadValue]:
    bad = []
    for option in options:
        if option.state and option.state not in codes.IMPLEMENTATION_STATES:
            cure = "Choose one of the list: " + ", ".join(codes.IMPLEMENTATION_STATES) + "."
            bad.append(BadValue("implementation_state", option.state, "not_listed", cure))
        for name, value in (
            ("implementation_state", option.state),
            ("implementation_detail", option.detail),
        ):
            if codes.is_custom(value):
                bad.append(_unfilled(name, value))
    return bad


def _wishes(options: Sequence[Willingness]) -> list[BadValue]:
    bad = []
    for option in options:
        if option.first and option.first not in codes.WILLINGNESS:
            cure = "Choose one of the list: " + ", ".join(codes.WILLINGNESS) + "."
            bad.append(BadValue("willingness_first", option.first, "not_listed", cure))
        if codes.is_custom(option.second):
            bad.append(_unfilled("willingness_second", option.second))
        if option.fee and not _AMOUNT.fullmatch(option.fee):
            cure = "Write the amount in 万元 as a number alone, like 12.5."
            bad.append(BadValue("willingness_fee", option.fee, "amount", cure))
    return bad


def _unfilled(name: str, value: str) -> BadValue:
    cure = "Write the text of your own in place of the list's invitation to do so."
    return BadValue(name, value, "unfilled", cure)


def _missing(content: Declaration) -> list[BadValue]:
    cure = "Fill the cell: the workbook marks this column with *."
    empty = [] if content.implementations else ["implementation_state"]
    empty += [name for name in ("funded", "price_band", "maturity", "self_grade")
              if not getattr(content, name)]  # fmt: skip
    return [BadValue(name, "", "required", cure) for name in empty]


def _grouped(content: Declaration) -> list[BadValue]:
    bad = []
    for member in content.group_members:
        try:
            numbers.application_no(member, "group_members")
        except BadValue as error:
            bad.append(error)
    if len(content.group_members) > MOST_GROUPED:
        cure = f"Name at most {MOST_GROUPED} application numbers."
        bad.append(BadValue("group_members", len(content.group_members), "too_many", cure))
    return bad


def _strays(more: Sequence[Cells]) -> list[BadValue]:
    """Return cells of continuation rows that the workbook leaves empty there."""
    options = {*IMPLEMENTATION, *WILLINGNESS}
    cure = "Write this in the patent's first row; the rows below hold further options only."
    return [
        BadValue(name, _verbatim(cell), "continuation", cure)
        for row in more
        for name, cell in row.items()
        if name not in options and fields.text(cell)
    ]
