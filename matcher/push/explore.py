"""A few slots given to chance, each with the probability with which it came about.

Without them feedback only ever tells of what the policy already liked. The draw is from the
entropic version of the same prices: exp((worth - price) / temperature) over what the firm did not
get, so that it falls on what nearly was chosen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from matcher.errors import InputError
from matcher.push.choice import Prices, Taken, loads
from matcher.push.edges import Edges, Limits

_TEMPERATURE = 0.5  # of worth, which is a logarithm of odds: e² times likelier a unit above


@dataclass(frozen=True, slots=True)
class Explored:
    """A choice with its chances.

    Attributes:
        taken: int64 (firms, K) edges, -1 for none.
        propensity: float32 (firms, K), the probability that the item stands in the list.
        drawn: bool (firms, K), places that were drawn.
    """

    taken: Taken
    propensity: npt.NDArray[np.float32]
    drawn: npt.NDArray[np.bool_]


def explore(
    edges: Edges, limits: Limits, taken: Taken, prices: Prices, share: float, seed: int
) -> Explored:
    """Return the choice with a share of its places drawn anew.

    With chance ``share`` × length of the list a firm's last item gives way to one drawn from its
    other candidates. Only items with room are drawn, and none is taken below its L, so the limits
    hold; firms come in fixed order, and a propensity is that given the draws before it. The other
    items of the list stand for certain.

    Args:
        edges: the candidates.
        limits: all limits.
        taken: int64 (firms, K), within the limits, the last item of a row the least.
        prices: float64 (items,).
        share: 0 to 0.1, of all places.
        seed: of the draws.
    """
    check_share(share)
    taken = taken.copy()
    propensity = np.where(taken >= 0, 1.0, 0.0).astype(np.float32)
    drawn = np.zeros(taken.shape, dtype=bool)
    if share > 0:
        chances = np.random.default_rng(seed).random((edges.n_firms, 2))
        load = loads(edges, taken)
        _draw(
            edges.start, edges.item, edges.worth, edges.holder, prices, limits.least, limits.most,
            limits.per_holder, share, chances, taken, load, propensity, drawn,
        )  # fmt: skip
    return Explored(taken, propensity, drawn)


def check_share(share: float) -> None:
    """Raise ``InputError`` unless so large a share of the places may be given to chance."""
    if not 0 <= share <= 0.1:
        raise InputError(
            f"found {share} as the share of places to explore", "0 to 0.1", "0.03 is usual"
        )


@numba.njit(cache=True)
def _draw(
    start: Any, item: Any, worth: Any, holder: Any, prices: Any, least: Any, most: Any,
    cap: int, share: float, chances: Any, taken: Any, load: Any, propensity: Any, drawn: Any,
) -> None:  # fmt: skip
    for i in range(len(start) - 1):
        n = _length(taken[i])
        if n == 0 or load[item[taken[i, n - 1]]] <= least[item[taken[i, n - 1]]]:
            continue
        first = start[i]
        value = _values(
            item, worth, holder, prices, most, cap, taken[i], n, load, first, start[i + 1]
        )
        weight = np.exp((value - value.max()) / _TEMPERATURE) if value.max() > -np.inf else value
        if value.max() == -np.inf:
            continue
        chance = min(1.0, share * n)
        if chances[i, 0] >= chance:
            propensity[i, n - 1] = 1.0 - chance
            continue
        total = weight.sum()
        at = np.searchsorted(np.cumsum(weight), chances[i, 1] * total, side="right")
        at = min(at, len(weight) - 1)
        load[item[taken[i, n - 1]]] -= 1
        load[item[first + at]] += 1
        taken[i, n - 1] = first + at
        propensity[i, n - 1] = chance * weight[at] / total
        drawn[i, n - 1] = True


@numba.njit(cache=True)
def _length(row: Any) -> int:
    n = 0
    while n < len(row) and row[n] >= 0:
        n += 1
    return n


@numba.njit(cache=True)
def _values(
    item: Any, worth: Any, holder: Any, prices: Any, most: Any, cap: int, row: Any, n: int,
    load: Any, first: int, end: int,
) -> Any:  # fmt: skip
    """Return worth after price of each edge that could be drawn, -inf for the others."""
    found = np.full(end - first, -np.inf)
    for e in range(first, end):
        if _open(row, n, item, holder, load, most, cap, e):
            found[e - first] = worth[e] - prices[item[e]]
    return found


@numba.njit(cache=True)
def _open(
    row: Any, n: int, item: Any, holder: Any, load: Any, most: Any, cap: int, edge: int
) -> bool:
    """Say whether an edge could stand in the last place of a row of n."""
    if load[item[edge]] >= most[item[edge]]:
        return False
    held = 0
    for place in range(n):
        if row[place] == edge:
            return False
        if place < n - 1 and holder[item[row[place]]] == holder[item[edge]]:
            held += 1
    return holder[item[edge]] < 0 or held < cap
