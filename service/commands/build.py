"""``panhuo build``: the catalogue into a new index version."""

from __future__ import annotations

from dataclasses import asdict

import click
from rich.table import Table

from matcher.index.build import BuildReport
from matcher.index.publish import current_version
from service.bootstrap import Home
from service.commands.options import Context, common, json_option, mute_libraries, print_json
from service.encoders import truncation_of


@click.command()
@click.option(
    "--encoder", metavar="static|lsa|PATH-OR-NAME", help="Encoder [PANHUO_ENCODER or static]."
)
@json_option
@common
def build(context: Context, encoder: str | None, as_json: bool) -> None:
    """Train the encoder, route by segment, index, and publish the new version.

    Whatever serves goes on serving the old version until the new one is complete.
    """
    mute_libraries()
    with context.open() as home, context.bars() as bars:
        report = home.build(bars, encoder)
        cut = truncation(home)
    if as_json:
        print_json({**asdict(report), "encoder": report.encoder.version, "truncation": cut})
    else:
        context.console.print(build_table(report, cut))


def truncation(home: Home) -> dict[str, int] | None:
    """Return what the encoder of the current index left unread; ``None`` where it reads all."""
    return truncation_of(current_version(home.settings.index_root) / "encoder")


def build_table(report: BuildReport, cut: dict[str, int] | None) -> Table:
    """Return what a build made, as a table."""
    table = Table(title=f"index {report.version}", show_header=False)
    routing = report.routing
    audit = routing["audit"]
    table.add_row("encoder", report.encoder.version)
    if cut is not None:
        table.add_row(
            "  cut off",
            f"{cut['cut']:,} of {cut['texts']:,} texts, {cut['tokens_lost']:,} tokens not read",
        )
    table.add_row("patents", f"{report.patents:,}")
    table.add_row("  routed by", _counts(routing["patents"]))
    table.add_row("firms", f"{report.firms:,}")
    table.add_row("  routed by", _counts(routing["firms"]))
    table.add_row(
        "routing audit",
        f"keeps {audit['recall']:.1%} of the unrouted top 20, searches {audit['searched']:.1%} "
        f"of the catalogue ({audit['firms']} firms)",
    )
    table.add_row("seconds", ", ".join(f"{k} {v:.1f}" for k, v in report.seconds.items()))
    return table


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items() if count)
