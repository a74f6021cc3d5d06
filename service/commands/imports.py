"""``panhuo import``: files into the catalogue."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import click
from rich.table import Table
from rich.text import Text

from matcher.types import RelationKind
from service.commands.options import Context, common, json_option, print_json
from service.export.whole_file import whole_file
from service.ingest.families import family_names
from service.ingest.importer import WHAT, ImportOptions, Progress, import_files
from service.ingest.report import FileReport, ImportReport

_SHOWN = 20
_LINE_SECONDS = 0.5
_LONGEST_NAME = 60


@dataclass
class _Lines:
    """Progress as one JSON object a line on standard error, at most two a second."""

    _next: float = field(default=0.0, init=False)

    def __call__(self, name: str, rows: int) -> None:
        if (now := time.monotonic()) >= self._next:
            self._next = now + _LINE_SECONDS
            click.echo(json.dumps({"file": name, "rows": rows}, ensure_ascii=False), err=True)


@click.command("import")
@click.argument("what", type=click.Choice(WHAT))
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--as",
    "family",
    default="auto",
    show_default=True,
    metavar="FAMILY",
    help="Family of the files. Patents: " + ", ".join(family_names("patents")[1:]) + ". Firms: "
    f"{', '.join(family_names('firms')[1:])}.",
)
@click.option("--sheet", default="", metavar="NAME", help="Sheet of a workbook to read.")
@click.option(
    "--aliases",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Further column headings (TOML).",
)
@click.option(
    "--checked-on",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="YYYY-MM-DD",
    help="Day on which what the files say of legal status was so [today].",
)
@click.option("--holder", default="", metavar="NAME", help="专利权人 where the file names none.")
@click.option(
    "--kind",
    type=click.Choice([kind.value for kind in RelationKind]),
    help="What relations are whose rows do not say it (TREC qrels never do).",
)
@click.option("--file-name", default="", metavar="NAME", help="Name of the file in reports.")
@click.option("--dry-run", is_flag=True, help="Read and check everything, write nothing.")
@click.option(
    "--report",
    "reports",
    multiple=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the full report: OUT.json, or OUT.xlsx to correct the refused rows in.",
)
@click.option(
    "--progress",
    "shown",
    type=click.Choice(["bars", "lines"]),
    default="bars",
    help="Progress bars, or JSON objects, one a line, on standard error.",
)
@json_option
@common
def import_(
    context: Context,
    *,
    what: str,
    files: tuple[Path, ...],
    family: str,
    sheet: str,
    aliases: Path | None,
    checked_on: datetime | None,
    holder: str,
    kind: str | None,
    file_name: str,
    dry_run: bool,
    reports: tuple[Path, ...],
    shown: str,
    as_json: bool,
) -> int:
    """Import patents, firms, demands, relations or groups.

    Reads CSV and TSV (.csv, .tsv, .txt), NDJSON (.ndjson, .jsonl), Parquet (.parquet), workbooks
    (.xlsx, .xlsm, .xls) and, for relations, TREC qrels (.qrels). A bad row is
    reported and left out; the rest goes in. The same file twice changes nothing.

    Exit code 0: every file was read, refused rows or not. 1: a file could not be read (the others
    are imported), or the import failed with one sentence. 2: wrong usage, nothing was imported.
    """
    _check(what, family, kind)
    _check_reports(reports, files)
    if file_name and len(files) > 1:
        raise click.UsageError("--file-name goes with one file only.")
    options = ImportOptions(
        family=family,
        sheet=sheet,
        aliases=aliases,
        checked_on=checked_on.date() if checked_on else None,
        holder=holder,
        file_name=file_name,
        kind=RelationKind(kind) if kind else None,
    )
    with context.open() as home, _progress(context, shown) as progress:
        store = home.store.writer_of(what)
        result = import_files(
            store, what, files, options=options, dry_run=dry_run, progress=progress
        )
    # Told first: a report that cannot be written ends the command, and the rows are stored.
    if as_json:
        print_json(result.to_dict())
    else:
        _show(context, result)
    # JSON first: where it stands, the import is done (service/jobs/verdict.py).
    for report in sorted(reports, key=lambda path: path.suffix.lower() != ".json"):
        _write(report, result)
    return 1 if result.failed else 0


def _check(what: str, family: str, kind: str | None) -> None:
    """Raise ``UsageError`` for options that do not go with each other."""
    known = family_names(what)
    if family not in known:
        raise click.UsageError(
            f"--as {family} does not go with {what!r}; choose one of {', '.join(known)}."
        )
    if kind and what != "relations":
        raise click.UsageError("--kind goes with 'relations' only.")


def _check_reports(reports: Sequence[Path], files: Sequence[Path]) -> None:
    """Raise ``UsageError`` for a report that cannot be one, or would replace what is imported."""
    own = {file.resolve() for file in files}
    for report in reports:
        if report.suffix.lower() not in {".json", ".xlsx"}:
            raise click.UsageError(f"--report {report}: name a file ending in .json or .xlsx.")
        if not report.absolute().parent.is_dir():
            raise click.UsageError(f"--report {report}: found no folder {report.parent}.")
        if report.resolve() in own:
            raise click.UsageError(f"--report {report}: this is the file to import; name another.")


@contextmanager
def _progress(context: Context, shown: str) -> Iterator[Progress]:
    if shown == "lines":
        yield _Lines()
        return
    with context.bars() as bars:
        yield lambda name, rows: bars(f"import {name}", rows, 0)


def _write(path: Path, result: ImportReport) -> None:
    if path.suffix.lower() == ".json":
        with whole_file(path) as draft:
            draft.write_text(json.dumps(result.to_dict(), ensure_ascii=False, indent=1), "utf-8")
        return
    # Imported here: most imports write no workbook.
    from service.export.error_workbook import write_error_workbook

    several = len(result.files) > 1
    for at, file in enumerate(result.files, start=1):
        if file.layout is not None:
            name = f"{path.stem}-{at}-{Path(file.name).stem[:_LONGEST_NAME]}{path.suffix}"
            write_error_workbook(path.with_name(name) if several else path, file, file.layout)


def _show(context: Context, result: ImportReport) -> None:
    if result.dry_run:
        for file in result.files:
            _show_layout(context, file)
    table = Table(title=f"import {result.what}" + (" (dry run)" if result.dry_run else ""))
    for name in ("file", "rows", "new", "changed", "unchanged", "refused", "skipped", "warnings"):
        table.add_column(name, justify="left" if name == "file" else "right")
    for file in result.files:
        stored = file.counts
        numbers = [file.rows, stored.new, stored.changed, stored.unchanged]
        numbers += [file.refused, file.skipped, file.warned]
        table.add_row(Text(file.name), *(f"{n:,}" for n in numbers))
    context.console.print(table)
    for file in result.files:
        _complain(file)
        for note in file.layout.notes if file.layout else ():
            click.echo(f"{file.name}: {note}", err=True)


def _show_layout(context: Context, file: FileReport) -> None:
    """Tell how a file is read: what it was taken for, and what becomes of each column."""
    layout = file.layout
    if layout is None:
        return
    first, last = layout.header_rows
    header = "" if not first else f"row {first}" if first == last else f"rows {first} to {last}"
    for name, value in (
        ("file", file.name),
        ("family", layout.family),
        ("sheet", layout.sheet),
        ("header", header),
        ("encoding", layout.encoding),
    ):
        if value:
            click.echo(f"{name + ':':<10} {value}")
    table = Table()
    for name in ("column", "heading", "read as", "note"):
        table.add_column(name, overflow="fold")
    for seen in layout.columns:
        cells = (seen.letter, seen.heading, seen.field or "ignored", seen.note)
        table.add_row(*map(Text, cells))
    context.console.print(table)


def _complain(file: FileReport) -> None:
    if file.failure:
        click.echo(f"panhuo: {file.failure}", err=True)
    for problem in file.errors[:_SHOWN]:
        click.echo(
            f"{file.name}:{problem.line}: {problem.column}: {problem.value!r}: "
            f"{problem.problem}; {problem.cure}",
            err=True,
        )
    if file.refused > _SHOWN:
        rest = file.refused - _SHOWN
        click.echo(f"{file.name}: {rest:,} more; see them with --report FILE", err=True)
    for skip in file.skips[:_SHOWN]:
        click.echo(f"{file.name}:{skip.line}: {skip.problem}; {skip.cure}", err=True)
    if len(file.skips) > _SHOWN:
        rest = len(file.skips) - _SHOWN
        click.echo(f"{file.name}: {rest:,} more skipped; see them with --report FILE", err=True)
