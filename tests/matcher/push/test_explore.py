"""Places given to chance: within the limits, as often as told, as likely as told."""

from __future__ import annotations

import numpy as np
import pytest

from matcher.errors import InputError
from matcher.push.balance import balance
from matcher.push.choice import loads
from matcher.push.edges import Edges, Limits
from matcher.push.explore import explore
from tests.matcher.push.test_balance import assert_within, market


def test_a_share_of_the_places_is_drawn_and_the_limits_hold() -> None:
    edges = market(2000, 300, 40, seed=1, holders=60)
    limits = Limits.uniform(edges, 5, 1, None, 2).reachable(edges)
    found = balance(edges, limits)
    explored = explore(edges, limits, found.taken, found.prices, 0.05, seed=3)
    assert_within(edges, limits, explored.taken)
    assert (loads(edges, explored.taken) >= limits.least).all()
    assert 0.03 < explored.drawn.sum() / (found.taken >= 0).sum() < 0.06
    moved = explored.taken != found.taken
    assert (moved == explored.drawn).all()
    assert not moved[:, :-1].any() or (found.taken[:, -1] < 0).any()
    assert ((explored.propensity > 0) == (explored.taken >= 0)).all()
    kept = explored.propensity[:, -1][~explored.drawn[:, -1] & (found.taken[:, -1] >= 0)]
    assert np.isin(kept.round(6), [1.0, 0.75]).all()


def test_the_propensity_is_how_often_it_happens() -> None:
    # One firm, three candidates beside its one place; drawn anew 20,000 times.
    worth = np.array([3.0, 2.5, 2.0, 1.5], dtype=np.float32)
    edges, _ = Edges.of(
        np.zeros(4, dtype=int), np.arange(4), worth, 1, np.full(4, -1, dtype=np.int32)
    )
    limits = Limits.uniform(edges, 1, 0, 1, 1)
    taken = np.array([[0]])
    seen: dict[int, int] = {}
    told: dict[int, float] = {}
    for seed in range(20_000):
        one = explore(edges, limits, taken, np.zeros(4), 0.1, seed)
        item = int(edges.item[one.taken[0, 0]])
        seen[item] = seen.get(item, 0) + 1
        told[item] = float(one.propensity[0, 0])
    assert sum(told.values()) == pytest.approx(1, abs=1e-6)
    for item, count in seen.items():
        assert count / 20_000 == pytest.approx(told[item], abs=0.006)


def test_nothing_is_drawn_without_a_share_and_the_seed_decides() -> None:
    edges = market(100, 60, 20, seed=5)
    limits = Limits.uniform(edges, 4, 1, None, 2).reachable(edges)
    found = balance(edges, limits)
    same = explore(edges, limits, found.taken, found.prices, 0.0, seed=1)
    assert (same.taken == found.taken).all()
    assert not same.drawn.any()
    one, two, other = (
        explore(edges, limits, found.taken, found.prices, 0.1, seed) for seed in (1, 1, 2)
    )
    assert (one.taken == two.taken).all()
    assert (one.taken != other.taken).any()
    with pytest.raises(InputError, match=r"0 to 0\.1"):
        explore(edges, limits, found.taken, found.prices, 0.5, seed=1)
