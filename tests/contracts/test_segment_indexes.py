"""The law of the index seam: every engine answers as the oracle does — ids, order and scores."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embeddings.encoder import Vectors, unit_rows
from matcher.errors import BadVectors, IndexStale
from matcher.index.exact import ExactIndex
from matcher.index.faiss_index import FaissIndex
from matcher.index.int8_index import Int8Index, quantised
from matcher.index.segment_index import SegmentIndex
from matcher.index.side import ENGINES
from matcher.types import Hits


def vectors(n: int, dim: int = 24, seed: int = 0) -> Vectors:
    return unit_rows(np.random.default_rng(seed).normal(size=(n, dim)))


def brute_force(
    table: Vectors, query: Vectors, k: int, allowed: set[int]
) -> list[tuple[int, float]]:
    scores = [
        float(np.float32(sum(float(a) * float(b) for a, b in zip(query, row, strict=True))))
        for row in table
    ]
    order = sorted(allowed, key=lambda i: (-scores[i], i))[:k]
    return [(i, scores[i]) for i in order]


def listed(hits: Hits, query: int) -> list[tuple[int, float]]:
    n = hits.counts[query]
    return list(zip(hits.rows[query, :n].tolist(), hits.scores[query, :n].tolist(), strict=True))


@pytest.fixture(params=sorted(ENGINES))
def engine(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def build(engine: str, table: Vectors) -> SegmentIndex:
    make: Callable[[Vectors], SegmentIndex] = ENGINES[engine][0]
    return make(table)


def test_search_equals_brute_force(engine: str) -> None:
    table, queries = vectors(300), vectors(7, seed=1)
    hits = build(engine, table).search(queries, 10)
    for number, query in enumerate(queries):
        expected = brute_force(table, query, 10, set(range(300)))
        assert [row for row, _ in listed(hits, number)] == [row for row, _ in expected]
        assert [s for _, s in listed(hits, number)] == pytest.approx(
            [s for _, s in expected], abs=1e-7
        )


@pytest.mark.parametrize("make", [FaissIndex, Int8Index])
@given(
    n=st.integers(1, 90),
    copies=st.integers(1, 60),
    k=st.integers(1, 120),
    q=st.integers(1, 5),
    seed=st.integers(0, 10_000),
    masked=st.booleans(),
)
@settings(max_examples=150, deadline=None)
def test_an_engine_equals_the_oracle(
    make: Callable[[Vectors], SegmentIndex],
    n: int,
    copies: int,
    k: int,
    q: int,
    seed: int,
    masked: bool,
) -> None:
    rng = np.random.default_rng(seed)
    table = vectors(n, 16, seed)
    table = table[rng.integers(0, n, n + copies)]  # copies of one title give equal scores
    queries = vectors(q, 16, seed + 1)
    queries[0] = table[0]
    allowed = rng.random(len(table)) < 0.4 if masked else None
    truth = ExactIndex(table).search(queries, k, allowed)
    found = make(table).search(queries, k, allowed)
    for number in range(q):
        assert listed(found, number) == listed(truth, number)


def test_a_large_tie_is_cut_at_the_lowest_rows(engine: str) -> None:
    table = np.repeat(vectors(3), 200, axis=0)
    hits = build(engine, table).search(table[:1], 50)
    assert hits.rows[0].tolist() == list(range(50))


def test_the_batch_does_not_matter(engine: str) -> None:
    table, queries = vectors(500), vectors(9, seed=2)
    index = build(engine, table)
    together = index.search(queries, 20)
    for number in range(9):
        alone = index.search(queries[number : number + 1], 20)
        assert listed(alone, 0) == listed(together, number)


def test_more_asked_than_there_is(engine: str) -> None:
    table = vectors(5)
    allowed = np.array([True, False, True, False, False])
    hits = build(engine, table).search(table[:2], 50, allowed)
    assert hits.counts.tolist() == [2, 2]
    assert {row for row, _ in listed(hits, 0)} == {0, 2}
    assert build(engine, table).search(table[:1], 3, np.zeros(5, dtype=bool)).counts.tolist() == [0]


def test_save_equals_load(engine: str, tmp_path: Path) -> None:
    table, queries = vectors(200), vectors(4, seed=3)
    index = build(engine, table)
    index.save(tmp_path / "index")
    loaded = ENGINES[engine][1](tmp_path / "index")
    assert (loaded.size, loaded.dim) == (200, 24)
    before, after = index.search(queries, 15), loaded.search(queries, 15)
    assert before.rows.tolist() == after.rows.tolist()
    assert before.scores.tolist() == after.scores.tolist()


@pytest.mark.parametrize(
    ("queries", "k", "found"),
    [
        (np.zeros((1, 3), dtype=np.float32), 5, "shape"),
        (np.zeros((1, 24)), 5, "float64"),
        (np.full((1, 24), np.nan, dtype=np.float32), 5, "NaN"),
        (np.zeros((1, 24), dtype=np.float32), 0, "k = 0"),
    ],
)
def test_bad_queries_are_refused(engine: str, queries: Vectors, k: int, found: str) -> None:
    with pytest.raises(BadVectors, match=found):
        build(engine, vectors(3)).search(queries, k)


def test_a_loaded_index_reads_aligned_memory(engine: str, tmp_path: Path) -> None:
    build(engine, vectors(50)).save(tmp_path / "index")
    loaded = ENGINES[engine][1](tmp_path / "index")
    kept: Vectors = loaded._vectors  # type: ignore[attr-defined]
    assert kept.flags.aligned
    assert kept.flags["C_CONTIGUOUS"]


@pytest.mark.parametrize("load", [FaissIndex.load, Int8Index.load])
def test_a_damaged_file_is_refused(load: Callable[[Path], SegmentIndex], tmp_path: Path) -> None:
    path = tmp_path / "x.npy"
    path.write_bytes(b"IxFI" + b"\0" * 20)
    with pytest.raises(IndexStale):
        load(path)
    build("int8", vectors(50)).save(path)
    path.write_bytes(path.read_bytes()[:400])
    with pytest.raises(IndexStale):
        load(path)


def near_copies(n: int, dim: int, spread: float) -> Vectors:
    """Vectors that differ by less than an int8 step: the first pass cannot tell them apart."""
    rng = np.random.default_rng(5)
    return unit_rows(vectors(n // 50, dim)[rng.integers(0, n // 50, n)] + spread * vectors(n, dim))


@pytest.mark.parametrize("spread", [1e-7, 1e-3, 0.3])
def test_int8_loses_nothing_where_rounding_hides_the_order(spread: float) -> None:
    table = near_copies(4_000, 64, spread)
    queries = vectors(20, 64, seed=9)
    queries[0] = 0.0
    queries[1:10] = table[:9]
    truth, found = (make(table).search(queries, 10) for make in (ExactIndex, Int8Index))
    assert found.rows.tolist() == truth.rows.tolist()
    assert found.scores.tolist() == truth.scores.tolist()


def test_int8_scores_few_rows_again() -> None:
    index = Int8Index(vectors(20_000, 64))
    again = [len(near) for near in index._near(vectors(30, 64, seed=4), 100, None)]
    assert min(again) >= 100
    assert max(again) < 400


@pytest.mark.parametrize("dim", [1, 24, 4096])
def test_codes_tell_how_far_they_are_off(dim: int) -> None:
    table = vectors(40, dim)
    table[3] = 0.0
    table[4] = dim**-0.5  # every product as large as it can be
    codes, facts = quantised(table)
    assert codes.dtype == np.int8
    rounded = codes * facts[:, :1]
    assert np.abs(table - rounded).max() <= facts[:, 0].max() / 2 * 1.001
    assert facts[:, 1] == pytest.approx(np.linalg.norm(table - rounded, axis=1), abs=1e-6)
    assert facts[:, 2] == pytest.approx(np.linalg.norm(rounded, axis=1), abs=1e-6)
    truth, found = (make(table).search(table, 2) for make in (ExactIndex, Int8Index))
    assert found.rows.tolist() == truth.rows.tolist()  # sums of 4,096 products fit in 32 bits
