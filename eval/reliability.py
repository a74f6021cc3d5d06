"""Do probabilities keep their word: predicted against observed, bin by bin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from eval.statistics import Bootstrap
from matcher.errors import InputError
from matcher.ranking.fit import Floats, PairTable

BINS = 10


@dataclass(frozen=True, slots=True)
class Bin:
    """Pairs of like probability.

    Attributes:
        predicted: mean probability, each pair counted for those it stands for.
        observed: share that is linked.
        low: lower end of its interval, over firms.
        high: upper end.
        linked: links in the bin.
        pairs: pairs of the pool that the bin stands for.
    """

    predicted: float
    observed: float
    low: float
    high: float
    linked: int
    pairs: float


@dataclass(frozen=True, slots=True)
class Reliability:
    """Probabilities against what was so.

    Attributes:
        bins: least probability first; each holds as many links as the next.
        base: share of all pairs that are linked.
        error: mean of |predicted − observed| over links, so over the bins alike.
    """

    bins: tuple[Bin, ...]
    base: float
    error: float


def reliability(log_odds: Floats, pairs: PairTable, bootstrap: Bootstrap) -> Reliability:
    """Return how log-odds of unseen pairs agree with the links.

    Args:
        log_odds: float64 (pairs,), from weights that had not seen the pair's firm.
        pairs: the pairs; sampled ones count for those they stand for.
        bootstrap: how intervals are made, over firms.

    Raises:
        InputError: no pair is linked.
    """
    if not pairs.linked.any():
        raise InputError("found no link", "links among the pairs", "check pool and judgments")
    chance = 1.0 / (1.0 + np.exp(-log_odds))
    cuts = np.quantile(chance[pairs.linked], np.linspace(0, 1, BINS + 1)[1:-1])
    number = np.searchsorted(np.unique(cuts), chance, side="right")
    owner = np.repeat(np.arange(len(pairs)), np.diff(pairs.starts))
    bins = tuple(
        _bin(chance, pairs, owner, number == at, bootstrap) for at in np.unique(number).tolist()
    )
    error = sum(abs(b.predicted - b.observed) * b.linked for b in bins) / max(
        sum(b.linked for b in bins), 1
    )
    base = float(pairs.linked.sum() / pairs.stands_for.sum())
    return Reliability(bins, base, float(error))


def _bin(
    chance: Floats,
    pairs: PairTable,
    owner: npt.NDArray[np.int64],
    inside: npt.NDArray[np.bool_],
    bootstrap: Bootstrap,
) -> Bin:
    weight = pairs.stands_for[inside]
    linked = pairs.linked[inside].astype(np.float64)
    n = len(pairs)
    by_firm = np.bincount(owner[inside], linked, n), np.bincount(owner[inside], weight, n)
    rng = np.random.default_rng(bootstrap.seed)
    drawn = rng.multinomial(n, np.full(n, 1 / n), size=min(bootstrap.resamples, 2_000))
    shares = (drawn @ by_firm[0]) / np.maximum(drawn @ by_firm[1], 1e-12)
    tail = (1 - bootstrap.confidence) / 2
    low, high = np.quantile(shares, [tail, 1 - tail])
    return Bin(
        predicted=float((chance[inside] * weight).sum() / weight.sum()),
        observed=float(linked.sum() / weight.sum()),
        low=float(low),
        high=float(high),
        linked=int(linked.sum()),
        pairs=float(weight.sum()),
    )
