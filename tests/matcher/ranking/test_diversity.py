"""A list spread over fields: xQuAD by hand, and its laws."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from embeddings.lexical import LexicalIndex
from matcher.index.id_map import IdMap
from matcher.index.side import Side
from matcher.ranking.diversity import aspects_of, spread
from matcher.types import SegmentCode


def order(chances: list[float], aspects: list[int], diversity: float, reach: int = 10) -> list[int]:
    given_chances = np.array(chances, dtype=np.float32)
    return spread(given_chances, np.array(aspects), diversity, reach).tolist()


def test_without_diversity_nothing_moves() -> None:
    assert order([0.9, 0.8, 0.7], [1, 1, 2], 0.0) == [0, 1, 2]
    assert order([0.2, 0.9], [1, 2], 0.0) == [0, 1]
    assert order([], [], 0.5) == []


def test_a_small_list_by_hand() -> None:
    # r = 1, 3/4, 1/2; aspects a, a, b.
    # Place 1: item 0. Then a is told: Π(1 - r') = 1 - 1 = 0.
    # Place 2: item 1 has (1-λ)·3/4, item 2 has 1/2. They are level at λ = 1/3.
    chances, aspects = [0.4, 0.3, 0.2], [5, 5, 9]
    level = 1 / 3
    assert order(chances, aspects, level - 0.01) == [0, 1, 2]
    assert order(chances, aspects, level + 0.01) == [0, 2, 1]


def test_what_an_aspect_has_shown_counts_less_but_not_nothing() -> None:
    # r = 1 (a), 1/2 (b), 0.45 (b), 0.2 (c), λ = 1.
    # After a: b has 0.5, so item 1. Then b has 0.45·(1 - 0.5) = 0.225 > c 0.2.
    assert order([1.0, 0.5, 0.45, 0.2], [1, 2, 2, 3], 1.0) == [0, 1, 2, 3]
    # With c at 0.3, c is better than what b has left.
    assert order([1.0, 0.5, 0.45, 0.3], [1, 2, 2, 3], 1.0) == [0, 1, 3, 2]


def test_with_full_diversity_every_field_comes_before_one_comes_again() -> None:
    chances = [0.9, 0.89, 0.88, 0.87, 0.86, 0.85]
    found = order(chances, [1, 1, 1, 2, 2, 3], 1.0)
    assert [[1, 1, 1, 2, 2, 3][place] for place in found[:3]] == [1, 2, 3]


@given(
    pairs=st.lists(st.tuples(st.floats(0, 1, width=32), st.integers(-3, 3)), max_size=40),
    diversity=st.floats(0, 1),
    reach=st.integers(0, 50),
)
def test_nothing_is_lost_or_doubled(
    pairs: list[tuple[float, int]], diversity: float, reach: int
) -> None:
    pairs.sort(reverse=True)
    found = order([chance for chance, _ in pairs], [a for _, a in pairs], diversity, reach)
    assert sorted(found) == list(range(len(pairs)))
    rest = found[max(reach, 0) :]
    assert rest == sorted(rest)
    # Inside one field the better stands first.
    first = found[:reach]
    for aspect in {a for _, a in pairs}:
        mine = [pairs[place][0] for place in first if pairs[place][1] == aspect]
        assert mine == sorted(mine, reverse=True)


def test_chances_too_small_to_tell_apart_are_spread_too() -> None:
    assert order([0.0, 0.0, 0.0], [1, 1, 2], 0.5) == [0, 1, 2]
    # Only the ratio to the first counts.
    tiny = [1e-30, 0.9e-30, 0.8e-30]
    assert order(tiny, [1, 1, 2], 0.9) == order([1.0, 0.9, 0.8], [1, 1, 2], 0.9) == [0, 2, 1]


@pytest.fixture
def side() -> Side:
    codes = SegmentCode("1.1"), SegmentCode("1.2")
    shares = sp.csr_matrix(
        np.array([[0.5, 0.2], [0.0, 0.3], [0.1, 0.4], [0.6, 0.0]], dtype=np.float32)
    )
    columns = {"subclass": np.array([7, -1, -1, -1], dtype=np.int32)}
    vectors = np.eye(4, dtype=np.float32)
    words = LexicalIndex.build([["泵"]] * 4)
    ids = IdMap.of(["a", "b", "c", "d"])
    return Side.assemble(ids, vectors, words, codes, shares, columns, "exact")


def test_the_field_of_a_patent_is_its_subclass_else_its_strongest_segment(side: Side) -> None:
    first, second, third, fourth = aspects_of(side, np.arange(4)).tolist()
    assert first == 7
    assert second == third
    assert len({first, second, fourth}) == 3
    assert min(second, fourth, first) < -1  # no segment is taken for a subclass
    assert aspects_of(side, np.array([3, 0])).tolist() == [fourth, first]
    assert aspects_of(side, np.array([], dtype=np.int64)).tolist() == []
