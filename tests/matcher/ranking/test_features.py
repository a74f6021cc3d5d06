"""The columns of a pair, each against its sentence in the docstring."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from embeddings.lexical import LexicalIndex
from matcher.index.id_map import IdMap
from matcher.index.side import Side
from matcher.query import FirmQuery
from matcher.ranking.features import FEATURES, pair_features
from matcher.types import FirmProfile, SegmentCode

DIM = 8


def unit(n: int, seed: int) -> np.ndarray:
    rows = np.random.default_rng(seed).normal(size=(n, DIM)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture
def side() -> Side:
    """Six patents: two in province 0, one in 1, one in 2, two nobody knows where."""
    columns = {
        "province": np.array([0, 0, 1, 2, -1, -1], dtype=np.int32),
        "city": np.array([0, 1, 2, -1, -1, -1], dtype=np.int32),
        "subclass": np.array([0, 0, 1, -1, 1, 0], dtype=np.int32),
        "public_holder": np.array([1, 0, 0, 0, 0, 0], dtype=np.int32),
        "in_force": np.array([0, 1, 0, 0, 0, 0], dtype=np.int32),
        "hubness": np.array([0.1, -0.2, 0, 0, 0, 0], dtype=np.float32),
    }
    codes = SegmentCode("1"), SegmentCode("2")
    shares = sp.csr_matrix(np.array([[1, 0], [0.5, 0.5]] * 3, dtype=np.float32))
    words = LexicalIndex.build([["泵", "阀"], ["泵"], ["轴承"], ["电机"], ["阀"], ["灯"]])
    ids = IdMap.of([f"P{n}" for n in range(6)])
    return Side.assemble(ids, unit(6, 0), words, codes, shares, columns, "exact")


def query(*, province: int = -1, city: int = -1, items: int = 3, own: int = 0) -> FirmQuery:
    return FirmQuery(
        profile=FirmProfile("", ()),
        whole=unit(1, 1)[0],
        name=unit(1, 2)[0],
        items=unit(items, 3) if items else np.zeros((0, DIM), dtype=np.float32),
        own=unit(own, 4) if own else np.zeros((0, DIM), dtype=np.float32),
        words=("泵", "阀"),
        item_words=(),
        segments={SegmentCode("1"): 0.5, SegmentCode("2"): 0.25},
        province=province,
        city=city,
    )


def column(side: Side, asked: FirmQuery, name: str, own_rows: tuple[int, ...] = ()) -> list[float]:
    table = pair_features(asked, side, np.arange(6), np.array(own_rows, dtype=np.int64))
    assert table.dtype == np.float32
    found: list[float] = table[:, FEATURES.index(name)].tolist()
    return found


def test_an_unknown_place_lies_between_here_and_elsewhere(side: Side) -> None:
    # Two of the four patents of known place lie in province 0. A weight of 2 earns exp(2) here and
    # 1 elsewhere: at odds of 1/2 each that is (exp(2) + 1)/2, whose logarithm is 2 × the value.
    unknown = np.log((np.exp(2) + 1) / 2) / 2
    assert 0 < unknown < 1
    found = column(side, query(province=0), "same_province")
    assert found == pytest.approx([1, 1, 0, 0, unknown, unknown])
    third = np.log(1 + (np.exp(2) - 1) / 3) / 2
    assert column(side, query(city=2), "same_city") == pytest.approx([0, 0, 1, third, third, third])
    # Row 3 lies in province 2: of a firm in province 1 its city, though untold, is another.
    found = column(side, query(province=1, city=2), "same_city")
    assert found == pytest.approx([0, 0, 1, 0, third, third])


def test_a_firm_without_place_is_near_nothing(side: Side) -> None:
    for name in ("same_province", "same_city"):
        assert column(side, query(), name) == [0.0] * 6


def test_where_no_patent_lies_the_unknown_ones_do_not_either(side: Side) -> None:
    for code in (3, 99):  # 3: a firm's province that no patent has
        assert column(side, query(province=code), "same_province") == [0.0] * 6


def test_cosines(side: Side) -> None:
    asked = query(own=5)
    vectors = side.vectors.astype(np.float64)
    assert column(side, asked, "whole_text") == pytest.approx((vectors @ asked.whole).tolist())
    assert column(side, asked, "firm_name") == pytest.approx((vectors @ asked.name).tolist())
    best = (vectors @ asked.items.T).max(axis=1)
    assert column(side, asked, "best_item") == pytest.approx(best.tolist())
    nearest = np.sort(vectors @ asked.own.T, axis=1)[:, -3:].mean(axis=1)
    assert column(side, asked, "own_patents") == pytest.approx(nearest.tolist())
    two = query(own=2)
    assert column(side, two, "own_patents") == pytest.approx(
        (vectors @ two.own.T).mean(axis=1).tolist()
    )


def test_without_items_or_own_patents(side: Side) -> None:
    bare = query(items=0)
    assert column(side, bare, "best_item") == column(side, bare, "whole_text")
    assert column(side, bare, "own_patents") == [0.0] * 6


def test_words_segments_classes_and_facts(side: Side) -> None:
    asked = query()
    assert column(side, asked, "shared_words") == pytest.approx(
        (side.lexical.scores(["泵", "阀"]) / 10).tolist()
    )
    assert column(side, asked, "segment") == [0.5, 0.5 * 0.5 + 0.5 * 0.25] * 3
    # The firm holds rows 0 and 2 (subclasses 0 and 1) and row 3, whose subclass is unknown.
    assert column(side, asked, "own_ipc", (0, 2, 3)) == [0.5, 0.5, 0.5, 0, 0.5, 0.5]
    assert column(side, asked, "own_ipc", (3,)) == [0.0] * 6
    assert column(side, asked, "public_holder") == [1, 0, 0, 0, 0, 0]
    assert column(side, asked, "in_force") == [0, 1, 0, 0, 0, 0]
    assert column(side, asked, "hubness") == pytest.approx([0.1, -0.2, 0, 0, 0, 0])


def test_a_pair_is_the_same_whatever_stands_beside_it(side: Side) -> None:
    asked = query(province=0, city=1, own=4)
    together = pair_features(asked, side, np.arange(6), np.array([0, 2]))
    for row in range(6):
        alone = pair_features(asked, side, np.array([row]), np.array([0, 2]))
        assert alone[0].tolist() == together[row].tolist()
    nothing = pair_features(asked, side, np.array([], dtype=np.int64), np.array([0]))
    assert nothing.shape == (0, len(FEATURES))
