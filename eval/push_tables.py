"""A dry run as tables: what it adds up to, who is shown most, and lists in words."""

from __future__ import annotations

from rich.table import Table

from eval.dry_run import DryRun, FirmList
from eval.facts import UNKNOWN
from matcher.ports import PatentReader

CAUSE_WORDS = {
    "no_text": "没有可用于匹配的描述",
    "no_candidates": "没有候选",
    "gone": "候选已不在目录中",
    "floor": "低于相关性下限",
    "excluded": "已有、已许可或已表示不适合",
    "stopped": "已失效或不宜推荐",
    "family": "与已列专利同族",
    "holder": "超过同一权利人的上限",
    "group": "属同一专利池或组合",
}
_ASKED = 60


def dry_run_table(found: DryRun) -> Table:
    """Return the sums: lists, empty ones by cause, exposure, local share."""
    shown = found.exposure()
    table = Table(title=f"推送预演：{len(found.lists)} 家企业，策略 {found.policy}")
    _columns(table, ("项目",), ("数值",))
    rows = {
        "得到清单的企业": f"{shown.n_lists}",
        **{f"空单：{CAUSE_WORDS[cause]}": str(count) for cause, count in found.causes.items()},
        "推荐位": f"{sum(found.times.values())}",
        "出现过的专利": f"{len(found.times)} / {found.n_pool}（{shown.coverage:.1%}）",
        "从未出现的专利": f"{found.n_pool - len(found.times)}（{1 - shown.coverage:.1%}）",
        "基尼系数": f"{shown.gini:.3f}",
        "最热1%专利占位": f"{shown.top_share:.1%}",
        "本省推荐位（双方省份已知）": "无" if found.local is None else f"{found.local:.1%}",
    }
    for name, value in rows.items():
        table.add_row(name, value)
    return table


def most_shown_table(found: DryRun, patents: PatentReader, most: int = 10) -> Table:
    """Return the patents that stand in most lists."""
    times = dict(list(found.times.items())[:most])
    stored = patents.many(list(times))  # shown a moment ago, so they are there
    table = Table(title=f"出现最多的 {len(times)} 件专利")
    _columns(table, ("专利", "专利权人"), ("出现次数", "占企业"))
    for patent_id, count in times.items():
        patent = stored[patent_id]
        share = f"{count / max(len(found.lists), 1):.1%}"
        table.add_row(patent.title, patent.holder, str(count), share)
    return table


def holders_table(found: DryRun, most: int = 10) -> Table:
    """Return the holders with most places."""
    total = max(sum(found.holders.values()), 1)
    table = Table(title=f"占推荐位最多的专利权人（共 {len(found.holders)} 位）")
    _columns(table, ("专利权人",), ("推荐位", "占比"))
    for holder, count in list(found.holders.items())[:most]:
        table.add_row(holder or "（未写明）", str(count), f"{count / total:.1%}")
    return table


def caps_table(found: DryRun) -> Table:
    """Return what kept candidates out of the lists, and what caps on a patent would take away."""
    table = Table(title="上限的作用", caption="清单内的规则已生效；次数上限只是计数，没有重新分配")
    _columns(table, ("规则",), ("专利", "候选或推荐位", "占推荐位"))
    for cause, count in found.refused.items():
        table.add_row(f"清单内：{CAUSE_WORDS[cause]}", "", str(count), "")
    for effect in found.caps():
        cells = (str(effect.patents), str(effect.slots), f"{effect.share:.1%}")
        table.add_row(f"每件专利至多出现 {effect.most} 次", *cells)
    return table


def lists_table(found: DryRun, most: int = 10) -> Table:
    """Return lists in words: who asked with what, and what it would be shown."""
    table = Table(title=f"{min(most, len(found.lists))} 家企业的清单", show_lines=True)
    for heading in ("企业与所问", "清单"):
        table.add_column(heading, overflow="fold", ratio=1)
    for one in found.lists[:most]:
        table.add_row(_asked(one), _items(one))
    return table


def _asked(one: FirmList) -> str:
    asked = "；".join(one.asked)
    told = asked if len(asked) <= _ASKED else f"{asked[:_ASKED]}……"
    return f"{one.name}（{_place(one.province)}）\n{told or '没有描述'}"


def _items(one: FirmList) -> str:
    lines = [
        f"{rank}、{item.title}（{item.holder or '权利人未写明'}，{_place(item.province)}，"
        f"{item.probability:.2%}）"
        for rank, item in enumerate(one.items, start=1)
    ]
    return "\n".join(lines) or f"空单：{CAUSE_WORDS[one.cause]}"


def _place(province: str) -> str:
    return "省份未知" if province == UNKNOWN else province


def _columns(table: Table, words: tuple[str, ...], figures: tuple[str, ...]) -> None:
    for word in words:
        table.add_column(word, overflow="fold")
    for figure in figures:
        table.add_column(figure, justify="right", overflow="fold")
