"""Tuning and routing audit as tables for a terminal or a notebook."""

from __future__ import annotations

from collections.abc import Mapping

from rich.table import Table

from eval.overview import Overview
from eval.policy_training import TrainedPolicy
from eval.policy_views import SETTINGS
from eval.routing import RoutingAudit
from eval.statistics import Interval
from eval.tuning import Tuning
from matcher.ports import PatentReader
from matcher.ranking.features import FEATURES, PLACE_FEATURES


def tuning_table(found: Tuning) -> Table:
    """Return one row a combination of place, diversity and floor."""
    table = Table(
        title=f"{found.n_firms} 家企业，每单至多 {found.n} 件；"
        f"{found.n_judged} 家有判断；策略 {found.policy}"
    )
    for word in ("地域", "多样性", "下限"):
        table.add_column(word)
    for figure in ("件数", "空单", "本省", "IPC小类", "权利人", "覆盖率", "平均概率", "nDCG@10"):
        table.add_column(figure, justify="right")
    for row in found.settings:
        table.add_row(
            SETTINGS[row.place.value],
            f"{row.diversity:g}",
            f"{row.floor:g}",
            f"{row.length:.2f}",
            f"{row.empty:.1%}",
            "无" if row.local is None else f"{row.local:.1%}",
            f"{row.subclasses:.2f}",
            f"{row.holders:.2f}",
            f"{row.coverage:.1%}",
            f"{row.probability:.3%}",
            "无" if row.ndcg is None else f"{row.ndcg:.4f}",
        )
    return table


def weights_table(found: TrainedPolicy) -> Table:
    """Return the trained weights, and the least and most of each over the folds."""
    table = Table(
        title="训练所得的权重", caption="各折的范围在定标之前；权重在定标之后，可整体相差一个倍数"
    )
    table.add_column("特征")
    for word in ("权重", "各折最小", "各折最大"):
        table.add_column(word, justify="right")
    placing = found.policy.places[found.policy.place]
    for feature, weight in zip(FEATURES, found.policy.weights, strict=True):
        value = getattr(placing, feature) if feature in PLACE_FEATURES else weight
        ends = [f"{end:.4f}" for end in found.spread.get(feature, ())] or ["—", "—"]
        table.add_row(feature, f"{value:.4f}", *ends)
    return table


def segment_table(found: Overview) -> Table:
    """Return the segments that hold a patent or a firm, largest first."""
    rows = [c for c in found.segments if c.n_patents or c.n_firms]
    table = Table(title=f"{len(rows)} 个领域有记录，共 {len(found.segments)} 个")
    for word in ("门类", "代码", "领域"):
        table.add_column(word)
    for word in ("专利", "企业"):
        table.add_column(word, justify="right")
    for c in sorted(rows, key=lambda c: (-c.n_patents, -c.n_firms, c.segment.code)):
        segment = c.segment
        cells = str(c.n_patents), str(c.n_firms)
        table.add_row(segment.group, segment.code, segment.name, *cells)
    return table


def routing_table(found: RoutingAudit, names: Mapping[str, str] | None = None) -> Table:
    """Return one row a segment: what routing keeps of lists and of vectors, all of them first.

    Args:
        found: from ``routing_audit``.
        names: code → what people call it.
    """
    table = Table(
        title="归类后保留的比例",
        caption=f"另有 {found.silent} 家抽样企业没有清单可比；"
        f"平均检索目录的 {found.searched:.1%}；{found.per_patent.get(0, 0)} 件专利未能归类",
    )
    table.add_column("主要领域")
    for word in ("抽样企业", "清单前10", "建索引时企业", "向量前20"):
        table.add_column(word, justify="right")
    looked = sum(row.indexed_firms for row in found.segments)
    cells = str(found.firms), _share(found.share), str(looked), f"{found.recall:.4f}"
    table.add_row("全部", *cells)
    for row in found.segments:
        indexed = "无" if row.indexed_recall is None else f"{row.indexed_recall:.4f}"
        called = (names or {}).get(row.code, row.code)
        told = str(row.firms), _share(row.share), str(row.indexed_firms), indexed
        table.add_row(called, *told)
    return table


def unrouted_table(found: RoutingAudit, patents: PatentReader) -> Table:
    """Return the first patents that have no segment; nobody is shown them."""
    total = found.per_patent.get(0, 0)
    table = Table(title=f"未能归类的专利：{total} 件（列出 {len(found.unrouted)} 件）")
    for word in ("专利", "名称", "IPC", "专利权人"):
        table.add_column(word, overflow="fold")
    stored = patents.many(found.unrouted)
    for patent_id in found.unrouted:
        if patent_id in stored:
            patent = stored[patent_id]
            table.add_row(patent_id, patent.title, "；".join(patent.ipc), patent.holder)
    return table


def _share(found: Interval | None) -> str:
    return "无" if found is None else f"{found.mean:.4f} [{found.low:.4f}, {found.high:.4f}]"
