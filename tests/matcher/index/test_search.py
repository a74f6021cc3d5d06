"""Candidates: the same whether segments are searched one by one or the side is read once."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from embeddings.lexical import LexicalIndex
from matcher.index.id_map import IdMap
from matcher.index.search import Ask, SearchConfig, _covers, search
from matcher.index.side import Side
from matcher.types import SegmentCode

N, DIM = 200, 16
CODES = tuple(SegmentCode(f"{n}") for n in range(5))
WORDS = ("泵", "阀", "轴承", "电机")


def unit(n: int, seed: int) -> np.ndarray:
    rows = np.random.default_rng(seed).normal(size=(n, DIM)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture(scope="module")
def side() -> Side:
    """Rows of two segments each, so that three of five hold more rows than the side."""
    rng = np.random.default_rng(0)
    shares = np.zeros((N, 5), dtype=np.float32)
    for row in range(N):
        shares[row, rng.choice(4, 2, replace=False)] = 0.5
    shares[:10] = 0.0
    shares[:10, 4] = 1.0  # a small segment of its own
    texts = [rng.choice(WORDS, 2).tolist() for _ in range(N)]
    ids = IdMap.of([f"P{n:04d}" for n in range(N)])
    columns = {"province": rng.integers(-1, 3, N).astype(np.int32)}
    words = LexicalIndex.build(texts)
    return Side.assemble(ids, unit(N, 1), words, CODES, sp.csr_matrix(shares), columns, "exact")


@pytest.mark.parametrize("segments", [CODES, CODES[:4], CODES[:2], CODES[4:]])
def test_the_best_are_those_of_the_exact_product(
    side: Side, segments: tuple[SegmentCode, ...]
) -> None:
    config = SearchConfig(per_segment=30, per_list=25, candidates=20)
    inside = side.routed(segments)
    for vector in unit(10, 2):
        cosines = np.where(inside, side.vectors.astype(np.float64) @ vector, -np.inf)
        expected = np.argsort(-cosines, kind="stable")[: min(20, inside.sum())]
        found = search(side, [Ask(vector[None, :], (), segments)], config)[0]
        assert found.tolist() == expected.tolist()


def test_both_ways_of_searching_were_looked_at(side: Side) -> None:
    vectors = unit(1, 2)
    assert [_covers(side, Ask(vectors, (), s)) for s in (CODES, CODES[:4], CODES[:2])] == [
        True,
        True,
        False,
    ]
    assert not _covers(side, Ask(vectors, (), ()))


@pytest.mark.parametrize("masked", [False, True])
def test_one_asker_alone_gets_what_it_gets_among_many(side: Side, masked: bool) -> None:
    asks = [
        Ask(unit(vectors, seed), WORDS[: seed % 5], CODES[seed % 3 : 2 + seed % 4], seed % 4 - 1)
        for seed, vectors in enumerate([1, 2, 0, 1, 2, 1, 1, 2, 0, 1, 1, 2])
    ]
    assert {_covers(side, ask) for ask in asks} == {True, False}
    allowed = np.arange(N) % 3 > 0 if masked else None
    config = SearchConfig(per_segment=20, per_list=30, candidates=50)
    together = search(side, asks, config, allowed)
    alone = [search(side, [ask], config, allowed)[0] for ask in asks]
    assert [rows.tolist() for rows in together] == [rows.tolist() for rows in alone]
    for ask, rows in zip(asks, together, strict=True):
        assert side.routed(ask.segments)[rows].all()
        assert allowed is None or allowed[rows].all()
        assert len(set(rows.tolist())) == len(rows)


def test_two_rankings_are_fused_by_reciprocal_rank(side: Side) -> None:
    vectors = unit(2, 7)
    config = SearchConfig(per_list=40, candidates=100)
    tops = [np.argsort(-(side.vectors @ vector), kind="stable")[:40] for vector in vectors]
    both = set(tops[0].tolist()) & set(tops[1].tolist())
    votes: dict[int, float] = {}
    for top in tops:
        for rank, row in enumerate(top.tolist(), start=1):
            votes[row] = votes.get(row, 0.0) + 1 / (60 + rank)
    expected = sorted(votes, key=lambda row: (-votes[row], row))
    # Twice last, 2/(60 + 40), is still better than once first, 1/(60 + 1).
    assert 0 < len(both) < 40
    assert set(expected[: len(both)]) == both
    assert search(side, [Ask(vectors, (), CODES)], config)[0].tolist() == expected


def test_the_own_province_gets_a_ranking_of_its_own(side: Side) -> None:
    vector = unit(1, 9)
    config = SearchConfig(per_segment=3, per_list=3, candidates=20)
    cosines = side.vectors @ vector[0]
    near = np.flatnonzero(side.columns["province"] == 1)
    best_near = near[np.argsort(-cosines[near], kind="stable")[:3]]
    at_home = search(side, [Ask(vector, (), CODES, province=1)], config)[0]
    nowhere = search(side, [Ask(vector, (), CODES)], config)[0]
    assert len(nowhere) == 3
    assert set(at_home.tolist()) == {*nowhere.tolist(), *best_near.tolist()}


def test_nobody_and_nothing(side: Side) -> None:
    config = SearchConfig()
    assert search(side, [], config) == []
    nothing = Ask(np.zeros((0, DIM), dtype=np.float32), (), CODES)
    nowhere = Ask(unit(1, 1), WORDS, ())
    assert [rows.tolist() for rows in search(side, [nothing, nowhere], config)] == [[], []]
