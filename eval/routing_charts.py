"""Charts of routing (Altair): what each segment keeps, and how many segments records have."""

from __future__ import annotations

from collections.abc import Mapping

from eval.chart_parts import WIDTH, alt, figures, inline
from eval.routing import RoutingAudit

_LISTS, _VECTORS = "清单：前10名（抽样企业）", "向量：前20名（建索引时）"
_COUNTED = {
    "per_patent": "专利归入的领域数",
    "per_firm": "企业归入的领域数",
    "per_asking": "企业检索的领域数（抽样）",
}


def recall_chart(found: RoutingAudit, names: Mapping[str, str] | None = None) -> alt.LayerChart:
    """Return what routing keeps in each segment: of lists, with interval, and of vectors.

    Args:
        found: from ``routing_audit``.
        names: code → what people call it.
    """
    rows = []
    for row in found.segments:
        segment = f"{(names or {}).get(row.code, row.code)}（{row.firms}/{row.indexed_firms}）"
        if row.share is not None:
            rows.append({"segment": segment, "level": _LISTS, **figures(row.share)})
        if row.indexed_recall is not None:
            rows.append({"segment": segment, "level": _VECTORS, "mean": row.indexed_recall})
    y = alt.Y("segment:N", sort=None, title=None, axis=alt.Axis(labelLimit=320))
    scale = alt.Scale(zero=False, nice=False, padding=10)
    x = alt.X("mean:Q", title="归类后保留的比例", scale=scale)
    legend = alt.Legend(orient="top", labelLimit=260)
    color = alt.Color("level:N", sort=[_LISTS, _VECTORS], title=None, legend=legend)
    shape = alt.Shape("level:N", sort=[_LISTS, _VECTORS], legend=None)
    bars = alt.Chart().mark_rule().encode(x=alt.X("low:Q"), x2="high:Q", y=y, color=color)
    points = alt.Chart().mark_point(filled=True, size=60, opacity=0.8)
    tooltip = [
        alt.Tooltip("segment:N"),
        alt.Tooltip("level:N"),
        alt.Tooltip("mean:Q", format=".4f"),
    ]
    return alt.LayerChart(
        layer=[bars, points.encode(x=x, y=y, color=color, shape=shape, tooltip=tooltip)],
        data=inline(rows),
        width=WIDTH,
        title="不归类时的结果，归类后还剩多少：主要领域（抽样企业数/建索引时企业数）",
    )


def spread_chart(found: RoutingAudit) -> alt.FacetChart:
    """Return bars: in how many segments patents and firms lie, one panel a kind of record."""
    rows = [
        {"what": word, "segments": number, "records": count}
        for name, word in _COUNTED.items()
        for number, count in getattr(found, name).items()
    ]
    bars = (
        alt.Chart(width=WIDTH, height=120)
        .mark_bar()
        .encode(
            x=alt.X("segments:O", title="领域数（0 为未能归类）", axis=alt.Axis(labelAngle=0)),
            y=alt.Y("records:Q", title="数量"),
            tooltip=[
                alt.Tooltip("segments:O", title="领域数"),
                alt.Tooltip("records:Q", title="数量"),
            ],
        )
    )
    chart: alt.FacetChart = (
        bars.properties(data=inline(rows))
        .facet(row=alt.Row("what:N", sort=list(_COUNTED.values()), title=None))
        .resolve_scale(x="independent", y="independent")
        .properties(title="每条记录属于几个领域")
    )
    return chart
