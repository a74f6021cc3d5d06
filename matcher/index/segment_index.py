"""The index seam: search one segment's rows, exactly.

Every implementation returns the same ids, order and scores: candidates may be found in any way, but
the score that counts is ``kernel.inner_products``, and ties go to the
lower row. ``-1`` padding never leaves an implementation.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from embeddings.encoder import Vectors
from matcher.errors import BadVectors
from matcher.types import FloatArray, Hits, RowArray

Mask = npt.NDArray[np.bool_]


class SegmentIndex(Protocol):
    """Searches the vectors of one segment; rows are positions inside the segment."""

    @property
    def size(self) -> int:
        """How many vectors it holds."""

    @property
    def dim(self) -> int:
        """Columns of its vectors."""

    def search(self, queries: Vectors, k: int, allowed: Mask | None = None) -> Hits:
        """Return the ``k`` rows of highest inner product for each query.

        Args:
            queries: float32 (q, dim).
            k: at least 1; fewer hits come back where fewer rows are allowed.
            allowed: bool (size,); rows that may be returned, ``None`` for all.

        Raises:
            BadVectors: wrong shape, type, or values that are not finite.
        """

    def save(self, path: Path) -> None:
        """Write the index to one file."""


def check_queries(queries: Vectors, dim: int, k: int) -> None:
    """Raise ``BadVectors`` unless ``queries`` is finite float32 (q, dim) and ``k`` is positive."""
    if queries.ndim != 2 or queries.shape[1] != dim:
        raise BadVectors(
            f"found queries of shape {queries.shape}", f"(q, {dim})", "use the index's own encoder"
        )
    if queries.dtype != np.float32:
        raise BadVectors(f"found queries of type {queries.dtype}", "float32", "convert them first")
    if not np.isfinite(queries).all():
        raise BadVectors(
            "found a query with NaN or infinity", "finite numbers", "check the encoder"
        )
    if k < 1:
        raise BadVectors(f"found k = {k}", "k of at least 1", "ask for one hit or more")


def best_rows(scores: FloatArray, rows: RowArray, k: int) -> tuple[RowArray, FloatArray]:
    """Return the ``k`` best (rows, scores): score descending, ties by row ascending."""
    if len(scores) > 4 * k:  # cut first; every tie of the k-th score must survive the cut
        threshold = np.partition(scores, len(scores) - k)[len(scores) - k]
        near = np.flatnonzero(scores >= threshold)
        scores, rows = scores[near], rows[near]
    order = np.lexsort((rows, -scores.astype(np.float64)))[:k]
    return rows[order], scores[order]


def pack_hits(found: list[tuple[RowArray, FloatArray]], k: int) -> Hits:
    """Return per-query results as one rectangular ``Hits``."""
    rows = np.zeros((len(found), k), dtype=np.int64)
    scores = np.full((len(found), k), -np.inf, dtype=np.float32)
    counts = np.zeros(len(found), dtype=np.int64)
    for i, (r, s) in enumerate(found):
        counts[i] = len(r)
        rows[i, : len(r)] = r
        scores[i, : len(r)] = s
    return Hits(rows, scores, counts)
