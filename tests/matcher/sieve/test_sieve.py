"""The sieve against every pair scored, its parts against plain NumPy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.index.cluster_table import ClusterTable
from matcher.index.clusters import order_of
from matcher.query import FirmQuery
from matcher.ranking.features import FEATURES, pair_features
from matcher.sieve.bars import raised
from matcher.sieve.sieve import Sieve
from matcher.sieve.sift import keep, keep_best, outside
from matcher.types import FloatArray
from service.bootstrap import Home, open_home
from service.config import Settings

# Left out of the sieve, or near enough: the best item stands for all, own IPC and own patents.
_ROUGH = ("best_item", "own_patents", "own_ipc")


@pytest.fixture(scope="module")
def home(static_home: Path) -> Iterator[Home]:
    with open_home(Settings(home=static_home)) as opened:
        yield opened


@pytest.fixture(scope="module")
def queries(home: Home) -> list[FirmQuery]:
    found = home.engine().queries(home.readers.profiles(list(home.store.firms.iterate())))
    return [query for query in found if query.segments and query.asked_rows().any()]


def sieve_of(home: Home, allowed: np.ndarray | None = None, **share: int) -> Sieve:
    engine = home.engine()
    side = engine.index.patents
    table = engine.index.table
    table = table if allowed is None else table.among(side, allowed)
    return replace(Sieve.of(side, engine.policy, table), **share)


def all_scores(home: Home, query: FirmQuery) -> FloatArray:
    """What the sieve means to compute, by the features themselves."""
    engine = home.engine()
    side = engine.index.patents
    every = np.arange(len(side))
    weights = dict(zip(FEATURES, engine.policy.effective, strict=True))
    table = pair_features(query, side, every, np.zeros(0, dtype=np.int64)).astype(np.float64)
    table[:, FEATURES.index("best_item")] = table[:, FEATURES.index("whole_text")]
    unknown_city = side.columns["city"] < 0
    table[unknown_city, FEATURES.index("same_city")] = 0.0
    if len(query.own):
        table[:, FEATURES.index("own_patents")] = side.vectors @ query.own.mean(axis=0)
    weights["own_ipc"] = 0.0
    return np.asarray(table @ np.array([weights[name] for name in FEATURES]))


def test_looking_at_everything_it_scores_every_pair(home: Home, queries: list[FirmQuery]) -> None:
    sieve = sieve_of(home, always=10**9)
    n = len(home.engine().index.patents)
    least = np.full(n, np.inf, dtype=np.float32)
    for query, (rows, near) in zip(
        queries[:80], sieve.search(queries[:80], 60, least), strict=True
    ):
        expected = all_scores(home, query)
        bar = np.sort(expected)[-60]
        assert (np.diff(rows) > 0).all()
        assert not near.any()
        assert len(rows) == 60
        assert expected[rows].min() >= bar - 1e-3
    for query, (values, at) in zip(queries[:5], sieve._scored(queries[:5]), strict=True):
        assert np.array_equal(np.sort(sieve.table.clusters.order[at]), np.arange(n))
        scores = all_scores(home, query)
        assert values == pytest.approx(scores[sieve.table.clusters.order[at]], abs=1e-3)


def test_looking_at_half_it_finds_nearly_all(home: Home, queries: list[FirmQuery]) -> None:
    n = len(home.engine().index.patents)
    least = np.full(n, np.inf, dtype=np.float32)
    whole = sieve_of(home, always=10**9).search(queries, 20, least)
    some = sieve_of(home, always=n // 2, share=10**9)
    assert some.looked_at == n // 2
    found = some.search(queries, 20, least)
    hits = [np.isin(a, b).mean() for (a, _), (b, _) in zip(whole, found, strict=True)]
    assert np.mean(hits) >= 0.9


def test_every_patent_is_looked_at_by_some_firm(home: Home, queries: list[FirmQuery]) -> None:
    n = len(home.engine().index.patents)
    few = queries[:9]
    some = sieve_of(home, always=n // 50, share=10**9)
    bars = some.thresholds([few], 1)
    assert np.isfinite(bars).all()
    assert np.isneginf(some.thresholds([few], len(few))).any()
    seen = np.zeros(n, dtype=bool)
    for rows, near in some.search(few, 1, bars):
        seen[rows[near]] = True
    assert seen.all()


def test_what_may_not_be_recommended_is_not_looked_at(home: Home, queries: list[FirmQuery]) -> None:
    n = len(home.engine().index.patents)
    allowed = np.arange(n) % 3 != 0
    sieve = sieve_of(home, allowed)
    bars = sieve.thresholds([queries[:20]], 1)
    assert np.isposinf(bars[~allowed]).all()
    for rows, _ in sieve.search(queries[:20], n, np.full(n, -np.inf, dtype=np.float32)):
        assert np.array_equal(rows, np.flatnonzero(allowed))
    nothing = sieve_of(home, np.zeros(n, dtype=bool))
    assert [len(rows) for rows, _ in nothing.search(queries[:3], 5, bars)] == [0, 0, 0]


def test_one_firm_alone_finds_what_a_block_finds(home: Home, queries: list[FirmQuery]) -> None:
    n = len(home.engine().index.patents)
    never = np.full(n, np.inf, dtype=np.float32)
    whole = sieve_of(home, always=10**9)
    for query, (rows, _) in zip(queries[:40], whole.search(queries[:40], 60, never), strict=True):
        scores = all_scores(home, query)
        assert scores[whole.best(query, 60)] == pytest.approx(scores[rows], abs=1e-3)
        assert len(whole.best(query, n + 5)) == n
        assert len(whole.best(query, 0)) == 0


def test_alone_looking_at_half_it_finds_nearly_all(home: Home, queries: list[FirmQuery]) -> None:
    n = len(home.engine().index.patents)
    whole, half = sieve_of(home, always=10**9), sieve_of(home, always=n // 2, share=10**9)
    inside = np.array([half._promising(q, half.asked(q), None).mean() for q in queries])
    assert inside.max() < 0.75
    hits = [np.isin(whole.best(q, 20), half.best(q, 20)).mean() for q in queries]
    assert np.mean(hits) >= 0.9


@pytest.mark.parametrize("one_in", [2, 9, 70])
def test_a_filter_costs_no_places(home: Home, queries: list[FirmQuery], one_in: int) -> None:
    n = len(home.engine().index.patents)
    allowed = np.arange(n) % one_in == 0
    whole, few = sieve_of(home, always=10**9), sieve_of(home, always=n // 10, share=10)
    for query in queries[:40]:
        scores = all_scores(home, query)
        best = np.sort(scores[allowed])[::-1][:15]
        rows = whole.best(query, 15, allowed)
        assert allowed[rows].all()
        assert np.sort(scores[rows])[::-1] == pytest.approx(best, abs=1e-3)
        some = few.best(query, 15, allowed)
        assert allowed[some].all()
        assert len(some) == len(rows)
    assert len(few.best(queries[0], 15, np.zeros(n, dtype=bool))) == 0


def test_a_saved_table_is_the_same(home: Home, tmp_path: Path) -> None:
    side, table = home.engine().index.patents, home.engine().index.table
    table.save(tmp_path / "clusters")
    again = ClusterTable.load(tmp_path / "clusters", side)
    for name, array in table.arrays().items():
        assert np.array_equal(again.arrays()[name], array), name
    assert again.cities.keys() == table.cities.keys()
    some = table.among(side, np.arange(len(side)) % 3 == 0)
    assert np.array_equal(np.sort(some.clusters.order), np.arange(0, len(side), 3))
    assert np.array_equal(some.rows, table.rows[table.position[some.clusters.order]])
    assert (some.clusters.sizes > 0).all()


@pytest.mark.parametrize("scale", [0.2, 1.0, 5.0])
def test_a_bar_beyond_the_sample_lets_about_as_many_through_as_wanted(scale: float) -> None:
    rng = np.random.default_rng(8)
    patents, firms, sample, wanted = 2_000, 40_000, 2_000, 30
    cluster_of = np.repeat(np.arange(20, dtype=np.int32), patents // 20)
    spread = scale * rng.uniform(0.5, 2.0, 20)[cluster_of]  # clusters thin out differently
    level = rng.normal(size=patents)
    rare = wanted * sample / firms
    place = 8
    passed, plain = [], []
    drawn = rng.exponential(size=(sample, patents)) * spread + level
    best = np.sort(drawn, axis=0)[-place:].astype(np.float32)
    bars = raised(best, cluster_of, float(np.log(place / rare)))
    # How many of all firms lie above a bar is known of an exponential.
    passed = firms * np.exp(-(bars - level) / spread)
    plain = firms * np.exp(-(best[-2] - level) / spread)
    assert np.mean(passed) == pytest.approx(wanted, rel=0.35)
    assert np.quantile(passed, 0.05) > wanted / 3
    assert np.mean(plain) > 1.2 * wanted
    assert np.array_equal(raised(best, cluster_of, 0.0), best[0])
    best[:, :7] = -np.inf
    assert np.isneginf(raised(best, cluster_of, 1.0)[:7]).all()


def test_a_firm_is_answered_alike_in_any_company(home: Home, queries: list[FirmQuery]) -> None:
    n = len(home.engine().index.patents)
    least = np.full(n, np.inf, dtype=np.float32)
    sieve = sieve_of(home, always=10**9)
    alone = [sieve.search([query], 30, least)[0][0].tolist() for query in queries[:10]]
    together = [rows.tolist() for rows, _ in sieve.search(queries[:10], 30, least)]
    assert alone == together
    assert sieve.search([], 30, least) == []


def test_clusters_part_the_rows_and_keep_provinces_apart() -> None:
    rng = np.random.default_rng(4)
    vectors = rng.normal(size=(3_000, 16)).astype(np.float32)
    province = rng.integers(-1, 3, 3_000).astype(np.int16)
    rows = np.flatnonzero(rng.random(3_000) < 0.8)
    parts = order_of(vectors, province, rows)
    assert np.array_equal(np.sort(np.concatenate(parts)), rows)
    assert all(len(np.unique(province[part])) == 1 and len(part) for part in parts)
    assert len(parts) >= 12
    again = order_of(vectors, province, rows)
    assert all(np.array_equal(a, b) for a, b in zip(parts, again, strict=True))


@given(st.integers(0, 2**32 - 1), st.integers(1, 30), st.integers(1, 9_000))
@settings(max_examples=40, deadline=None)
def test_keep_takes_the_best_and_those_that_reach_a_patents_bar(
    seed: int, depth: int, n: int
) -> None:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=n).astype(np.float32)
    at = rng.permutation(n)
    least = np.where(rng.random(n) < 0.01, np.float32(0), np.float32(np.inf)).astype(np.float32)
    kept, near = keep(values, at, depth, least)
    reach = values >= least[at]
    best = set(np.argsort(-values, kind="stable")[:depth].tolist())
    assert set(kept.tolist()) == best | set(np.flatnonzero(reach).tolist())
    assert np.array_equal(near, reach[kept])


@pytest.mark.parametrize("place", [1, 2, 5])
def test_the_best_of_a_sample_are_kept_place_by_place(place: int) -> None:
    scores = np.random.default_rng(0).normal(size=(30, 40)).astype(np.float32)
    best = np.full((place, 40), -np.inf, dtype=np.float32)
    for row in scores:
        keep_best(best, row, np.arange(40))
    assert best[0].tolist() == np.sort(scores, axis=0)[-place].tolist()


def test_outside_the_clusters_the_words_decide() -> None:
    data = np.array([1, 2, 3, 4, 5, 6], dtype=np.float32)
    rows = np.array([0, 2, 4, 1, 2, 5], dtype=np.int32)
    postings = data, rows, np.array([0, 3, 6], dtype=np.int64)
    position = np.array([5, 4, 3, 2, 1, -1], dtype=np.int32)
    sums = np.zeros(6, dtype=np.float32)
    sums[[5, 3, 1, 4]] = [1, 7, 3, 4]
    before = sums.copy()
    cluster_of = np.array([0, 0, 0, 1, 1, 1], dtype=np.int32)
    inside = np.array([True, False])
    columns = np.array([0, 1])
    assert outside(columns, postings, (position, cluster_of), sums, inside, 9).tolist() == [3, 4, 5]
    assert outside(columns, postings, (position, cluster_of), sums, inside, 2).tolist() == [3, 4]
    assert np.array_equal(sums, before)
