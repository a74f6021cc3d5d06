"""Inner products whose value depends on the two vectors alone, never on batch, block or library."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import numpy.typing as npt


# "reassoc" lets the compiler use vector registers. The order of the sum is then fixed by the
# compiled loop, which is the same for every pair of vectors of one length.
@numba.njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})
def _products(queries: Any, vectors: Any, rows: Any, out: Any) -> None:  # pragma: no cover
    for i in range(rows.shape[0]):
        row = rows[i]
        for q in range(queries.shape[0]):
            total = 0.0
            for j in range(queries.shape[1]):
                total += np.float64(queries[q, j]) * np.float64(vectors[row, j])
            out[q, i] = np.float32(total)


def inner_products(
    queries: npt.NDArray[np.float32],
    vectors: npt.NDArray[np.float32],
    rows: npt.NDArray[np.int64],
) -> npt.NDArray[np.float32]:
    """Return float32 (q, len(rows)): inner products of each query with each chosen row.

    Summed in float64, always by the same machine code, so a pair has one score wherever it is
    computed: in the oracle, behind FAISS, online or in a batch.

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
