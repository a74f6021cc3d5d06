"""``panhuo build``: the catalogue into a new index version."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from matcher.errors import InputError
from matcher.index.build import BuildReport
from matcher.index.publish import current_version
from service.bootstrap import Home
from service.commands.options import Context, common, json_option, mute_libraries, print_json
from service.encoders import model_of, teacher_of, truncation_of


@click.command()
@click.option(
    "--encoder",
    metavar="static|lsa|[distil:]PATH-OR-NAME",
    help="Encoder [PANHUO_ENCODER or static].",
)
@click.option(
    "--continue",
    "go_on",
    is_flag=True,
    help="Go on training the current version's static encoder, in a third of the time.",
)
@click.option(
    "--compact",
    is_flag=True,
    help="Take what changed since the build into a new version, with the encoder as it is.",
)
@json_option
@common
def build(context: Context, encoder: str | None, go_on: bool, compact: bool, as_json: bool) -> None:
    """Train the encoder, route by segment, index, and publish the new version.

    Whatever serves goes on serving the old version until the new one is complete.
    """
    if compact and (encoder or go_on):
        raise InputError(
            "found --compact together with --encoder or --continue",
            "one of them: a compaction trains nothing",
            "leave the others out",
        )
    mute_libraries()
    if compact:
        os.nice(10)  # whoever serves goes first
    with context.open() as home, context.bars() as bars:
        report = home.compact(bars) if compact else home.build(bars, encoder, go_on=go_on)
        cut, folder = truncation(home), _encoder_folder(home)
        more = {"model": model_of(folder), "teacher": teacher_of(folder)}
    if as_json:
        named = {"encoder": report.encoder.version, "truncation": cut, **more}
        print_json({**asdict(report), **named})
    else:
        context.console.print(build_table(report, cut, **more))


def truncation(home: Home) -> dict[str, Any] | None:
    """Return what the encoder of the current index left unread; ``None`` where it reads all."""
    return truncation_of(_encoder_folder(home))


def _encoder_folder(home: Home) -> Path:
    return current_version(home.settings.index_root) / "encoder"


def build_table(
    report: BuildReport,
    cut: dict[str, Any] | None,
    model: dict[str, Any] | None = None,
    teacher: dict[str, Any] | None = None,
) -> Table:
    """Return what a build made, as a table.

    Args:
        report: the build.
        cut: as ``truncation_of`` returns it.
        model: as ``model_of`` returns it.
        teacher: as ``teacher_of`` returns it.
    """
    table = Table(title=f"index {report.version}", show_header=False)
    routing = report.routing
    audit = routing["audit"]
    table.add_row("encoder", report.encoder.version)
    _add_encoder_rows(table, model, teacher)
    if cut is not None:
        table.add_row("  cut off", f"{_share_cut(cut)}, {cut['tokens_lost']:,} tokens not read")
        for role, counts in cut.get("roles", {}).items():
            table.add_row(f"    {role}", _share_cut(counts))
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


def _add_encoder_rows(
    table: Table, model: dict[str, Any] | None, teacher: dict[str, Any] | None
) -> None:
    if model and model["kept"] is not None:
        table.add_row(
            "  columns",
            f"{model['dim']:,} of {model['whole_dim']:,}, "
            f"which keep {model['kept']:.1%} of the ten nearest",
        )
    if teacher:
        table.add_row(
            "  taught by",
            f"{teacher['name']} ({teacher['fingerprint'][:12]}): keeps {teacher['kept']:.1%} of "
            f"its ten nearest on {teacher['held_out']:,} texts held out, "
            f"{teacher['speed']:,.0f} times as fast",
        )
        table.add_row(
            "    it read", f"{teacher['texts']:,} texts, {teacher['cut']:,} not to their end"
        )


def _share_cut(counts: dict[str, Any]) -> str:
    share = counts["cut"] / max(counts["texts"], 1)
    return f"{counts['cut']:,} of {counts['texts']:,} texts ({share:.1%})"
