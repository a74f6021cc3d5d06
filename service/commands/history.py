"""``panhuo history``: what changed of a patent, when, and from which file."""

from __future__ import annotations

from dataclasses import asdict

import click
from rich.table import Table

from service.commands.options import Context, common, json_option, print_json

_SHOWN = 60


@click.command("history")
@click.argument("patent")
@json_option
@common
def history(context: Context, patent: str, as_json: bool) -> None:
    """Show what changed of a patent (id, application or publication number), oldest first."""
    with context.open() as home:
        patent_id = home.store.patents.resolve(patent)
        found = home.store.history.of_patent(patent_id)
        said = home.store.statuses.of_patents([patent_id]).get(patent_id, [])
    if as_json:
        statuses = [
            {
                "family": one.family,
                "legal_status": one.legal_status.value,
                "events": [event.value for event in one.events],
                "stop_state": one.stop_state.value,
                "checked_on": one.checked_on.isoformat(),
                "source_file": one.source_file,
            }
            for one in said
        ]
        changes = [asdict(one) for one in found]
        print_json({"patent_id": patent_id, "statuses": statuses, "changes": changes})
        return
    table = Table(title=f"{patent_id} 的变更", caption=None if found else "没有变更")
    for name in ("时间", "字段", "原值", "新值", "来源文件"):
        table.add_column(name, overflow="fold")
    for one in found:
        table.add_row(one.at, one.field, _short(one.before), _short(one.after), one.source_file)
    context.console.print(table)
    for status in said:
        click.echo(
            f"{status.checked_on} {status.family}: {status.legal_status.value} "
            f"{status.stop_state.value} ({status.source_file})"
        )


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
