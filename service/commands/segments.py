"""``panhuo segments``: the taxonomy in use, and an operator's own."""

from __future__ import annotations

from pathlib import Path

import click
from rich.table import Table

from service.commands.options import Context, common, json_option, print_json
from service.segments import FILES, SegmentFile, import_segments, load_segments


@click.group()
def segments() -> None:
    """List the industry segments (产业细分领域), or import your own."""


@segments.command("list")
@json_option
@common
def list_(context: Context, as_json: bool) -> None:
    """List the segments in use."""
    taxonomy = load_segments(context.settings().segments_root).taxonomy
    if as_json:
        print_json(
            [{"code": s.code, "name": s.name, "group": s.group, "kind": s.kind} for s in taxonomy]
        )
        return
    table = Table("code", "group", "name", "kind", title=f"{len(taxonomy)} segments")
    for segment in taxonomy:
        table.add_row(segment.code, segment.group, segment.name, segment.kind)
    context.console.print(table)


@segments.command("import")
@click.argument("what", type=click.Choice(FILES))
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--replace", is_flag=True, help="Stand in for the packaged table, not beside it.")
@json_option
@common
def import_own(
    context: Context, what: SegmentFile, file: Path, replace: bool, as_json: bool
) -> None:
    """Import an own taxonomy, or an IPC or industry (GB/T 4754) concordance, from CSV.

    It takes effect with the next build. Bad rows are named and left out.
    """
    problems = import_segments(context.settings().segments_root, what, file, replace=replace)
    if as_json:
        print_json(
            {"file": str(file), "refused": len(problems), "errors": [str(p) for p in problems]}
        )
        return
    for problem in problems:
        click.echo(f"{file}: {problem}", err=True)
    context.console.print(f"{what} imported, {len(problems)} rows left out; now run 'panhuo build'")
