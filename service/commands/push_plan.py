"""``panhuo push plan``: a balanced round, for all or as a campaign asks, planned and published."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource
from rich.table import Table

from matcher.errors import InputError
from matcher.push.campaign import Campaign
from matcher.push.plan import PushPlan
from service.bootstrap import Home
from service.commands.options import Context, common, json_option, mute_libraries, print_json
from service.push.campaign_file import Gazetteer, read_campaign
from service.push.engines import ENGINES, executor_of
from service.push.planner import Planner, new_round_id
from service.push.torch_sieve import DEVICES

_LIMITS = {
    "per_firm": "--per-firm",
    "min_per_patent": "--min-per-patent",
    "max_per_patent": "--max-per-patent",
    "explore": "--explore",
}


@click.command()
@click.option(
    "--campaign",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Whom to push what, how often and when (TOML).",
)
@click.option("--changed", is_flag=True, help="Only what changed since the last round over all.")
@click.option(
    "--room",
    type=click.IntRange(0, 100),
    default=5,
    show_default=True,
    help="With --changed: items beyond K that a firm may get.",
)
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
    "--engine", type=click.Choice(ENGINES), default="local", show_default=True,
    help="Where the work is done: processes of this machine, or a Ray cluster.",
)  # fmt: skip
@click.option("--ray-address", metavar="ADDRESS", help="Of the cluster [PANHUO_RAY_ADDRESS].")
@click.option(
    "--processes",
    type=click.IntRange(1, 256),
    help="At work at once [PANHUO_THREADS, or the cluster].",
)
@click.option(
    "--device", type=click.Choice(DEVICES), default="cpu", show_default=True,
    help="What looks for candidates; all but cpu score every pair, in bf16.",
)  # fmt: skip
@click.option("--resume", is_flag=True, help="Go on with the newest round that is unfinished.")
@json_option
@common
def plan(
    context: Context,
    *,
    campaign: Path | None,
    changed: bool,
    room: int,
    per_firm: int,
    min_per_patent: int,
    max_per_patent: str,
    explore: float,
    seed: int,
    engine: str,
    ray_address: str | None,
    processes: int | None,
    device: str,
    resume: bool,
    as_json: bool,
) -> None:
    """Plan and publish one round: over all firms and all patents of the index, or for a campaign.

    With --changed it is for what is new or changed since the last round over all.
    A round that was killed goes on with --resume and ends as it would have ended.
    """
    mute_libraries()
    _refuse_together(campaign, changed=changed, resume=resume)
    with context.open() as home, context.bars() as bars:
        executor = executor_of(engine, home.settings, processes or _usual(device), ray_address)
        planner = Planner(home, executor, lambda *told: bars(told[0], told[1], told[2] or 0))
        if resume:
            found = planner.resume()
        else:
            made_at, round_id = new_round_id()
            asked = PushPlan(
                round_id=round_id,
                made_at=made_at,
                per_firm=per_firm,
                least=min_per_patent,
                most=_most(max_per_patent),
                explore=explore,
                seed=seed,
                device=device,
            )
            found = (
                planner.start_changed(asked, room)
                if changed
                else planner.start(asked, _campaign(home, campaign))
            )
    if as_json:
        print_json(found)
    elif found["round"]:
        context.console.print(round_table(found))
    else:
        click.echo(_nothing(found))


def _usual(device: str) -> int | None:
    """One process a GPU, or each would hold the patents; ``None`` for what the settings say."""
    return 1 if device == "cuda" else None


def _refuse_together(campaign: Path | None, *, changed: bool, resume: bool) -> None:
    """Raise ``InputError`` where options contradict each other."""
    kinds = {"--campaign": campaign is not None, "--changed": changed, "--resume": resume}
    given = [name for name, is_given in kinds.items() if is_given]
    if len(given) > 1:
        raise InputError(
            f"found {' beside '.join(given)}",
            "one of them: a round is resumed as it was planned, and a campaign looks at all",
            f"leave {given[0]} out",
        )
    now = click.get_current_context()
    own = {name for name in (*_LIMITS, "room") if _given(now, name)}
    if not changed and "room" in own:
        raise InputError("found --room without --changed", "both, or neither", "add --changed")
    limits = [_LIMITS[name] for name in _LIMITS if name in own and (campaign or name != "explore")]
    if limits and (campaign or changed):
        where = "in [limits] of the campaign" if campaign else "for the round over all"
        raise InputError(
            f"found {limits[0]} beside {given[0]}", "limits in one place", f"say it {where}"
        )


def _given(now: click.Context, name: str) -> bool:
    return now.get_parameter_source(name) is ParameterSource.COMMANDLINE


def _nothing(found: Mapping[str, Any]) -> str:
    waiting = found["not_indexed"]
    later = f" {waiting:,} patents wait for 'panhuo build'." if waiting else ""
    return f"Nothing changed since {found['since']}: no push_round was made.{later}"


def _campaign(home: Home, path: Path | None) -> Campaign | None:
    """Return the campaign of a file; its segments are those that the index was built with."""
    if path is None:
        return None
    home.engine()
    return read_campaign(path, Gazetteer(home.segments.taxonomy, home.places))


def _most(text: str) -> int | None:
    if text == "auto":
        return None
    if not text.isdecimal():
        raise InputError(f"found --max-per-patent {text!r}", "'auto' or a whole number")
    return int(text)


def round_table(found: Mapping[str, Any]) -> Table:
    """Return what a round came to, beside what each firm would have taken by itself."""
    proof = found["certificate"]
    balanced, free = proof["balanced"], proof["free"]
    table = Table("", f"{found['round']}", "each firm its best")
    name = found["campaign"]["name"]
    rows = [
        *([("campaign", name, "")] if name else []),
        *([("changes since", found["since"], "")] if found.get("since") else []),
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
