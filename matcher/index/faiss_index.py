"""FAISS flat inner product; the only file that imports faiss.

FAISS finds candidates; their scores are computed again as the oracle computes them, so that ids,
order and scores agree. A run of equal scores that reaches past the candidates (copies of one title)
is looked up exactly.
"""

from __future__ import annotations

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
# From this many queries on FAISS multiplies matrices (BLAS), which reads the vectors once instead
# of once a query; its default of 20 is above what one firm asks.
faiss.cvar.distance_compute_blas_threshold = 2


class FaissIndex:
    """A FAISS ``IndexFlatIP`` that answers as the exact oracle does."""

    def __init__(self, index: Any) -> None:
        self._index = index
        self._vectors: Vectors = faiss.rev_swig_ptr(index.get_xb(), index.ntotal * index.d).reshape(
            index.ntotal, index.d
        )

    @classmethod
    def build(cls, vectors: Vectors) -> FaissIndex:
        """Return an index over float32 (n, dim) vectors."""
        index = faiss.IndexFlat(vectors.shape[1], faiss.METRIC_INNER_PRODUCT)
        index.add(np.ascontiguousarray(vectors, dtype=np.float32))
        return cls(index)

    @property
    def size(self) -> int:
        """How many vectors it holds."""
        return int(self._index.ntotal)

    @property
    def dim(self) -> int:
        """Columns of its vectors."""
        return int(self._index.d)

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
            scores, rows = self._index.search(
                np.ascontiguousarray(queries), asked, params=self._params(allowed)
            )
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

    def _params(self, allowed: Mask | None) -> Any:
        if allowed is None:
            return None
        self._bits = np.packbits(allowed, bitorder="little")  # FAISS keeps the pointer, not a copy
        selector = faiss.IDSelectorBitmap(len(self._bits), faiss.swig_ptr(self._bits))
        params: Any = faiss.SearchParameters()
        params.sel = selector
        params.panhuo_keeps = (selector, self._bits)
        return params

    def save(self, path: Path) -> None:
        """Write the index as one FAISS file."""
        faiss.write_index(self._index, str(path))

    @classmethod
    def load(cls, path: Path) -> FaissIndex:
        """Return the index of a saved file, mapped; raise ``IndexStale`` where FAISS refuses it."""
        try:
            index = faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)
        except RuntimeError as error:
            raise IndexStale(f"found an unreadable file {path.name}", "a FAISS index") from error
        if index.metric_type != faiss.METRIC_INNER_PRODUCT:
            raise IndexStale(f"found another metric in {path.name}", "inner product")
        return cls(index)


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
