"""Rows that continue the row above: cut into records of one row or more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from service.ingest.columns import Columns
from service.ingest.families import Family
from service.ingest.fields import text
from service.ingest.problems import BadValue, RowProblem, row_problem
from service.ingest.records import Cells
from service.ingest.rows import Row

_HEAD = ("application_no", "title", "sequence")


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


def cut_rows(rows: Iterable[Row], columns: Columns, family: Family) -> Iterator[Cut]:
    """Yield the records in the order of their first rows.

    In a family whose rows continue each other a row without number, title and sequence belongs to
    the row above; one that has none above it is a problem.
    """
    if not family.continues:
        yield from (_single(line, row, columns) for line, row in rows)
        return
    open_cut: Cut | None = None
    for line, row in rows:
        cut = _single(line, row, columns)
        cut.continues = True
        if cut.problem is None:
            # As written: what a holder declared is written back, a lone hyphen too.
            cut.cells = columns.written(cut.row)
        if cut.problem is None and not any(text(cut.cells.get(name)) for name in _HEAD):
            if open_cut is not None:
                open_cut.rows[line] = cut.row
                open_cut.more[line] = cut.cells
                continue
            cure = "Put the row below the patent it belongs to, or fill in its application number."
            cut.problem = row_problem(line, "", BadValue("", "", "no_head", cure))
        if open_cut is not None:
            yield open_cut
        open_cut = cut if cut.problem is None else None
        if cut.problem is not None:
            yield cut
    if open_cut is not None:
        yield open_cut


def _single(line: int, row: Mapping[str, object] | RowProblem, columns: Columns) -> Cut:
    if isinstance(row, RowProblem):
        return Cut(line, {line: {}}, problem=row)
    return Cut(line, {line: row}, columns.cells(row))
