"""``panhuo push``: the national push – plan a balanced round, look at it, send it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.table import Column, Table

from matcher.errors import InputError
from matcher.push.round_folder import RoundFolder
from matcher.pushed import PushItem, PushRound, RoundId
from matcher.types import PatentId, Uscc
from service.bootstrap import Home
from service.commands.options import Context, common, json_option, print_json
from service.commands.push_plan import plan, round_table
from service.commands.push_send import send
from service.push.campaign_file import terms_of
from service.push.report import report_page


@click.group()
def push() -> None:
    """Push patents to firms, balanced: each firm a few, each patent some, none too many."""


push.add_command(plan)
push.add_command(send)


@push.command("list")
@json_option
@common
def list_rounds(context: Context, *, as_json: bool) -> None:
    """List the published rounds, newest first."""
    with context.open() as home:
        rounds = home.store.push_rounds.rounds()
    if as_json:
        print_json({"rounds": [_told(one) for one in rounds]})
        return
    table = Table(
        Column("round", no_wrap=True),
        "for",
        "firms",
        "patents",
        "items",
        "gap",
        "coverage",
    )
    for one in rounds:
        proof = one.certificate
        table.add_row(
            one.round_id,
            _kind(one),
            f"{one.firms:,}",
            f"{one.patents:,}",
            f"{one.items:,}",
            f"{proof.get('gap', 0):.3%}",
            f"{proof.get('balanced', {}).get('coverage', 0):.1%}",
        )
    context.console.print(table)


@push.command()
@click.argument("round_id", metavar="ROUND")
@click.option("--uscc", help="What this firm gets.")
@click.option("--patent", help="Which firms get this patent.")
@json_option
@common
def show(
    context: Context, *, round_id: str, uscc: str | None, patent: str | None, as_json: bool
) -> None:
    """Show a round, or what it gives one firm or one patent."""
    if uscc and patent:
        raise InputError("found --uscc and --patent", "one of both", "ask twice")
    with context.open() as home:
        store = home.store.push_rounds
        made = store.round(RoundId(round_id))
        if uscc or patent:
            items = (
                store.items_of_firm(made.round_id, Uscc(uscc))
                if uscc
                else store.firms_of_patent(made.round_id, home.store.patents.resolve(patent or ""))
            )
            rows = _rows(home, items)
            if as_json:
                print_json({"round": round_id, "items": rows})
            else:
                context.console.print(_items(rows))
            return
    if as_json:
        print_json(_told(made))
    else:
        context.console.print(round_table(_told(made)))


@push.command()
@click.argument("round_id", metavar="ROUND")
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="Page to write [ROUND.html]."
)
@json_option
@common
def report(context: Context, *, round_id: str, out: Path | None, as_json: bool) -> None:
    """Write a round's certificate and exceptions on one page with plots, or as JSON."""
    with context.open() as home:
        home.store.push_rounds.round(RoundId(round_id))
        content = RoundFolder(home.settings.home / "push" / round_id).read_done()
        names = {str(one.code): one.name for one in home.segments.taxonomy}
    if as_json:
        print_json(content)
        return
    path = out or Path(f"{round_id}.html")
    try:
        path.write_text(report_page(content, names), "utf-8")
    except OSError as error:
        raise InputError(
            f"found that {path} cannot be written ({error.strerror})", "a file in a folder"
        ) from error
    click.echo(str(path))


def _kind(one: PushRound) -> str:
    """Return what the round is for: a campaign, changes, or all."""
    changes = "changes" if one.versions.get("since") else "all"
    return terms_of(one.campaign, one.round_id).name or changes


def _told(one: PushRound) -> dict[str, Any]:
    return {
        "round": one.round_id,
        "made_at": one.made_at.isoformat(),
        "campaign": {"name": terms_of(one.campaign, one.round_id).name, "text": one.campaign},
        "since": one.versions.get("since", ""),
        "versions": dict(one.versions),
        "firms": one.firms,
        "patents": one.patents,
        "items": one.items,
        "certificate": dict(one.certificate),
    }


def _rows(home: Home, items: tuple[PushItem, ...]) -> list[dict[str, Any]]:
    patents = home.store.patents.many([PatentId(item.patent_id) for item in items])
    firms = home.store.firms.many([item.uscc for item in items])
    return [
        {
            "rank": item.rank,
            "uscc": item.uscc,
            "firm": firms[item.uscc].name if item.uscc in firms else "",
            "patent_id": item.patent_id,
            "title": patents[item.patent_id].title if item.patent_id in patents else "",
            "score": item.score,
            "worth": item.worth,
            "propensity": item.propensity,
            "segment": item.segment,
        }
        for item in items
    ]


def _items(rows: list[dict[str, Any]]) -> Table:
    table = Table("rank", "firm", "patent", "title", "score", "chance")
    for row in rows:
        table.add_row(
            str(row["rank"]),
            row["firm"] or row["uscc"],
            row["patent_id"],
            row["title"],
            f"{row['score']:.2f}",
            f"{row['propensity']:.3f}",
        )
    return table
