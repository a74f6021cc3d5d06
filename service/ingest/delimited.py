"""CSV, TSV and TREC qrels."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from matcher.errors import BadFile
from service.ingest.encoding import examine
from service.ingest.problems import RowProblem, shown
from service.ingest.rows import Row, Wanted

# A cell may hold a whole description; past this a quote was surely left open.
_CELL_LIMIT = 4 << 20
_HEADER_LINES = 10


class DelimitedSource:
    """A CSV or TSV file; the header is the first of its first ten lines that has known names."""

    def __init__(self, path: Path, recognised: Callable[[list[str]], int]) -> None:
        known = examine(path)
        self.sha256 = known.sha256
        self._path = path
        self._encoding = known.encoding
        self._delimiter = self._sniffed(recognised)
        head = [cells for _, cells in islice(self._records(), _HEADER_LINES)]
        self._header_at, self._header = find_header(
            path, [cells for cells in head if isinstance(cells, list)], recognised
        )

    def rows(self, wanted: Wanted | None = None) -> Iterator[Row]:
        """Yield the rows below the header; blank lines are passed over."""
        records = self._records()
        seen = 0
        for line, cells in records:
            if isinstance(cells, RowProblem):
                yield line, cells
            elif seen <= self._header_at:
                seen += 1
            else:
                yield line, as_row(line, self._header, cells)

    def close(self) -> None:
        """Do nothing: no file is held between two readings."""

    def _records(self) -> Iterator[tuple[int, list[str] | RowProblem]]:
        csv.field_size_limit(_CELL_LIMIT)
        with self._path.open(encoding=self._encoding, newline="") as text:
            reader = csv.reader(text, delimiter=self._delimiter, strict=True)
            while True:
                line = reader.line_num + 1
                try:
                    cells = next(reader)
                except StopIteration:
                    return
                except csv.Error as error:
                    yield line, _unreadable(line, reader.line_num, error)
                    continue
                if any(cells):
                    yield line, cells

    def _sniffed(self, recognised: Callable[[list[str]], int]) -> str:
        """Return the delimiter under which the first lines show most known names."""
        with self._path.open(encoding=self._encoding, newline="") as text:
            head = [line.rstrip("\r\n") for line in islice(text, _HEADER_LINES)]
        order = "\t,;" if self._path.suffix.lower() == ".tsv" else ",\t;"

        def known(delimiter: str) -> int:
            split = (line.replace('"', "").split(delimiter) for line in head)
            return max((recognised(cells) for cells in split), default=0)

        return max(order, key=known)


def _unreadable(first: int, last: int, error: csv.Error) -> RowProblem:
    span = f"lines {first} to {last}" if last > first else f"line {first}"
    cure = f'Close or double the quote character (") in {span}; nothing of it was read.'
    return RowProblem(first, "", str(error), "csv_syntax", cure)


def find_header(
    path: Path, head: Sequence[list[str]], recognised: Callable[[list[str]], int]
) -> tuple[int, list[str]]:
    """Return (position, cells) of the header: the line with most known names, the first of equals.

    Raises:
        BadFile: no line has a known name.
    """
    scores = [recognised(cells) for cells in head]
    best = max(scores, default=0)
    if not best:
        found = ", ".join(map(shown, head[0][:8])) if head else "an empty file"
        raise BadFile(
            str(path),
            f"found no known column name (first line: {found})",
            "a line of column names, like title, application_no, uscc",
            "name the columns as the manual's import page says",
        )
    at = scores.index(best)
    return at, [name.strip() for name in head[at]]


def as_row(
    line: int, header: Sequence[str], cells: Sequence[object]
) -> dict[str, object] | RowProblem:
    """Return header → cell; missing cells at the end are empty, surplus ones a problem."""
    surplus = [cell for cell in cells[len(header) :] if cell not in {"", None}]
    if surplus:
        cure = (
            f"The header has {len(header)} columns, this row {len(cells)}: put quotes around a "
            "cell that holds the delimiter."
        )
        return RowProblem(line, "", shown(surplus[0]), "surplus_cell", cure)
    row: dict[str, object] = dict.fromkeys(header, "")
    for name, cell in zip(header, cells, strict=False):
        # Of two columns with one name the first that holds something counts.
        if not row[name]:
            row[name] = cell
    return row


class QrelsSource:
    """TREC relevance judgments: ``uscc 0 patent rel`` on each line."""

    def __init__(self, path: Path) -> None:
        known = examine(path)
        self.sha256 = known.sha256
        self._path = path
        self._encoding = known.encoding

    def rows(self, wanted: Wanted | None = None) -> Iterator[Row]:
        """Yield uscc, patent and relevance of each line; blank lines are passed over."""
        with self._path.open(encoding=self._encoding) as lines:
            for number, written in enumerate(lines, start=1):
                parts = written.split()
                if len(parts) == 4:
                    yield (
                        number,
                        {"uscc": parts[0], "patent": parts[2], "relevance": parts[3]},
                    )
                elif parts:
                    cure = "Write four words on each line: uscc 0 patent relevance."
                    yield number, RowProblem(number, "", shown(written), "qrels_syntax", cure)

    def close(self) -> None:
        """Do nothing: no file is held between two readings."""
