"""Reports and lists as rich tables; nothing is printed here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.table import Table

from eval.measures import MEASURES
from eval.report import EvaluationReport
from eval.slices import Slice
from eval.statistics import Difference, Interval
from matcher.ports import PatentReader
from matcher.types import PatentId, RankedList


def report_table(report: EvaluationReport) -> Table:
    """Return one row a system, each measure with its interval; warnings stand below."""
    confidence = f"{report.bootstrap.confidence:.0%}"
    table = Table(
        title=f"{len(report.qrels)} 家企业 × {report.n_pool} 件专利（方括号内为{confidence}区间）",
        caption="\n".join(report.warnings) or None,
    )
    _columns(table, ("系统",), (*MEASURES, "无结果"))
    for name, found in report.intervals().items():
        cells = [_interval(found[measure]) for measure in MEASURES]
        table.add_row(name, *cells, str(len(report.unanswered(name))))
    return table


def difference_table(report: EvaluationReport) -> Table:
    """Return the first system's lead over each other one, with interval and p-value."""
    first = next(iter(report.runs))
    table = Table(title=f"{first} 与其他系统之差（配对自助法）")
    _columns(table, ("对照",), MEASURES)
    for name, found in report.differences().items():
        table.add_row(name, *(_difference(found[measure]) for measure in MEASURES))
    return table


def slice_table(
    slices: Sequence[Slice], system: str, names: Mapping[str, str] | None = None
) -> Table:
    """Return one row a slice for one system.

    Args:
        slices: of one dimension.
        system: whose figures.
        names: value → what people call it.
    """
    table = Table(title=system)
    _columns(table, ("切片",), ("企业数", *MEASURES))
    for part in slices:
        cells = [_interval(part.systems[system][measure]) for measure in MEASURES]
        table.add_row((names or {}).get(part.value, part.value), str(part.n), *cells)
    return table


def list_table(ranked: RankedList, patents: PatentReader) -> Table:
    """Return a recommendation list: rank, title, holder, score, and every reason as a sentence."""
    stored = patents.many([PatentId(item.item_id) for item in ranked.items])
    notes = "；".join(note.text for note in ranked.notes)
    table = Table(title=f"推荐给 {ranked.subject}", caption=notes or None, show_lines=True)
    for heading in ("名次", "专利", "专利权人", "得分", "理由"):
        table.add_column(heading)
    for item in ranked.items:
        patent = stored[PatentId(item.item_id)]
        reasons = "\n".join(reason.text for reason in item.reasons)
        table.add_row(str(item.rank), patent.title, patent.holder, f"{item.score:.3f}", reasons)
    return table


def _columns(table: Table, words: Sequence[str], figures: Sequence[str]) -> None:
    for word in words:
        table.add_column(word)
    for figure in figures:
        table.add_column(figure, justify="right")


def _interval(found: Interval) -> str:
    return f"{found.mean:.4f} [{found.low:.4f}, {found.high:.4f}]"


def _difference(found: Difference) -> str:
    return f"{found.mean:+.4f} [{found.low:+.4f}, {found.high:+.4f}] p={found.p:.4f}"
