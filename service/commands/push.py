"""``panhuo push``: the national push – plan a balanced round, look at it, send it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.table import Table

from matcher.errors import InputError
from matcher.push.plan import PushPlan
from matcher.push.round_folder import RoundFolder
from matcher.pushed import PushItem, PushRound, RoundId
from matcher.types import PatentId, Uscc
from service.bootstrap import Home
from service.commands.options import Context, common, json_option, mute_libraries, print_json
from service.commands.push_send import send
from service.push.local import LocalExecutor
from service.push.planner import Planner, new_round_id
from service.push.report import report_page


@click.group()
def push() -> None:
    """Push patents to firms, balanced: each firm a few, each patent some, none too many."""


push.add_command(send)


@push.command()
@click.option("--per-firm", type=int, default=10, show_default=True, help="Most items of a firm.")
@click.option(
    "--min-per-patent", type=int, default=1, show_default=True, help="Fewest firms of a patent."
)
@click.option(
    "--max-per-patent", default="auto", show_default=True, help="Most firms; auto: 5 × the mean."
)
@click.option(
    "--explore", type=float, default=0.03, show_default=True, help="Share of places drawn."
)
@click.option("--seed", type=int, default=0, show_default=True, help="Of the draws.")
@click.option(
    "--engine", type=click.Choice(["local"]), default="local", show_default=True,
    help="Where the work is done.",
)  # fmt: skip
@click.option("--processes", type=click.IntRange(1, 256), help="Of this machine [PANHUO_THREADS].")
@click.option("--resume", is_flag=True, help="Go on with the newest round that is unfinished.")
@json_option
@common
def plan(
    context: Context,
    *,
    per_firm: int,
    min_per_patent: int,
    max_per_patent: str,
    explore: float,
    seed: int,
    engine: str,
    processes: int | None,
    resume: bool,
    as_json: bool,
) -> None:
    """Plan and publish one round over all firms and all patents of the index.

    A round that was killed goes on with --resume and ends as it would have ended.
    """
    mute_libraries()
    with context.open() as home, context.bars() as bars:
        executor = LocalExecutor(home.settings, processes or home.settings.threads)
        planner = Planner(home, executor, lambda *told: bars(told[0], told[1], told[2] or 0))
        if resume:
            found = planner.resume()
        else:
            made_at, round_id = new_round_id()
            found = planner.start(
                PushPlan(
                    round_id=round_id,
                    made_at=made_at,
                    per_firm=per_firm,
                    least=min_per_patent,
                    most=_most(max_per_patent),
                    explore=explore,
                    seed=seed,
                )
            )
    if as_json:
        print_json(found)
    else:
        context.console.print(_certificate(found))


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
    table = Table("round", "made at", "firms", "patents", "items", "gap", "coverage")
    for one in rounds:
        proof = one.certificate
        table.add_row(
            one.round_id,
            f"{one.made_at:%Y-%m-%d %H:%M}",
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
        context.console.print(_certificate(_told(made)))


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


def _most(text: str) -> int | None:
    if text == "auto":
        return None
    if not text.isdecimal():
        raise InputError(f"found --max-per-patent {text!r}", "'auto' or a whole number")
    return int(text)


def _told(one: PushRound) -> dict[str, Any]:
    return {
        "round": one.round_id,
        "made_at": one.made_at.isoformat(),
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


def _certificate(found: dict[str, Any]) -> Table:
    proof = found["certificate"]
    balanced, free = proof["balanced"], proof["free"]
    table = Table("", f"{found['round']}", "each firm its best")
    rows = [
        ("firms reached", f"{proof['reached']:,} of {proof['firms']:,}", ""),
        ("items", f"{proof['slots']:,}", ""),
        ("worth", f"{proof['value']:,.1f}", f"{proof['free_value']:,.1f}"),
        ("at most", f"{proof['bound']:,.1f} (gap {proof['gap']:.4%})", ""),
        ("cost of balance", f"{proof['cost_of_balance']:.2%}", ""),
        (
            "links expected",
            f"{proof['expected_links']:,.1f}",
            f"{proof['free_expected_links']:,.1f}",
        ),
        ("patents offered", f"{balanced['coverage']:.2%}", f"{free['coverage']:.2%}"),
        (
            "largest load",
            f"{balanced['largest_load']:,} (limit {proof['load_limit']:,})",
            f"{free['largest_load']:,}",
        ),
        ("Gini of loads", f"{balanced['gini']:.3f}", f"{free['gini']:.3f}"),
    ]
    for row in rows:
        table.add_row(*row)
    return table
