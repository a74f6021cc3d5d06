"""What a check by slices would find if slices meant nothing: the same leads, dealt out by chance.

Small slices differ from the whole by chance alone. A system with a steady lead over the baseline
still falls behind it in some of them, so their number tells something only beside the number that
shuffled labels give (a permutation test, Fisher 1935).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from eval.measures import Values
from eval.statistics import Bootstrap
from matcher.errors import InputError

_SHUFFLES = 2_000


@dataclass(frozen=True, slots=True)
class ByChance:
    """How many slices are worse when queries are dealt to slices of the same sizes at random.

    Attributes:
        expected: mean number of worse slices.
        low: lower end of the interval of that number.
        high: upper end.
        none: share of the deals in which no slice is worse.
        p: chance of as many worse slices as were found, or more, if slices mean nothing.
        shuffles: deals made.
    """

    expected: float
    low: float
    high: float
    none: float
    p: float
    shuffles: int


def worse_by_chance(
    leads: Values, sizes: Sequence[int], found: int, bootstrap: Bootstrap
) -> ByChance:
    """Return how many of the slices lose when their queries are shuffled.

    Args:
        leads: float64 (queries,), system minus baseline of every query.
        sizes: queries of each slice; together no more than there are leads.
        found: how many slices lose as they are.
        bootstrap: gives seed, confidence, and with its resamples the most shuffles.

    Raises:
        InputError: the slices hold more queries than there are leads, or one holds none.

    >>> worse_by_chance(np.full(40, 0.1), [20, 20], 0, Bootstrap()).none
    1.0
    """
    if sum(sizes) > len(leads) or min(sizes, default=0) < 1:
        raise InputError(
            f"found slices of {sum(sizes)} queries and {len(leads)} leads",
            "slices with a query or more, together no more than all",
        )
    rng = np.random.default_rng(bootstrap.seed)
    ends = np.cumsum(sizes)
    starts = ends - np.asarray(sizes)
    counts = np.empty(min(_SHUFFLES, bootstrap.resamples), dtype=np.int64)
    for n in range(len(counts)):
        summed = np.concatenate([[0.0], np.cumsum(rng.permutation(leads))])
        counts[n] = ((summed[ends] - summed[starts]) < -1e-12 * len(leads)).sum()
    tail = (1.0 - bootstrap.confidence) / 2.0
    low, high = np.quantile(counts, [tail, 1.0 - tail]).tolist()
    return ByChance(
        expected=float(counts.mean()),
        low=low,
        high=high,
        none=float((counts == 0).mean()),
        p=float((1 + (counts >= found).sum()) / (1 + len(counts))),
        shuffles=len(counts),
    )
