"""How far a mean, or a difference of means, could be chance: bootstrap, randomisation, Holm."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from eval.measures import Values
from matcher.errors import InputError

_CELLS = 2_000_000  # of one block of resamples; bounds memory to some tens of megabytes
_ROUNDING = 1e-12
_MOST_EXACT = 20  # queries of which every swap could be held in memory at once


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """How intervals are made.

    Attributes:
        resamples: how many.
        seed: same seed, same values.
        confidence: share of resampled means inside an interval.
    """

    resamples: int = 10_000
    seed: int = 0
    confidence: float = 0.95

    def __post_init__(self) -> None:
        if self.resamples < 1 or not 0.0 < self.confidence < 1.0:
            raise InputError(
                f"found {self.resamples} resamples at confidence {self.confidence}",
                "one resample or more, confidence between 0 and 1",
            )


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean and its percentile interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Difference:
    """A mean difference of two systems on the same queries.

    Attributes:
        mean: first minus second.
        low: lower end of its interval.
        high: upper end.
        p: two-sided; the chance of a difference this large where there is none.
    """

    mean: float
    low: float
    high: float
    p: float


def resampled_means(values: Values, bootstrap: Bootstrap) -> Values:
    """Return float64 (resamples, columns): column means over queries drawn with replacement.

    All columns share each draw, so that columns stay paired; the draws depend on the seed and the
    number of rows alone.

    Raises:
        InputError: ``values`` is not (queries, columns) with a query or more.
    """
    if values.ndim != 2 or not len(values):
        raise InputError(f"found values of shape {values.shape}", "(queries, columns), not empty")
    blocks = [counts @ values for counts in _draws(len(values), bootstrap)]
    return np.concatenate(blocks) / len(values)


def intervals(values: Values, bootstrap: Bootstrap) -> tuple[Interval, ...]:
    """Return one interval a column of ``values`` (queries, columns)."""
    low, high = _ends(resampled_means(values, bootstrap), bootstrap)
    return tuple(map(Interval, values.mean(axis=0).tolist(), low, high))


def differences(first: Values, second: Values, bootstrap: Bootstrap) -> tuple[Difference, ...]:
    """Return one paired difference a column; rows of both are the same queries in one order.

    The p-value is that of the shifted bootstrap: the share of resamples that stray from the mean
    difference at least as far as it lies from zero, the observed one counted among them.

    Raises:
        InputError: the two are not of one shape.
    """
    if first.shape != second.shape:
        raise InputError(f"found values of shape {first.shape} and {second.shape}", "one shape")
    gaps = first - second
    drawn, observed = resampled_means(gaps, bootstrap), gaps.mean(axis=0)
    low, high = _ends(drawn, bootstrap)
    beyond = np.abs(drawn - observed) >= np.abs(observed) - _ROUNDING
    p = (1.0 + beyond.sum(axis=0)) / (1.0 + bootstrap.resamples)
    return tuple(map(Difference, observed.tolist(), low, high, p.tolist()))


def randomisation(first: Values, second: Values, bootstrap: Bootstrap) -> tuple[float, ...]:
    """Return one two-sided p-value a column: the paired randomisation test on the mean difference.

    Under the null hypothesis the two systems' names may be swapped query by query (Smucker, Allan
    and Carterette 2007, CIKM). Every swap is tried where that takes no more than
    ``bootstrap.resamples`` of them, so that the value is exact; otherwise as many are drawn, the
    observed one counted among them.

    Args:
        first: float64 (queries, columns).
        second: the same queries in the same order.
        bootstrap: how many swaps, and their seed.

    Raises:
        InputError: the two are not of one shape, or hold no query.
    """
    if first.shape != second.shape or first.ndim != 2 or not len(first):
        raise InputError(
            f"found values of shape {first.shape} and {second.shape}",
            "one shape (queries, columns), not empty",
        )
    gaps = first - second
    observed = np.abs(gaps.sum(axis=0)) - _ROUNDING * len(gaps)
    exact = 2 ** len(gaps) <= bootstrap.resamples if len(gaps) < _MOST_EXACT else False
    beyond, tried = np.zeros(gaps.shape[1]), 0
    for signs in _all_signs(len(gaps)) if exact else _drawn_signs(len(gaps), bootstrap):
        beyond += (np.abs(signs @ gaps) >= observed).sum(axis=0)
        tried += len(signs)
    p = beyond / tried if exact else (1.0 + beyond) / (1.0 + tried)
    return tuple(p.tolist())


def holm(p: Sequence[float]) -> tuple[float, ...]:
    """Return p-values of one family, adjusted so that the chance of any false find is bounded.

    Step-down after Holm (1979): the i-th smallest of m is multiplied by m - i + 1, never falls
    below the one before it and never passes 1. Holds whatever the tests' dependence.

    >>> holm([0.04, 0.01, 0.03])
    (0.06, 0.03, 0.06)
    """
    adjusted = [0.0] * len(p)
    least = 0.0
    for done, i in enumerate(sorted(range(len(p)), key=lambda i: p[i])):
        least = max(least, min(1.0, (len(p) - done) * p[i]))
        adjusted[i] = least
    return tuple(adjusted)


def _all_signs(n: int) -> Iterator[Values]:
    """Yield float64 (2**n, n): every way to swap."""
    bits = np.arange(2**n)[:, None] >> np.arange(n)[None, :] & 1
    yield (1.0 - 2.0 * bits).astype(np.float64)


def _drawn_signs(n: int, bootstrap: Bootstrap) -> Iterator[Values]:
    """Yield float64 (block, n) of drawn swaps, ``bootstrap.resamples`` rows in all."""
    rng = np.random.default_rng(bootstrap.seed)
    block = max(1, _CELLS // n)
    for start in range(0, bootstrap.resamples, block):
        size = min(block, bootstrap.resamples - start)
        yield (1.0 - 2.0 * rng.integers(0, 2, size=(size, n))).astype(np.float64)


def _ends(drawn: Values, bootstrap: Bootstrap) -> tuple[list[float], list[float]]:
    tail = (1.0 - bootstrap.confidence) / 2.0
    low, high = np.quantile(drawn, [tail, 1.0 - tail], axis=0)
    return low.tolist(), high.tolist()


def _draws(n: int, bootstrap: Bootstrap) -> Iterator[Values]:
    """Yield float64 (block, n): how often each query is drawn in each resample."""
    rng = np.random.default_rng(bootstrap.seed)
    block = max(1, _CELLS // n)
    for start in range(0, bootstrap.resamples, block):
        size = min(block, bootstrap.resamples - start)
        rows = rng.integers(n, size=(size, n)) + np.arange(size)[:, None] * n
        yield np.bincount(rows.ravel(), minlength=size * n).reshape(size, n).astype(np.float64)
