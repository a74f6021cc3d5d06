"""Rows of a file, one after the other: (line, header → cell), whatever the file family.

A source is opened once and may be read several times. Lines count from 1: physical lines of text
files and sheets (the header included), rows of Parquet files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

from matcher.errors import BadFile
from service.ingest.aliases import Aliases
from service.ingest.columns import Columns
from service.ingest.families import AUTO, Family
from service.ingest.headers import Sought
from service.ingest.layout import Layout
from service.ingest.page_rows import PageRows
from service.ingest.problems import HIDDEN, RowProblem, file_problem

Row = tuple[int, dict[str, object] | RowProblem]
Wanted = Callable[[str], bool]
RowMaker = Callable[[int, Sequence[object]], dict[str, object] | RowProblem]

DELIMITED = (".csv", ".tsv", ".txt")
NDJSON = (".ndjson", ".jsonl")
PARQUET = (".parquet",)
WORKBOOKS = (".xlsx", ".xlsm", ".xls")
QRELS = (".qrels",)
TABLE_ENDINGS = (*DELIMITED, *NDJSON, *PARQUET, *WORKBOOKS)
"""Endings of the files that hold records of any kind; case does not matter."""
ENDINGS = (*TABLE_ENDINGS, *QRELS)
"""Every ending that is read."""

_PACKED = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")


class Source(Protocol):
    """One opened file."""

    sha256: str
    columns: Columns
    layout: Layout

    @property
    def family(self) -> Family:
        """Return the family whose headings and cells the rows have."""

    def rows(self, wanted: Wanted | None = None) -> Iterator[Row]:
        """Yield the rows; columns that are not wanted may be left out.

        Raises:
            BadFile: the file turns out to be damaged.
        """

    def close(self) -> None:
        """Let go of what the source holds."""


def open_source(
    path: Path,
    *,
    what: str = "patents",
    family: str = AUTO,
    sheet: str = "",
    aliases: Aliases | None = None,
) -> Source:
    """Return the source for the file's ending.

    Args:
        path: the file.
        what: patents, firms, demands, relations or groups.
        family: the name of a family of these, or ``auto`` for the one that fits best.
        sheet: which sheet of a workbook; by default the visible one whose header fits best.
        aliases: the headings of the generic family; by default those that are shipped.

    Raises:
        BadFile: no such file, an unknown ending, a file that is not what its ending says, no
            such sheet, no header, or a family whose key columns the file has not.
        InputError: unknown ``what`` or family.
    """
    # Imported here, where all families meet; they take Row and Source from this module.
    from service.ingest.delimited import DelimitedSource, QrelsSource
    from service.ingest.ndjson import NdjsonSource
    from service.ingest.parquet import ParquetSource
    from service.ingest.sheets import SheetSource

    sought = Sought(what, family, sheet, aliases)
    if path.is_dir():
        raise BadFile(str(path), "found a folder", "a file to read", "name the files in it")
    if not path.is_file():
        raise BadFile(str(path), "found no such file", "a file to read", "check the path")
    ending = path.suffix.lower()
    if ending in WORKBOOKS:
        return SheetSource(path, sought)
    if ending in PARQUET:
        return ParquetSource(path, sought)
    if ending in (*DELIMITED, *NDJSON, *QRELS):
        _refuse_workbook(path)
    if ending in DELIMITED:
        return DelimitedSource(path, sought)
    if ending in NDJSON:
        return NdjsonSource(path, sought)
    if ending in QRELS:
        return QrelsSource(path, sought)
    raise BadFile(
        str(path),
        f"found the ending {ending!r}",
        "one of " + ", ".join(ENDINGS),
        "save the file in one of these formats",
    )


def _refuse_workbook(path: Path) -> None:
    with path.open("rb") as source:
        head = source.read(4)
    if head in _PACKED:
        raise BadFile(
            str(path),
            f"found a workbook or archive named {path.suffix}",
            "a text file",
            "give a workbook the ending .xlsx or .xls, or save the sheet as CSV UTF-8",
        )


def row_maker(header: Sequence[str], wanted: Wanted | None = None) -> RowMaker:
    """Return what makes header → cell of a line's cells.

    Missing cells at the end are empty, surplus ones a problem; so is a row that is no record, see
    ``page_rows``. Of two columns with one heading
    the first that holds something counts; columns without heading are left out.
    """
    width = len(header)
    names = [name for name in dict.fromkeys(header) if name and (wanted is None or wanted(name))]
    kept = set(names)
    places = [(at, name) for at, name in enumerate(header) if name in kept]
    empty = dict.fromkeys(names, "")
    page = PageRows(header)

    def make(line: int, cells: Sequence[object]) -> dict[str, object] | RowProblem:
        if (skipped := page.told(line, cells)) is not None:
            return skipped
        if len(cells) > width and any(cell not in {"", None} for cell in cells[width:]):
            return _surplus(line, len(cells), width)
        row: dict[str, object] = dict(empty)
        here = len(cells)
        for at, name in places:
            if at < here and row[name] in {"", None}:
                row[name] = cells[at]
        return row

    return make


def _surplus(line: int, found: int, width: int) -> RowProblem:
    cure = (
        f"The header has {width} columns, this row {found}: put quotes around a cell that "
        "holds the delimiter."
    )
    return file_problem(line, HIDDEN, "surplus_cell", cure)
