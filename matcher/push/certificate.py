"""What is proven and measured of one balanced choice, as plain figures."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from matcher.push.balance import Balanced
from matcher.push.choice import Taken, loads
from matcher.push.edges import Edges, Limits
from matcher.ranking.policy import probability
from matcher.types import FloatArray


@dataclass(frozen=True, slots=True)
class Spread:
    """How evenly the items of a choice are shown.

    Attributes:
        offered: items with at least one firm.
        coverage: share of the eligible items that is offered.
        largest_load: firms of the item shown most.
        gini: inequality of loads over the eligible items, 0 (even) to 1.
        skew: third standardised moment of the loads (hubness), 0 where all loads are equal.
        over: items above their U.
        under: eligible items below their L.
        histogram: loads from … to … → eligible items; each bin is twice as wide as the one before.
    """

    offered: int
    coverage: float
    largest_load: int
    gini: float
    skew: float
    over: int
    under: int
    histogram: dict[str, int]


@dataclass(frozen=True, slots=True)
class Certificate:
    """A choice with its proof. An item is eligible if a firm above the floor was found for it.

    Attributes:
        value: worth of the choice.
        bound: no choice of these candidates within the limits is worth more.
        gap: (bound - value) / bound.
        free_value: worth if every firm took its best, whatever the loads.
        cost_of_balance: share of ``free_value`` that the limits cost.
        expected_links: links that the policy's probabilities promise for the choice.
        free_expected_links: the same for the free choice.
        edges: candidates.
        firms: firms of the round, those without candidates included.
        reached: firms with at least one item.
        slots: pairs chosen.
        eligible: items with a candidate.
        load_limit: largest U.
        balanced: how the choice spreads.
        free: how the free choice would.
        segments: segment of the firms → firms, reached, slots, worth.
        passes: passes of the balance.
    """

    value: float
    bound: float
    gap: float
    free_value: float
    cost_of_balance: float
    expected_links: float
    free_expected_links: float
    edges: int
    firms: int
    reached: int
    slots: int
    eligible: int
    load_limit: int
    balanced: Spread
    free: Spread
    segments: dict[str, dict[str, float]]
    passes: int

    def to_dict(self) -> dict[str, Any]:
        """Return the figures as JSON content."""
        return asdict(self)


def certify(
    edges: Edges,
    limits: Limits,
    found: Balanced,
    scores: FloatArray,
    segments: npt.NDArray[np.str_],
) -> Certificate:
    """Return the certificate; all of it is counted anew from the choice itself.

    Args:
        edges: the candidates.
        limits: as asked.
        found: the balance.
        scores: float32 (edges,), log-odds.
        segments: str (firms,), "" for firms without one.
    """
    limits = limits.reachable(edges)
    taken = found.taken
    chances = probability(scores).astype(np.float64)
    reached = (taken >= 0).any(axis=1)
    return Certificate(
        value=found.value,
        bound=found.bound,
        gap=found.gap,
        free_value=found.free_value,
        cost_of_balance=found.cost_of_balance,
        expected_links=float(chances[taken[taken >= 0]].sum()),
        free_expected_links=float(chances[found.free_taken[found.free_taken >= 0]].sum()),
        edges=len(edges),
        firms=edges.n_firms,
        reached=int(reached.sum()),
        slots=int((taken >= 0).sum()),
        eligible=int(_eligible(edges).sum()),
        load_limit=int(limits.most.max(initial=0)),
        balanced=spread_of(edges, limits, taken),
        free=spread_of(edges, limits, found.free_taken),
        segments=_by_segment(edges, taken, segments),
        passes=found.passes,
    )


def spread_of(edges: Edges, limits: Limits, taken: Taken) -> Spread:
    """Return how a choice spreads over the items that have candidates."""
    eligible = _eligible(edges)
    every = loads(edges, taken)
    load = every[eligible]
    n = max(len(load), 1)
    return Spread(
        offered=int((load > 0).sum()),
        coverage=float((load > 0).sum() / n),
        largest_load=int(load.max(initial=0)),
        gini=_gini(load),
        skew=_skew(load),
        over=int((every > limits.most).sum()),
        under=int((load < limits.least[eligible]).sum()),
        histogram=_histogram(load),
    )


def _eligible(edges: Edges) -> npt.NDArray[np.bool_]:
    return np.asarray(np.bincount(edges.item, minlength=edges.n_items) > 0)


def _gini(load: npt.NDArray[np.int64]) -> float:
    if not load.any():
        return 0.0
    ordered = np.sort(load).astype(np.float64)
    n = len(ordered)
    return float((2 * np.arange(1, n + 1) - n - 1) @ ordered / (n * ordered.sum()))


def _histogram(load: npt.NDArray[np.int64]) -> dict[str, int]:
    found = {"0": int((load == 0).sum())}
    first = 1
    while first <= load.max(initial=0):
        last = 2 * first - 1
        name = str(first) if first == last else f"{first}–{last}"
        found[name] = int(((load >= first) & (load <= last)).sum())
        first = last + 1
    return found


def _skew(load: npt.NDArray[np.int64]) -> float:
    if not len(load) or not load.std():
        return 0.0
    return float((((load - load.mean()) / load.std()) ** 3).mean())


def _by_segment(
    edges: Edges, taken: Taken, segments: npt.NDArray[np.str_]
) -> dict[str, dict[str, float]]:
    slots = (taken >= 0).sum(axis=1)
    worth = np.where(taken >= 0, edges.worth[taken], 0.0).sum(axis=1) if len(edges) else slots * 0.0
    names, of = np.unique(segments, return_inverse=True)
    counted = [np.bincount(of, weights=w, minlength=len(names)) for w in (slots > 0, slots, worth)]
    firms = np.bincount(of, minlength=len(names))
    return {
        str(name) or "none": {
            "firms": int(firms[n]),
            "reached": int(counted[0][n]),
            "slots": int(counted[1][n]),
            "worth": float(counted[2][n]),
        }
        for n, name in enumerate(names)
    }
