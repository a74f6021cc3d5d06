"""Charts for the notebook (Altair, extra ``notebooks``): data in, chart out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from eval.agreement import AgreementReport
from eval.chart_parts import WIDTH, against, figures, inline, interval_points, titled
from eval.compare import Comparison
from eval.measures import MEASURES
from eval.overview import Overview
from eval.report import EvaluationReport
from eval.slices import Slice, SliceCheck
from matcher.errors import ExtraMissing

try:
    import altair as alt
except ImportError as error:
    raise ExtraMissing("altair", "notebooks") from error

_BASES = {"ipc": "按IPC分类号", "industry": "按行业代码", "text": "按文本", "none": "未能归类"}
_WHAT = {"patents": "专利", "firms": "企业"}
_EXPOSURE = {
    "coverage": "覆盖率",
    "gini": "基尼系数",
    "skew": "偏度",
    "top_share": "最热1%占位",
    "novelty": "新颖度（比特）",
}
_LEVELS = {"subclass": "同小类", "main_group": "同大组"}


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
        titled(rows, "各产业细分领域的专利数")
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
        titled(rows, "归类依据")
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
        {"system": name, "measure": measure, **figures(interval)}
        for name, found in report.intervals().items()
        for measure, interval in found.items()
    ]
    chart = interval_points(rows, alt.Y("system:N", sort=list(report.runs), title="系统"))
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
            **figures(part.systems[system][measure]),
        }
        for part in slices
    ]
    axis = alt.Axis(labelLimit=260)
    chart = interval_points(rows, alt.Y("slice:N", sort=None, title="切片（企业数）", axis=axis))
    return chart.properties(title=f"{system}：{measure}", width=WIDTH)


def exposure_chart(report: EvaluationReport) -> alt.FacetChart:
    """Return bars: every system, one panel a figure of exposure, each on its own scale."""
    rows = [
        {"system": name, "figure": word, "value": getattr(found, key)}
        for name, found in report.exposure().items()
        for key, word in _EXPOSURE.items()
    ]
    bars = (
        alt.Chart(width=WIDTH)
        .mark_bar()
        .encode(
            x=alt.X("value:Q", title="值"),
            y=alt.Y("system:N", sort=list(report.runs), title="系统"),
            tooltip=[alt.Tooltip("system:N"), alt.Tooltip("value:Q", format=".4f")],
        )
    )
    chart: alt.FacetChart = (
        bars.properties(data=inline(rows))
        .facet(row=alt.Row("figure:N", sort=list(_EXPOSURE.values()), title=None))
        .resolve_scale(x="independent")
        .properties(title="前十名的曝光")
    )
    return chart


def ipc_chart(report: EvaluationReport) -> alt.FacetChart:
    """Return points with intervals: every system, one panel a level of the IPC."""
    rows = [
        {"system": name, "level": word, **figures(share)}
        for name, found in report.ipc().items()
        for key, word in _LEVELS.items()
        if (share := getattr(found, key).share) is not None
    ]
    chart = interval_points(rows, alt.Y("system:N", sort=list(report.runs), title="系统"))
    return chart.facet(row=alt.Row("level:N", sort=list(_LEVELS.values()), title=None)).properties(
        title="前十名中与企业自有专利同类的比例"
    )


def check_chart(checked: SliceCheck, names: Mapping[str, str] | None = None) -> alt.LayerChart:
    """Return points with intervals: each slice's lead over the baseline, against zero."""
    rows = [
        {"slice": f"{(names or {}).get(p.value, p.value)}（{p.n}）", **figures(p.lead)}
        for p in checked.slices
    ]
    axis = alt.Axis(labelLimit=260)
    y = alt.Y("slice:N", sort=None, title="切片（企业数）", axis=axis)
    title = f"{checked.system} 减 {checked.baseline}：{checked.measure}"
    return against(0.0, interval_points(rows, y)).properties(title=title, width=WIDTH)


def comparison_chart(found: Comparison) -> alt.LayerChart:
    """Return points with intervals: the difference of two runs in every measure, against zero."""
    rows = [{"measure": m, **figures(row.difference)} for m, row in found.measures.items()]
    y = alt.Y("measure:N", sort=list(found.measures), title="指标")
    title = f"{found.first} 减 {found.second}"
    return against(0.0, interval_points(rows, y)).properties(title=title, width=WIDTH)


def agreement_chart(found: AgreementReport, level: int = 1) -> alt.LayerChart:
    """Return points with intervals: agreement of every system on a level, against the base rate."""
    part = next(part for part in found.levels if part.level == level)
    rows = [{"system": name, **figures(s.share)} for name, s in part.systems.items()]
    y = alt.Y("system:N", sort=list(part.systems), title="系统")
    title = f"前十名的行业一致率，第 {level} 层（竖线为随机）"
    return against(part.base, interval_points(rows, y)).properties(title=title, width=WIDTH)
