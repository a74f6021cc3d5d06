"""Which segments a text's neighbours lie in, told by a sample of the catalogue.

The classifier tells what a text is about; the probe tells where the index keeps what is near it. A
patent that is filed by its IPC may lie near firms of another segment: without the probe every tenth
of the nearest was lost.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.sparse as sp

from embeddings.encoder import Vectors
from matcher.types import SegmentCode

SAMPLE = 8_192
NEAREST = 100  # of a full sample; of a smaller one as large a share, but no less than
FEWEST = 50
_TOGETHER = 256


class SegmentProbe:
    """A spread of patents with their segments.

    Args:
        vectors: float32 (n, dim), rows of the patents.
        shares: csr float32 (n, segments).
        codes: segment codes, the columns of ``shares``.
    """

    def __init__(
        self, vectors: Vectors, shares: sp.csr_matrix, codes: Sequence[SegmentCode]
    ) -> None:
        rows = np.arange(0, len(vectors), max(1, -(-len(vectors) // SAMPLE)))
        self._vectors = np.ascontiguousarray(vectors[rows])
        self._filed = shares[rows].toarray() > 0
        self._codes = tuple(codes)

    def near(self, vector: Vectors) -> tuple[SegmentCode, ...]:
        """Return the segments of the sampled patents nearest to a row (dim,), in column order.

        A zero row is near nothing.
        """
        return self.near_many(vector[None, :])[0]

    def near_many(self, vectors: Vectors) -> list[tuple[SegmentCode, ...]]:
        """Return ``near`` of every row of (n, dim)."""
        found: list[tuple[SegmentCode, ...]] = []
        for start in range(0, len(vectors), _TOGETHER):
            block = vectors[start : start + _TOGETHER]
            for row, cosines in zip(block, block @ self._vectors.T, strict=True):
                found.append(self._segments(cosines) if row.any() else ())
        return found

    def _segments(self, cosines: Vectors) -> tuple[SegmentCode, ...]:
        if not len(cosines):
            return ()
        nearest = min(len(cosines), max(FEWEST, NEAREST * len(cosines) // SAMPLE))
        best = np.argpartition(-cosines, nearest - 1)[:nearest]
        columns = np.flatnonzero(self._filed[best].any(axis=0))
        return tuple(self._codes[column] for column in columns.tolist())
