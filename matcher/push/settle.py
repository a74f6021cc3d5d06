"""The end of a round: candidates to lists, with prices, chances and certificate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from matcher.push.balance import BalanceConfig, Balanced, balance
from matcher.push.certificate import Certificate, certify
from matcher.push.choice import Prices, loads
from matcher.push.edges import Edges, Limits
from matcher.push.explore import Explored, explore
from matcher.push.items import Items
from matcher.push.plan import Pairs, PushPlan
from matcher.types import FloatArray, RowArray


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
        plan: K, L, U and the share of places given to chance.
        pairs: all candidates.
        items: what is offered as one.
        segments: str (firms,), main segment of each firm.
        floor_score: log-odds of the relevance floor.
        per_holder: most items of one holder in a list.
        prices: float64 (items,) of a round before.
        config: how long to balance.
        progress: told passes and gap.
    """
    worth = worth_of(pairs.score, floor_score)
    n_firms = len(pairs.cause)
    edges, kept = Edges.of(pairs.firm, items.of_row[pairs.row], worth, n_firms, items.holder)
    limits = Limits.uniform(edges, plan.per_firm, plan.least, plan.most, per_holder)
    found = balance(edges, limits, config, prices, progress)
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
        exceptions=_exceptions(pairs, items, edges, limits, found),
    )


def _exceptions(
    pairs: Pairs, items: Items, edges: Edges, limits: Limits, found: Balanced
) -> dict[str, Any]:
    degree = np.bincount(edges.item, minlength=len(items))
    load = loads(edges, found.taken)
    without = np.flatnonzero(degree == 0)
    short = np.flatnonzero((degree > 0) & (load < np.minimum(limits.least, degree)))
    listless = np.diff(edges.start).astype(bool) & ~(found.taken >= 0).any(axis=1)
    return {
        "patents": {
            **items.kept_out,
            "no_firm_above_floor": len(without),
            "firms_too_few": len(short),
        },
        "firms": {**pairs.causes(), "crowded_out": int(listless.sum())},
        "items_without_firm": items.names[without].tolist(),
        "items_short": items.names[short].tolist(),
    }
