"""Priced top-K: a price an item, so that lists chosen freely nearly keep the limits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from matcher.errors import InputError
from matcher.push.bids import Market, cleared
from matcher.push.choice import Prices, Taken, bound, choose, loads
from matcher.push.edges import Edges, Limits
from matcher.push.entropic import cooled_prices, stepped
from matcher.push.repair import repaired

_GOAL, _GOAL_OF_MANY = 0.001, 0.004
_MANY = 10_000_000


@dataclass(frozen=True, slots=True)
class BalanceConfig:
    """How long prices are sought.

    Attributes:
        passes: most passes over all edges after the entropic ones.
        goal: stop once (bound - value) / bound is this small.
        every: passes between two repaired choices, which tell how near the goal is.
        step: share of the way to its clearing price that a price moves in the first pass.
        push: temperature of the step by loads that is added to it, in the first pass.
    """

    passes: int = 40
    goal: float = _GOAL
    every: int = 5
    step: float = 0.4
    push: float = 0.1

    @classmethod
    def usual(cls, edges: int) -> BalanceConfig:
        """Return what suits a number of candidates: the last tenths of a percent cost minutes."""
        return cls(goal=_GOAL if edges < _MANY else _GOAL_OF_MANY)


@dataclass(frozen=True, slots=True)
class Balanced:
    """One choice with its proof.

    Attributes:
        taken: int64 (firms, K), edges taken by worth descending, -1 where a list is shorter.
        prices: float64 (items,), those of the lowest bound; a later round may start from them.
        value: worth of the choice.
        bound: no choice within the limits is worth more.
        free_value: worth without L and U: what each firm would take by itself.
        free_taken: int64 (firms, K), that choice.
        passes: passes made.
    """

    taken: Taken
    prices: Prices
    value: float
    bound: float
    free_value: float
    free_taken: Taken
    passes: int

    @property
    def gap(self) -> float:
        """How much better than ours the best choice can be at most, as a share of the bound."""
        return max(0.0, self.bound - self.value) / self.bound if self.bound > 0 else 0.0

    @property
    def cost_of_balance(self) -> float:
        """Share of the unlimited worth that the limits cost."""
        return 1.0 - self.value / self.free_value if self.free_value > 0 else 0.0


def balance(
    edges: Edges,
    limits: Limits,
    config: BalanceConfig | None = None,
    prices: Prices | None = None,
    progress: Callable[[int, float], None] = lambda passes, gap: None,
) -> Balanced:
    """Return a choice of edges within the limits, worth nearly as much as any can be.

    Method: Lagrangian relaxation of L and U (the LP is a transport problem, so it has an integral
    optimum). Prices of the entropic version are a start, unless there are those of a round before;
    from there they move towards the clearing price of each item by shrinking steps. Any prices give
    a bound on the optimum, the repaired choice gives a value, and both together prove the gap.
    An L that the edges cannot meet is lowered to what they can; where firms are too few for all
    items, some stay under their L and the bound is that of the limits as asked.

    Args:
        edges: the candidates.
        limits: how often each may be taken.
        config: how long to try; ``None`` for what is usual at that size.
        prices: float64 (items,) to start from, such as the last round's; ``None`` for
            a cold start.
        progress: told passes and gap whenever a repaired choice was made.

    Raises:
        InputError: limits or prices do not fit the edges.
    """
    config = config or BalanceConfig.usual(len(edges))
    _check(edges, limits, prices)
    limits = limits.reachable(edges)
    market = Market.of(edges)
    nothing = np.zeros(edges.n_items)
    free, _, _ = choose(edges, limits, nothing)
    best = _Best(np.inf, nothing, -np.inf, free)
    now = cooled_prices(edges, limits, nothing) if prices is None else prices.astype(np.float64)
    done = 0
    for done in range(1, config.passes + 1):
        taken, weakest, refused = choose(edges, limits, now)
        found = bound(edges, limits, now, taken)
        if found < best.bound:
            best.bound, best.prices = found, now.copy()
        if done % config.every == 0 or done == config.passes:
            best.offer(edges, repaired(edges, market, limits, taken))
            progress(done, best.gap)
            if best.gap <= config.goal:
                break
        target = cleared(edges, market, limits, taken, weakest, refused)
        now += config.step / (1.0 + 0.05 * done) * (target - now)
        # Item by item alone, prices stall where two of them would have to move together.
        load = loads(edges, taken).astype(np.float64)
        now = stepped(now, load, limits, config.push / (1.0 + 0.2 * done))
    return Balanced(
        taken=_ordered(edges, best.taken),
        prices=best.prices,
        value=best.value,
        bound=float(best.bound),
        free_value=_worth(edges, free),
        free_taken=_ordered(edges, free),
        passes=done,
    )


@dataclass(slots=True)
class _Best:
    bound: float
    prices: Prices
    value: float
    taken: Taken

    @property
    def gap(self) -> float:
        return (self.bound - self.value) / self.bound if self.bound > 0 else 0.0

    def offer(self, edges: Edges, taken: Taken) -> None:
        value = _worth(edges, taken)
        if value > self.value:
            self.value, self.taken = value, taken


def _worth(edges: Edges, taken: Taken) -> float:
    return float(edges.worth[taken[taken >= 0]].astype(np.float64).sum())


def _ordered(edges: Edges, taken: Taken) -> Taken:
    """Return each list by worth, ties by item, the empty places last."""
    worth = np.where(taken >= 0, edges.worth[taken], -1.0) if len(edges) else np.zeros(taken.shape)
    order = np.lexsort((taken, -worth), axis=1)
    return np.take_along_axis(taken, order, axis=1)


def _check(edges: Edges, limits: Limits, prices: Prices | None) -> None:
    fits = len(limits.per_firm) == edges.n_firms and len(limits.most) == edges.n_items
    if not fits or len(limits.least) != edges.n_items:
        raise InputError(
            f"found limits of {len(limits.per_firm)} firms and {len(limits.most)} items",
            f"{edges.n_firms} firms and {edges.n_items} items, as the edges have",
        )
    if prices is not None and (prices.shape != (edges.n_items,) or not np.isfinite(prices).all()):
        raise InputError(
            f"found prices of shape {prices.shape} or without value",
            f"{edges.n_items} numbers, one an item",
            "start without prices",
        )
