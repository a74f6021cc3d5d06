"""What each firm takes at given prices, and what each item could ask for: compiled loops."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from matcher.push.edges import Edges, Limits

Prices = npt.NDArray[np.float64]
Taken = npt.NDArray[np.int64]


def choose(edges: Edges, limits: Limits, prices: Prices) -> tuple[Taken, Prices, Prices]:
    """Return each firm's best list at the prices.

    A list is the best of all lists with at most K items and at most so many of one holder: both
    limits nest, so that adding one edge after the other and dropping the weakest of the tightest
    limit is exact. Ties go to the lower item.

    Args:
        edges: the candidates.
        limits: K and the cap per holder.
        prices: float64 (items,), what an item costs; below 0 it is subsidised.

    Returns:
        int64 (firms, K), edges taken, -1 for none; float64 (firms,), the weakest worth after price
        that a full list holds, else 0; float64 (firms,), the best that found no room, else 0.
    """
    width = int(limits.per_firm.max(initial=0))
    taken = np.full((edges.n_firms, width), -1, dtype=np.int64)
    weakest = np.zeros(edges.n_firms)
    refused = np.zeros(edges.n_firms)
    _choose_all(
        edges.start,
        edges.item,
        edges.worth,
        edges.holder,
        prices,
        limits.per_firm,
        limits.per_holder,
        taken,
        weakest,
        refused,
    )
    return taken, weakest, refused


def bound(edges: Edges, limits: Limits, prices: Prices, taken: Taken) -> float:
    """Return the dual value at the prices: no allowed choice of these edges is worth more.

    Args:
        edges: the candidates.
        limits: all limits.
        prices: float64 (items,).
        taken: from ``choose`` at these prices.
    """
    chosen = taken[taken >= 0]
    after = edges.worth[chosen].astype(np.float64) - prices[edges.item[chosen]]
    scarce = np.maximum(prices, 0.0) * limits.most
    forced = np.maximum(-prices, 0.0) * limits.least
    return float(after.sum() + scarce.sum() - forced.sum())


def loads(edges: Edges, taken: Taken) -> npt.NDArray[np.int64]:
    """Return int64 (items,), how many firms take each item."""
    chosen = taken[taken >= 0]
    found: npt.NDArray[np.int64] = np.bincount(edges.item[chosen], minlength=edges.n_items)
    return found


@numba.njit(parallel=True, cache=True)
def _choose_all(
    start: Any,
    item: Any,
    worth: Any,
    holder: Any,
    prices: Any,
    per_firm: Any,
    cap: int,
    taken: Any,
    weakest: Any,
    refused: Any,
) -> None:
    for firm in numba.prange(len(start) - 1):
        k = per_firm[firm]
        if k > 0:
            weakest[firm], refused[firm] = _choose_one(
                start[firm], start[firm + 1], item, worth, holder, prices, k, cap, taken[firm]
            )


@numba.njit(cache=True)
def _choose_one(
    first: int,
    last: int,
    item: Any,
    worth: Any,
    holder: Any,
    prices: Any,
    k: int,
    cap: int,
    taken: Any,
) -> tuple[float, float]:
    after = np.empty(k)
    n, low, low_at, outside = 0, 0.0, 0, 0.0
    for edge in range(first, last):
        value = worth[edge] - prices[item[edge]]
        if value <= 0.0:
            continue
        if n == k and value <= low:
            outside = max(outside, value)
            continue
        at = _room(item, holder, taken, after, n, edge, cap)
        if at >= 0:  # the holder's own room is full: its weakest makes way, or nothing does
            if value <= after[at]:
                continue
        elif n < k:
            at = n
            n += 1
        else:
            at = low_at
            outside = max(outside, low)
        taken[at] = edge
        after[at] = value
        if n == k:
            low_at = _lowest(after, k)
            low = after[low_at]
    return (low if n == k else 0.0), outside


@numba.njit(cache=True)
def _room(item: Any, holder: Any, taken: Any, after: Any, n: int, edge: int, cap: int) -> int:
    """Return where the weakest of the edge's holder sits if the holder has its fill, else -1."""
    code = holder[item[edge]]
    if code < 0:
        return -1
    held, at = 0, -1
    for place in range(n):
        if holder[item[taken[place]]] == code:
            held += 1
            if at < 0 or after[place] < after[at]:
                at = place
    return at if held >= cap else -1


@numba.njit(cache=True)
def _lowest(after: Any, k: int) -> int:
    at = 0
    for place in range(1, k):
        # Of equals the later one goes: ties belong to the lower item.
        if after[place] <= after[at]:
            at = place
    return at
