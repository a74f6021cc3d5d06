"""Tables and charts carry the figures of the report."""

from __future__ import annotations

from io import StringIO
from typing import Any

import altair as alt
import pytest
from rich.console import Console
from rich.table import Table

from eval import charts, tables
from eval.harness import EvaluationConfig, evaluate
from eval.judgments import Qrels
from eval.overview import overview
from eval.report import EvaluationReport
from eval.statistics import Bootstrap
from matcher.types import Uscc
from service.bootstrap import Home


@pytest.fixture(scope="module")
def report(home: Home, qrels: Qrels) -> EvaluationReport:
    config = EvaluationConfig(bootstrap=Bootstrap(resamples=200))
    systems = ["default", "bm25"]
    return evaluate(home.engine(), home.readers, qrels, systems=systems, k=50, config=config)


def text_of(table: Table) -> str:
    console = Console(width=240, file=StringIO())
    console.print(table)
    return console.file.getvalue()  # type: ignore[attr-defined]


def data_of(chart: alt.TopLevelMixin) -> list[dict[str, Any]]:
    (values,) = chart.to_dict()["datasets"].values()
    return values


def test_the_report_table_shows_each_system_with_interval_and_warning(
    report: EvaluationReport,
) -> None:
    text = text_of(tables.report_table(report))
    interval = report.intervals()["bm25"]["R@10"]
    assert f"{interval.mean:.4f} [{interval.low:.4f}, {interval.high:.4f}]" in text
    assert "95 家企业 × 289 件专利" in text
    assert "runs are 50 deep" in text


def test_differences_and_slices_are_rows(report: EvaluationReport) -> None:
    gap = report.differences()["bm25"]["P@10"]
    assert f"{gap.mean:+.4f} [{gap.low:+.4f}, {gap.high:+.4f}] p={gap.p:.4f}" in text_of(
        tables.difference_table(report)
    )
    parts = report.slices("holds_patents")
    assert tables.slice_table(parts, "default", {"yes": "有"}).row_count == 2
    assert "有" in text_of(tables.slice_table(parts, "default", {"yes": "有"}))


def test_a_list_shows_titles_and_reasons(home: Home, qrels: Qrels) -> None:
    ranked = home.recommender().recommend(Uscc(next(iter(qrels))), n=2)
    text = text_of(tables.list_table(ranked, home.readers.patents))
    assert home.readers.patents.get(ranked.items[0].item_id).title in text  # type: ignore[arg-type]
    assert ranked.items[0].reasons[0].text in text


def test_the_overview_counts_what_the_index_holds(home: Home) -> None:
    found = overview(home.engine(), home.segments.taxonomy)
    assert (found.n_patents, found.n_firms) == (289, 129)
    assert sum(found.routing["patents"].values()) == 289
    assert len(found.segments) == len(home.segments.taxonomy)
    shares = home.engine().index.patents.shares
    assert sum(count.n_patents for count in found.segments) == shares.nnz


def test_charts_hold_the_figures(home: Home, report: EvaluationReport) -> None:
    found = overview(home.engine(), home.segments.taxonomy)
    bars = data_of(charts.segment_chart(found))
    assert sum(bar["patents"] for bar in bars) == sum(c.n_patents for c in found.segments)
    parts = data_of(charts.routing_chart(found))
    assert {(p["what"], p["basis"], p["count"]) for p in parts} >= {("专利", "按IPC分类号", 275)}
    points = data_of(charts.measures_chart(report))
    assert len(points) == 2 * 5
    slices = report.slices("province")
    shown = data_of(charts.slice_chart(slices, "default"))
    assert shown[0]["mean"] == slices[0].systems["default"]["nDCG@10"].mean
    assert shown[0]["slice"] == f"{slices[0].value}（{slices[0].n}）"
