"""Which patents the 盘活 workbook is written for, and in which order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from matcher.types import PatentId
from service.store.contacts import holders_of
from service.store.engine import Store
from service.store.pages import pages
from service.store.stock_tables import declarations
from service.store.tables import patents

_COLUMNS = (
    patents.c.patent_id,
    patents.c.holder,
    patents.c.college,
    declarations.c.college.label("declared_college"),
    declarations.c.patent_id.label("declared"),
    declarations.c.source_file,
    declarations.c.sequence,
)


@dataclass(frozen=True, slots=True)
class TemplateChoice:
    """Which patents are meant; an empty part leaves that open.

    Attributes:
        holder: one of the patent's holders, whole.
        college: of the declaration or of the patent.
        file: name of the workbook that the declaration came from.
        undeclared: patents without a declaration too, after the others.
    """

    holder: str = ""
    college: str = ""
    file: str = ""
    undeclared: bool = False


@dataclass(frozen=True, slots=True)
class Chosen:
    """The patents in their order.

    Attributes:
        whole_file: they are all that one workbook declared, and nothing else.
    """

    patent_ids: tuple[PatentId, ...]
    whole_file: bool


def chosen(store: Store, choice: TemplateChoice) -> Chosen:
    """Return the patents by file, declared number and id."""
    declared_in: Counter[str] = Counter()
    found = []
    for row in _rows(store, undeclared=choice.undeclared):
        if row.declared is not None:
            declared_in[row.source_file] += 1
        if _meant(choice, row):
            found.append((*_place(row), row.patent_id))
    found.sort()
    files = {(undeclared, file) for undeclared, file, *_ in found}
    one_file = next(iter(files))[1] if len(files) == 1 else ""
    whole = files == {(False, one_file)} and declared_in[one_file] == len(found)
    return Chosen(tuple(PatentId(place[-1]) for place in found), whole)


def _rows(store: Store, *, undeclared: bool) -> Iterator[Any]:
    same = patents.c.patent_id == declarations.c.patent_id
    both = patents.join(declarations, same, isouter=undeclared)
    query = sa.select(*_COLUMNS).select_from(both)
    return pages(store.database, query, (patents.c.patent_id,))


def _meant(choice: TemplateChoice, row: Any) -> bool:
    return (
        choice.college in {"", row.college, row.declared_college}
        and choice.file in {"", row.source_file}
        and (not choice.holder or choice.holder in holders_of(row.holder))
    )


def _place(row: Any) -> Sequence[object]:
    """Return by what the row is sorted; a patent without a number stands after those with one."""
    undeclared = row.declared is None
    missing = row.sequence is None
    return undeclared, row.source_file or "", missing, 0 if missing else row.sequence
