"""``panhuo import``: files into the catalogue."""

from __future__ import annotations

import json
from pathlib import Path

import click
from rich.table import Table

from matcher.errors import BadFile
from matcher.types import RelationKind
from service.commands.options import Context, common, json_option, print_json
from service.ingest.importer import import_files
from service.ingest.report import ImportReport

_SHOWN = 20


@click.command("import")
@click.argument("what", type=click.Choice(["patents", "firms", "demands", "relations"]))
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--kind",
    type=click.Choice([kind.value for kind in RelationKind]),
    help="What relations are whose rows do not say it (TREC qrels never do).",
)
@click.option("--dry-run", is_flag=True, help="Read and check everything, write nothing.")
@click.option(
    "--report",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the full report (JSON).",
)
@json_option
@common
def import_(
    context: Context,
    what: str,
    files: tuple[Path, ...],
    kind: str | None,
    dry_run: bool,
    report: Path | None,
    as_json: bool,
) -> int:
    """Import patents, firms, demands or relations.

    Reads CSV and TSV (.csv, .tsv, .txt), NDJSON (.ndjson, .jsonl), Parquet (.parquet), the first
    sheet of workbooks (.xlsx, .xlsm, .xls) and, for relations, TREC qrels (.qrels). A bad row is
    reported and left out; the rest goes in. The same file twice changes nothing.
    """
    if kind and what != "relations":
        raise click.UsageError("--kind goes with 'relations' only.")
    with context.open() as home, context.bars() as bars:
        result = import_files(
            home.store,
            what,
            files,
            kind=RelationKind(kind) if kind else None,
            dry_run=dry_run,
            progress=lambda name, rows: bars(f"import {name}", rows, 0),
        )
    if report:
        _write(report, result)
    if as_json:
        print_json(result.to_dict())
    else:
        _show(context, result)
    return 1 if any(f.failure for f in result.files) else 0


def _write(path: Path, result: ImportReport) -> None:
    try:
        path.write_text(json.dumps(result.to_dict(), ensure_ascii=False, indent=1), "utf-8")
    except OSError as error:
        raise BadFile(
            str(path), f"cannot write the report ({error.strerror})", "a writable path", "change it"
        ) from error


def _show(context: Context, result: ImportReport) -> None:
    table = Table(title=f"import {result.what}" + (" (dry run)" if result.dry_run else ""))
    for name in ("file", "rows", "new", "changed", "unchanged", "refused", "skipped", "warnings"):
        table.add_column(name, justify="left" if name == "file" else "right")
    for f in result.files:
        stored = f.counts
        numbers = [f.rows, stored.new, stored.changed, stored.unchanged]
        numbers += [f.refused, f.skipped, f.warned]
        table.add_row(f.name, *(f"{n:,}" for n in numbers))
    context.console.print(table)
    for f in result.files:
        if f.failure:
            click.echo(f"panhuo: {f.failure}", err=True)
        for problem in f.errors[:_SHOWN]:
            click.echo(
                f"{f.name}:{problem.line}: {problem.column}: {problem.value!r}: "
                f"{problem.problem}; {problem.cure}",
                err=True,
            )
        if f.refused > _SHOWN:
            rest = f.refused - _SHOWN
            click.echo(f"{f.name}: {rest:,} more; see them with --report FILE", err=True)
