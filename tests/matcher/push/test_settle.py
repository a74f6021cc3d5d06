"""Limits of each firm and item, and a certificate that holds where no choice keeps every L."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.push.choice import loads
from matcher.push.items import Items
from matcher.push.plan import Asked, Pairs, PushPlan
from matcher.push.settle import Settled, settle

PLAN = PushPlan("r", "2026-01-02T03:04:05+00:00", explore=0.1, seed=5)


def settled(
    scores: np.ndarray, per_firm: np.ndarray, least: np.ndarray, most: np.ndarray, explore: float
) -> Settled:
    """Settle a round in which every firm has a score with every item."""
    n_firms, n_items = scores.shape
    firm, row = (part.ravel().astype(np.int32) for part in np.indices(scores.shape))
    pairs = Pairs(firm, row, scores.ravel().astype(np.float32), np.zeros(n_firms, dtype=np.int8))
    items = Items(
        np.array([f"p{n:03}" for n in range(n_items)]),
        np.arange(n_items, dtype=np.int32),
        np.full(n_items, -1, dtype=np.int32),
        {},
        np.zeros(n_items, dtype=np.int32),
    )
    limits = (part.astype(np.int32) for part in (per_firm, least, most))
    asked = Asked(*limits, np.ones(n_items, dtype=bool))
    plan = replace(PLAN, explore=explore)
    return settle(plan, asked, pairs, items, np.full(n_firms, "T01"), -3.0, 2)


@settings(max_examples=80, deadline=None)
@given(
    st.integers(1, 12), st.integers(1, 15), st.integers(0, 9999), st.sampled_from([0.0, 0.1]),
)  # fmt: skip
def test_each_firm_and_item_keeps_its_own_limits(
    n_firms: int, n_items: int, seed: int, explore: float
) -> None:
    rng = np.random.default_rng(seed)
    per_firm = rng.integers(0, 5, n_firms)
    most = rng.integers(-1, 6, n_items)
    least = np.minimum(rng.integers(0, 4, n_items), np.where(most < 0, 99, most))
    found = settled(rng.normal(size=(n_firms, n_items)), per_firm, least, most, explore)
    for taken in (found.found.taken, found.explored.taken):
        assert ((taken >= 0).sum(axis=1) <= per_firm).all()
        load = loads(found.edges, taken)
        assert (load[most >= 0] <= most[most >= 0]).all()
    # Chance takes nothing from an item that has no more than its L.
    before, after = (loads(found.edges, t) for t in (found.found.taken, found.explored.taken))
    assert (after >= np.minimum(before, np.minimum(least, n_firms))).all()
    assert found.certificate.value <= found.certificate.bound * (1 + 1e-9) + 1e-6
    assert found.certificate.gap >= 0


def test_too_few_places_for_every_least_still_prove_a_bound() -> None:
    """Thirty items that want a firm each, ten places: no dual of all L bounds what can be had."""
    scores = np.random.default_rng(1).normal(size=(5, 30))
    found = settled(scores, np.full(5, 2), np.full(30, 1), np.full(30, 3), 0.0)
    assert found.certificate.slots == 10
    assert found.certificate.balanced.under == found.exceptions["patents"]["firms_too_few"] == 20
    assert found.certificate.bound >= found.certificate.value * (1 - 1e-9) > 0
    assert found.certificate.gap < 0.01


def test_what_no_firm_may_get_is_given_to_none() -> None:
    scores = np.array([[3.0, 2.0, 1.0]] * 4)
    found = settled(scores, np.full(4, 1), np.zeros(3), np.array([0, 1, -1]), 0.0)
    assert loads(found.edges, found.found.taken).tolist() == [0, 1, 3]
    assert found.exceptions["patents"]["load_used_up"] == 1
    assert found.certificate.gap <= 0.001
