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


@given(st.lists(WORDS, min_size=1, max_size=8), st.lists(WORDS, min_size=1, max_size=5), WORDS)
def test_a_document_beside_the_index_scores_as_one_in_it(
    documents: list[list[str]], more: list[list[str]], query: list[str]
) -> None:
    index = LexicalIndex.build(documents)
    beside = index.beside([*documents, *more])
    assert beside.scores(query)[: len(documents)] == pytest.approx(
        index.scores(query), rel=1e-6, abs=1e-7
    )
    rows = np.arange(beside.n_documents)
    assert np.array_equal(beside.scores_at(query, rows), beside.scores(query))
    assert beside.scores(query).dtype == np.float32


def test_a_word_that_only_newcomers_have_is_rare() -> None:
    index = LexicalIndex.build(DOCUMENTS)
    beside = index.beside([["轴承", "偏振"]])
    assert beside.scores(["偏振"])[0] > beside.scores(["轴承"])[0] > 0


def test_what_is_beside_a_loaded_index_is_the_same(tmp_path: Path) -> None:
    index = LexicalIndex.build(DOCUMENTS)
    index.save(tmp_path)
    loaded = LexicalIndex.load(tmp_path)
    assert loaded.beside(DOCUMENTS).fingerprint == index.beside(DOCUMENTS).fingerprint
