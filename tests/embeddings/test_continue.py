"""Training that goes on: what is known stays near, what is new finds its place."""

from __future__ import annotations

import numpy as np
import pytest

from embeddings.config import StaticConfig
from embeddings.pairs import Corpus
from embeddings.static import train_static
from embeddings.tokeniser import default_tokeniser
from embeddings.vocabulary import Vocabulary

TOPICS = ("轴承", "水泵", "电机", "阀门", "齿轮", "光伏")
SMALL = StaticConfig(dim=32, matryoshka=(32,), batch=64, steps=90, threads=1)


def corpus(topics: tuple[str, ...]) -> Corpus:
    titles = [
        f"一种{topic}的{what}装置" for topic in topics for what in ("密封", "检测", "冷却", "减振")
    ]
    bodies = [f"{title}，包括{title[2:4]}本体和外壳，寿命长" for title in titles]
    return Corpus(titles, bodies, [""] * len(titles))


def test_known_words_begin_where_they_stood_and_new_ones_are_learnt() -> None:
    first = train_static(corpus(TOPICS[:5]), SMALL)
    grown = corpus(TOPICS)
    on = train_static(grown, SMALL, start=first)
    scratch = train_static(grown, SMALL)
    texts = ["轴承密封", "水泵检测"]

    def moved(other: object) -> float:
        rows = other.encode_query(texts)  # type: ignore[attr-defined]
        return float(np.sum(rows * first.encode_query(texts), axis=1).mean())

    assert moved(on) > moved(scratch)
    assert on.encode_query(["光伏"]).any()
    assert train_static(grown, SMALL, start=first).info == on.info
    assert on.info != scratch.info


def test_rows_are_those_of_shared_words() -> None:
    first = train_static(corpus(TOPICS[:2]), SMALL)
    words = Vocabulary(["[UNK]", "轴承", "从未见过"])
    ids, rows = first.rows_of(words, 32, default_tokeniser())
    assert 1 in ids.tolist()
    assert 2 not in ids.tolist()
    row = rows[ids.tolist().index(1)]
    assert np.allclose(row / np.linalg.norm(row), first.encode_query(["轴承"])[0], atol=1e-6)


def test_another_width_is_no_start() -> None:
    first = train_static(corpus(TOPICS[:2]), SMALL)
    with pytest.raises(ValueError, match="found an encoder of 32 columns; expected 64"):
        first.rows_of(Vocabulary(["[UNK]"]), 64, default_tokeniser())
