"""Inner products whose value depends on the two vectors alone, never on batch, block or library."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import numpy.typing as npt


@numba.njit(cache=True, nogil=True)
def _products(queries: Any, vectors: Any, rows: Any, out: Any) -> None:  # pragma: no cover
    dim = queries.shape[1]
    whole = dim - dim % 4
    for i in range(rows.shape[0]):
        row = rows[i]
        for q in range(queries.shape[0]):
            a = b = c = d = 0.0
            for j in range(0, whole, 4):
                a += np.float64(queries[q, j]) * np.float64(vectors[row, j])
                b += np.float64(queries[q, j + 1]) * np.float64(vectors[row, j + 1])
                c += np.float64(queries[q, j + 2]) * np.float64(vectors[row, j + 2])
                d += np.float64(queries[q, j + 3]) * np.float64(vectors[row, j + 3])
            for j in range(whole, dim):
                a += np.float64(queries[q, j]) * np.float64(vectors[row, j])
            out[q, i] = np.float32((a + b) + (c + d))


def inner_products(
    queries: npt.NDArray[np.float32],
    vectors: npt.NDArray[np.float32],
    rows: npt.NDArray[np.int64],
) -> npt.NDArray[np.float32]:
    """Return float32 (q, len(rows)): inner products of each query with each chosen row.

    Summed in float64 in one fixed order, so a pair has one score wherever it is computed: in the
    oracle, behind FAISS, online or in a batch.

    Args:
        queries: float32 (q, dim).
        vectors: float32 (n, dim), may be mapped from disk.
        rows: int64 positions in ``vectors``.
    """
    out = np.empty((len(queries), len(rows)), dtype=np.float32)
    if out.size:
        _products(
            np.ascontiguousarray(queries, dtype=np.float32),
            vectors,
            np.ascontiguousarray(rows, dtype=np.int64),
            out,
        )
    return out
