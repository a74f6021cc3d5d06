"""Charts of a dry run (Altair): how often patents are shown, between which provinces, and caps."""

from __future__ import annotations

from collections import Counter

from eval.chart_parts import WIDTH, alt, inline, titled
from eval.dry_run import DryRun
from eval.facts import UNKNOWN
from eval.push_tables import CAUSE_WORDS

_CELL = 26
_UNKNOWN = "未知"


def shown_chart(found: DryRun) -> alt.Chart:
    """Return bars: times shown → patents, those never shown included; on a root scale."""
    rows = [{"times": times, "patents": count} for times, count in found.histogram.items()]
    chart: alt.Chart = (
        titled(rows, f"{found.n_pool} 件专利各出现在几份清单里")
        .mark_bar()
        .encode(
            x=alt.X("times:O", title="出现次数", axis=alt.Axis(labelAngle=0, labelOverlap=True)),
            y=alt.Y("patents:Q", title="专利数（平方根刻度）", scale=alt.Scale(type="sqrt")),
            tooltip=[
                alt.Tooltip("times:O", title="次数"),
                alt.Tooltip("patents:Q", title="专利数"),
            ],
        )
    )
    return chart


def cause_chart(found: DryRun) -> alt.Chart:
    """Return bars: firms with a full, a short and an empty list, the empty ones by cause."""
    counts: Counter[str] = Counter()
    for one in found.lists:
        full = "足额" if len(one.items) == found.n else "不足"
        counts[full if one.items else f"空：{CAUSE_WORDS[one.cause]}"] += 1
    rows = [{"state": state, "firms": count} for state, count in counts.most_common()]
    chart: alt.Chart = (
        titled(rows, f"{len(found.lists)} 家企业的清单（每单至多 {found.n} 件）")
        .mark_bar()
        .encode(
            x=alt.X("firms:Q", title="企业数"),
            y=alt.Y("state:N", sort="-x", title=None, axis=alt.Axis(labelLimit=260)),
            tooltip=[alt.Tooltip("state:N", title="清单"), alt.Tooltip("firms:Q", title="企业数")],
        )
    )
    return chart


def flow_chart(found: DryRun) -> alt.LayerChart:
    """Return a heat map: province of the firm × province of the holder, places of all lists."""
    rows = [
        {"firm": _word(firm), "holder": _word(holder), "items": count}
        for (firm, holder), count in found.flows.items()
    ]
    names = [_word(name) for name in _ordered(found)]
    x = alt.X("holder:N", sort=names, title="专利权人所在省份", scale=alt.Scale(domain=names))
    y = alt.Y("firm:N", sort=names, title="企业所在省份")
    x = x.axis(labelAngle=-90)
    whole = alt.Chart().encode(x=x, y=y)
    color = alt.Color("items:Q", title="推荐位数", scale=alt.Scale(scheme="blues", type="sqrt"))
    tooltip = [
        alt.Tooltip("firm:N", title="企业"),
        alt.Tooltip("holder:N", title="专利权人"),
        alt.Tooltip("items:Q", title="推荐位数"),
    ]
    dark = max(found.flows.values(), default=0) / 3
    ink = alt.condition(f"datum.items > {dark}", alt.value("white"), alt.value("black"))
    return alt.LayerChart(
        layer=[
            whole.mark_rect().encode(color=color, tooltip=tooltip),
            whole.mark_text(fontSize=10).encode(text="items:Q", color=ink),
        ],
        data=inline(rows),
        width=alt.Step(_CELL),
        height=alt.Step(_CELL),
        title="推荐位的省际流向",
    )


def cap_chart(found: DryRun) -> alt.Chart:
    """Return a line: cap on the times a patent is shown → share of the places beyond it."""
    rows = [{"most": c.most, "share": c.share, "slots": c.slots} for c in found.caps()]
    chart: alt.Chart = (
        alt.Chart(inline(rows), title="若每件专利至多出现若干次", width=WIDTH)
        .mark_bar()
        .encode(
            x=alt.X("most:O", title="每件专利的次数上限", axis=alt.Axis(labelAngle=0)),
            y=alt.Y("share:Q", title="超出上限的推荐位占比", axis=alt.Axis(format="%")),
            tooltip=[alt.Tooltip("most:O", title="上限"), alt.Tooltip("slots:Q", title="推荐位")],
        )
    )
    return chart


def _ordered(found: DryRun) -> list[str]:
    """Return the provinces, those with most places first, the unknown last."""
    counts: Counter[str] = Counter()
    for pair, count in found.flows.items():
        for name in set(pair):
            counts[name] += count
    return sorted(counts, key=lambda name: (name == UNKNOWN, -counts[name], name))


def _word(name: str) -> str:
    return _UNKNOWN if name == UNKNOWN else name
