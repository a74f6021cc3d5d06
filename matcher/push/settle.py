"""The end of a round: candidates to lists, with prices, chances and certificate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from matcher.push.balance import BalanceConfig, Balanced, balance
from matcher.push.certificate import Certificate, certify
from matcher.push.choice import Prices, bound, choose, loads
from matcher.push.edges import Edges, Limits
from matcher.push.explore import Explored, explore
from matcher.push.items import Items
from matcher.push.plan import Asked, Pairs, PushPlan
from matcher.types import FloatArray, RowArray

_ROUNDED = 1 - 1e-9  # bound and value are sums in other orders


@dataclass(frozen=True, slots=True)
class Settled:
    """What a round came to.

    Attributes:
        edges: the candidates, an item at most once a firm.
        row: int64 (edges,), the patent of each edge: of a group the member that suits best.
        score: float32 (edges,), log-odds.
        found: the balance, before any draw.
        explored: the lists, with chances.
        certificate: of the balance.
        exceptions: who was left out, and why.
    """

    edges: Edges
    row: RowArray
    score: FloatArray
    found: Balanced
    explored: Explored
    certificate: Certificate
    exceptions: dict[str, Any]


def worth_of(score: FloatArray, floor_score: float) -> FloatArray:
    """Return float32 (pairs,), what a pair adds to a round: log(1 + odds / odds of the floor).

    Far above the floor, twice the odds add always the same, so a sure pair does not outweigh twenty
    good ones; far below it worth falls to nought with the odds. It rises with the score.
    """
    found: FloatArray = np.logaddexp(0.0, score.astype(np.float64) - floor_score).astype(np.float32)
    return np.maximum(found, np.float32(1e-6))


def settle(
    plan: PushPlan,
    asked: Asked,
    pairs: Pairs,
    items: Items,
    segments: npt.NDArray[np.str_],
    floor_score: float,
    per_holder: int,
    prices: Prices | None = None,
    config: BalanceConfig | None = None,
    progress: Callable[[int, float], None] = lambda passes, gap: None,
) -> Settled:
    """Return the lists of a round.

    Args:
        plan: the share of places given to chance, and the seed.
        asked: K, L and U.
        pairs: all candidates.
        items: what is offered as one.
        segments: str (firms,), main segment of each firm.
        floor_score: log-odds of the relevance floor.
        per_holder: most items of one holder in a list.
        prices: float64 (items,) of a round before.
        config: how long to balance.
        progress: told passes and gap.
    """
    pairs = _open(pairs, asked, items)
    worth = worth_of(pairs.score, floor_score)
    n_firms = len(pairs.cause)
    edges, kept = Edges.of(pairs.firm, items.of_row[pairs.row], worth, n_firms, items.holder)
    limits = Limits.of(edges, asked.per_firm, asked.least, asked.most, per_holder)
    found = _balanced(edges, limits, config, prices, progress)
    score = pairs.score[kept]
    explored = explore(
        edges, limits.reachable(edges), found.taken, found.prices, plan.explore, plan.seed
    )
    return Settled(
        edges=edges,
        row=pairs.row[kept].astype(np.int64),
        score=score,
        found=found,
        explored=explored,
        certificate=certify(edges, limits, found, score, segments),
        exceptions=_exceptions(asked, pairs, items, edges, limits, found),
    )


def _open(pairs: Pairs, asked: Asked, items: Items) -> Pairs:
    """Return the pairs of items that any firm may get: no price would keep the others out."""
    if not (asked.most == 0).any():
        return pairs
    kept = asked.most[items.of_row[pairs.row]] != 0
    return Pairs(pairs.firm[kept], pairs.row[kept], pairs.score[kept], pairs.cause)


def _balanced(
    edges: Edges,
    limits: Limits,
    config: BalanceConfig | None,
    prices: Prices | None,
    progress: Callable[[int, float], None],
) -> Balanced:
    """Return the balance; where firms have too few places for every L, under the L that was met.

    A bound below the value proves that no choice keeps every L, and proves nothing else.
    """
    found = balance(edges, limits, config, prices, progress)
    if found.bound >= found.value * _ROUNDED:
        return found
    found = balance(edges, _met(edges, limits, found), config, found.prices, progress)
    if found.bound >= found.value * _ROUNDED:
        return found
    met = _met(edges, limits, found)
    taken, _, _ = choose(edges, met, found.prices)
    return replace(found, bound=bound(edges, met, found.prices, taken))


def _met(edges: Edges, limits: Limits, found: Balanced) -> Limits:
    load = loads(edges, found.taken)
    return replace(limits, least=np.minimum(limits.least, load).astype(np.int32))


def _exceptions(
    asked: Asked, pairs: Pairs, items: Items, edges: Edges, limits: Limits, found: Balanced
) -> dict[str, Any]:
    degree = np.bincount(edges.item, minlength=len(items))
    load = loads(edges, found.taken)
    full = asked.sought & (asked.most == 0)
    without = np.flatnonzero(asked.sought & ~full & (degree == 0))
    short = np.flatnonzero((degree > 0) & (load < np.minimum(limits.least, degree)))
    listless = np.diff(edges.start).astype(bool) & ~(found.taken >= 0).any(axis=1)
    return {
        "patents": {
            **items.kept_out,
            "no_firm_above_floor": len(without),
            "firms_too_few": len(short),
            **({"load_used_up": int(full.sum())} if full.any() else {}),
        },
        "firms": {**asked.kept_out, **pairs.causes(), "crowded_out": int(listless.sum())},
        "items_without_firm": items.names[without].tolist(),
        "items_short": items.names[short].tolist(),
    }
