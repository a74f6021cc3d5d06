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
NEAREST = 100


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
        self._shares = shares[rows]
        self._codes = tuple(codes)

    def near(self, vector: Vectors) -> tuple[SegmentCode, ...]:
        """Return the segments of the 100 sampled patents nearest to a row (dim,), in column order.

        A zero row is near nothing.
        """
        if not len(self._vectors) or not vector.any():
            return ()
        cosines = self._vectors @ vector
        nearest = min(NEAREST, len(cosines))
        best = np.argpartition(-cosines, nearest - 1)[:nearest]
        columns = np.unique(self._shares[best].indices)
        return tuple(self._codes[column] for column in columns.tolist())
