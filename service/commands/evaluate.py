"""``panhuo eval``: systems against judgments or each other, and offers against demands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from eval.agreement import industry_agreement
from eval.baselines import SYSTEMS
from eval.compare import compare
from eval.harness import evaluate as run_evaluation
from eval.industry import read_industry_texts
from eval.judgments import Qrels, from_feedback, read_pool, read_qrels, with_positives
from eval.report import EvaluationReport
from eval.runs import Run, read_run, run_paths, write_run
from eval.slices import DIMENSIONS
from eval.tables import (
    agreement_table,
    check_table,
    comparison_table,
    difference_table,
    exposure_table,
    ipc_table,
    report_table,
    slice_table,
    verdict,
    worst_table,
)
from matcher.errors import InputError
from service.bootstrap import Home
from service.commands.options import Context, common, json_option, print_json
from service.privacy.learning import learnt_from

_NAME = click.Choice(tuple(SYSTEMS))
_FILE = click.Path(path_type=Path)
_SHOWN_NOTE = (
    "judgments come from what firms were shown and did: what was never shown, or shown and left "
    "alone, is missing data; the system that made those lists is favoured"
)


@dataclass(frozen=True, slots=True)
class Asked:
    """The options of the verb, as typed."""

    qrels: Path | None
    feedback: bool
    across: bool
    pool: str
    systems: tuple[str, ...]
    more: tuple[str, ...]
    k: int
    run_out: Path | None
    slices: bool
    worst: int
    compare: tuple[str, str] | None
    demands: Path | None
    offers: Path | None
    as_json: bool

    def __post_init__(self) -> None:
        if (self.demands is None) != (self.offers is None):
            raise click.UsageError("--demands and --offers belong together.")
        sources = [self.qrels is not None, self.feedback, self.demands is not None]
        if self.across and not self.feedback:
            raise click.UsageError("--across goes with --feedback.")
        if sum(sources) != 1:
            raise click.UsageError("Give one of --qrels, --feedback, and --demands with --offers.")
        if self.compare and self.demands:
            raise click.UsageError("--compare needs judgments: --qrels or --feedback.")
        if self.compare and (self.run_out or self.slices):
            raise click.UsageError("--compare takes neither --run-out nor --slices.")

    @property
    def names(self) -> tuple[str, ...]:
        """The systems to be run, each once, in the order typed."""
        wanted = self.compare or (*self.systems, *self.more)
        return tuple(name for name in dict.fromkeys(wanted) if name in SYSTEMS)


@click.command("eval")
@click.option("--qrels", type=_FILE, help="TREC qrels.")
@click.option("--feedback", is_flag=True, help="Judgments from the home's own feedback log.")
@click.option(
    "--across", is_flag=True, help="Also feedback of tenants whose contract allows learning."
)
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
@click.option("--run-out", type=_FILE, help="Write TREC runs here.")
@click.option("--slices", is_flag=True, help="Also by segment, region, and what is known of firms.")
@click.option(
    "--worst",
    type=click.IntRange(0, 1_000),
    default=10,
    show_default=True,
    help="Show so many of the worst firms with their lists; 0 for none.",
)
@click.option(
    "--compare", nargs=2, metavar="A B", help="Test A against B: names of systems, or run files."
)
@click.option("--demands", type=_FILE, help="Demands with industries (JSON lines); with --offers.")
@click.option("--offers", type=_FILE, help="Offers that are ranked for --demands (JSON lines).")
@click.argument("more", nargs=-1, type=_NAME, metavar="")
@json_option
@common
def evaluate(context: Context, **options: Any) -> None:
    """Measure systems on judgments: nDCG@10, R@10, R@100, RR, P@10, exposure, IPC neighbourhood.

    Every firm of the judgments is ranked over the whole pool; nothing is sampled, and a firm
    without an answer counts as zero. The relevance floor, the caps and the exclusion of own patents
    shape the lists that people get and do not apply here.

    With --compare, two systems or run files are tested against each other. With --demands and
    --offers, offers are ranked for demands and counted where their industries agree.
    """
    asked = Asked(**options)
    if asked.demands and asked.offers:
        _agreement(context, asked, (asked.demands, asked.offers))
    elif asked.compare:
        _compare(context, asked, asked.compare)
    else:
        _measure(context, asked)


def show_report(
    context: Context,
    report: EvaluationReport,
    *,
    slices: bool = False,
    names: Mapping[str, str] | None = None,
) -> None:
    """Print the tables of an evaluation; its warnings stand below the first.

    Args:
        context: where to print.
        report: what was found.
        slices: print those of every dimension too.
        names: code of a segment → what people call it.
    """
    context.console.print(report_table(report))
    if len(report.runs) > 1:
        context.console.print(difference_table(report))
    if slices:
        for dimension in DIMENSIONS:
            parts = report.slices(dimension)
            for system in report.runs:
                context.console.print(
                    slice_table(parts, system, names, title=f"{system}：{dimension}")
                )


def _measure(context: Context, asked: Asked) -> None:
    with context.open() as home:
        report = _report(context, asked, home)
        names = {str(segment.code): segment.name for segment in home.segments.taxonomy}
    if asked.run_out:
        for name, path in run_paths(asked.run_out, asked.names).items():
            write_run(path, report.runs[name])
    if asked.as_json:
        print_json(report.to_dict(slices=asked.slices, worst=asked.worst))
        return
    show_report(context, report, slices=asked.slices, names=names)
    context.console.print(exposure_table(report))
    context.console.print(ipc_table(report))
    if checked := report.check():
        context.console.print(verdict(checked))
    if checked and checked.slices:
        context.console.print(check_table(checked, names))
    if asked.worst:
        context.console.print(worst_table(report.worst(asked.worst), report.k))


def _compare(context: Context, asked: Asked, names: tuple[str, str]) -> None:
    """Compare systems of the home, run files, or one of each; files alone need no index."""
    if names[0] == names[1]:
        raise InputError(f"found {names[0]} twice", "two different systems or run files")
    files = {name: _run_file(name) for name in names if name not in SYSTEMS}
    qrels, runs, notes = _asked_runs(context, asked)
    found = compare(qrels, {name: {**files, **runs}[name] for name in names})
    found = replace(found, warnings=(*notes, *found.warnings))
    if asked.as_json:
        print_json(found.to_dict())
    else:
        context.console.print(comparison_table(found))


def _asked_runs(context: Context, asked: Asked) -> tuple[Qrels, Mapping[str, Run], Sequence[str]]:
    """Return judgments, the runs of the systems named, and what to say of them."""
    if asked.qrels and not asked.names:
        return read_qrels(asked.qrels), {}, ()
    with context.open() as home:
        if asked.names:
            report = _report(context, asked, home)
            return report.qrels, report.runs, report.warnings
        qrels, notes = _judgments(asked, home)
        return qrels, {}, notes


def _agreement(context: Context, asked: Asked, files: tuple[Path, Path]) -> None:
    demands, offers = map(read_industry_texts, files)
    with context.open() as home:
        encoder, tokeniser = home.engine().encoder, home.tokeniser
    found = industry_agreement(demands.texts, offers.texts, encoder, tokeniser)
    notes = filter(None, (demands.left_out("demands"), offers.left_out("offers")))
    found = replace(found, notes=(*notes, *found.notes))
    if asked.as_json:
        print_json(found.to_dict())
    else:
        context.console.print(agreement_table(found))


def _report(context: Context, asked: Asked, home: Home) -> EvaluationReport:
    qrels, notes = _judgments(asked, home)
    pool = None if asked.pool == "all" else read_pool(Path(asked.pool))
    with context.bars() as bars:
        report = run_evaluation(
            home.engine(),
            home.readers,
            qrels,
            pool,
            systems=asked.names,
            k=asked.k,
            progress=bars,
        )
    return replace(report, warnings=(*notes, *report.warnings))


def _judgments(asked: Asked, home: Home) -> tuple[Qrels, Sequence[str]]:
    """Return the judgments and what to say of them."""
    if asked.qrels:
        return read_qrels(asked.qrels), ()
    with learnt_from(home, across=asked.across) as stores:
        found = from_feedback(event for store in stores for event in store.feedback.iterate())
    qrels = with_positives(found)
    if not qrels:
        raise InputError(
            f"found no contact, directed need or good prospect among {len(found)} judging firms",
            "feedback that speaks for a patent",
            "collect feedback, or give judgments with --qrels",
        )
    silent = len(found) - len(qrels)
    told = f"{silent} firms only refused what they were shown and are left out"
    return qrels, (_SHOWN_NOTE, *([told] if silent else []))


def _run_file(name: str) -> Run:
    if not Path(name).is_file():
        raise InputError(
            f"found neither a system nor a file {name!r}",
            f"one of {', '.join(SYSTEMS)}, or a TREC run file",
            "write runs with --run-out",
        )
    return read_run(Path(name))
