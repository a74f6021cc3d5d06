"""What several charts are made of: points with intervals, a line to hold them against."""

from __future__ import annotations

from typing import Any

from eval.statistics import Difference, Interval
from matcher.errors import ExtraMissing

try:
    import altair as alt
except ImportError as error:
    raise ExtraMissing("altair", "notebooks") from error

__all__ = ["WIDTH", "against", "alt", "figures", "inline", "interval_points", "titled"]

WIDTH = 420


def interval_points(rows: list[dict[str, Any]], y: alt.Y) -> alt.LayerChart:
    """Return a point and its interval for each row with ``mean``, ``low`` and ``high``."""
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
    return alt.LayerChart(layer=[bars, points], data=inline(rows))


def against(value: float, chart: alt.LayerChart) -> alt.LayerChart:
    """Return the chart with a dashed line at ``value`` behind it."""
    line = alt.Chart().mark_rule(strokeDash=[4, 3]).encode(x=alt.datum(value))
    return alt.LayerChart(layer=[line, *chart.layer], data=chart.data)


def figures(interval: Interval | Difference) -> dict[str, float]:
    """Return mean, low and high as a row holds them."""
    return {"mean": interval.mean, "low": interval.low, "high": interval.high}


def titled(rows: list[dict[str, Any]], title: str) -> alt.Chart:
    """Return an empty chart of the usual width over the rows."""
    return alt.Chart(inline(rows), title=title, width=WIDTH)


def inline(rows: list[dict[str, Any]]) -> alt.InlineData:
    """Return the rows as data that the chart carries with it."""
    return alt.InlineData(values=rows)
