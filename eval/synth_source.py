"""The catalogue that a synthetic one is drawn from: records in order, and which of them are alike.

Records stand in the order of their group (patents: first IPC symbol; firms: industry code, or else
the trade that name and scope speak of), so that whatever is alike is one stretch of rows.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from matcher.errors import InputError
from matcher.types import Firm, Patent, Relation, RelationKind

LEAST = 10
"""Records of each kind below which nothing is recombined: the copies would be too near."""

_LAST = "\U0010ffff"

# Where two begin at one place, the first counts.
_TRADE = re.compile(
    "机械|机电|电机|电气|电器|电子|电缆|电池|电力|半导体|集成电路|通信|通讯|计算机|软件|"
    "网络|信息|仪器|仪表|自动化|机器人|模具|轴承|阀门|水泵|五金|钢铁|钢材|金属|铝业|铸造|"
    "焊接|工具|汽车|摩托车|船舶|航空|轨道|光学|光电|照明|塑料|塑胶|橡胶|化工|化学|涂料|"
    "染料|农药|化肥|医药|制药|药品|中药|医疗|生物|食品|饮料|酒|茶|粮油|饲料|种子|农业|"
    "林业|畜牧|水产|养殖|纺织|针织|服装|服饰|鞋|皮革|家具|木业|造纸|纸制品|包装|印刷|玩具|"
    "工艺品|珠宝|玻璃|陶瓷|水泥|建材|建筑|装饰|装修|工程|园林|环保|水处理|节能|能源|石油|"
    "煤炭|矿业|燃气|供热|物流|运输|货运|仓储|贸易|百货|超市|商贸|广告|传媒|文化|旅游|酒店|"
    "餐饮|教育|咨询|投资|银行|存款|保险|房地产|物业|租赁|检测|设计"
)


@dataclass(frozen=True, slots=True)
class Source:
    """What is drawn from.

    Attributes:
        patents: in the order of ``symbols``.
        symbols: first IPC symbol of each patent, "" for one without.
        firms: in the order of ``trades``.
        trades: group of each firm: two digits of its industry code, a trade, or "".
        relations: (row of the firm, row of the patent, kind).
    """

    patents: tuple[Patent, ...]
    symbols: tuple[str, ...]
    firms: tuple[Firm, ...]
    trades: tuple[str, ...]
    relations: tuple[tuple[int, int, RelationKind], ...] = ()

    @classmethod
    def of(
        cls,
        patents: Iterable[Patent],
        firms: Iterable[Firm],
        relations: Iterable[Relation] = (),
    ) -> Source:
        """Return the source of these records; relations to other records are left out.

        Raises:
            InputError: fewer than ``LEAST`` patents or firms.
        """
        chosen = sorted(patents, key=_symbol)
        keyed = sorted(((trade_of(firm), firm) for firm in firms), key=lambda pair: pair[0])
        for what, count in (("patents", len(chosen)), ("firms", len(keyed))):
            if count < LEAST:
                raise InputError(
                    f"found a source of {count} {what}",
                    f"at least {LEAST}, so that there is something to recombine",
                    "name a larger folder with --from, or leave it out for the packaged sample",
                )
        patent_rows = {patent.patent_id: row for row, patent in enumerate(chosen)}
        firm_rows = {firm.uscc: row for row, (_, firm) in enumerate(keyed)}
        return cls(
            tuple(chosen),
            tuple(map(_symbol, chosen)),
            tuple(firm for _, firm in keyed),
            tuple(trade for trade, _ in keyed),
            tuple(
                (firm_rows[one.uscc], patent_rows[one.patent_id], one.kind)
                for one in relations
                if one.uscc in firm_rows and one.patent_id in patent_rows
            ),
        )


class Alike:
    """Which rows are like a group's, the nearest first.

    Args:
        keys: group of each row, ascending.
        least: rows below which a stretch is passed over for a wider one.

    >>> Alike(["A01B1/00", "A01B1/02", "A01C3/00", "H04L9/00"], 2).of("A01B1/00")
    ((0, 2), (0, 3), (0, 4))
    """

    def __init__(self, keys: Sequence[str], least: int) -> None:
        self._keys = keys
        self._least = least
        self._found: dict[str, tuple[tuple[int, int], ...]] = {}

    def of(self, key: str) -> tuple[tuple[int, int], ...]:
        """Return (first row, row after the last) of ever wider stretches; the last one is all."""
        found = self._found.get(key)
        if found is None:
            found = self._found[key] = self._stretches(key)
        return found

    def _stretches(self, key: str) -> tuple[tuple[int, int], ...]:
        keys = self._keys
        if not key:
            spans = [(0, bisect_right(keys, ""))]
        else:
            spans = [
                (bisect_left(keys, start), bisect_left(keys, start + _LAST))
                for start in _beginnings(key)
            ]
        wide = [(start, end) for start, end in spans if end - start >= self._least]
        return tuple(dict.fromkeys([*wide, (0, len(keys))]))


@lru_cache(maxsize=1 << 16)
def trade_in(text: str) -> str:
    """Return the first trade that the text speaks of, "" for none.

    >>> trade_in("杭州澄锋轴承有限公司"), trade_in("甲乙丙")
    ('轴承', '')
    """
    match = _TRADE.search(text)
    return match[0] if match else ""


def trade_of(firm: Firm) -> str:
    """Return the group of a firm: two digits of its industry code, or else its trade."""
    return firm.industry_code[:2] or trade_in(firm.name) or trade_in(firm.business_scope)


def _symbol(patent: Patent) -> str:
    return patent.ipc[0] if patent.ipc else ""


def _beginnings(key: str) -> tuple[str, ...]:
    """Return what a symbol begins with: main group, subclass, class, section; or the key itself."""
    group, slash, _ = key.partition("/")
    return (group + slash, key[:4], key[:3], key[:1]) if slash else (key,)
