"""How much of one encoder's idea of nearness another keeps."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from embeddings.encoder import Vectors

_BLOCK = 512


def nearest(rows: Vectors, k: int) -> npt.NDArray[np.int64]:
    """Return int64 (n, k): for each row the ``k`` others of highest inner product, best first.

    Args:
        rows: float32 (n, d), n above ``k``.
        k: at least 1.
    """
    found = np.empty((len(rows), k), dtype=np.int64)
    for start in range(0, len(rows), _BLOCK):
        scores = rows[start : start + _BLOCK] @ rows.T
        own = np.arange(len(scores))
        scores[own, start + own] = -np.inf
        found[start : start + _BLOCK] = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return found


def neighbours_kept(rows: Vectors, truth: Vectors, k: int = 10) -> float:
    """Return the mean share of the ``k`` nearest by ``truth`` that are ``k`` nearest by ``rows``.

    1.0 for the same rows, about ``k / n`` for unrelated ones; 1.0 where there are ``k`` others or
    fewer, since all of them are kept.

    Args:
        rows: float32 (n, d), one a text.
        truth: float32 (n, e), the same texts by the encoder that counts as right.
        k: how many neighbours are compared.
    """
    if len(rows) <= k + 1:
        return 1.0
    pairs = zip(nearest(rows, k), nearest(truth, k), strict=True)
    return float(np.mean([len(np.intersect1d(a, b)) / k for a, b in pairs]))
