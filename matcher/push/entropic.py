"""Prices from the entropic version of the problem: every pair a little, cooled down step by step.

At a temperature firm i takes the share 1 / (1 + exp((θ_i + price - worth) / temperature)) of each
candidate, with θ_i so that its shares fill K places. Loads then follow prices smoothly, and one
step is nearly exact: a price rises by temperature × log(load / limit).
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from matcher.push.choice import Prices
from matcher.push.edges import Edges, Limits

TEMPERATURES = (0.5, 0.25, 0.12, 0.06, 0.03, 0.015)
STEPS = 5


def cooled_prices(edges: Edges, limits: Limits, prices: Prices) -> Prices:
    """Return float64 (items,), prices at which loads about keep the limits.

    Args:
        edges: the candidates.
        limits: K, L and U; the cap per holder is left to the choice.
        prices: float64 (items,) to start from.
    """
    prices = prices.copy()
    thresholds = np.zeros(edges.n_firms)
    shares = np.zeros(len(edges), dtype=np.float32)
    for temperature in TEMPERATURES:
        for _ in range(STEPS):
            _shares(
                edges.start, edges.item, edges.worth, prices, limits.per_firm, temperature,
                thresholds, shares,
            )  # fmt: skip
            load: Prices = np.bincount(edges.item, weights=shares, minlength=edges.n_items).astype(
                np.float64
            )
            prices = stepped(prices, load, limits, temperature)
    return prices


def stepped(prices: Prices, load: Prices, limits: Limits, temperature: float) -> Prices:
    """Return prices one step on: scarce items dearer, unseen ones cheaper, slack ones towards 0.

    Args:
        prices: float64 (items,).
        load: float64 (items,), firms of each item at these prices.
        limits: L and U.
        temperature: of the step.
    """
    least, most = limits.least.astype(np.float64), limits.most.astype(np.float64)
    tiny = 1e-3
    down = temperature * np.log((load + tiny) / (least + tiny))
    up = temperature * np.log((load + tiny) / (most + tiny))
    scarce = (prices > 0) | (load > most)
    forced = ~scarce & (least > 0) & ((prices < 0) | (load < least))
    found = prices.copy()
    found[scarce] = np.maximum(prices[scarce] + up[scarce], 0.0)
    found[forced] = np.minimum(prices[forced] + down[forced], 0.0)
    return found


@numba.njit(parallel=True, cache=True, fastmath=True)
def _shares(
    start: Any, item: Any, worth: Any, prices: Any, per_firm: Any, temperature: float,
    thresholds: Any, shares: Any,
) -> None:  # fmt: skip
    for firm in numba.prange(len(start) - 1):
        first, last = start[firm], start[firm + 1]
        n = last - first
        if n == 0:
            continue
        value = np.empty(n)
        for place in range(n):
            value[place] = (worth[first + place] - prices[item[first + place]]) / temperature
        at = _threshold(value, per_firm[firm], thresholds[firm] / temperature)
        thresholds[firm] = at * temperature
        for place in range(n):
            shares[first + place] = 1.0 / (1.0 + np.exp(at - value[place]))


@numba.njit(cache=True, fastmath=True)
def _threshold(value: Any, k: int, guess: float) -> float:
    """Return the θ ≥ 0 at which the shares fill k places, by Newton's method inside brackets."""
    total = 0.0
    for v in value:
        total += 1.0 / (1.0 + np.exp(-v))
    if total <= k:
        return 0.0
    low, high = 0.0, max(value.max(), 0.0) + 40.0
    at = guess if low < guess < high else 0.5 * (low + high)
    for _ in range(30):
        excess, slope = -float(k), 0.0
        for v in value:
            share = 1.0 / (1.0 + np.exp(at - v))
            excess += share
            slope += share * (1.0 - share)
        if excess > 0:
            low = at
        else:
            high = at
        if abs(excess) <= 1e-3 * k:
            break
        step = at + excess / max(slope, 1e-12)
        at = step if low < step < high else 0.5 * (low + high)
    return at
