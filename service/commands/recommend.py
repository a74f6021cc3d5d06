"""``panhuo recommend`` and ``panhuo firms-for``: both directions, with reasons."""

from __future__ import annotations

import click
from rich.panel import Panel
from rich.table import Table

from matcher.places.places import Place
from matcher.recommend import MOST_ITEMS
from matcher.types import DemandId, PlaceSetting, RankedList, SegmentCode, Uscc
from service.api.schemas import FirmItem, PatentItem
from service.bootstrap import Home
from service.commands.options import Context, common, json_option, print_json
from service.lists import list_of

_COUNT = click.option(
    "-n", "n", type=click.IntRange(1, MOST_ITEMS), default=20, show_default=True, help="Items."
)


_PLACE = click.option(
    "--place",
    type=click.Choice([setting.value for setting in PlaceSetting]),
    help="What place counts: near first, nothing, far first [the policy's own].",
)


@click.command()
@click.option("--uscc", help="A firm of the catalogue; not with --text.")
@click.option("--text", help="Products, or a need, in words; not with --uscc.")
@click.option("--demand", help="A demand of the catalogue, by its id.")
@click.option("--region", default="", help="Province or city, such as 浙江杭州; with --text only.")
@click.option("--segment", help="Look in this segment only.")
@_PLACE
@_COUNT
@json_option
@common
def recommend(
    context: Context,
    uscc: str | None,
    text: str | None,
    demand: str | None,
    region: str,
    segment: str | None,
    place: str | None,
    n: int,
    as_json: bool,
) -> None:
    """Recommend patents to a firm of the catalogue, to a posted demand, or to words.

    Give exactly one of --uscc, --demand and --text.
    """
    if sum(asked is not None for asked in (uscc, text, demand)) != 1:
        raise click.UsageError("give exactly one of --uscc, --demand and --text.")
    if segment and demand is not None:
        raise click.UsageError("--segment goes with --uscc or --text.")
    if region and text is None:
        raise click.UsageError("--region goes with --text.")
    code = SegmentCode(segment) if segment else None
    setting = PlaceSetting(place) if place else None
    with context.open() as home:
        engine = home.recommender()
        if demand is not None:
            found = engine.recommend_demand(DemandId(demand), n, setting)
        elif uscc is not None:
            found = engine.recommend(Uscc(uscc), n, code, setting)
        else:
            where = home.places.parse_region(region) if region else Place("", "")
            found = engine.recommend_text(
                text or "", where.province, where.city, n, code, place=setting
            )
        _print(context, home, found, as_json)


@click.command("firms-for")
@click.argument("patent")
@_PLACE
@_COUNT
@json_option
@common
def firms_for(context: Context, patent: str, place: str | None, n: int, as_json: bool) -> None:
    """Find the firms that a patent suits best (id, application or publication number)."""
    with context.open() as home:
        patent_id = home.store.patents.resolve(patent)
        setting = PlaceSetting(place) if place else None
        _print(context, home, home.recommender().firms_for(patent_id, n, setting), as_json)


def _print(context: Context, home: Home, found: RankedList, as_json: bool) -> None:
    if as_json:
        told = list_of(found, home.readers, home.segments.taxonomy)
        print_json(told.model_dump(mode="json"))
    else:
        context.console.print(list_table(home, found))


def list_table(home: Home, found: RankedList) -> Table | Panel:
    """Return a list as people read it: rank, score, title, reasons."""
    told = list_of(found, home.readers, home.segments.taxonomy)
    notes = "\n".join(note.text for note in told.notes)
    if not told.items:
        return Panel(notes or "没有结果", title=found.subject or "文本")
    table = Table(title=_title(home, found), caption=notes or None, show_lines=True)
    table.add_column("#", justify="right")
    table.add_column("概率", justify="right")
    table.add_column("专利" if found.direction == "patents" else "企业", ratio=2, overflow="fold")
    table.add_column("理由", ratio=3, overflow="fold")
    for item in told.items:
        head, below = _named(item)
        reasons = "\n".join(reason.text for reason in item.reasons)
        table.add_row(
            str(item.rank), f"{item.probability:.2%}", f"{head}\n[dim]{below}[/dim]", reasons
        )
    return table


def _named(item: PatentItem | FirmItem) -> tuple[str, str]:
    """Return title and holder of a patent, or name and place of a firm."""
    if isinstance(item, PatentItem):
        return item.patent.title, item.patent.holder
    return item.firm.name, f"{item.firm.province} {item.firm.city}"


def _title(home: Home, found: RankedList) -> str:
    if found.direction == "firms":
        return f"适合《{home.store.patents.get(found.subject).title}》的企业"  # type: ignore[arg-type]
    if found.subject:
        return f"为 {home.store.firms.get(Uscc(found.subject)).name} 推荐的专利"
    return "为所述企业推荐的专利"
