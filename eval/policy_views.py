"""Policies and their training as tables for a terminal or a notebook."""

from __future__ import annotations

from rich.table import Table

from eval.policy_training import SetReport
from eval.reliability import Reliability
from matcher.ranking.features import FEATURES, PLACE_FEATURES
from matcher.ranking.policy import Policy

SETTINGS = {"local_first": "本地优先", "neutral": "不计地域", "cross_region": "跨区域优先"}


def policy_table(policy: Policy) -> Table:
    """Return weights, and what place counts under each setting."""
    table = Table(title=f"策略 {policy.version}", caption=_caption(policy))
    table.add_column("特征")
    names = {s.value: SETTINGS[s.value] for s in policy.places}
    for setting, told in names.items():
        mark = "（当前）" if setting == policy.place.value else ""
        table.add_column(f"{told}{mark}", justify="right")
    for feature, weight in zip(FEATURES, policy.weights, strict=True):
        cells = [
            getattr(placing, feature) if feature in PLACE_FEATURES else weight
            for placing in policy.places.values()
        ]
        table.add_row(feature, *(f"{cell:g}" for cell in cells))
    table.add_row("intercept", *(f"{p.intercept:g}" for p in policy.places.values()))
    return table


def trained_table(name: str, found: SetReport) -> Table:
    """Return trained against base policy in every measure, with place and without."""
    table = Table(title=f"{name}：{found.firms} 家企业，{found.links} 条关系，{found.pool} 件专利")
    for word in ("地域", "指标"):
        table.add_column(word)
    for word in ("训练所得", "原策略", "差", "p"):
        table.add_column(word, justify="right")
    for told, measures in (("计", found.trained), ("不计", found.neutral)):
        for measure, row in measures.items():
            gap = row.difference
            table.add_row(
                told,
                measure,
                f"{row.first:.4f}",
                f"{row.second:.4f}",
                f"{gap.mean:+.4f} [{gap.low:+.4f}, {gap.high:+.4f}]",
                f"{row.p:.4f}",
            )
    return table


def reliability_table(found: Reliability) -> Table:
    """Return predicted against observed share of links, bin by bin."""
    table = Table(
        title="概率是否可信：按预测概率分组",
        caption=f"全体配对中有关系的占 {found.base:.6f}；平均偏差 {found.error:.5f}",
    )
    for word in ("预测", "实际", "95% 区间", "关系数", "配对数"):
        table.add_column(word, justify="right")
    for one in found.bins:
        table.add_row(
            f"{one.predicted:.6f}",
            f"{one.observed:.6f}",
            f"[{one.low:.6f}, {one.high:.6f}]",
            str(one.linked),
            f"{one.pairs:.0f}",
        )
    return table


def _caption(policy: Policy) -> str:
    return (
        f"相关性下限：概率 {policy.floor:g}；每位权利人至多 {policy.per_holder} 件；"
        f"多样性 {policy.diversity:g}"
    )
