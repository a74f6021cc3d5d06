"""LSA (TF-IDF and truncated SVD): the floor every other encoder must beat; fast in tests."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from embeddings.encoder import EncoderInfo, Vectors, unit_rows
from embeddings.tokeniser import Tokeniser, default_tokeniser
from embeddings.vocabulary import Vocabulary

_WORDS, _TABLE, _IDF = "lsa.words.json", "lsa.table.npy", "lsa.idf.npy"
FloatArray = npt.NDArray[np.float32]


class LsaEncoder:
    """Projects TF-IDF bags onto the leading directions of the catalogue.

    Args:
        vocabulary: the words.
        idf: float32 (words,), inverse document frequency.
        table: float32 (words, dim), the projection.
        tokeniser: cuts the texts.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        idf: FloatArray,
        table: FloatArray,
        tokeniser: Tokeniser | None = None,
    ) -> None:
        self._vocabulary, self._idf, self._table = vocabulary, idf, table
        self._tokeniser = tokeniser or default_tokeniser()
        digest = hashlib.sha256(self._tokeniser.fingerprint.encode())
        digest.update("\n".join(vocabulary.words).encode())
        digest.update(idf.tobytes() + np.ascontiguousarray(table).tobytes())
        self._info = EncoderInfo("lsa", int(table.shape[1]), digest.hexdigest())

    @classmethod
    def train(
        cls,
        texts: Iterable[str],
        dim: int = 256,
        seed: int = 0,
        tokeniser: Tokeniser | None = None,
    ) -> LsaEncoder:
        """Return the encoder of ``texts``; ``dim`` shrinks to what a small catalogue supports."""
        from sklearn.utils.extmath import randomized_svd

        cutter = tokeniser or default_tokeniser()
        documents = list(cutter.tokenise_many(texts))
        vocabulary = Vocabulary.learn(documents, most=200_000, min_count=2)
        counts = _counts(vocabulary, documents)
        frequency = np.bincount(counts.indices, minlength=len(vocabulary))
        idf = np.log((1 + len(documents)) / (1 + frequency)).astype(np.float32) + np.float32(1)
        weighted = _weighted(counts, idf)
        rank = max(1, min(dim, min(weighted.shape) - 1))
        _, _, right = randomized_svd(weighted, n_components=rank, n_iter=4, random_state=seed)
        return cls(vocabulary, idf, np.ascontiguousarray(right.T, dtype=np.float32), cutter)

    @property
    def info(self) -> EncoderInfo:
        """Name, dimensions and a digest over words, weights and projection."""
        return self._info

    def encode_query(self, texts: Sequence[str]) -> Vectors:
        """Return float32 (len(texts), dim) unit rows."""
        return self._encode(texts)

    def encode_document(self, texts: Sequence[str]) -> Vectors:
        """Return the same as ``encode_query``."""
        return self._encode(texts)

    def _encode(self, texts: Sequence[str]) -> Vectors:
        counts = _counts(self._vocabulary, list(self._tokeniser.tokenise_many(texts)))
        return unit_rows(_weighted(counts, self._idf) @ self._table)

    def save(self, folder: Path) -> None:
        """Write words, weights and projection into an existing folder."""
        words = json.dumps(self._vocabulary.words, ensure_ascii=False)
        (folder / _WORDS).write_text(words, "utf-8")
        np.save(folder / _TABLE, self._table, allow_pickle=False)
        np.save(folder / _IDF, self._idf, allow_pickle=False)

    @classmethod
    def load(cls, folder: Path, tokeniser: Tokeniser | None = None) -> LsaEncoder:
        """Return the encoder saved in ``folder``."""
        words = json.loads((folder / _WORDS).read_text("utf-8"))
        table = np.load(folder / _TABLE, allow_pickle=False)
        return cls(Vocabulary(words), np.load(folder / _IDF, allow_pickle=False), table, tokeniser)


def _counts(vocabulary: Vocabulary, documents: Sequence[Sequence[str]]) -> sp.csr_matrix:
    bags = vocabulary.bags(documents)
    ones = np.ones(len(bags.ids), dtype=np.float32)
    matrix = sp.csr_matrix((ones, bags.ids, bags.offsets), shape=(len(bags), len(vocabulary)))
    matrix.sum_duplicates()
    return matrix


def _weighted(counts: sp.csr_matrix, idf: FloatArray) -> sp.csr_matrix:
    weighted = counts.copy()
    weighted.data = np.log1p(weighted.data) * idf[weighted.indices]
    return weighted
