"""The rows of one patent in the 盘活 workbook."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matcher.types import LegalStatus, Patent
from service.export.cells import number_or_text
from service.export.patents import STATUS_WORDS, grade_word
from service.export.template_heads import HEADS
from service.ingest import words
from service.ingest.problems import BadValue
from service.store.contacts import Contact
from service.store.declarations import Declaration

_NUMERIC = frozenset({"sequence", "years_in_force", "implementation.outcome", "willingness.fee"})
_CONTACT = ("inventors", "person", "phone")

SheetRow = list[object]


@dataclass(frozen=True, slots=True)
class Filled:
    """What is written of one patent; contact is None where it must not be shown."""

    application_no: str
    declaration: Declaration
    contact: Contact | None = None


def rows_of(one: Filled, sequence: int | None) -> list[SheetRow]:
    """Return the patent's rows, column by column: option i of either kind stands in row i.

    Everything else stands in the first row. There is at least one row.
    """
    said = one.declaration
    count = max(1, len(said.implementations), len(said.willingness))
    first = _first(one, sequence)
    return [_row(said, at, first if at == 0 else {}) for at in range(count)]


def declared_of(patent: Patent) -> Declaration:
    """Return what the catalogue knows of a patent that nobody declared."""
    return Declaration(
        patent_id=patent.patent_id,
        title=patent.title,
        legal_status=STATUS_WORDS[patent.legal_status],
        college=patent.college,
        price_band=patent.price_band,
        maturity=patent.maturity,
        self_grade=grade_word(patent.self_grade),
        industry=patent.industry_codes[0] if patent.industry_codes else "",
        emerging_industry=patent.emerging_industry,
        field_ipc=patent.ipc[0] if patent.ipc else "",
    )


def differs(patent: Patent, said: Declaration) -> bool:
    """Return whether the catalogue's legal status is not the declared one.

    A status that either side does not know differs from none.
    """
    if not said.legal_status or patent.legal_status is LegalStatus.UNKNOWN:
        return False
    try:
        return words.legal_status(said.legal_status) is not patent.legal_status
    except BadValue:
        return True


def _first(one: Filled, sequence: int | None) -> dict[str, object]:
    said = one.declaration
    cells: dict[str, object] = {
        head.field: getattr(said, head.field) for head in HEADS if hasattr(said, head.field)
    }
    cells |= {
        "sequence": sequence,
        "application_no": one.application_no,
        "group_members": ",".join(said.group_members),
    }
    if one.contact is not None:
        cells |= {name: getattr(one.contact, name) for name in _CONTACT}
    return cells


def _row(said: Declaration, at: int, first: dict[str, object]) -> SheetRow:
    cells = first | _option("implementation", said.implementations, at)
    cells |= _option("willingness", said.willingness, at)
    return [_typed(head.field, cells.get(head.field)) for head in HEADS]


def _option(kind: str, options: Sequence[object], at: int) -> dict[str, object]:
    if at >= len(options):
        return {}
    names = [head.field for head in HEADS if head.field.startswith(f"{kind}.")]
    return {name: getattr(options[at], name.partition(".")[2]) for name in names}


def _typed(field: str, cell: object) -> object:
    return number_or_text(cell) if field in _NUMERIC and isinstance(cell, str) else cell
