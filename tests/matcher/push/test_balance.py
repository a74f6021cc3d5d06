"""Priced top-K against HiGHS: the bound bounds, the lists keep every limit, the gap is small."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from matcher.errors import InputError
from matcher.push.balance import BalanceConfig, Balanced, balance
from matcher.push.certificate import certify, spread_of
from matcher.push.choice import bound, choose, loads
from matcher.push.edges import Edges, Limits, usual_most

EXACT = BalanceConfig(passes=60, goal=1e-6)


def market(n_firms: int, n_items: int, degree: int, seed: int, holders: int = 0) -> Edges:
    """Firms and items in a plane; some items are everybody's second best."""
    rng = np.random.default_rng(seed)
    firms, items = rng.normal(size=(n_firms, 3)), rng.normal(size=(n_items, 3))
    fame = rng.normal(size=n_items)
    worth = np.log1p(np.exp(firms @ items.T + fame))
    best = np.argsort(-worth, axis=1)[:, : min(degree, n_items)]
    reverse = np.argsort(-worth, axis=0)[: min(3, n_firms)]
    firm = np.concatenate([np.repeat(np.arange(n_firms), best.shape[1]), reverse.ravel()])
    item = np.concatenate([best.ravel(), np.tile(np.arange(n_items), len(reverse))])
    holder = rng.integers(0, holders, n_items) if holders else np.full(n_items, -1)
    found = worth[firm, item].astype(np.float32)
    return Edges.of(firm, item, found, n_firms, holder.astype(np.int32))[0]


def optimum(edges: Edges, limits: Limits) -> float | None:
    """Return the LP's value by HiGHS, ``None`` where no choice meets every L."""
    limits = limits.reachable(edges)
    n, columns = len(edges), np.arange(len(edges))
    of_firm = sp.csr_matrix((np.ones(n), (edges.firms(), columns)), (edges.n_firms, n))
    of_item = sp.csr_matrix((np.ones(n), (edges.item, columns)), (edges.n_items, n))
    # A nameless holder's items are each their own.
    holder = np.where(
        edges.holder[edges.item] >= 0, edges.holder[edges.item], 10_000 + edges.item
    ).astype(np.int64)
    _, pair = np.unique(edges.firms() * 100_000 + holder, return_inverse=True)
    of_holder = sp.csr_matrix((np.ones(n), (pair, columns)))
    most = [limits.per_firm, limits.most, -limits.least]
    most.append(np.full(of_holder.shape[0], limits.per_holder))
    found = linprog(
        -edges.worth.astype(np.float64),
        A_ub=sp.vstack([of_firm, of_item, -of_item, of_holder]),
        b_ub=np.concatenate(most),
        bounds=(0, 1),
        method="highs",
    )
    return -found.fun if found.status == 0 else None


def assert_within(edges: Edges, limits: Limits, taken: np.ndarray) -> None:
    chosen = taken[taken >= 0]
    assert len(np.unique(chosen)) == len(chosen)
    assert (edges.firms()[chosen] == np.nonzero(taken >= 0)[0]).all()
    assert ((taken >= 0).sum(axis=1) <= limits.per_firm).all()
    assert (loads(edges, taken) <= limits.most).all()
    for row in taken:
        held = edges.holder[edges.item[row[row >= 0]]]
        assert np.bincount(held[held >= 0], minlength=1).max() <= limits.per_holder


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("holders", [0, 12])
def test_the_lists_are_nearly_as_good_as_the_optimum(seed: int, holders: int) -> None:
    edges = market(120, 80, 20, seed, holders)
    limits = Limits.uniform(edges, 5, 1, None, 2)
    best = optimum(edges, limits)
    assert best is not None
    found = balance(edges, limits, EXACT)
    assert_within(edges, limits, found.taken)
    assert (loads(edges, found.taken) >= limits.reachable(edges).least).all()
    assert found.value <= best + 1e-6 <= found.bound + 2e-6
    assert found.value >= best * (1 - 0.002)
    assert found.gap < 0.003


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 25), st.integers(1, 20), st.integers(1, 8), st.integers(0, 9999),
    st.integers(1, 4), st.integers(0, 2), st.integers(1, 6), st.integers(1, 3),
)  # fmt: skip
def test_any_prices_bound_the_optimum(
    n_firms: int, n_items: int, degree: int, seed: int, k: int, least: int, most: int, cap: int
) -> None:
    edges = market(n_firms, n_items, degree, seed, holders=4)
    limits = Limits.uniform(edges, k, min(least, most), most, cap)
    found = balance(edges, limits, BalanceConfig(passes=10))
    assert_within(edges, limits, found.taken)
    best = optimum(edges, limits)
    if best is None:
        return
    assert found.bound >= best - 1e-5 * max(best, 1)
    drawn = np.random.default_rng(seed).normal(size=edges.n_items)
    reachable = limits.reachable(edges)
    taken, _, _ = choose(edges, reachable, drawn)
    assert bound(edges, reachable, drawn, taken) >= best - 1e-5 * max(best, 1)
    if (loads(edges, found.taken) >= reachable.least).all():
        assert found.value <= best + 1e-5 * max(best, 1)


def test_without_scarcity_each_firm_takes_its_best() -> None:
    edges = market(40, 30, 10, seed=3)
    limits = Limits.uniform(edges, 3, 0, 40, 30)
    found = balance(edges, limits)
    assert found.gap == 0
    assert found.cost_of_balance == 0
    assert (found.taken == found.free_taken).all()
    for firm in range(40):
        own = edges.worth[edges.start[firm] : edges.start[firm + 1]]
        assert edges.worth[found.taken[firm]].tolist() == np.sort(own)[::-1][:3].tolist()


def test_by_hand() -> None:
    # Two firms want item 0 most; it may be shown once. Item 2 is nobody's wish and must be shown.
    firm, item = np.array([0, 0, 1, 1, 1]), np.array([0, 1, 0, 1, 2])
    worth = np.array([5, 4, 5, 1, 0.5], dtype=np.float32)
    edges, kept = Edges.of(firm, item, worth, 2, np.full(3, -1, dtype=np.int32))
    assert kept.tolist() == [0, 1, 2, 3, 4]
    limits = Limits.uniform(edges, 1, 1, 1, 1)
    found = balance(edges, limits, EXACT)
    # Three items, two places: one stays unseen, and no L can be met for all.
    assert loads(edges, found.taken).max() == 1
    roomy = replace(limits, per_firm=np.array([2, 2], dtype=np.int32))
    found = balance(edges, roomy, EXACT)
    # 4 + 5 + 0.5: firm 0 gives item 0 away, since firm 1 has nothing as good.
    assert sorted(map(tuple, found.taken.tolist())) == [(1, -1), (2, 4)]
    assert found.value == pytest.approx(9.5)
    assert 9.5 <= found.bound + 1e-9 < 10


def test_of_a_pair_told_twice_the_better_counts() -> None:
    worth = np.array([1, 3, 2], dtype=np.float32)
    edges, kept = Edges.of(
        np.array([0, 0, 0]), np.array([1, 1, 0]), worth, 1, np.full(2, -1, dtype=np.int32)
    )
    assert (edges.item.tolist(), edges.worth.tolist(), kept.tolist()) == ([0, 1], [2, 3], [2, 1])


def test_the_same_input_gives_the_same_lists() -> None:
    edges = market(200, 90, 15, seed=9, holders=20)
    limits = Limits.uniform(edges, 4, 1, None, 2)
    first, second = balance(edges, limits), balance(edges, limits)
    assert (first.taken == second.taken).all()
    assert first.prices.tolist() == second.prices.tolist()


def test_prices_of_a_round_before_are_a_good_start() -> None:
    edges = market(300, 120, 25, seed=4)
    limits = Limits.uniform(edges, 4, 1, None, 2)
    cold = balance(edges, limits, EXACT)
    warm = balance(edges, limits, BalanceConfig(passes=1, every=1), cold.prices)
    assert warm.gap <= cold.gap + 1e-3


def test_prices_that_do_not_fit_are_refused() -> None:
    edges = market(5, 5, 3, seed=0)
    limits = Limits.uniform(edges, 2, 1, None, 2)
    for prices in (np.zeros(4), np.full(5, np.nan)):
        with pytest.raises(InputError, match="5 numbers"):
            balance(edges, limits, prices=prices)
    with pytest.raises(InputError, match="5 firms"):
        balance(edges, replace(limits, per_firm=np.ones(3, dtype=np.int32)))


def test_nothing_to_choose_from() -> None:
    nothing = np.zeros(0, dtype=np.int64)
    edges, _ = Edges.of(
        nothing, nothing, nothing.astype(np.float32), 3, np.full(2, -1, dtype=np.int32)
    )
    limits = Limits.uniform(edges, 4, 1, None, 2)
    found = balance(edges, limits)
    assert found.taken.tolist() == [[-1] * 4] * 3
    assert (found.value, found.bound, found.gap) == (0, 0, 0)
    proof = certify(edges, limits, found, edges.worth, np.array(["a", "a", ""]))
    assert proof.eligible == proof.slots == 0
    assert proof.segments["none"]["firms"] == 1


@pytest.mark.parametrize("worth", [0.0, -1.0, np.nan])
def test_a_worth_must_be_above_nought(worth: float) -> None:
    with pytest.raises(InputError, match="not above 0"):
        Edges.of(
            np.array([0]), np.array([0]), np.array([worth], dtype=np.float32), 1,
            np.array([-1], dtype=np.int32),
        )  # fmt: skip


def test_the_certificate_counts_the_lists_again() -> None:
    edges = market(60, 40, 12, seed=7)
    limits = Limits.uniform(edges, 3, 1, None, 2)
    assert limits.most[0] == usual_most(edges, 3) == int(np.ceil(5 * 60 * 3 / 40))
    found = balance(edges, limits)
    scores = np.full(len(edges), -2.0, dtype=np.float32)
    segments = np.array(["x", "y"] * 30)
    proof = certify(edges, limits, found, scores, segments)
    load = loads(edges, found.taken)
    assert proof.slots == load.sum() == sum(s["slots"] for s in proof.segments.values())
    assert proof.balanced.largest_load == load.max()
    assert proof.balanced.coverage == (load > 0).mean()
    assert proof.expected_links == pytest.approx(proof.slots / (1 + np.exp(2)))
    assert sum(s["worth"] for s in proof.segments.values()) == pytest.approx(proof.value)
    even = np.abs(load[:, None] - load[None, :]).sum() / (2 * len(load) ** 2 * load.mean())
    assert proof.balanced.gini == pytest.approx(even)
    assert proof.free.largest_load >= proof.balanced.largest_load
    broken = Balanced(
        found.free_taken, found.prices, found.free_value, found.bound, found.free_value,
        found.free_taken, 1,
    )  # fmt: skip
    told = spread_of(edges, limits, broken.taken)
    assert told.under == (loads(edges, broken.taken) < 1).sum()
