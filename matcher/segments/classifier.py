"""From a text's vector to segment probabilities: a softmax trained on what is already routed.

Training examples are the catalogue's own patents with IPC, the IPC titles and the industry names,
so that a small catalogue routes too. Works over any encoder's vectors.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from embeddings.encoder import Vectors
from matcher.types import SegmentCode

Probabilities = npt.NDArray[np.float32]

_EPOCHS = 12
_BATCH = 2048
_RATE = 0.3
_MIN_STEPS = 240


class SegmentClassifier:
    """Multinomial logistic regression over unit rows.

    Args:
        codes: segment codes, one a column.
        weights: float32 (dim + 1, len(codes)); the last row is the bias.
    """

    def __init__(self, codes: Sequence[SegmentCode], weights: npt.NDArray[np.float32]) -> None:
        self.codes = tuple(codes)
        self._weights = weights

    @classmethod
    def train(
        cls,
        codes: Sequence[SegmentCode],
        vectors: Vectors,
        shares: npt.NDArray[np.float32],
        seed: int = 0,
    ) -> SegmentClassifier:
        """Return the classifier that fits ``shares`` best (cross-entropy, Adam, seeded).

        Args:
            codes: segment codes, one a column of ``shares``.
            vectors: float32 (n, dim) unit rows.
            shares: float32 (n, len(codes)), rows sum to 1.
            seed: of the order of examples.
        """
        n, dim = vectors.shape
        weights = np.zeros((dim + 1, len(codes)), dtype=np.float32)
        if n == 0:
            return cls(codes, weights)
        rng = np.random.default_rng(seed)
        first, second = np.zeros_like(weights), np.zeros_like(weights)
        batch = min(_BATCH, n)
        epochs = max(_EPOCHS, -(-_MIN_STEPS * batch // n))
        total = epochs * -(-n // batch)
        step = 0
        for _ in range(epochs):
            for rows in np.array_split(rng.permutation(n), -(-n // batch)):
                step += 1
                rows.sort()
                gradient = _gradient(weights, vectors[rows], shares[rows])
                first = 0.9 * first + 0.1 * gradient
                second = 0.999 * second + 0.001 * gradient**2
                rate = _RATE * (1.0 - 0.9 * step / total)
                corrected = first / (1 - 0.9**step)
                weights -= rate * corrected / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
        return cls(codes, weights)

    def probabilities(self, vectors: Vectors) -> Probabilities:
        """Return float32 (n, segments); rows sum to 1. A zero vector gets the base rates."""
        return _softmax(vectors @ self._weights[:-1] + self._weights[-1])

    def save(self, path: Path) -> None:
        """Write the weights as one ``.npy`` file (codes live in the manifest)."""
        np.save(path, self._weights, allow_pickle=False)

    @classmethod
    def load(cls, codes: Sequence[SegmentCode], path: Path) -> SegmentClassifier:
        """Return the classifier of a saved file."""
        return cls(codes, np.load(path, allow_pickle=False))


def _gradient(
    weights: npt.NDArray[np.float32], x: Vectors, y: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    error = (_softmax(x @ weights[:-1] + weights[-1]) - y) / len(x)
    return np.vstack([x.T @ error, error.sum(0, keepdims=True)]).astype(np.float32)


def _softmax(scores: npt.NDArray[np.float32]) -> Probabilities:
    shifted = np.exp(scores - scores.max(axis=1, keepdims=True))
    found: Probabilities = (shifted / shifted.sum(axis=1, keepdims=True)).astype(np.float32)
    return found
