"""Prices from bids: what each firm would still pay for each item, and where that leaves an item."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from matcher.push.choice import Prices, Taken
from matcher.push.edges import Edges, Limits
from matcher.types import RowArray


@dataclass(frozen=True, slots=True)
class Market:
    """The edges seen from the items; made once for a round.

    Attributes:
        start: int64 (items + 1,), where each item's edges begin and end in ``edge``.
        edge: int64 (edges,), the edges item after item, firms ascending.
        firm: int32 (edges,), the firm of each edge, in the order of the edges.
    """

    start: RowArray
    edge: RowArray
    firm: npt.NDArray[np.int32]

    @classmethod
    def of(cls, edges: Edges) -> Market:
        """Return the market of the edges."""
        counts = np.bincount(edges.item, minlength=edges.n_items)
        start = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        return cls(start, np.argsort(edges.item, kind="stable"), edges.firms())


def cleared(
    edges: Edges,
    market: Market,
    limits: Limits,
    taken: Taken,
    weakest: Prices,
    refused: Prices,
) -> Prices:
    """Return float64 (items,), the price at which each item would just keep within its limits.

    A firm's bid for an item is the price at which the item would be worth as much to it as what
    it would otherwise have: the best it left out for an item it takes, the weakest it takes for
    one that it leaves out. An item wanted by more than U firms costs what firm U + 1 bids; one
    wanted by fewer than L is subsidised until firm L takes it; any other is free. Other prices
    stand still meanwhile: a step of coordinate descent on the dual, taken by all items at once.

    Args:
        edges: the candidates.
        market: of these edges.
        limits: L and U.
        taken: from ``choose``.
        weakest: from ``choose``.
        refused: from ``choose``.
    """
    bids = np.empty(len(edges))
    held = np.zeros(len(edges), dtype=bool)
    held[taken[taken >= 0]] = True
    _bids(edges.worth, market.firm, held, weakest, refused, bids)
    found = np.zeros(edges.n_items)
    _clear(market.start, market.edge, bids, limits.least, limits.most, found)
    return found


@numba.njit(parallel=True, cache=True)
def _bids(worth: Any, firm: Any, held: Any, weakest: Any, refused: Any, bids: Any) -> None:
    for edge in numba.prange(len(worth)):
        other = refused[firm[edge]] if held[edge] else weakest[firm[edge]]
        bids[edge] = worth[edge] - other


@numba.njit(parallel=True, cache=True)
def _clear(start: Any, edge: Any, bids: Any, least: Any, most: Any, found: Any) -> None:
    for item in numba.prange(len(start) - 1):
        n = start[item + 1] - start[item]
        if n == 0:
            continue
        of_item = np.empty(n)
        wanting = 0
        for place in range(n):
            bid = bids[edge[start[item] + place]]
            of_item[place] = bid
            wanting += bid > 0.0
        if wanting > most[item]:
            found[item] = np.partition(of_item, n - most[item] - 1)[n - most[item] - 1]
        elif 0 < least[item] <= n and wanting < least[item]:
            found[item] = np.partition(of_item, n - least[item])[n - least[item]]
