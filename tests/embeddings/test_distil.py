"""A real small transformer, trained here to know the topics, teaches a static student."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from embeddings.config import DistilConfig, ModelConfig
from embeddings.distil import compressed, distil
from embeddings.encoder import Vectors, unit_rows
from embeddings.errors import TooFewTexts
from embeddings.lsa import LsaEncoder
from embeddings.neighbours import neighbours_kept
from embeddings.pairs import Corpus
from embeddings.sbert import SbertEncoder
from embeddings.static import StaticEncoder
from embeddings.tokeniser import default_tokeniser
from matcher.errors import InputError
from service.encoders import EncoderChoice, teacher_of
from tests.contracts.test_encoders import tiny_transformer
from tests.embeddings.test_training import TOPICS

SMALL = DistilConfig(dim=24, batch=128, epochs=30, min_count=1, threads=1, learning_rate=0.01)


def texts_of(topic: str, rng: np.random.Generator, count: int) -> list[str]:
    """Return texts of two or three of a topic's words and one foreign word."""
    words = topic.split()
    found = []
    for _ in range(count):
        own = rng.permutation(words)[: rng.integers(2, 4)].tolist()
        foreign = rng.choice(rng.choice(TOPICS).split())
        found.append("，".join(rng.permutation([*own, foreign])))
    return found


def corpus() -> Corpus:
    rng = np.random.default_rng(3)
    titles = [text for topic in TOPICS for text in texts_of(topic, rng, 14)]
    scopes = [texts_of(topic, rng, 2) for topic in TOPICS]
    return Corpus(titles, [""] * len(titles), [""] * len(titles), scopes=scopes)


def taught_topics(folder: Path) -> Path:
    """Train the transformer by contrast: texts of one topic near, of different topics far."""
    import torch
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(tiny_transformer(folder)), device="cpu")
    rng = np.random.default_rng(0)
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3)
    model.train()
    torch.set_num_threads(1)  # two that wait for each other take twenty times as long beside others
    for _ in range(70):
        pairs = [texts_of(topic, rng, 2) for topic in TOPICS]
        left, right = (
            torch.nn.functional.normalize(
                model(model.preprocess([pair[side] for pair in pairs]))["sentence_embedding"], dim=1
            )
            for side in (0, 1)
        )
        loss = torch.nn.functional.cross_entropy(left @ right.T / 0.1, torch.arange(len(pairs)))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    model.eval()
    model.save(str(folder / "taught"))
    return folder / "taught"


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> SbertEncoder:
    return SbertEncoder(str(taught_topics(tmp_path_factory.mktemp("teacher"))))


@pytest.fixture(scope="module")
def student(teacher: SbertEncoder) -> StaticEncoder:
    return distil(teacher, corpus(), SMALL)


def unseen() -> list[str]:
    rng = np.random.default_rng(99)
    return [text for topic in TOPICS for text in texts_of(topic, rng, 4)]


def test_the_student_keeps_the_teachers_neighbours_and_lsa_does_not(
    teacher: SbertEncoder, student: StaticEncoder
) -> None:
    truth = teacher.encode_document(unseen())
    kept = neighbours_kept(student.encode_document(unseen()), truth)
    floor = neighbours_kept(
        LsaEncoder.train(corpus().texts(), dim=24).encode_document(unseen()), truth
    )
    assert kept > 0.5
    assert kept > floor + 0.1


def test_the_report_tells_what_was_kept_on_texts_held_out(
    teacher: SbertEncoder, student: StaticEncoder
) -> None:
    taught = student.teacher
    assert taught is not None
    assert (taught.name, taught.fingerprint) == (teacher.info.name, teacher.info.fingerprint)
    assert (taught.dim, student.info.dim) == (32, 24)
    assert taught.held_out == taught.texts // 5
    assert 0.4 < taught.kept < 1.0
    assert taught.speed > 1
    assert min(student.losses) < student.losses[0]


def test_the_student_is_an_ordinary_static_encoder(student: StaticEncoder, tmp_path: Path) -> None:
    student.save(tmp_path)
    loaded = StaticEncoder.load(tmp_path)
    assert (loaded.info, loaded.teacher) == (student.info, student.teacher)
    assert loaded.info.name == "static"
    assert loaded.encode_query(unseen()).tolist() == student.encode_query(unseen()).tolist()


def test_distillation_is_repeatable(teacher: SbertEncoder) -> None:
    short = replace(SMALL, epochs=3, texts=300)
    first = distil(teacher, corpus(), short).info.fingerprint
    assert distil(teacher, corpus(), short).info.fingerprint == first
    other = distil(teacher, corpus(), replace(short, seed=1))
    assert other.info.fingerprint != first
    assert other.teacher is not None
    assert other.teacher.texts == 300


def test_each_text_is_taught_in_its_role() -> None:
    """A teacher that answers by role alone shows which one was asked."""

    class Roles:
        info = LsaEncoder.train(["轴承密封", "轴承润滑"], dim=2).info
        asked: ClassVar[list[str]] = []
        read: ClassVar[list[str]] = []

        def encode_query(self, texts: Sequence[str]) -> Vectors:
            self.asked.extend(texts)
            return np.tile(np.eye(1, self.info.dim, dtype=np.float32), (len(texts), 1))

        def encode_document(self, texts: Sequence[str]) -> Vectors:
            self.read.extend(texts)
            return np.tile(np.eye(1, self.info.dim, dtype=np.float32), (len(texts), 1))

    texts = corpus()
    distil(Roles(), texts, replace(SMALL, epochs=1))
    scopes = {"；".join(items) for items in texts.scopes}
    assert set(Roles.asked) == scopes
    assert set(Roles.read) == set(texts.titles)
    assert len(Roles.read) == len(set(texts.titles))


def test_compression_keeps_inner_products_best() -> None:
    rng = np.random.default_rng(1)
    rows = unit_rows(rng.normal(size=(400, 6)) @ rng.normal(size=(6, 40)) + 0.01)
    small = compressed(rows, np.arange(400), 7)  # rank 6 and an offset
    assert small.shape == (400, 7)
    assert small @ small.T == pytest.approx(rows @ rows.T, abs=1e-5)
    assert np.linalg.norm(small, axis=1) == pytest.approx(1.0, abs=1e-5)
    assert compressed(rows, np.arange(400), 40) is rows


def test_too_few_texts_are_refused(teacher: SbertEncoder) -> None:
    few = Corpus(["轴承密封", "光伏组件"], ["", ""], ["", ""])
    with pytest.raises(TooFewTexts, match="found 2 different texts to distil from; expected at"):
        distil(teacher, few, SMALL)
    choice = EncoderChoice(f"distil:{teacher.info.name}", default_tokeniser(), 1)
    with pytest.raises(InputError, match="found 2 different texts to distil from; expected at"):
        choice(few, lambda done, total: None)


def test_the_setting_names_teacher_and_columns(teacher: SbertEncoder, tmp_path: Path) -> None:
    used = ModelConfig(dim=8, query_prompt="")
    choice = EncoderChoice(f"distil:{teacher.info.name}", default_tokeniser(), 1, used)
    seen: list[tuple[int, int]] = []
    student = choice(corpus(), lambda done, total: seen.append((done, total)))
    choice.save(student, tmp_path)
    taught = teacher_of(tmp_path)
    assert taught is not None
    assert (student.info.dim, taught["dim"]) == (8, 32)
    assert taught["name"] == teacher.info.name
    assert taught["fingerprint"] != teacher.info.fingerprint  # its query prompt was taken away
    assert all(0 < done <= total for done, total in seen)
