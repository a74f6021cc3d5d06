"""A static student of a plugged-in teacher: its rows reproduce the teacher's cosines.

The teacher encodes a sample of the catalogue once, on the machine that builds; serving needs the
student only. Its rows are reduced by an SVD without centring, which keeps their inner products best
(Eckart and Young 1936). The student's words start at their LSA vectors, mapped onto those rows by
ridge regression, so that words outside the sample have a place too. Then the word table is trained
to give each text the teacher's row, and the teacher's distribution of nearness over the other texts
of a batch (similarity distillation; Fang et al. 2021).
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from embeddings.config import DistilConfig, StaticConfig
from embeddings.encoder import Encoder, Vectors, unit_rows
from embeddings.errors import TooFewTexts
from embeddings.neighbours import neighbours_kept
from embeddings.pairs import Corpus
from embeddings.sbert import SbertEncoder
from embeddings.static import StaticEncoder, Teacher
from embeddings.tokeniser import Tokeniser, default_tokeniser
from embeddings.training import Progress, starting_table
from embeddings.vocabulary import Bags, Vocabulary

_BLOCK = 512
_LEAST = 32
_RIDGE = 1e-3
_PATIENCE = 3
Rows = npt.NDArray[np.int64]
Table = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Lesson:
    """Texts of the sample as words, what the teacher makes of them, and which only measure."""

    texts: list[str]
    bags: Bags
    taught: Vectors
    train: Rows
    held: Rows
    seconds: float


def distil(
    teacher: Encoder,
    corpus: Corpus,
    config: DistilConfig | None = None,
    tokeniser: Tokeniser | None = None,
    progress: Progress | None = None,
) -> StaticEncoder:
    """Return a static encoder whose rows reproduce the teacher's cosines on ``corpus``.

    Titles and bodies are taught as documents, scopes as queries; the student knows no roles. The
    same teacher, corpus, settings and thread count give the same student.

    Args:
        teacher: any encoder; its rows are float32 (n, d), unit length.
        corpus: texts of the catalogue; pairs are not used.
        config: settings.
        tokeniser: cuts the texts.
        progress: called with (done, of): texts taught, then steps trained.

    Raises:
        TooFewTexts: fewer than 32 different texts.
    """
    settings, cutter = config or DistilConfig(), tokeniser or default_tokeniser()
    documents = list(cutter.tokenise_many(corpus.texts()))
    vocabulary = Vocabulary.learn(documents, settings.vocabulary, settings.min_count)
    lesson = _lesson(teacher, corpus, settings, (cutter, vocabulary), progress)
    targets = compressed(lesson.taught, lesson.train, settings.dim)
    start = _start(vocabulary.bags(documents), len(vocabulary), lesson, targets, settings)
    table, losses = _Student(lesson, targets, start, settings).run(progress)
    student = StaticEncoder(vocabulary, table, cutter, losses)
    return student.taught_by(_account(teacher, student, lesson))


def compressed(rows: Vectors, fitted: Rows, dim: int) -> Vectors:
    """Return unit rows of at most ``dim`` columns whose inner products are nearest to the given.

    Args:
        rows: float32 (n, d).
        fitted: the rows the directions are taken from.
        dim: most columns; ``rows`` come back as they are where they have no more.
    """
    if rows.shape[1] <= dim:
        return rows
    gram = rows[fitted].astype(np.float64)
    _, directions = np.linalg.eigh(gram.T @ gram)
    return unit_rows(rows @ directions[:, ::-1][:, :dim].astype(np.float32))


def _sampled(corpus: Corpus, config: DistilConfig) -> tuple[list[str], npt.NDArray[np.bool_]]:
    """Return different texts in random order, and which of them ask."""
    scopes = ("；".join(items) for items in corpus.scopes)
    asks = {text: False for text in (*corpus.titles, *corpus.bodies) if text.strip()}
    for text in scopes:
        if text.strip():
            asks.setdefault(text, True)
    texts = list(asks)
    order = np.random.default_rng(config.seed).permutation(len(texts))[: config.texts]
    chosen = [texts[i] for i in order]
    return chosen, np.array([asks[text] for text in chosen], dtype=bool)


def _lesson(
    teacher: Encoder,
    corpus: Corpus,
    config: DistilConfig,
    cut: tuple[Tokeniser, Vocabulary],
    progress: Progress | None,
) -> _Lesson:
    texts, asks = _sampled(corpus, config)
    if len(texts) < _LEAST:
        raise TooFewTexts(
            f"found {len(texts)} different texts to distil from",
            f"at least {_LEAST}",
            "import more patents, or build with the teacher itself",
        )
    taught = np.empty((len(texts), teacher.info.dim), dtype=np.float32)
    began = time.perf_counter()
    for start in range(0, len(texts), _BLOCK):
        for mask, encode in ((asks, teacher.encode_query), (~asks, teacher.encode_document)):
            rows = start + np.flatnonzero(mask[start : start + _BLOCK])
            if len(rows):
                taught[rows] = encode([texts[i] for i in rows])
        if progress:
            progress(min(start + _BLOCK, len(texts)), len(texts))
    seconds = time.perf_counter() - began
    tokeniser, vocabulary = cut
    bags = vocabulary.bags(tokeniser.tokenise_many(texts))
    usable = np.flatnonzero((bags.lengths() > 0) & taught.any(axis=1))
    held = min(config.held_out, len(usable) // 5)
    return _Lesson(texts, bags, taught, usable[held:], usable[:held], seconds)


def _start(
    everything: Bags, words: int, lesson: _Lesson, targets: Vectors, config: DistilConfig
) -> Table:
    """Return float32 (words, dim): LSA vectors mapped onto the teacher's rows."""
    table = starting_table(everything, words, StaticConfig(dim=config.dim, seed=config.seed))
    bags = lesson.bags.take(lesson.train)
    ones = np.ones(len(bags.ids), dtype=np.float32)
    rows = unit_rows(sp.csr_matrix((ones, bags.ids, bags.offsets), (len(bags), words)) @ table)
    gram = rows.T @ rows + _RIDGE * len(rows) * np.eye(rows.shape[1], dtype=np.float32)
    mapped: Table = (table @ np.linalg.solve(gram, rows.T @ targets[lesson.train])).astype(
        np.float32
    )
    return mapped


def _account(teacher: Encoder, student: StaticEncoder, lesson: _Lesson) -> Teacher:
    """Return who taught, and how much of it the student kept on texts it was not trained on."""
    held = [lesson.texts[i] for i in lesson.held]
    began = time.perf_counter()
    rows = student.encode_document(held)
    seconds = max(time.perf_counter() - began, 1e-9) / len(held)
    return Teacher(
        name=teacher.info.name,
        fingerprint=teacher.info.fingerprint,
        dim=teacher.info.dim,
        texts=len(lesson.texts),
        cut=_cut(teacher),
        held_out=len(held),
        kept=round(neighbours_kept(rows, lesson.taught[lesson.held]), 4),
        speed=round(lesson.seconds / len(lesson.texts) / seconds, 1),
    )


def _cut(teacher: Encoder) -> int:
    """Return how many texts the teacher did not read to their end."""
    if not isinstance(teacher, SbertEncoder):
        return 0
    return sum(counts.cut for counts in teacher.truncation.values())


class _Student:
    """Holds the torch side of one distillation."""

    def __init__(
        self, lesson: _Lesson, targets: Vectors, start: Table, config: DistilConfig
    ) -> None:
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        import torch

        self.torch: Any = torch
        torch.set_num_threads(config.threads)
        torch.manual_seed(config.seed)
        self.lesson, self.config = lesson, config
        self.targets: Any = torch.from_numpy(targets)
        self.rng = np.random.default_rng(config.seed)
        self.table: Any = torch.nn.EmbeddingBag.from_pretrained(
            torch.from_numpy(start.copy()), freeze=False, mode="mean", sparse=True
        )

    def run(self, progress: Progress | None) -> tuple[Table, list[float]]:
        """Return the table of lowest held-out loss, and that loss before and after each pass."""
        config, optimiser = self.config, self._optimiser()
        batches = max(1, len(self.lesson.train) // config.batch)
        steps = config.epochs * batches
        best, losses = self._copy(), [self._held_out_loss()]
        for step, rows in enumerate(self._batches(), start=1):
            for group in optimiser.param_groups:
                group["lr"] = config.learning_rate * (1.0 - 0.9 * step / steps)
            optimiser.zero_grad(set_to_none=True)
            self._loss(rows).backward()
            optimiser.step()
            if progress:
                progress(step, steps)
            if step % batches == 0:
                losses.append(self._held_out_loss())
                if losses[-1] <= min(losses):
                    best = self._copy()
                elif len(losses) - int(np.argmin(losses)) > _PATIENCE:
                    break
        return best, losses

    def _optimiser(self) -> Any:
        return self.torch.optim.SparseAdam(
            list(self.table.parameters()), lr=self.config.learning_rate
        )

    def _batches(self) -> Iterator[Rows]:
        size = min(self.config.batch, len(self.lesson.train))
        for _ in range(self.config.epochs):
            order = self.rng.permutation(self.lesson.train)
            yield from (order[i : i + size] for i in range(0, len(order) - size + 1, size))

    def _copy(self) -> Table:
        table: Table = self.table.weight.detach().numpy().copy()
        return table

    def _loss(self, rows: Rows) -> Any:
        """Return 1 - cosine to the teacher's row, plus cross-entropy of nearness in the batch."""
        torch, functional = self.torch, self.torch.nn.functional
        bags = self.lesson.bags.take(rows)
        ids, offsets = bags.ids.astype(np.int64), bags.offsets[:-1].copy()
        found = functional.normalize(
            self.table(torch.from_numpy(ids), torch.from_numpy(offsets)), dim=1
        )
        wanted = self.targets[torch.from_numpy(rows)]
        row = 1.0 - (found * wanted).sum(dim=1).mean()
        own = torch.eye(len(rows), dtype=torch.bool)
        heat = self.config.temperature
        aim = ((wanted @ wanted.T) / heat).masked_fill(own, -1e4).softmax(dim=1)
        got = ((found @ found.T) / heat).masked_fill(own, -1e4)
        return row + functional.cross_entropy(got, aim)

    def _held_out_loss(self) -> float:
        held = self.lesson.held
        with self.torch.no_grad():
            return float(self._loss(held))
