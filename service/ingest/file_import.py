"""One file on its way into the store: read twice, written once, every row counted.

The first reading only looks for keys that stand on several rows. Rows with such a key are held
back until the end and merged with each other; all other rows are stored as they come, batch by
batch. So a file larger than memory can be read, and the result does not depend on where a batch
ends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from service.ingest.continued import Cut, cut_rows
from service.ingest.escape import unescape
from service.ingest.patents import PatentRecorder
from service.ingest.problems import BadValue, RowProblem, row_problem
from service.ingest.records import Cells, Parsed, Recorder
from service.ingest.report import FileReport
from service.ingest.rows import Source
from service.ingest.twice import Declarations

Progress = Callable[[str, int], None]
"""Called with the file's name and the number of rows read."""

_BATCH = 2_000


def repeated_keys(source: Source, recorder: Recorder) -> frozenset[int]:
    """Return the hashes of keys that stand on more than one row.

    Hashes, not keys: a file has millions. Two keys with one hash are only held back in vain.
    """
    columns, wanted = recorder.columns, recorder.key_fields
    seen, repeated = set[int](), set[int]()
    for _, row in source.rows(lambda header: columns.field_of(header) in wanted):
        if not isinstance(row, RowProblem):
            hashes = set(map(hash, recorder.keys(columns.cells(row))))
            repeated |= hashes & seen
            seen |= hashes
    return frozenset(repeated)


class FileImport:
    """One file on its way into the store."""

    def __init__(
        self,
        recorder: Recorder,
        report: FileReport,
        repeated: frozenset[int],
        progress: Progress | None,
    ) -> None:
        self._recorder = recorder
        self._report = report
        self._repeated = repeated
        self._progress = progress
        self._row: Mapping[str, object] = {}
        self._declarations = Declarations()
        # Rows on their way, by the line of the first: what the store refuses is reported whole.
        self._open: dict[int, Mapping[int, Mapping[str, object]]] = {}

    def run(self, source: Source) -> None:
        """Store the rows of the source and count them in the report."""
        held: list[Parsed] = []
        batch: list[Parsed] = []
        for parsed, is_repeated in self._parsed(source):
            (held if is_repeated else batch).append(parsed)
            if len(batch) >= _BATCH:
                self._write(batch)
                batch = []
        self._write(batch)
        self._write(held)
        if isinstance(self._recorder, PatentRecorder):
            self._recorder.finish()
        self._report.settle()

    def _parsed(self, source: Source) -> Iterator[tuple[Parsed, bool]]:
        columns, report = self._recorder.columns, self._report
        rows = source.rows(lambda header: columns.field_of(header) is not None)
        for cut in cut_rows(rows, columns, source.family):
            report.rows += len(cut.rows)
            if cut.problem and cut.skipped:
                report.skip(cut.problem)
                continue
            if cut.problem:
                report.refuse([cut.problem])
                report.keep(cut.rows)
                continue
            self._row = cut.row
            parsed = self._one(cut)
            if parsed is not None:
                repeated = self._is_repeated(cut.cells)
                if repeated:
                    self._warn_of_twice(parsed)
                yield parsed, repeated

    def _one(self, cut: Cut) -> Parsed | None:
        recorder, report = self._recorder, self._report
        cells = _unescaped(cut.cells)
        more = {line: _unescaped(cells) for line, cells in cut.more.items()}
        try:
            if cut.continues and isinstance(recorder, PatentRecorder):
                parsed = recorder.parse_continued(cut.line, cells, cut.row, more)
            else:
                parsed = recorder.parse(cut.line, cells, cut.row)
        except BadValue as bad:
            self._refuse(cut, bad)
            return None
        if parsed is None:
            report.skipped += 1
            return None
        self._warn(cut, parsed.warnings)
        self._open[cut.line] = cut.rows
        return parsed

    def _refuse(self, cut: Cut, bad: BadValue) -> None:
        header, report = self._recorder.columns.header, self._report
        report.refuse([row_problem(cut.line, header(bad.field, cut.row), bad)])
        report.keep(cut.rows)
        cure = f"Correct row {cut.line}, which this row continues."
        for line in cut.more:
            report.refuse([row_problem(line, "", BadValue("", cut.line, "head_refused", cure))])

    def _warn(self, cut: Cut, warnings: Sequence[BadValue]) -> None:
        header, report = self._recorder.columns.header, self._report
        if warnings:
            report.warn(
                [row_problem(cut.line, header(bad.field, cut.row), bad) for bad in warnings]
            )
            report.keep(cut.rows)

    def _warn_of_twice(self, parsed: Parsed) -> None:
        for line, bad in self._declarations.replaced(parsed):
            # Both rows were held back: they are still open.
            rows = self._open[line]
            column = self._recorder.columns.header(bad.field, rows[line])
            self._report.warn([row_problem(line, column, bad)])
            self._report.keep(rows)

    def _is_repeated(self, cells: Cells) -> bool:
        if not self._repeated:
            return False
        return any(hash(key) in self._repeated for key in self._recorder.keys(cells))

    def _write(self, batch: Sequence[Parsed]) -> None:
        if not batch:
            return
        report = self._report
        written = self._recorder.write(batch)
        report.counts += written.counts
        header = self._recorder.columns.header
        refused = {bad.line for bad in written.refused}
        report.refuse(
            [replace(bad, column=header(bad.column, self._row)) for bad in written.refused]
        )
        for row in batch:
            rows = self._open.pop(row.line)
            if row.line in refused:
                report.keep(rows)
        report.accepted += sum(len(row.lines) for row in batch) - len(written.refused)
        if self._progress:
            self._progress(report.name, report.rows)


def _unescaped(cells: Cells) -> Cells:
    """Return the cells without the apostrophe that an export puts before a risky sign."""
    if not any(isinstance(cell, str) and cell.startswith("'") for cell in cells.values()):
        return cells
    return {name: unescape(cell) if isinstance(cell, str) else cell for name, cell in cells.items()}
