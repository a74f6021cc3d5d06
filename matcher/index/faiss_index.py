"""FAISS flat inner product; the only file that imports faiss.

FAISS finds candidates; their scores are computed again as the oracle computes them, so that ids,
order and scores agree. A run of equal scores that reaches past the candidates (copies of one title)
is looked up exactly.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import faiss
import numpy as np

from embeddings.encoder import Vectors
from matcher.errors import IndexStale
from matcher.index.kernel import inner_products
from matcher.index.segment_index import Mask, best_rows, check_queries, pack_hits
from matcher.types import FloatArray, Hits, RowArray

# FAISS and the oracle round differently by about 1e-7; candidates this close to the k-th are kept.
_MARGIN = 32
_ROUNDING = 1e-5
# FAISS walks a lone query row by row; the matrix product over the same memory takes half the time.
_FEW = 3
_ROUNDS, _TRAINED_ON = 8, 64  # of k-means: rounds, and vectors a centre that it learns from
# From this many queries on FAISS multiplies matrices (BLAS), which reads the vectors once instead
# of once a query; its default of 20 is above what one firm asks.
faiss.cvar.distance_compute_blas_threshold = 2


class FaissIndex:
    """A FAISS ``IndexFlat`` (inner product) that answers as the exact oracle does.

    The vectors are kept as an aligned ``.npy`` file and mapped; FAISS' own file puts them at an
    odd offset, where NumPy must copy them for every product. The FAISS object is made when the
    first batch comes.

    Args:
        vectors: float32 (n, dim), C-order.
    """

    def __init__(self, vectors: Vectors) -> None:
        self._vectors = vectors
        self._faiss: Any = None
        self._making = threading.Lock()

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
        if len(queries) == 0 or self.size == 0:
            return pack_hits([(np.empty(0, np.int64), np.empty(0, np.float32))] * len(queries), 0)
        asked = min(k + _MARGIN, self.size)
        if len(queries) <= _FEW:
            near = [_nearest(self._vectors @ query, asked, allowed) for query in queries]
            rows, scores = [r for r, _ in near], [s for _, s in near]
        else:
            scores, rows = self._batch(queries, asked, allowed)
        found = [
            self._settle(q, r[r >= 0], s[r >= 0], k, asked, allowed)
            for q, r, s in zip(queries, rows, scores, strict=True)
        ]
        return pack_hits(found, min(k, self.size))

    def _settle(
        self,
        query: FloatArray,
        rows: RowArray,
        near: FloatArray,
        k: int,
        asked: int,
        allowed: Mask | None,
    ) -> tuple[RowArray, FloatArray]:
        """Return the true top k, given FAISS's ``asked`` candidates."""
        cut_inside_a_tie = (
            len(rows) == asked and asked < self.size and near[k - 1] - near[-1] <= _ROUNDING
        )
        if cut_inside_a_tie:
            rows = np.arange(self.size) if allowed is None else np.flatnonzero(allowed)
        return best_rows(inner_products(query[None, :], self._vectors, rows)[0], rows, k)

    def _batch(self, queries: Vectors, k: int, allowed: Mask | None) -> tuple[Any, Any]:
        """Return FAISS' scores and rows, padded with row -1."""
        with self._making:
            if self._faiss is None:
                index = faiss.IndexFlat(self.dim, faiss.METRIC_INNER_PRODUCT)
                index.add(np.ascontiguousarray(self._vectors))
                self._faiss = index
        if allowed is None:
            return tuple(self._faiss.search(np.ascontiguousarray(queries), k))
        bits = np.packbits(allowed, bitorder="little")  # FAISS keeps pointers, not copies:
        selector = faiss.IDSelectorBitmap(len(bits), faiss.swig_ptr(bits))
        params: Any = faiss.SearchParameters()
        params.sel = selector  # bits and selector live until the search is over
        return tuple(self._faiss.search(np.ascontiguousarray(queries), k, params=params))

    def save(self, path: Path) -> None:
        """Write the vectors as one ``.npy`` file."""
        with path.open("wb") as out:
            np.save(out, np.asarray(self._vectors), allow_pickle=False)

    @classmethod
    def load(cls, path: Path) -> FaissIndex:
        """Return the index of a saved file, mapped; raise ``IndexStale`` if it is none."""
        try:
            vectors = np.load(path, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise IndexStale(f"found an unreadable file {path.name}", "saved vectors") from error
        return cls(vectors)


def _nearest(scores: FloatArray, k: int, allowed: Mask | None) -> tuple[RowArray, FloatArray]:
    """Return the ``k`` rows of highest score, best first; ties in any order."""
    if allowed is not None:
        scores = np.where(allowed, scores, np.float32(-np.inf))
        k = min(k, int(allowed.sum()))
    rows = np.argpartition(-scores, k - 1)[:k] if 0 < k < len(scores) else np.arange(len(scores))
    order = np.argsort(-scores[rows])[:k]
    return rows[order].astype(np.int64), scores[rows][order]


def set_threads(count: int) -> None:
    """Set how many OpenMP threads FAISS uses in this process."""
    faiss.omp_set_num_threads(count)


def nearest_centres(vectors: Vectors, k: int, seed: int) -> RowArray:
    """Return int64 (n,): the cluster of each vector after k-means into ``k`` clusters.

    Args:
        vectors: float32 (n, dim), n at least ``k``.
        k: how many; some may stay empty.
        seed: same seed, same clusters.
    """
    training = faiss.Kmeans(
        vectors.shape[1],
        k,
        niter=_ROUNDS,
        seed=seed,
        min_points_per_centroid=1,
        max_points_per_centroid=_TRAINED_ON,
    )
    training.train(vectors)
    _, label = training.index.search(vectors, 1)
    found: RowArray = label[:, 0].astype(np.int64)
    return found
