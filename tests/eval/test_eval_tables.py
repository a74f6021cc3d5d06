"""Tables and charts carry the figures of the report."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO
from typing import Any

import altair as alt
import pytest
from rich.console import Console
from rich.table import Table

from eval import charts, tables
from eval.agreement import industry_agreement
from eval.harness import EvaluationConfig, evaluate
from eval.industry import IndustryText
from eval.judgments import Qrels
from eval.overview import contents, overview
from eval.report import EvaluationReport
from eval.statistics import Bootstrap
from matcher.types import Uscc
from service.bootstrap import Home


@pytest.fixture(scope="module")
def report(home: Home, qrels: Qrels) -> EvaluationReport:
    config = EvaluationConfig(bootstrap=Bootstrap(resamples=200))
    systems = ["default", "bm25"]
    return evaluate(home.engine(), home.readers, qrels, systems=systems, k=50, config=config)


def text_of(table: Table, width: int = 240) -> str:
    console = Console(width=width, file=StringIO())
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
    text = text_of(tables.list_table(ranked, home.readers.patents), width=1_000)
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


def test_exposure_and_ipc_show_each_system(report: EvaluationReport) -> None:
    found = report.exposure()["bm25"]
    text = text_of(tables.exposure_table(report))
    for figure in (found.coverage, found.gini, found.top_share):
        assert f"{figure:.4f}" in text
    assert f"{found.novelty:.2f}" in text
    view = report.ipc()["default"]
    assert view.subclass.share is not None
    assert f"{view.subclass.share.mean:.4f}" in text_of(tables.ipc_table(report))
    bars = data_of(charts.exposure_chart(report))
    assert len(bars) == 2 * 5
    assert {"system": "bm25", "figure": "基尼系数", "value": found.gini} in bars
    points = data_of(charts.ipc_chart(report))
    assert len(points) == 2 * 2
    assert points[0]["mean"] == view.subclass.share.mean


def test_a_check_shows_leads_and_verdict(report: EvaluationReport) -> None:
    found = report.check(dimension="holds_patents")
    assert found is not None
    worst = replace(found.slices[0], worse=True, clearly_worse=True)
    lost = replace(found, holds=False, slices=(worst, *found.slices[1:]))
    assert "无一差于 bm25" in tables.verdict(replace(found, holds=True))
    assert "有 1 个差于 bm25，其中 1 个区间全在零以下" in tables.verdict(lost)
    text = text_of(tables.check_table(lost, {worst.value: "有自己的专利"}))
    assert "明显更差" in text
    assert "有自己的专利" in text
    assert f"{worst.lead.mean:+.4f} [{worst.lead.low:+.4f}" in text
    points = data_of(charts.check_chart(found))
    assert [p["mean"] for p in points] == [s.lead.mean for s in found.slices]


def test_a_comparison_is_a_row_a_measure(report: EvaluationReport) -> None:
    found = report.compare("bm25", "default")
    row = found.measures["RR"]
    text = text_of(tables.comparison_table(found))
    assert f"{row.p_holm:.4f}" in text
    assert f"{row.wins}/{row.ties}/{row.losses}" in text
    points = {p["measure"]: p for p in data_of(charts.comparison_chart(found))}
    assert points["RR"]["low"] == row.difference.low
    assert len(points) == 5


def test_the_worst_firms_are_rows_with_ranks(report: EvaluationReport) -> None:
    found = report.worst(3)
    text = text_of(tables.worst_table(found, report.k))
    for firm in found:
        assert firm.query in text
        assert firm.shown[0].title[:8] in text
    many = replace(found[0], name="", positives=found[0].positives[:1] * 14)
    text = text_of(tables.worst_table([many], 50))
    assert "……另有 4 件" in text
    assert "不在目录中" in text
    rank = found[0].positives[0].rank
    assert (f"第{rank}名" if rank else "前50名外") in text


def test_agreement_is_shown_against_chance(home: Home) -> None:
    texts = [
        IndustryText("涂料", "水性涂料", (("制造业",),)),
        IndustryText("种子", "水稻种子", (("农业",),)),
    ]
    fast = Bootstrap(resamples=100)
    found = industry_agreement(texts, texts, home.engine().encoder, home.tokeniser, fast)
    text = text_of(tables.agreement_table(found))
    assert "随机" in text
    assert f"{found.levels[0].base:.4f}" in text
    assert "level 2 is not measured" in text
    points = data_of(charts.agreement_chart(found))
    assert {p["system"] for p in points} == {"dense", "bm25", "fusion"}


def test_contents_are_counted_over_the_whole_catalogue(home: Home) -> None:
    found = contents(home.readers.patents)
    patents = list(home.readers.patents.iterate())
    assert found.n == 289
    assert found.abstract == sum(bool(p.abstract) for p in patents)
    assert found.ipc == sum(bool(p.ipc) for p in patents) < found.n
    assert sum(found.holder_kinds.values()) == 289
    assert f"{found.claim / 289:.1%}" in text_of(tables.contents_table(found))
