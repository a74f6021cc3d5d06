"""Candidate rows to an order: score descending, ties by id (rows stand in the order of ids)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from matcher.index.side import Side
from matcher.query import FirmQuery
from matcher.ranking.features import pair_features
from matcher.ranking.policy import Policy
from matcher.types import FloatArray, RowArray


@dataclass(frozen=True, slots=True)
class Ranked:
    """Ordered candidates of one firm, as arrays.

    Attributes:
        rows: int64 (n,), best first.
        scores: float32 (n,), descending.
        relevance: float32 (n,), the part of the score that content earns.
        features: float32 (n, features), in the same order.
    """

    rows: RowArray
    scores: FloatArray
    relevance: FloatArray
    features: FloatArray


def rank(
    query: FirmQuery, side: Side, candidates: RowArray, own_rows: RowArray, policy: Policy
) -> Ranked:
    """Return the candidates in the policy's order; nothing is hidden here."""
    features = pair_features(query, side, candidates, own_rows)
    scores = policy.score(features)
    order = np.lexsort((candidates, -scores.astype(np.float64)))
    return Ranked(
        candidates[order], scores[order], policy.relevance(features)[order], features[order]
    )
