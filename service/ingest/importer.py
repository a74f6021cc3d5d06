"""Import files: read twice, write once, report every row.

The first reading only looks for keys that stand on several rows. Rows with such a key are held
back until the end and merged with each other; all other rows are stored as they come, batch by
batch. So a file larger than memory can be read, and the result does not depend on where a batch
ends. A file is one transaction: an error in the middle leaves nothing of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from matcher.errors import BadFile, InputError
from matcher.types import RelationKind
from service.ingest.demands import DemandRecorder
from service.ingest.firms import FirmRecorder
from service.ingest.patents import PatentRecorder
from service.ingest.problems import BadValue, RowProblem, row_problem
from service.ingest.records import Cells, Parsed, Recorder
from service.ingest.relations import RelationRecorder
from service.ingest.report import FileReport, ImportReport
from service.ingest.rows import Source, open_source
from service.store.engine import Store
from service.store.imports import ImportRecord

Progress = Callable[[str, int], None]

_BATCH = 2_000


class _DryRun(Exception):
    """No error: it takes the transaction back."""


def import_files(
    store: Store,
    what: str,
    paths: Sequence[Path],
    *,
    kind: RelationKind | None = None,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> ImportReport:
    """Import the files one after the other and return what became of every row.

    Args:
        store: where to; its schema is up to date.
        what: patents, firms, demands or relations.
        paths: files of any known format.
        kind: what relations are of whose rows do not say it.
        dry_run: do all of it and take it back.
        progress: called with file name and number of rows now and then.

    Raises:
        InputError: ``what`` is none of the four.
        StoreUnavailable: the database stopped answering; the file at work left nothing.
    """
    recorder = _recorder(store, what, kind)
    if not dry_run:
        files = [_import_one(store, what, recorder, path, kind, progress) for path in paths]
        return ImportReport(what, dry_run, tuple(files))
    files = []
    try:
        with store.transaction():
            for path in paths:
                files.append(_import_one(store, what, recorder, path, kind, progress))
            raise _DryRun
    except _DryRun:
        return ImportReport(what, dry_run, tuple(files))


def _recorder(store: Store, what: str, kind: RelationKind | None) -> Recorder:
    match what:
        case "patents":
            return PatentRecorder(store)
        case "firms":
            return FirmRecorder(store)
        case "demands":
            return DemandRecorder(store)
        case "relations":
            return RelationRecorder(store, kind)
    raise InputError(f"found {what!r}", "patents, firms, demands or relations", "name one of them")


def _import_one(
    store: Store,
    what: str,
    recorder: Recorder,
    path: Path,
    kind: RelationKind | None,
    progress: Progress | None,
) -> FileReport:
    try:
        source = open_source(path, recorder.columns.recognised)
    except BadFile as failure:
        return FileReport(path.name, failure=failure)
    try:
        repeated = _repeated_keys(source, recorder)
        with store.transaction():
            report = FileReport(path.name, source.sha256)
            _FileImport(recorder, report, repeated, progress).run(source)
            store.imports.append(_record(report, what, kind))
        return report
    except BadFile as failure:
        return FileReport(path.name, source.sha256, failure=failure)
    finally:
        source.close()


def _repeated_keys(source: Source, recorder: Recorder) -> frozenset[int]:
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


class _FileImport:
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
        self._report.settle()

    def _parsed(self, source: Source) -> Iterator[tuple[Parsed, bool]]:
        columns, report = self._recorder.columns, self._report
        for line, row in source.rows(lambda header: columns.field_of(header) is not None):
            report.rows += 1
            if isinstance(row, RowProblem):
                report.refuse([row])
                continue
            self._row = row
            cells = columns.cells(row)
            parsed = self._one(line, cells, row)
            if parsed is not None:
                yield parsed, self._is_repeated(cells)

    def _one(self, line: int, cells: Cells, row: Mapping[str, object]) -> Parsed | None:
        columns, report = self._recorder.columns, self._report
        try:
            parsed = self._recorder.parse(line, cells, row)
        except BadValue as bad:
            report.refuse([row_problem(line, columns.header(bad.field, row), bad)])
            return None
        if parsed is None:
            report.skipped += 1
            return None
        if parsed.warnings:
            report.warn(
                [row_problem(line, columns.header(bad.field, row), bad) for bad in parsed.warnings]
            )
        return parsed

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
        report.refuse(
            [replace(bad, column=header(bad.column, self._row)) for bad in written.refused]
        )
        report.accepted += len(batch) - len(written.refused)
        if self._progress:
            self._progress(report.name, report.rows)


def _record(report: FileReport, what: str, kind: RelationKind | None) -> ImportRecord:
    return ImportRecord(
        sha256=report.sha256,
        name=report.name,
        what=what,
        kind=kind.value if kind else "",
        row_count=report.rows,
        records=report.records,
        new=report.counts.new,
        changed=report.counts.changed,
        unchanged=report.counts.unchanged,
        refused=report.refused,
        at=datetime.now(UTC).isoformat(timespec="seconds"),
    )
