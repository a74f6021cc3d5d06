"""Weights from known links: listwise softmax for the order, then log-odds for the meaning.

The order is fitted firm by firm: a linked patent should stand above the rest of the pool (Cao et
al. 2007, ListNet, ICML). Unlinked pairs may be a sample; each then stands for as many as were left
out. Similarities may only raise a score and hubness only lower it, whatever chance says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matcher.ranking.features import FEATURES, PLACE_FEATURES, TEXT_FEATURES

Floats = npt.NDArray[np.float64]

FITTED = (*TEXT_FEATURES, *PLACE_FEATURES)
"""Features with a weight from links; those of holder and status say what a source knows."""

_STEADY = 1e-6
_PENALTY = 1e-3


@dataclass(frozen=True, slots=True)
class PairTable:
    """Pairs of several firms with one pool, firm after firm.

    Attributes:
        features: float32 (n, len(FEATURES)).
        starts: int64 (firms + 1,), where each firm's pairs begin.
        linked: bool (n,).
        stands_for: float64 (n,), how many pairs of the pool a row stands for; 1 for linked ones.
    """

    features: npt.NDArray[np.float32]
    starts: npt.NDArray[np.int64]
    linked: npt.NDArray[np.bool_]
    stands_for: Floats

    def __len__(self) -> int:
        return len(self.starts) - 1

    def take(self, firms: npt.NDArray[np.int64]) -> PairTable:
        """Return the table of some firms, in the order given."""
        sizes = np.diff(self.starts)[firms]
        starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        rows = np.arange(starts[-1]) + np.repeat(self.starts[firms] - starts[:-1], sizes)
        return PairTable(
            self.features[rows], starts, self.linked[rows], np.asarray(self.stands_for[rows])
        )


def fit_weights(
    tables: Sequence[PairTable], base: Sequence[float], keep: Sequence[str] = ()
) -> Floats:
    """Return float64 (len(FEATURES),): the weights that put linked pairs first.

    Every table counts alike, every firm of a table alike; firms without a link teach nothing. A
    feature that does not vary, or is none of ``FITTED``, keeps its weight.

    Args:
        tables: one a pool.
        base: weights to begin with, place included.
        keep: features that keep their weight.
    """
    from scipy.optimize import minimize

    weights = np.array(base, dtype=np.float64)
    spread = _spread(tables)
    free = np.array(
        [
            i
            for i, name in enumerate(FEATURES)
            if name in FITTED and name not in keep and spread[i] > _STEADY
        ],
        dtype=np.int64,
    )
    if not len(free):
        return weights
    parts = [_Part.of(table, free, weights) for table in tables]
    scale = spread[free]
    bounds = [(None, 0.0) if FEATURES[i] == "hubness" else (0.0, None) for i in free]

    def loss(found: Floats) -> tuple[float, Floats]:
        values = [part.loss(found / scale) for part in parts]
        gradient = sum((g / scale for _, g in values), np.zeros(len(found))) / len(parts)
        value = sum(v for v, _ in values) / len(parts)
        return value + _PENALTY * float(found @ found), gradient + 2 * _PENALTY * found

    low = [-np.inf if least is None else least for least, _ in bounds]
    high = [np.inf if most is None else most for _, most in bounds]
    start = np.minimum(np.maximum(weights[free] * scale, low), high)
    best = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds)
    weights[free] = best.x / scale
    return weights


def fit_log_odds(
    scores: Floats, linked: npt.NDArray[np.bool_], stands_for: Floats, *, slope: bool = True
) -> tuple[float, float]:
    """Return (slope, intercept) so that slope × score + intercept is the log-odds of a link.

    Platt scaling (1999) by Newton's method; without ``slope`` it stays 1.

    Args:
        scores: float64 (n,), of pairs that no part of the scoring was fitted on.
        linked: bool (n,), at least one of each.
        stands_for: float64 (n,).
    """
    centre = float(scores[linked].mean())
    design = np.column_stack([scores - centre, np.ones(len(scores))])
    share = float(stands_for[linked].sum() / stands_for.sum())
    begin = np.array([1.0, np.log(share)])
    found = begin.copy()
    free = [0, 1] if slope else [1]
    for _ in range(200):
        chance = 1.0 / (1.0 + np.exp(-np.clip(design @ found, -60, 60)))
        gradient = design.T @ (stands_for * (linked - chance)) - _STEADY * (found - begin)
        curve = (design * (stands_for * chance * (1 - chance))[:, None]).T @ design
        curve += _STEADY * np.eye(2)  # scores that part the links perfectly have no other end
        step = np.zeros(2)
        step[free] = np.linalg.solve(curve[np.ix_(free, free)], gradient[free])
        # Far from the optimum Newton leaps; log-odds need no more than a unit at a time.
        found += np.clip(step, -1.0, 1.0)
        if np.abs(step).max() < 1e-9:
            break
    return float(found[0]), float(found[1] - found[0] * centre)


@dataclass(frozen=True, slots=True)
class _Part:
    """One table, cut to the firms with links and the features that are fitted."""

    features: Floats
    offset: Floats
    starts: npt.NDArray[np.int64]
    sizes: npt.NDArray[np.int64]
    linked: npt.NDArray[np.bool_]
    share: Floats

    @classmethod
    def of(cls, table: PairTable, free: npt.NDArray[np.int64], weights: Floats) -> _Part:
        counts = np.add.reduceat(table.linked.astype(np.int64), table.starts[:-1])
        kept = table.take(np.flatnonzero(counts > 0))
        fixed = weights.copy()
        fixed[free] = 0.0
        sizes = np.diff(kept.starts)
        share = kept.linked / np.repeat(counts[counts > 0], sizes)
        return cls(
            features=kept.features[:, free].astype(np.float64),
            offset=kept.features.astype(np.float64) @ fixed + np.log(kept.stands_for),
            starts=kept.starts[:-1],
            sizes=sizes,
            linked=kept.linked,
            share=share,
        )

    def loss(self, weights: Floats) -> tuple[float, Floats]:
        """Return the mean over firms of −log softmax at the linked pairs, and its gradient."""
        scores = self.features @ weights + self.offset
        most = np.repeat(np.maximum.reduceat(scores, self.starts), self.sizes)
        raised = np.exp(scores - most)
        sums = np.add.reduceat(raised, self.starts)
        chance = raised / np.repeat(sums, self.sizes)
        told = np.log(sums) - np.add.reduceat((scores - most) * self.share, self.starts)
        gradient = self.features.T @ (chance - self.share)
        return float(told.mean()), gradient / len(self.starts)


def _spread(tables: Sequence[PairTable]) -> Floats:
    """Return each feature's largest standard deviation over the tables."""
    spreads = [table.features.astype(np.float64).std(axis=0) for table in tables]
    found: Floats = np.max(spreads, axis=0)
    return found
