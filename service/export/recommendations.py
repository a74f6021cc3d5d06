"""Recommendations as a table: one row for each patent that a firm is recommended."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from matcher.types import Firm, RankedList, Uscc
from service.api.schemas import PatentItem
from service.export.table import CellType, Column, Table


@dataclass(frozen=True, slots=True)
class Recommended:
    """One item of one firm's list."""

    firm: Firm
    list_id: str
    item: PatentItem


@dataclass(slots=True)
class Asked:
    """How far the questions are: firms asked, and those that got an empty list."""

    firms: int = 0
    empty: int = 0


RECOMMENDATIONS: Table[Recommended] = Table(
    "推荐",
    (
        Column("uscc", "统一社会信用代码", lambda one: one.firm.uscc, width=22),
        Column("firm", "企业名称", lambda one: one.firm.name, width=32),
        Column("rank", "名次", lambda one: one.item.rank, CellType.INTEGER, width=6),
        Column("score", "得分", lambda one: round(one.item.score, 4), CellType.NUMBER, width=8),
        Column("patent_id", "patent_id", lambda one: one.item.item_id, width=22),
        Column("application_no", "申请号", lambda one: one.item.patent.application_no, width=20),
        Column("title", "专利名称", lambda one: one.item.patent.title, width=48),
        Column("holder", "专利权人", lambda one: one.item.patent.holder, width=32),
        Column(
            "segment",
            "产业细分领域",
            lambda one: one.item.segment.path if one.item.segment else "",
            width=32,
        ),
        Column("maturity", "技术成熟度", lambda one: one.item.patent.maturity, width=24),
        Column("price_band", "意向价格", lambda one: one.item.patent.price_band),
        Column(
            "reasons",
            "推荐理由",
            lambda one: tuple(reason.text for reason in one.item.reasons),
            CellType.TEXTS,
            width=80,
        ),
        Column("list_id", "推荐清单编号", lambda one: one.list_id, width=36),
    ),
)


def recommended(
    firms: Iterable[Firm],
    recommend: Callable[[Uscc], RankedList],
    items_of: Callable[[RankedList], Iterable[PatentItem]],
    asked: Asked,
) -> Iterator[Recommended]:
    """Yield the lists of the firms, one after the other, and count them in ``asked``."""
    for firm in firms:
        found = recommend(firm.uscc)
        items = tuple(items_of(found))
        for item in items:
            yield Recommended(firm, str(found.list_id), item)
        asked.firms += 1
        asked.empty += not items
