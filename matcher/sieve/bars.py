"""From what score on a firm may be among a patent's best, told by a sample of firms."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from matcher.types import FloatArray


def raised(best: FloatArray, cluster_of: npt.NDArray[np.int32], beyond: float) -> FloatArray:
    """Return float32 (patents,): the lowest of the best scores, carried on where a sample ends.

    Scores of a patent's best firms thin out about exponentially (Weissman 1978, JASA). How fast is
    told by the best of all patents of a cluster together: those of one are too few.

    Args:
        best: float32 (places, patents), each column ascending; -inf for none.
        cluster_of: int32 (patents,).
        beyond: natural logarithm of how many times rarer the wanted firms are than those of the
            sample's last place; 0 returns that place.
    """
    least: FloatArray = best[0]
    if beyond <= 0 or len(best) < 2:
        return least
    here = np.isfinite(least)
    spacing = np.zeros(len(least))
    spacing[here] = best[1:, here].mean(axis=0) - least[here]
    n = np.bincount(cluster_of, weights=here)
    mean = np.bincount(cluster_of, weights=spacing) / np.maximum(n, 1)
    found: FloatArray = least + (beyond * mean[cluster_of]).astype(np.float32)
    return found
