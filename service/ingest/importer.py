"""Import files, one transaction each: an error in the middle leaves nothing of a file."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

from matcher.errors import BadFile, InputError
from matcher.types import RelationKind
from service.ingest.aliases import Aliases, load_aliases
from service.ingest.demands import DemandRecorder
from service.ingest.families import AUTO
from service.ingest.file_import import FileImport, Progress, repeated_keys
from service.ingest.firms import FirmRecorder
from service.ingest.groups import GroupRecorder
from service.ingest.patents import PatentRecorder
from service.ingest.records import FileContext, Recorder
from service.ingest.relations import RelationRecorder
from service.ingest.report import FileReport, ImportReport
from service.ingest.rows import Source, open_source
from service.store.engine import Store
from service.store.imports import ImportRecord

__all__ = ["WHAT", "ImportOptions", "Progress", "import_files"]

WHAT = ("patents", "firms", "demands", "relations", "groups")
"""What can be imported."""


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How files are read, where they do not say it themselves.

    Attributes:
        family: name of a file family, or ``auto``.
        sheet: of a workbook; "" for the one whose header fits best.
        aliases: a TOML file with further headings.
        checked_on: the day on which what the files say of status and holder was so; by default
            the day of the import, or that of the first import of a file with the same bytes.
        holder: whose the patents are where the file names no holder.
        file_name: how the file is called in reports and history; by default its own name.
        kind: what relations are of whose rows do not say it.
    """

    family: str = AUTO
    sheet: str = ""
    aliases: Path | None = None
    checked_on: date | None = None
    holder: str = ""
    file_name: str = ""
    kind: RelationKind | None = None


class _DryRun(Exception):
    """No error: it takes the transaction back."""


def import_files(
    store: Store,
    what: str,
    paths: Sequence[Path],
    *,
    options: ImportOptions | None = None,
    kind: RelationKind | None = None,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> ImportReport:
    """Import the files one after the other and return what became of every row.

    Args:
        store: where to; its schema is up to date.
        what: patents, firms, demands, relations or groups.
        paths: files of any known format.
        options: how they are read.
        kind: what relations are of whose rows do not say it; the same as ``options.kind``.
        dry_run: do all of it and take it back.
        progress: called with file name and number of rows now and then.

    Raises:
        InputError: ``what`` is none of the five, or the aliases cannot be read.
        StoreUnavailable: the database stopped answering; the file at work left nothing.
    """
    if what not in WHAT:
        expected = ", ".join(WHAT[:-1]) + f" or {WHAT[-1]}"
        raise InputError(f"found {what!r}", expected, "name one of them")
    options = options or ImportOptions()
    options = replace(options, kind=kind or options.kind)
    job = _Import(store, what, options, load_aliases(options.aliases), progress)
    if not dry_run:
        return ImportReport(what, dry_run, tuple(map(job.file, paths)))
    files: list[FileReport] = []
    try:
        with store.transaction():
            files += map(job.file, paths)
            raise _DryRun
    except _DryRun:
        return ImportReport(what, dry_run, tuple(files))


@dataclass(frozen=True, slots=True)
class _Import:
    """One call of ``import_files``."""

    store: Store
    what: str
    options: ImportOptions
    aliases: Aliases
    progress: Progress | None

    def file(self, path: Path) -> FileReport:
        """Import one file."""
        options = self.options
        report = FileReport(options.file_name or path.name)
        try:
            source = open_source(
                path,
                what=self.what,
                family=options.family,
                sheet=options.sheet,
                aliases=self.aliases,
            )
        except BadFile as failure:
            report.failure = failure
            return report
        report.sha256, report.layout = source.sha256, source.layout
        with closing(source):
            try:
                self._stored(source, report)
            except BadFile as failure:
                # Nothing of the file stays, so nothing of the counts may.
                return replace(_emptied(report), failure=failure)
        return report

    def _stored(self, source: Source, report: FileReport) -> None:
        context = self._context(source, report)
        recorder = self._recorder(context)
        recorder.columns = source.columns
        repeated = repeated_keys(source, recorder)
        with self.store.transaction():
            FileImport(recorder, report, repeated, self.progress).run(source)
            self.store.imports.append(self._record(report, context))

    def _context(self, source: Source, report: FileReport) -> FileContext:
        now = datetime.now(UTC)
        earlier = self.store.imports.checked_on(source.sha256, self.what)
        asked = self.options.checked_on
        return FileContext(
            family=source.family.name,
            name=report.name,
            sha256=source.sha256,
            checked_on=asked or earlier or now.date(),
            again=asked is None and earlier is not None,
            holder=self.options.holder,
            at=now.isoformat(timespec="seconds"),
        )

    def _recorder(self, context: FileContext) -> Recorder:
        store = self.store
        match self.what:
            case "patents":
                return PatentRecorder(store, context)
            case "firms":
                return FirmRecorder(store)
            case "demands":
                return DemandRecorder(store)
            case "relations":
                return RelationRecorder(store, self.options.kind)
        return GroupRecorder(store, context)

    def _record(self, report: FileReport, context: FileContext) -> ImportRecord:
        kind = self.options.kind
        return ImportRecord(
            sha256=report.sha256,
            name=report.name,
            what=self.what,
            kind=kind.value if kind else "",
            row_count=report.rows,
            records=report.records,
            new=report.counts.new,
            changed=report.counts.changed,
            unchanged=report.counts.unchanged,
            refused=report.refused,
            at=context.at,
            checked_on=context.checked_on,
        )


def _emptied(report: FileReport) -> FileReport:
    return FileReport(report.name, report.sha256, layout=report.layout)
