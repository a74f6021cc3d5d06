"""Charts of policies (Altair): what the knobs do, what the weights are, and if odds hold."""

from __future__ import annotations

from typing import Any

from eval.chart_parts import WIDTH, against, alt, inline, interval_points
from eval.policy_training import TrainedPolicy
from eval.policy_views import SETTINGS
from eval.reliability import Reliability
from eval.tuning import FIGURES, Tuning
from matcher.errors import InputError

FIGURE_WORDS = {
    "length": "每单件数",
    "empty": "空单占比",
    "local": "本省占比",
    "subclasses": "每单IPC小类数",
    "holders": "每单权利人数",
    "coverage": "覆盖率",
    "probability": "平均概率",
    "ndcg": "nDCG@10",
}
_PANEL = 240


def tuning_chart(
    found: Tuning, figures: tuple[str, str, str] = ("local", "subclasses", "length")
) -> alt.HConcatChart:
    """Return three panels, one a knob: place, diversity, floor; one colour a place setting.

    Every line joins combinations that differ in the panel's knob alone.

    Args:
        found: from ``tuning``.
        figures: what the panels show, of ``tuning.FIGURES``; ``("ndcg",) * 3`` shows the price.

    Raises:
        InputError: a figure that there is not.
    """
    if unknown := [figure for figure in figures if figure not in FIGURES]:
        raise InputError(f"found figure {unknown[0]!r}", f"one of {', '.join(FIGURES)}")
    places = list(dict.fromkeys(SETTINGS[row.place.value] for row in found.settings))
    floors = alt.Axis(
        values=sorted({row.floor for row in found.settings}),
        format="~g",
        labelAngle=-45,
        labelOverlap=False,
    )
    knobs = (
        alt.X("place:N", title="地域", sort=places, axis=alt.Axis(labelAngle=0)),
        alt.X("diversity:Q", title="多样性 λ"),
        alt.X("floor:Q", title="下限（概率）", scale=alt.Scale(type="log"), axis=floors),
    )
    panels = [_panel(x, figure, places) for x, figure in zip(knobs, figures, strict=True)]
    chart: alt.HConcatChart = alt.hconcat(*panels, data=inline(_rows(found))).properties(
        title=f"{found.n_firms} 家企业，每单至多 {found.n} 件：三个旋钮的作用"
    )
    return chart


def reliability_chart(found: Reliability) -> alt.LayerChart:
    """Return predicted against observed share of links, on log axes, with the diagonal.

    What is zero cannot stand on a log axis: it is drawn at half of the least value above zero.
    """
    values = [v for b in found.bins for v in (b.predicted, b.observed, b.low, b.high) if v > 0]
    least, most = min(values) / 2, min(max(values) * 2, 1.0)
    rows = [
        {
            "predicted": max(b.predicted, least),
            "observed": max(b.observed, least),
            "low": max(b.low, least),
            "high": max(b.high, least),
            "linked": b.linked,
        }
        for b in found.bins
    ]
    scale = alt.Scale(type="log", domain=[least, most], nice=False)
    axis = alt.Axis(format="~e", tickCount=5)
    x = alt.X("predicted:Q", title="预测概率", scale=scale, axis=axis)
    y = alt.Y("observed:Q", title="实际比例", scale=scale, axis=axis)
    ends = inline([{"predicted": at, "observed": at} for at in (least, most)])
    line = alt.Chart(ends).mark_line(strokeDash=[4, 3], color="grey").encode(x=x, y=y)
    bars = alt.Chart().mark_rule().encode(x=x, y=alt.Y("low:Q", scale=scale), y2="high:Q")
    points = alt.Chart().mark_point(filled=True, size=60)
    tooltip = [alt.Tooltip("predicted:Q"), alt.Tooltip("observed:Q"), alt.Tooltip("linked:Q")]
    return alt.LayerChart(
        layer=[line, bars, points.encode(x=x, y=y, tooltip=tooltip)],
        data=inline(rows),
        width=WIDTH,
        height=WIDTH,
        title="概率是否可信：虚线上为准，线下为高估",
    )


def weights_chart(found: TrainedPolicy) -> alt.LayerChart:
    """Return the least and most weight of every feature over the folds, against zero."""
    rows = [
        {"feature": name, "low": low, "high": high, "mean": (low + high) / 2}
        for name, (low, high) in found.spread.items()
    ]
    y = alt.Y("feature:N", sort=None, title="特征", axis=alt.Axis(labelLimit=260))
    chart = against(0.0, interval_points(rows, y))
    return chart.properties(
        title=f"{found.config.folds} 折权重的范围（定标前；点为中点）", width=WIDTH
    )


def _rows(found: Tuning) -> list[dict[str, Any]]:
    return [
        {
            "place": SETTINGS[row.place.value],
            "diversity": row.diversity,
            "floor": row.floor,
            **{name: getattr(row, name) for name in FIGURES},
        }
        for row in found.settings
    ]


def _panel(x: alt.X, figure: str, places: list[str]) -> alt.LayerChart:
    word = FIGURE_WORDS[figure]
    y = alt.Y(f"{figure}:Q", title=word, scale=alt.Scale(zero=False))
    color = alt.Color("place:N", sort=places, title="地域")
    tooltip = [
        alt.Tooltip("place:N", title="地域"),
        alt.Tooltip("diversity:Q", title="多样性"),
        alt.Tooltip("floor:Q", title="下限"),
        alt.Tooltip(f"{figure}:Q", title=word, format=".4f"),
    ]
    knob = str(x.shorthand)
    others = [other for other in ("place:N", "diversity:N", "floor:N") if other[:5] != knob[:5]]
    lines = alt.Chart().mark_line(color="grey", opacity=0.5, strokeWidth=1)
    points = alt.Chart().mark_point(filled=True, size=50, opacity=0.8)
    return alt.LayerChart(
        layer=[
            lines.encode(x=x, y=y, detail=others),
            points.encode(x=x, y=y, color=color, tooltip=tooltip),
        ],
        width=_PANEL,
        height=_PANEL,
    )
