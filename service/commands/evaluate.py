"""``panhuo eval``: systems against judgments."""

from __future__ import annotations

from pathlib import Path

import click

from eval.baselines import SYSTEMS
from eval.harness import evaluate as run_evaluation
from eval.judgments import read_pool, read_qrels
from eval.report import EvaluationReport
from eval.runs import run_paths, write_run
from eval.slices import DIMENSIONS
from eval.tables import difference_table, report_table, slice_table
from service.commands.options import Context, common, json_option, print_json

_NAME = click.Choice(tuple(SYSTEMS))


@click.command("eval")
@click.option("--qrels", type=click.Path(path_type=Path), required=True, help="TREC qrels.")
@click.option(
    "--pool", default="all", show_default=True, help="'all' patents, or a file with one id a line."
)
@click.option(
    "--system",
    "systems",
    type=_NAME,
    multiple=True,
    default=("default",),
    show_default=True,
    help="May be given several times, or with several names.",
)
@click.option("--k", type=click.IntRange(1, 10_000), default=100, show_default=True, help="Depth.")
@click.option("--run-out", type=click.Path(path_type=Path), help="Write TREC runs here.")
@click.option("--slices", is_flag=True, help="Also by segment, region, and what is known of firms.")
@click.argument("more", nargs=-1, type=_NAME, metavar="")
@json_option
@common
def evaluate(
    context: Context,
    qrels: Path,
    pool: str,
    systems: tuple[str, ...],
    k: int,
    run_out: Path | None,
    slices: bool,
    more: tuple[str, ...],
    as_json: bool,
) -> None:
    """Measure systems on judgments: nDCG@10, R@10, R@100, RR, P@10.

    Every firm of the qrels is ranked over the whole pool; nothing is sampled, and a firm without an
    answer counts as zero. The relevance floor, the caps and the exclusion of own patents shape the
    lists that people get and do not apply here.
    """
    judgments = read_qrels(qrels)
    ids = None if pool == "all" else read_pool(Path(pool))
    names = tuple(dict.fromkeys((*systems, *more)))
    with context.open() as home, context.bars() as bars:
        report = run_evaluation(
            home.engine(), home.readers, judgments, ids, systems=names, k=k, progress=bars
        )
    if run_out:
        for name, path in run_paths(run_out, names).items():
            write_run(path, report.runs[name])
    if as_json:
        print_json(report.to_dict(slices=slices))
    else:
        show_report(context, report, slices=slices)


def show_report(context: Context, report: EvaluationReport, *, slices: bool = False) -> None:
    """Print the tables of an evaluation; its warnings stand below the first."""
    context.console.print(report_table(report))
    if len(report.runs) > 1:
        context.console.print(difference_table(report))
    if slices:
        for dimension in DIMENSIONS:
            for system in report.runs:
                context.console.print(slice_table(report.slices(dimension), system))
