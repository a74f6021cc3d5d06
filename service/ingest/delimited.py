"""CSV, TSV and TREC qrels."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from service.ingest.encoding import decodes, examine, undecoded
from service.ingest.families import Family
from service.ingest.headers import HEADER_LINES, Sought, find_header
from service.ingest.layout import Layout, columns_seen
from service.ingest.problems import RowProblem, file_problem, shown
from service.ingest.rows import Row, Wanted, row_maker

# A cell may hold a whole description; past this a quote was surely left open.
_CELL_LIMIT = 4 << 20
_SNIFFED = 1 << 16


class DelimitedSource:
    """A CSV or TSV file; the header stands among its first thirty lines."""

    def __init__(self, path: Path, sought: Sought) -> None:
        known = examine(path)
        self.sha256 = known.sha256
        self._path = path
        self._text = known
        self._delimiter = self._sniffed(sought)
        head = [
            (line, cells)
            for line, cells in islice(self._records(), HEADER_LINES)
            if isinstance(cells, list)
        ]
        self._header = header = find_header(path, head, sought)
        self.columns = sought.settle(path, header.names, header.above)
        self.layout = Layout(
            self.columns.family.name,
            header.lines,
            columns_seen(self.columns, header.names),
            encoding=known.encoding,
            notes=(*known.notes, *sought.doubts(header.names, self.columns)),
        )

    @property
    def family(self) -> Family:
        """Return the family of the header."""
        return self.columns.family

    def rows(self, wanted: Wanted | None = None) -> Iterator[Row]:
        """Yield the rows below the header; blank lines are passed over."""
        make = row_maker(self._header.names, wanted)
        seen = 0
        for line, cells in self._records():
            if isinstance(cells, RowProblem):
                yield line, cells
            elif seen < self._header.at:
                seen += 1
            else:
                yield line, make(line, cells)

    def close(self) -> None:
        """Do nothing: no file is held between two readings."""

    def _records(self) -> Iterator[tuple[int, list[str] | RowProblem]]:
        csv.field_size_limit(_CELL_LIMIT)
        known = self._text
        with self._path.open(encoding=known.encoding, errors=known.errors, newline="") as text:
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
                if known.damaged and not decodes("".join(cells)):
                    yield line, undecoded(line)
                elif any(cells):
                    yield line, cells

    def _sniffed(self, sought: Sought) -> str:
        """Return the delimiter under which the first lines show most known names."""
        known = self._text
        with self._path.open(encoding=known.encoding, errors=known.errors, newline="") as text:
            # So many characters, not lines: a file may be one line of a gigabyte.
            head = text.read(_SNIFFED).splitlines()[:HEADER_LINES]
        order = "\t,;|" if self._path.suffix.lower() == ".tsv" else ",\t;|"

        def names(delimiter: str) -> int:
            split = (line.replace('"', "").split(delimiter) for line in head)
            return max(map(sought.score, split), default=0)

        return max(order, key=names)


def _unreadable(first: int, last: int, error: csv.Error) -> RowProblem:
    span = f"lines {first} to {last}" if last > first else f"line {first}"
    cure = f'Close or double the quote character (") in {span}; nothing of it was read.'
    return file_problem(first, str(error), "csv_syntax", cure)


class QrelsSource:
    """TREC relevance judgments: ``uscc 0 patent rel`` on each line."""

    def __init__(self, path: Path, sought: Sought) -> None:
        known = examine(path)
        self.sha256 = known.sha256
        self._path = path
        self._text = known
        names = ("uscc", "patent", "relevance")
        self.columns = sought.settle(path, names)
        seen = columns_seen(self.columns, names)
        self.layout = Layout(self.columns.family.name, (0, 0), seen, encoding=known.encoding)

    @property
    def family(self) -> Family:
        """Return the generic family: the four words have no headings."""
        return self.columns.family

    def rows(self, wanted: Wanted | None = None) -> Iterator[Row]:
        """Yield uscc, patent and relevance of each line; blank lines are passed over."""
        known = self._text
        with self._path.open(encoding=known.encoding, errors=known.errors) as lines:
            for number, written in enumerate(lines, start=1):
                parts = written.split()
                if len(parts) == 4 and decodes(written):
                    yield (
                        number,
                        {"uscc": parts[0], "patent": parts[2], "relevance": parts[3]},
                    )
                elif parts:
                    cure = "Write four words on each line: uscc 0 patent relevance."
                    yield number, file_problem(number, shown(written), "qrels_syntax", cure)

    def close(self) -> None:
        """Do nothing: no file is held between two readings."""
