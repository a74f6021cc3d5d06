"""Synthetic firms: a source's firm with its scope told in items of firms of its trade."""

from __future__ import annotations

import re
from array import array
from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

import numpy as np
import numpy.typing as npt

from eval.synth_names import MARK, brand, ending_of, uscc
from eval.synth_source import Alike, Source, trade_in
from matcher.types import Firm

_LEAST_FIRMS = 50
_PARTNERS = 3
DRAWS = 2 + _PARTNERS + 2 * 24
_SHARE_EXCHANGED = 0.7
_BREAK = re.compile(r"([；;。，,、：:\s]+)")
# What stands in brackets, tells of licences, or is nothing but trade verbs stays where it is.
_VERBS = (
    "生产|加工|制造|制作|销售|批发|零售|购销|研发|研究|开发|设计|服务|咨询|安装|维修|修理|租赁|施工"
    "|兼|主营|等|的|及|和"
)
_FIXED = re.compile(
    r"[（()）\[\]【】〔〕《》]|批准|许可|审批|法律|法规|项目|经营|凭|以上|公司|除外|\d{4,}"
    rf"|^(?:{_VERBS})+$"
)
# These could name someone or something real; they are left out.
_NAMING = re.compile(r"有限公司|\d{6,}|先生|女士|电话|地址")
_ENDINGS = (
    "股份有限公司", "有限责任公司", "有限公司", "分公司", "专业合作社", "合作社", "经营部",
    "门市部", "商行", "总厂", "厂", "商店", "中心", "公司",
)  # fmt: skip
_PLACE = re.compile(r"[\u4e00-\u9fff]{2,4}")


class Scopes:
    """Business scopes as pieces: items and what stands between them, each kept once.

    Args:
        scopes: in the order of the firms.
    """

    def __init__(self, scopes: Sequence[str]) -> None:
        numbers: dict[str, int] = {}
        flat, starts = array("i"), array("q", [0])
        for scope in scopes:
            for piece in _BREAK.split(scope):
                flat.append(numbers.setdefault(piece, len(numbers)))
            starts.append(len(flat))
        self._pieces = list(numbers)
        self._free = [bool(piece) and not _FIXED.search(piece) for piece in self._pieces]
        self._gone = [bool(_NAMING.search(piece)) for piece in self._pieces]
        self._flat, self._starts = flat, starts
        self._scopes = scopes
        self._known = set(scopes)
        self.copied = 0

    def make(self, row: int, partners: Sequence[int], draws: Sequence[float]) -> str:
        """Return the row's scope with most items exchanged for those of partners.

        The number of items, what stands between them and what stands in brackets stay. Where the
        result is a scope of the source all items are exchanged, and then one is added; what is
        still one is counted in ``copied``.

        Args:
            row: of the firm whose scope is told anew.
            partners: rows of firms of its kind.
            draws: an even number of random numbers from 0 to below 1.
        """
        if not self._scopes[row]:
            return ""
        items = [self._items(partner) for partner in partners]
        for share in (_SHARE_EXCHANGED, 1.0):
            made = self._exchanged(row, items, draws, share)
            if made not in self._known:
                return made
        more = [item for found in items for item in found if item not in made]
        if more:
            made = f"{made.rstrip('。；')}；{more[int(draws[0] * len(more))]}。"
        self.copied += made in self._known
        return made

    def _exchanged(
        self, row: int, items: Sequence[Sequence[str]], draws: Sequence[float], share: float
    ) -> str:
        made: list[str] = []
        half = len(draws) // 2
        numbers = self._flat[self._starts[row] : self._starts[row + 1]]
        pairs = zip_longest(numbers[::2], numbers[1::2])  # of an item and the break behind it
        for turn, (item, after) in enumerate(pairs):
            if self._gone[item]:
                continue
            piece = self._pieces[item]
            if self._free[item] and draws[turn % half] < share:
                piece = _one(items, draws[half + turn % half], made) or piece
            made += (piece, "" if after is None else self._pieces[after])
        return "".join(made)

    def _items(self, row: int) -> list[str]:
        # Items stand at even places, breaks between them.
        numbers = self._flat[self._starts[row] : self._starts[row + 1] : 2]
        return [self._pieces[number] for number in numbers if self._free[number]]


class FirmMaker:
    """Makes the firms of one order, chunk by chunk.

    Args:
        source: what is drawn from.
        templates: row of the source's firm behind each synthetic one, int64 (m,).
        seed: of the order.
    """

    def __init__(self, source: Source, templates: npt.NDArray[np.int64], seed: int) -> None:
        self._source = source
        self._templates = templates
        self._seed = seed
        self._alike = Alike(source.trades, _LEAST_FIRMS)
        self._names = {firm.name for firm in source.firms}
        self.scopes = Scopes([firm.business_scope for firm in source.firms])

    def chunk(self, start: int, stop: int) -> dict[str, list[Any]]:
        """Return column → values of the firms ``start`` to below ``stop``."""
        rng = np.random.default_rng([self._seed, 2, start])
        rows = self._templates[start:stop].tolist()
        draws = rng.random((len(rows), DRAWS)).tolist()
        columns: dict[str, list[Any]] = {}
        for at, row in enumerate(rows):
            for name, value in self._record(start + at, row, draws[at]).items():
                columns.setdefault(name, []).append(value)
        return columns

    def name(self, at: int) -> str:
        """Return the name of the ``at``-th firm: place, made-up brand, trade, legal form, mark."""
        row = int(self._templates[at])
        firm = self._source.firms[row]
        place = next((p for p in (firm.city, firm.province) if _PLACE.fullmatch(p)), "")
        trade = trade_in(firm.name) or trade_in(firm.business_scope) or "科技"
        ending = ending_of(firm.name, _ENDINGS, "有限公司")
        made = place + brand(at + 104_729 * self._seed) + trade + ending
        while made in self._names:  # a real firm has the name by chance
            made = place + brand(at) + made[len(place) :]
        return made + MARK

    def uscc(self, at: int) -> str:
        """Return the code of the ``at``-th firm."""
        return uscc(at, self._source.firms[int(self._templates[at])].uscc)

    def _record(self, at: int, row: int, draws: Sequence[float]) -> dict[str, Any]:
        firms = self._source.firms
        firm = firms[row]
        start, end = self._alike.of(self._source.trades[row])[0]
        partners = [start + int(draw * (end - start)) for draw in draws[:_PARTNERS]]
        one, two, three = (firms[partner] for partner in partners)
        return {
            "name": self.name(at),
            "uscc": self.uscc(at),
            # Capital and day of different firms: together with the place they would name one.
            "registered_on": one.registered_on,
            "org_type": firm.org_type,
            "capital": two.capital,
            "business_scope": self.scopes.make(row, partners, draws[_PARTNERS + 2 :]),
            "province": firm.province,
            "city": firm.city,
            "industry_code": firm.industry_code,
            "products": _exchanged(firm, three, "products", draws[_PARTNERS]),
            "needs": _exchanged(firm, one, "needs", draws[_PARTNERS + 1]),
            "tags": list(firm.tags),
            "registration_status": firm.registration_status,
        }


def _exchanged(firm: Firm, partner: Firm, field: str, draw: float) -> list[str]:
    """Return the firm's list with one entry exchanged for one of the partner's."""
    own: list[str] = list(getattr(firm, field))
    others: tuple[str, ...] = getattr(partner, field)
    if own and others:
        own[int(draw * len(own))] = others[int(draw * len(others))]
    return list(dict.fromkeys(own))


def _one(items: Sequence[Sequence[str]], draw: float, made: Sequence[str]) -> str:
    """Return an item of one of the partners that is not yet told, "" where that fails."""
    found = items[int(draw * len(items))]
    item = found[int(draw * 9_973) % len(found)] if found else ""
    return "" if item in made else item
