"""BM25 over words (bm25s), scored for chosen rows; one index for the catalogue.

Word statistics are those of the whole catalogue, so that scores of two segments compare; a segment
is a choice of rows, not an index of its own.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from embeddings.config import LexicalConfig
from embeddings.postings import add_all, look_up

FloatArray = npt.NDArray[np.float32]

_MATRIX = "bm25.matrix.npy", "bm25.rows.npy", "bm25.offsets.npy"
_WORDS = "bm25.words.json"


class LexicalIndex:
    """A word × document matrix of BM25 scores, read column-wise (one column a word).

    Args:
        matrix: float32 data, int32 rows and int64 offsets of a CSC matrix (documents × words).
        words: word → column.
        n_documents: rows of the matrix.
        mean_length: words of a document, those that come again included.
    """

    def __init__(
        self,
        matrix: tuple[FloatArray, npt.NDArray[np.int32], npt.NDArray[np.int64]],
        words: dict[str, int],
        n_documents: int,
        mean_length: float = 0.0,
    ) -> None:
        # Mapped arrays as plain ones: compiled code knows one type of them.
        data, rows, offsets = matrix
        self._data, self._rows, self._offsets = (
            np.asarray(data),
            np.asarray(rows),
            np.asarray(offsets),
        )
        self._words = words
        self.n_documents = n_documents
        self.mean_length = mean_length

    @classmethod
    def build(
        cls, documents: Iterable[Sequence[str]], config: LexicalConfig | None = None
    ) -> LexicalIndex:
        """Return the index over tokenised documents, in their order."""
        import bm25s

        settings = config or LexicalConfig()
        words: dict[str, int] = {}
        ids = [[words.setdefault(w, len(words)) for w in document] for document in documents]
        if not words:  # bm25s refuses an empty vocabulary; an empty index scores 0 everywhere
            words = {"": 0}
            ids = [[0] for _ in ids] or [[0]]
        engine = bm25s.BM25(k1=settings.k1, b=settings.b, method="lucene")
        engine.index((ids, words), create_empty_token=False, show_progress=False)
        scores = engine.scores
        return cls(
            (
                np.asarray(scores["data"], dtype=np.float32),
                np.asarray(scores["indices"], dtype=np.int32),
                np.asarray(scores["indptr"], dtype=np.int64),
            ),
            words,
            len(ids),
            float(np.mean([len(document) for document in ids])),
        )

    def beside(
        self, documents: Sequence[Sequence[str]], config: LexicalConfig | None = None
    ) -> LexicalIndex:
        """Return an index of further documents that scores as this one does.

        Rarity and mean length are those of this index, so that a document has one score here and
        there. A word that this index does not know counts as one that a single document has.

        Args:
            documents: tokenised, in the order of their rows.
            config: the one that this index was built with.
        """
        settings = config or LexicalConfig()
        words: dict[str, int] = {}
        counts = [Counter(document) for document in documents]
        columns = [[words.setdefault(w, len(words)) for w in count] for count in counts]
        rarity = self._rarity(list(words)).astype(np.float64)
        parts: list[npt.NDArray[np.float64]] = []
        for document, count, ids in zip(documents, counts, columns, strict=True):
            seen = np.fromiter(count.values(), dtype=np.float64, count=len(count))
            length = len(document) / (self.mean_length or 1.0)
            within = settings.k1 * ((1 - settings.b) + settings.b * length) + seen
            parts.append(rarity[ids] * (seen / within))
        sizes = np.array([len(ids) for ids in columns], dtype=np.int64)
        flat = np.array([column for ids in columns for column in ids], dtype=np.int64)
        rows = np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)
        order = np.argsort(flat, kind="stable")
        offsets = np.zeros(len(words) + 1, dtype=np.int64)
        np.cumsum(np.bincount(flat, minlength=len(words)), out=offsets[1:])
        data = np.concatenate(parts).astype(np.float32) if parts else np.zeros(0, dtype=np.float32)
        matrix = data[order], rows[order], offsets
        for part in matrix:
            part.setflags(write=False)  # as a mapped one: compiled code knows one type of them
        return LexicalIndex(matrix, words, len(sizes), self.mean_length)

    def _rarity(self, words: Sequence[str]) -> FloatArray:
        """Return float32 (len(words),): BM25's IDF, as the matrix was made with."""
        columns = [self._words.get(word) for word in words]
        frequency = np.array(
            [1 if c is None else self._offsets[c + 1] - self._offsets[c] for c in columns],
            dtype=np.float64,
        )
        idf = np.log(1 + (self.n_documents - frequency + 0.5) / (frequency + 0.5))
        return idf.astype(np.float32)

    @property
    def postings(
        self,
    ) -> tuple[FloatArray, npt.NDArray[np.int32], npt.NDArray[np.int64]]:
        """float32 scores and int32 rows of all words, and int64 where each word's begin and end."""
        return self._data, self._rows, self._offsets

    def columns(self, words: Sequence[str]) -> npt.NDArray[np.int64]:
        """Return int64, the column of every known word, in order; one asked twice comes twice."""
        found = [column for word in words if (column := self._words.get(word)) is not None]
        return np.array(found, dtype=np.int64)

    def scores(self, words: Sequence[str]) -> FloatArray:
        """Return float32 (n_documents,): the BM25 score of every document for the query words.

        A word asked twice counts twice; an unknown word counts nothing.
        """
        total = np.zeros(self.n_documents, dtype=np.float32)
        add_all(self.columns(words), *self.postings, np.float32(1), total)
        return total

    def scores_at(self, words: Sequence[str], rows: npt.NDArray[np.int64]) -> FloatArray:
        """Return ``scores(words)[rows]``, bit for bit, without scoring the other documents."""
        total = np.zeros(len(rows), dtype=np.float32)
        look_up(self.columns(words), *self.postings, rows, total)
        return total

    def weights(self, words: Sequence[str]) -> FloatArray:
        """Return float32 (len(words),): the rarity of each word (BM25's IDF, 0 if unknown)."""
        frequency = np.array(
            [
                self._offsets[c + 1] - self._offsets[c]
                if (c := self._words.get(w)) is not None
                else -1
                for w in words
            ],
            dtype=np.float64,
        )
        idf = np.log1p((self.n_documents - frequency + 0.5) / (np.maximum(frequency, 0) + 0.5))
        return np.where(frequency >= 0, idf, 0.0).astype(np.float32)

    @property
    def fingerprint(self) -> str:
        """Hex digest over the matrix and its words."""
        digest = hashlib.sha256()
        digest.update("\n".join(self._words).encode())
        for part in (self._data, self._rows, self._offsets):
            digest.update(np.ascontiguousarray(part).tobytes())
        return digest.hexdigest()

    def save(self, folder: Path) -> None:
        """Write the index into ``folder`` as arrays and one JSON list."""
        parts: tuple[npt.NDArray[Any], ...] = (self._data, self._rows, self._offsets)
        for name, part in zip(_MATRIX, parts, strict=True):
            np.save(folder / name, part, allow_pickle=False)
        meta = {
            "n_documents": self.n_documents,
            "mean_length": self.mean_length,
            "words": list(self._words),
        }
        (folder / _WORDS).write_text(json.dumps(meta, ensure_ascii=False), "utf-8")

    @classmethod
    def load(cls, folder: Path) -> LexicalIndex:
        """Return the index saved in ``folder``; its arrays stay on disk, mapped."""
        data, rows, offsets = (
            np.load(folder / name, mmap_mode="r", allow_pickle=False) for name in _MATRIX
        )
        meta = json.loads((folder / _WORDS).read_text("utf-8"))
        words = {word: column for column, word in enumerate(meta["words"])}
        mean = float(meta.get("mean_length", 0.0))
        return cls((data, rows, offsets), words, int(meta["n_documents"]), mean)
