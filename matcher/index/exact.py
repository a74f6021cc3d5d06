"""The oracle: every inner product computed, nothing approximated."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from embeddings.encoder import Vectors
from matcher.index.kernel import inner_products
from matcher.index.segment_index import Mask, best_rows, check_queries, pack_hits
from matcher.types import Hits


class ExactIndex:
    """Holds float32 (n, dim) vectors and compares each query with each of them."""

    def __init__(self, vectors: Vectors) -> None:
        self._vectors = vectors

    @property
    def size(self) -> int:
        """How many vectors it holds."""
        return len(self._vectors)

    @property
    def dim(self) -> int:
        """Columns of its vectors."""
        return int(self._vectors.shape[1])

    def search(self, queries: Vectors, k: int, allowed: Mask | None = None) -> Hits:
        """Return the ``k`` best rows of each query; see ``SegmentIndex.search``."""
        check_queries(queries, self.dim, k)
        rows = np.arange(self.size) if allowed is None else np.flatnonzero(allowed)
        found = [best_rows(s, rows, k) for s in inner_products(queries, self._vectors, rows)]
        return pack_hits(found, min(k, self.size))

    def save(self, path: Path) -> None:
        """Write the vectors as one ``.npy`` file."""
        with path.open("wb") as out:
            np.save(out, np.asarray(self._vectors), allow_pickle=False)

    @classmethod
    def load(cls, path: Path) -> ExactIndex:
        """Return the index of a saved file, its vectors mapped."""
        return cls(np.load(path, mmap_mode="r", allow_pickle=False))
