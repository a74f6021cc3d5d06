"""Charts for the notebook (Altair, extra ``notebooks``): data in, chart out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from eval.measures import MEASURES
from eval.overview import Overview
from eval.report import EvaluationReport
from eval.slices import Slice
from eval.statistics import Interval
from matcher.errors import ExtraMissing

try:
    import altair as alt
except ImportError as error:
    raise ExtraMissing("altair", "notebooks") from error

_BASES = {"ipc": "按IPC分类号", "industry": "按行业代码", "text": "按文本", "none": "未能归类"}
_WHAT = {"patents": "专利", "firms": "企业"}
_WIDTH = 420


def segment_chart(found: Overview) -> alt.Chart:
    """Return bars: patents of each segment that has any, largest first."""
    rows = [
        {
            "segment": f"{c.segment.code} {c.segment.name}",
            "patents": c.n_patents,
            "group": c.segment.group,
        }
        for c in found.segments
        if c.n_patents
    ]
    chart: alt.Chart = (
        _chart(rows, "各产业细分领域的专利数")
        .mark_bar()
        .encode(
            x=alt.X("patents:Q", title="专利数（一件专利可属多个领域）"),
            y=alt.Y("segment:N", sort="-x", title="产业细分领域", axis=alt.Axis(labelLimit=260)),
            color=alt.Color("group:N", title="门类", legend=None),
            tooltip=[
                alt.Tooltip("segment:N", title="领域"),
                alt.Tooltip("group:N", title="门类"),
                alt.Tooltip("patents:Q", title="专利数"),
            ],
        )
    )
    return chart


def routing_chart(found: Overview) -> alt.Chart:
    """Return stacked bars: by which basis patents and firms were routed."""
    rows = [
        {"what": _WHAT[what], "basis": _BASES.get(basis, basis), "count": count}
        for what, counts in found.routing.items()
        for basis, count in counts.items()
    ]
    chart: alt.Chart = (
        _chart(rows, "归类依据")
        .mark_bar()
        .encode(
            x=alt.X("count:Q", stack="normalize", title="占比", axis=alt.Axis(format="%")),
            y=alt.Y("what:N", title=None),
            color=alt.Color("basis:N", title="依据", sort=list(_BASES.values())),
            tooltip=[
                alt.Tooltip("what:N", title="对象"),
                alt.Tooltip("basis:N", title="依据"),
                alt.Tooltip("count:Q", title="数量"),
            ],
        )
    )
    return chart


def measures_chart(report: EvaluationReport) -> alt.FacetChart:
    """Return points with intervals: every system, one panel a measure."""
    rows = [
        {"system": name, "measure": measure, **_figures(interval)}
        for name, found in report.intervals().items()
        for measure, interval in found.items()
    ]
    chart = _intervals(rows, alt.Y("system:N", sort=list(report.runs), title="系统"))
    return chart.facet(row=alt.Row("measure:N", sort=list(MEASURES), title=None)).properties(
        title=f"各系统的指标与{report.bootstrap.confidence:.0%}区间"
    )


def slice_chart(
    slices: Sequence[Slice],
    system: str,
    measure: str = "nDCG@10",
    names: Mapping[str, str] | None = None,
) -> alt.LayerChart:
    """Return points with intervals: one measure of one system, slice by slice."""
    rows = [
        {
            "slice": f"{(names or {}).get(part.value, part.value)}（{part.n}）",
            **_figures(part.systems[system][measure]),
        }
        for part in slices
    ]
    axis = alt.Axis(labelLimit=260)
    chart = _intervals(rows, alt.Y("slice:N", sort=None, title="切片（企业数）", axis=axis))
    return chart.properties(title=f"{system}：{measure}", width=_WIDTH)


def _intervals(rows: list[dict[str, Any]], y: alt.Y) -> alt.LayerChart:
    # The data sits on the whole, not on a part: a faceted chart asks for that.
    bars = alt.Chart().mark_rule().encode(x=alt.X("low:Q", title="值"), x2="high:Q", y=y)
    points = (
        alt.Chart()
        .mark_point(filled=True, size=60)
        .encode(
            x="mean:Q",
            y=y,
            tooltip=[
                alt.Tooltip("mean:Q", title="均值", format=".4f"),
                alt.Tooltip("low:Q", title="下限", format=".4f"),
                alt.Tooltip("high:Q", title="上限", format=".4f"),
            ],
        )
    )
    return alt.LayerChart(layer=[bars, points], data=_data(rows))


def _figures(interval: Interval) -> dict[str, float]:
    return {"mean": interval.mean, "low": interval.low, "high": interval.high}


def _chart(rows: list[dict[str, Any]], title: str) -> alt.Chart:
    return alt.Chart(_data(rows), title=title, width=_WIDTH)


def _data(rows: list[dict[str, Any]]) -> alt.InlineData:
    return alt.InlineData(values=rows)
