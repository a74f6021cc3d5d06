"""How near a patent lies to firms in general: what makes a hub, as a column of the index.

In many dimensions a few points are neighbours of nearly everyone (Radovanović, Nanopoulos and
Ivanović 2010, JMLR 11). The mean cosine with the nearest queries measures it, and taking it off
the score corrects it (CSLS; Conneau et al. 2018, ICLR).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from embeddings.encoder import Vectors

NEAREST = 10
FILE = "hubs.npy"
_SAMPLE = 4_000
_BLOCK = 8_192


def hubness(patents: Vectors, firms: Vectors) -> npt.NDArray[np.float32]:
    """Return float32 (n,): mean cosine with the nearest firms, less its mean over the patents.

    The firms are a spread of those with text, at most 4,000: the same for the same catalogue. The
    mean is taken off so that an ordinary patent has 0, with many firms or none. So has a zero row:
    a patent without words is far from everyone, and no better for it.

    Args:
        patents: float32 (n, dim), unit rows, or zero where a patent has no known word.
        firms: float32 (m, dim), rows of the same kind.
    """
    found = nearness(patents, spread(firms))
    spoken = np.asarray(patents).any(axis=1)
    found[spoken] -= mean_nearness(patents, found)
    return found


def spread(firms: Vectors) -> Vectors:
    """Return float32 (at most 4,000, dim): an even spread of the rows that have text."""
    asked = firms[np.flatnonzero(firms.any(axis=1))]
    if len(asked) > _SAMPLE:
        asked = asked[np.linspace(0, len(asked) - 1, _SAMPLE).astype(np.int64)]
    return np.asarray(asked)


def mean_nearness(patents: Vectors, found: npt.NDArray[np.float32]) -> np.float32:
    """Return the mean of what ``nearness`` found over the patents with text, 0 without any."""
    spoken = np.asarray(patents).any(axis=1)
    return np.float32(found[spoken].mean(dtype=np.float64)) if spoken.any() else np.float32(0)


def nearness(patents: Vectors, asked: Vectors) -> npt.NDArray[np.float32]:
    """Return float32 (n,): mean cosine of each patent with the nearest rows of a ``spread``."""
    found = np.zeros(len(patents), dtype=np.float32)
    if not len(asked) or not len(patents):
        return found
    nearest = min(NEAREST, len(asked))
    for start in range(0, len(patents), _BLOCK):
        cosines = np.asarray(patents[start : start + _BLOCK]) @ asked.T
        best = np.partition(cosines, -nearest, axis=1)[:, -nearest:]
        found[start : start + _BLOCK] = best.mean(axis=1)
    return found
