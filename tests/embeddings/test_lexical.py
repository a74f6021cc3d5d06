from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embeddings.lexical import LexicalIndex

DOCUMENTS = [["轴承", "检测"], ["轴承", "轴承", "润滑", "密封"], ["光伏"], []]
WORDS = st.lists(st.sampled_from("甲乙丙丁戊己庚"), max_size=6)


def test_scores_are_bm25_by_hand() -> None:
    index = LexicalIndex.build(DOCUMENTS)
    n, mean = 4, (2 + 4 + 1 + 0) / 4
    idf = math.log(1 + (n - 2 + 0.5) / (2 + 0.5))

    def part(count: int, length: int) -> float:
        return idf * count / (count + 1.2 * (1 - 0.75 + 0.75 * length / mean))

    expected = [part(1, 2), part(2, 4), 0.0, 0.0]
    assert index.scores(["轴承"]) == pytest.approx(expected, rel=1e-5)
    assert index.scores(["轴承", "轴承"]) == pytest.approx([2 * e for e in expected], rel=1e-5)
    assert index.scores(["没有"]).tolist() == [0.0, 0.0, 0.0, 0.0]


@given(st.lists(WORDS, min_size=1, max_size=12), WORDS)
def test_scores_at_chosen_rows_are_the_same_bits(
    documents: list[list[str]], query: list[str]
) -> None:
    index = LexicalIndex.build(documents)
    rows = np.arange(len(documents))[::-1].copy()
    assert index.scores_at(query, rows).tolist() == index.scores(query)[rows].tolist()


def test_weights_are_rarity() -> None:
    index = LexicalIndex.build(DOCUMENTS)
    common, rare, unknown = index.weights(["轴承", "光伏", "没有"]).tolist()
    assert rare > common > unknown == 0.0


def test_save_equals_load(tmp_path: Path) -> None:
    index = LexicalIndex.build(DOCUMENTS)
    index.save(tmp_path)
    loaded = LexicalIndex.load(tmp_path)
    query = ["轴承", "密封", "光伏"]
    assert loaded.scores(query).tolist() == index.scores(query).tolist()
    assert loaded.fingerprint == index.fingerprint


def test_nothing_to_index_scores_nothing() -> None:
    assert LexicalIndex.build([[], []]).scores(["轴承"]).tolist() == [0.0, 0.0]
