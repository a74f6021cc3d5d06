"""Rows that continue the row above: cut into records of one row or more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from service.ingest.columns import Columns
from service.ingest.families import Family
from service.ingest.fields import text
from service.ingest.page_rows import SKIPPED
from service.ingest.problems import BadValue, RowProblem, row_problem
from service.ingest.records import Cells
from service.ingest.rows import Row
from service.store.keys import application_key

_HEAD = ("application_no", "title", "sequence")
IMPLEMENTATION = (
    "implementation_state",
    "implementation_detail",
    "implementation_outcome",
    "implementation_note",
)
WILLINGNESS = (
    "willingness_first",
    "willingness_second",
    "willingness_fee",
    "willingness_cities",
    "willingness_firms",
)
"""The fields of one option each, in the order of their columns."""


@dataclass(slots=True)
class Cut:
    """One record's rows.

    Attributes:
        line: of its first row.
        rows: line → heading → cell, of all its rows.
        cells: field → cell of the first row.
        more: line → field → cell of the rows that continue it.
        continues: the file's rows may continue each other.
        problem: why the row is none.
    """

    line: int
    rows: dict[int, Mapping[str, object]]
    cells: Cells = field(default_factory=dict)
    more: dict[int, Cells] = field(default_factory=dict)
    continues: bool = False
    problem: RowProblem | None = None

    @property
    def row(self) -> Mapping[str, object]:
        """The first row."""
        return self.rows[self.line]

    @property
    def skipped(self) -> bool:
        """Whether the row is there for the eye alone: a header again, a total, a remark."""
        return self.problem is not None and self.problem.problem in SKIPPED


def cut_rows(rows: Iterable[Row], columns: Columns, family: Family) -> Iterator[Cut]:
    """Yield the records in the order of their first rows.

    In a family whose rows continue each other a row without number, title and sequence belongs to
    the row above; one that has none above it is a problem. So does a row that says the number
    above again (all of it copied, or the sequence alone): of it only what differs is told.
    """
    if not family.continues:
        yield from (_single(line, row, columns) for line, row in rows)
        return
    open_cut: Cut | None = None
    for line, row in rows:
        cut = _single(line, row, columns)
        cut.continues = True
        if cut.skipped:
            # A page ends in the middle of a patent too: its rows go on below.
            yield cut
            continue
        if cut.problem is None:
            # As written: what a holder declared is written back, a lone hyphen too.
            cut.cells = columns.written(cut.row)
            if open_cut is not None and _taken(open_cut, cut):
                continue
            cut.problem = _without_head(cut)
        if open_cut is not None:
            yield open_cut
        open_cut = cut if cut.problem is None else None
        if cut.problem is not None:
            yield cut
    if open_cut is not None:
        yield open_cut


def _taken(above: Cut, cut: Cut) -> bool:
    """Return whether the row belonged to the one above, and was put there."""
    if _again(above.cells, cut.cells):
        more = _other_than(above.cells, cut.cells)
    elif any(text(cut.cells.get(name)) for name in _HEAD):
        return False
    else:
        more = cut.cells
    above.rows[cut.line] = cut.row
    above.more[cut.line] = more
    return True


def _without_head(cut: Cut) -> RowProblem | None:
    if any(text(cut.cells.get(name)) for name in _HEAD):
        return None
    cure = "Put the row below the patent it belongs to, or fill in its application number."
    return row_problem(cut.line, "", BadValue("", "", "no_head", cure))


def _single(line: int, row: Mapping[str, object] | RowProblem, columns: Columns) -> Cut:
    if isinstance(row, RowProblem):
        return Cut(line, {line: {}}, problem=row)
    return Cut(line, {line: row}, columns.cells(row))


def _again(head: Cells, cells: Cells) -> bool:
    """Return whether the row says the number of the head again, or its sequence and no other."""
    number, title, sequence = (text(cells.get(name)) for name in _HEAD)
    if number:
        above = text(head.get("application_no"))
        return number == above or application_key(number) == application_key(above) != ""
    return bool(sequence) and not title and sequence == text(head.get("sequence"))


def _other_than(head: Cells, cells: Cells) -> Cells:
    """Return the row without cells and options that the head has too, and without its keys."""
    same = {name for name, cell in cells.items() if text(cell) == text(head.get(name))}
    for option in (IMPLEMENTATION, WILLINGNESS):
        if not same.issuperset(cells.keys() & set(option)):
            same -= set(option)
    same |= {"application_no", "sequence"}
    return {name: "" if name in same else cell for name, cell in cells.items()}
