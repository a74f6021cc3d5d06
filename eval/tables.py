"""Reports and lists as rich tables; nothing is printed here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.table import Table

from eval.agreement import AgreementReport
from eval.compare import Comparison
from eval.exposure import Exposure
from eval.ipc_view import IpcLevel
from eval.measures import MEASURES
from eval.overview import Contents
from eval.report import EvaluationReport
from eval.slices import Slice, SliceCheck
from eval.statistics import Difference, Interval
from eval.worst import WorstFirm
from matcher.ports import PatentReader
from matcher.types import PatentId, RankedList

_MOST_LINES = 10


def report_table(report: EvaluationReport) -> Table:
    """Return one row a system, each measure with its interval; warnings stand below."""
    confidence = f"{report.bootstrap.confidence:.0%}"
    table = Table(
        title=f"{len(report.qrels)} 家企业 × {report.n_pool} 件专利（方括号内为{confidence}区间）",
        caption="\n".join(report.warnings) or None,
    )
    _columns(table, ("系统",), (*MEASURES, "无结果"))
    for name, found in report.intervals().items():
        cells = [_interval(found[measure]) for measure in MEASURES]
        table.add_row(name, *cells, str(len(report.unanswered(name))))
    return table


def difference_table(report: EvaluationReport) -> Table:
    """Return the first system's lead over each other one, with interval and p-value."""
    first = next(iter(report.runs))
    table = Table(title=f"{first} 与其他系统之差（配对自助法）")
    _columns(table, ("对照",), MEASURES)
    for name, found in report.differences().items():
        table.add_row(name, *(_difference(found[measure]) for measure in MEASURES))
    return table


def slice_table(
    slices: Sequence[Slice],
    system: str,
    names: Mapping[str, str] | None = None,
    *,
    title: str = "",
) -> Table:
    """Return one row a slice for one system.

    Args:
        slices: of one dimension.
        system: whose figures.
        names: value → what people call it.
        title: above the table; the system's name where none is given.
    """
    table = Table(title=title or system)
    _columns(table, ("切片",), ("企业数", *MEASURES))
    for part in slices:
        cells = [_interval(part.systems[system][measure]) for measure in MEASURES]
        table.add_row((names or {}).get(part.value, part.value), str(part.n), *cells)
    return table


def exposure_table(report: EvaluationReport) -> Table:
    """Return one row a system: how evenly the first ten of all lists show the pool."""
    table = Table(title="前十名的曝光", caption="覆盖率的上限是推荐位数 ÷ 专利数")
    figures = ("覆盖率", "上限", "基尼系数", "偏度", "最热1%占位", "新颖度（比特）")
    _columns(table, ("系统",), ("企业数", *figures))
    for name, found in report.exposure().items():
        table.add_row(name, str(found.n_lists), *_exposure(found))
    return table


def ipc_table(report: EvaluationReport) -> Table:
    """Return one row a system: share of the first ten where the firm itself holds patents."""
    table = Table(title="前十名中与企业自有专利同类的比例（IPC）")
    _columns(table, ("系统",), ("同小类", "同大组", "无IPC", "企业数", "未计企业"))
    for name, found in report.ipc().items():
        levels = [_level(level) for level in (found.subclass, found.main_group)]
        counts = (str(found.subclass.n), str(found.subclass.left_out))
        table.add_row(name, *levels, f"{found.unclassified:.1%}", *counts)
    return table


def check_table(checked: SliceCheck, names: Mapping[str, str] | None = None) -> Table:
    """Return one row a slice of enough firms: its lead over the baseline; see ``verdict`` too.

    Args:
        checked: from ``EvaluationReport.check``.
        names: value → what people call it.
    """
    table = Table(
        title=verdict(checked), caption=f"另有 {checked.too_small} 个切片企业太少，未比较"
    )
    _columns(table, ("切片",), ("企业数", f"{checked.measure} 之差", "判断"))
    for part in checked.slices:
        word = "明显更差" if part.clearly_worse else "更差" if part.worse else "不差"
        called = (names or {}).get(part.value, part.value)
        table.add_row(called, str(part.n), _difference(part.lead), word)
    return table


def verdict(checked: SliceCheck) -> str:
    """Return the check in one sentence."""
    what = f"{checked.dimension} 中 {checked.least} 家以上企业的切片"
    rest = f"另有 {checked.too_small} 个切片企业太少，未比较。"
    if not checked.slices:
        return f"{checked.system}：{what}一个也没有；{rest}"
    worse = [part for part in checked.slices if part.worse]
    clearly = sum(part.clearly_worse for part in worse)
    found = f"有 {len(worse)} 个差于 {checked.baseline}，其中 {clearly} 个区间全在零以下"
    if worse and (chance := checked.by_chance):
        found += f"（随机打乱切片时平均 {chance.expected:.1f} 个，p={chance.p:.2f}）"
    told = found if worse else f"无一差于 {checked.baseline}"
    return f"{checked.system}：{what}共 {len(checked.slices)} 个，{told}；{rest}"


def comparison_table(found: Comparison) -> Table:
    """Return one row a measure of two runs: means, difference, tests, wins, ties and losses."""
    table = Table(
        title=f"{found.first} 减 {found.second}，{found.n_queries} 家企业",
        caption="\n".join(("p 为配对随机化检验，经 Holm 法按指标数校正", *found.warnings)),
    )
    heads = (found.first, found.second, f"差与{found.bootstrap.confidence:.0%}区间")
    _columns(table, ("指标",), (*heads, "p", "p（Holm）", "胜/平/负"))
    for measure, row in found.measures.items():
        gap = row.difference
        table.add_row(
            measure,
            f"{row.first:.4f}",
            f"{row.second:.4f}",
            f"{gap.mean:+.4f} [{gap.low:+.4f}, {gap.high:+.4f}]",
            f"{row.p:.4f}",
            f"{row.p_holm:.4f}",
            f"{row.wins}/{row.ties}/{row.losses}",
        )
    return table


def worst_table(found: Sequence[WorstFirm], k: int) -> Table:
    """Return one row a firm: what it asked, where its positives stand, what it was shown.

    Args:
        found: from ``EvaluationReport.worst``.
        k: depth of the run; deeper nothing was looked at.
    """
    table = Table(title=f"结果最差的 {len(found)} 家企业", show_lines=True)
    for heading in ("企业与所问", "应有的专利与名次", "前五名"):
        table.add_column(heading, overflow="fold", ratio=1)
    for firm in found:
        wanted = [f"{_rank(p.rank, k)}：{p.title or p.patent}" for p in firm.positives]
        shown = [f"{s.rank}、{s.title or s.patent}" for s in firm.shown]
        table.add_row(
            f"{firm.name or '不在目录中'}\n{firm.query}\nnDCG@10 {firm.measures['nDCG@10']:.3f}"
            f"\nR@100 {firm.measures['R@100']:.3f}\n{'；'.join(firm.items)}",
            _cut(wanted),
            "\n".join(shown) or "无结果",
        )
    return table


def agreement_table(found: AgreementReport) -> Table:
    """Return one row a level and system: offers of the demand's industry in the first ten."""
    table = Table(
        title=f"{found.n_demands} 条需求 × {found.n_offers} 项供给：前十名的行业一致率",
        caption="\n".join(found.notes) or None,
    )
    _columns(table, ("层级", "系统"), ("需求数", "一致率", "比随机高", "按行业平均"))
    for level in found.levels:
        for name, figures in level.systems.items():
            share, by_industry = _interval(figures.share), f"{figures.by_industry:.4f}"
            lead = _difference(figures.lead)
            table.add_row(str(level.level), name, str(level.n_demands), share, lead, by_industry)
        if level.systems:
            even = f"{level.base_by_industry:.4f}"
            table.add_row(
                str(level.level), "随机", str(level.n_demands), f"{level.base:.4f}", "", even
            )
    return table


def contents_table(found: Contents) -> Table:
    """Return what the catalogue's records hold: one row a fact, with count and share."""
    table = Table(title=f"目录中的 {found.n} 件专利")
    _columns(table, ("内容",), ("件数", "占比"))
    rows = {"有摘要": found.abstract, "有权利要求": found.claim, "有IPC分类号": found.ipc}
    rows.update({f"权利人：{kind}": count for kind, count in found.holder_kinds.items()})
    for name, count in rows.items():
        table.add_row(name, str(count), f"{count / max(found.n, 1):.1%}")
    return table


def list_table(ranked: RankedList, patents: PatentReader) -> Table:
    """Return a recommendation list: rank, title, holder, score, and every reason as a sentence."""
    stored = patents.many([PatentId(item.item_id) for item in ranked.items])
    notes = "；".join(note.text for note in ranked.notes)
    table = Table(title=f"推荐给 {ranked.subject}", caption=notes or None, show_lines=True)
    for heading in ("名次", "专利", "专利权人", "得分", "理由"):
        table.add_column(heading)
    for item in ranked.items:
        patent = stored[PatentId(item.item_id)]
        reasons = "\n".join(reason.text for reason in item.reasons)
        table.add_row(str(item.rank), patent.title, patent.holder, f"{item.score:.3f}", reasons)
    return table


def _columns(table: Table, words: Sequence[str], figures: Sequence[str]) -> None:
    for word in words:
        table.add_column(word)
    for figure in figures:
        table.add_column(figure, justify="right", overflow="fold")


def _exposure(found: Exposure) -> list[str]:
    shares = (found.coverage, found.ceiling, found.gini)
    cells = [f"{share:.4f}" for share in shares]
    return [*cells, f"{found.skew:.2f}", f"{found.top_share:.4f}", f"{found.novelty:.2f}"]


def _level(found: IpcLevel) -> str:
    return _interval(found.share) if found.share else "无"


def _rank(rank: int | None, k: int) -> str:
    return f"第{rank}名" if rank else f"前{k}名外"


def _cut(lines: Sequence[str]) -> str:
    more = len(lines) - _MOST_LINES
    return "\n".join([*lines[:_MOST_LINES], *([f"……另有 {more} 件"] if more > 0 else [])])


def _interval(found: Interval) -> str:
    return f"{found.mean:.4f} [{found.low:.4f}, {found.high:.4f}]"


def _difference(found: Difference) -> str:
    return f"{found.mean:+.4f} [{found.low:+.4f}, {found.high:+.4f}] p={found.p:.4f}"
