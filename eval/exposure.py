"""Who gets shown: coverage, inequality, hubs and novelty of the first ten places.

Figures of a run alone: no judgment enters. With N_k(x) the number of lists in whose first k places
patent x stands (Radovanović, Nanopoulos and Ivanović 2010, JMLR 11):

* coverage: share of the pool with N_k > 0 (Ge, Delgado-Battenfeld and Jannach 2010)
* gini: inequality of N_k over the pool, Σ(2i - n - 1)·N_(i) ÷ (n·ΣN) (Fleder and Hosanagar 2009)
* skew: E[(N_k - μ)³] ÷ σ³ over the pool; hubs give a long right tail
* novelty: mean of -log₂(share of the lists that show x) (Zhou et al. 2010, PNAS 107)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, log2

import numpy as np
import numpy.typing as npt

from matcher.errors import InputError

DEPTH = 10
_MOST_SHOWN = 0.01

Counts = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Exposure:
    """How evenly a run shows its pool.

    Attributes:
        n_lists: lists with at least one item; the others show nothing.
        n_slots: items in all of them.
        coverage: share of the pool that is shown at all.
        ceiling: the most coverage that so many slots allow.
        gini: 0 for even exposure, towards 1 where few patents take all places.
        skew: third standardised moment of N_k; 0 where all are shown equally often.
        top_share: share of the slots that the 1 % most shown patents of the pool take.
        novelty: bits; 0 where all see the same, log₂(n_lists) where no two see one patent.
    """

    n_lists: int
    n_slots: int
    coverage: float
    ceiling: float
    gini: float
    skew: float
    top_share: float
    novelty: float


FIGURES = ("coverage", "ceiling", "gini", "skew", "top_share", "novelty")
"""Fields of ``Exposure`` that are measures, in the order of the columns."""


def exposure(lists: Sequence[Sequence[str]], n_pool: int) -> Exposure:
    """Return how a pool is shown in lists cut to ``DEPTH``.

    Args:
        lists: one a firm, ids best first, one spelling for one patent.
        n_pool: patents that could have been shown; those never shown count with 0.

    Raises:
        InputError: more patents are shown than the pool holds, or a list shows one twice.

    >>> exposure([["P1", "P2"], ["P1"]], n_pool=4).coverage
    0.5
    """
    shown = [tuple(found[:DEPTH]) for found in lists if found]
    if any(len(set(found)) < len(found) for found in shown):
        raise InputError("found a patent twice in one list", "each patent once in a list")
    counts = Counter(item for found in shown for item in found)
    if len(counts) > n_pool:
        raise InputError(
            f"found {len(counts)} patents in lists over a pool of {n_pool}",
            "lists of patents of the pool",
            "name the pool that was ranked",
        )
    times = np.zeros(n_pool, dtype=np.float64)
    times[: len(counts)] = list(counts.values())
    n_slots = sum(counts.values())
    return Exposure(
        n_lists=len(shown),
        n_slots=n_slots,
        coverage=len(counts) / max(n_pool, 1),
        ceiling=min(n_slots, n_pool) / max(n_pool, 1),
        gini=gini(times),
        skew=skewness(times),
        top_share=_top_share(times),
        novelty=_novelty(shown, counts),
    )


def gini(counts: Counts) -> float:
    """Return the Gini coefficient of counts (n,), 0 … (n - 1) ÷ n; 0 where nothing is counted.

    >>> gini(np.array([0.0, 0.0, 0.0, 8.0]))
    0.75
    """
    total, n = float(counts.sum()), len(counts)
    if not total:
        return 0.0
    weights = 2.0 * np.arange(1, n + 1) - n - 1
    return float(weights @ np.sort(counts)) / (n * total)


def skewness(counts: Counts) -> float:
    """Return the third standardised moment of counts (n,); 0 where all are equal.

    >>> skewness(np.array([1.0, 2.0, 3.0]))
    0.0
    """
    if not len(counts) or np.ptp(counts) == 0:
        return 0.0
    gaps = counts - counts.mean()
    return float(np.mean(gaps**3) / np.mean(gaps**2) ** 1.5)


def _top_share(counts: Counts) -> float:
    total = float(counts.sum())
    most = ceil(len(counts) * _MOST_SHOWN)
    return float(np.sort(counts)[::-1][:most].sum()) / total if total else 0.0


def _novelty(lists: Sequence[Sequence[str]], counts: Counter[str]) -> float:
    """Return the mean over lists of the mean over their items; a long list weighs no more."""
    bits = {item: -log2(times / len(lists)) for item, times in counts.items()}
    means = [sum(bits[item] for item in found) / len(found) for found in lists]
    return sum(means) / len(means) + 0.0 if means else 0.0
