from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embeddings.config import StaticConfig
from embeddings.pairs import Corpus, pair_sources, split_halves
from embeddings.static import StaticEncoder, train_static
from embeddings.tokeniser import lexicon_words
from embeddings.vocabulary import Bags, Vocabulary

SMALL = StaticConfig(dim=32, matryoshka=(32, 16), batch=64, steps=60, epochs=60, threads=1)
_WORDS = [word for word in lexicon_words("domain") if not word.isascii()]
TOPICS = tuple(" ".join(_WORDS[i : i + 4]) for i in range(0, 280, 4))
"""Seventy topics of four words each."""


def corpus() -> Corpus:
    rng = np.random.default_rng(7)
    titles, bodies, groups = [], [], []
    for number in range(8 * len(TOPICS)):
        words = TOPICS[number % len(TOPICS)].split()
        # Titles and bodies share no word: only the pairs can join them.
        titles.append("，".join(rng.permutation(words[:2])))
        bodies.append("，".join(rng.permutation(words[2:])))
        groups.append(f"A01B{number % len(TOPICS)}/00")
    return Corpus(
        titles, bodies, groups, {f"A01B{i}/00": t[: t.index(" ")] for i, t in enumerate(TOPICS)}
    )


@pytest.fixture(scope="module")
def encoder() -> StaticEncoder:
    return train_static(corpus(), SMALL)


def test_training_lowers_the_held_out_loss(encoder: StaticEncoder) -> None:
    assert min(encoder.losses) < encoder.losses[0] * 0.8


def test_words_of_one_topic_come_close(encoder: StaticEncoder) -> None:
    first, second = TOPICS[0].split(), TOPICS[9].split()
    a, b, c = encoder.encode_query([first[0], first[3], second[0]])
    assert float(a @ b) > 0.5 > float(a @ c)


def test_training_is_repeatable(encoder: StaticEncoder) -> None:
    assert train_static(corpus(), SMALL).info.fingerprint == encoder.info.fingerprint
    other = train_static(corpus(), replace(SMALL, seed=1))
    assert other.info.fingerprint != encoder.info.fingerprint


def test_a_source_can_be_left_out() -> None:
    texts = corpus()
    vocabulary = Vocabulary.learn([[t] for t in texts.texts()], 1000, 1)
    bags = vocabulary.bags([list(t) for t in texts.texts()])
    names = [s.name for s in pair_sources(texts, bags, 0)]
    assert names == ["body", "ipc", "group", "title"] or names == ["body", "ipc", "group"]
    assert "group" not in [s.name for s in pair_sources(texts, bags, 0, leave_out=["group"])]
    with pytest.raises(ValueError, match="found pair source 'groups'"):
        pair_sources(texts, bags, 0, leave_out=["groups"])


def test_too_few_pairs_give_the_starting_table() -> None:
    tiny = train_static(Corpus(["轴承密封", "光伏组件"], ["", ""], ["", ""]), SMALL)
    assert tiny.losses == ()
    assert tiny.encode_query(["轴承"]).any()


def test_sentence_transformers_reads_what_we_save(encoder: StaticEncoder, tmp_path: Path) -> None:
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding

    encoder.save(tmp_path)
    module = StaticEmbedding.load(str(tmp_path))
    features = module.preprocess(["轴承 齿轮"])
    vector = module(features)["sentence_embedding"].detach().numpy()[0]
    ours = encoder.encode_query(["轴承齿轮"])[0]
    assert vector / np.linalg.norm(vector) == pytest.approx(ours, abs=1e-6)


@given(st.lists(st.lists(st.integers(0, 50), min_size=1, max_size=9), min_size=1, max_size=8))
def test_halves_share_out_every_word(texts: list[list[int]]) -> None:
    ends = np.cumsum([0, *map(len, texts)])
    bags = Bags(np.array([i for t in texts for i in t], dtype=np.int32), ends.astype(np.int64))
    left, right = split_halves(bags, np.random.default_rng(0))
    for number, text in enumerate(texts):
        a = left.take(np.array([number])).ids.tolist()
        b = right.take(np.array([number])).ids.tolist()
        assert sorted(a + b) == sorted(text) if len(text) > 1 else a == b == text
