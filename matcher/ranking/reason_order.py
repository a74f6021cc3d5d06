"""What a reason is worth: what the score would lose, and which reasons a reader has time for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from matcher.ranking.features import FEATURES
from matcher.ranking.policy import Policy
from matcher.types import FloatArray, Reason

MOST_REASONS = 8

_LITTLE = 0.1  # of what all reasons earn

FEATURE_CAUSES: Mapping[str, str] = {
    "whole_text": "text",
    "best_item": "text",
    "firm_name": "name",
    "shared_words": "words",
    "own_patents": "own",
    "segment": "segment",
    "own_ipc": "ipc",
    "same_province": "province",
    "same_city": "city",
    "in_force": "in_force",
}
"""Feature → the cause that its contribution goes to; a feature left out is nobody's.

A feature that is a copy of another for some firms goes to the same cause.
"""

_KEPT = (
    "group",
    "shared_terms",
    "similar_text",
    "own_patents",
    "place",
    "segment",
    "missing",
    "effect",
    "open_licence",
    "price",
    "maturity",
    "ipc",
    "legal_status",
)
"""Kinds in the order in which room is given to them."""

REASON_KINDS = (
    "group",
    "shared_terms",
    "similar_text",
    "own_patents",
    "place",
    "segment",
    "effect",
    "open_licence",
    "price",
    "maturity",
    "ipc",
    "legal_status",
    "missing",
)
"""Kinds in the order of reading, among those that earn the same."""


@dataclass(frozen=True, slots=True)
class Cause:
    """A reason before it is weighed.

    Attributes:
        kind: of the reason.
        text: its sentence.
        detail: its data.
        shares: cause in ``FEATURE_CAUSES`` → the share of its features' contributions that goes to
            this reason; none for what carries no score.
    """

    kind: str
    text: str
    detail: Mapping[str, Any]
    shares: Mapping[str, float] = field(default_factory=dict)


def contributions(policy: Policy, features: FloatArray) -> npt.NDArray[np.float64]:
    """Return float64 (n, len(FEATURES)): what each pair's score loses when one feature is nought.

    It asks the policy itself, so it holds for policies that are not linear, too.

    Args:
        policy: scores pairs.
        features: float32 (n, len(FEATURES)).
    """
    n, width = features.shape
    without = np.repeat(features[None, :, :], width, axis=0)
    columns = np.arange(width)
    without[columns, :, columns] = 0
    scores = policy.score(np.vstack([without.reshape(-1, width), features])).astype(np.float64)
    lost: npt.NDArray[np.float64] = (scores[width * n :] - scores[: width * n].reshape(width, n)).T
    return lost


def weighed(causes: Iterable[Cause], lost: npt.NDArray[np.float64]) -> tuple[Reason, ...]:
    """Return at most ``MOST_REASONS`` reasons: those that earn score first, the most first.

    Each says in its detail whether it is ``scored``, and then its ``contribution`` and the
    ``features`` that earn it.

    Args:
        causes: of one pair.
        lost: float64 (len(FEATURES),), the pair's row of ``contributions``.
    """
    worth = {name: one for name, one in zip(FEATURES, lost.tolist(), strict=True) if one}
    told = [_reason(cause, worth) for cause in causes]
    little = _LITTLE * sum(reason.detail.get("contribution", 0.0) for reason in told)
    kept = sorted(range(len(told)), key=lambda i: _room(told, i, little))[:MOST_REASONS]
    order = sorted(kept, key=lambda i: (*_read(told[i]), i))
    return tuple(told[i] for i in order)


def _reason(cause: Cause, worth: Mapping[str, float]) -> Reason:
    earned: dict[str, float] = {}
    if cause.shares:
        for name, whole in worth.items():
            share = cause.shares.get(FEATURE_CAUSES.get(name, ""))
            if share:
                earned[name] = share * whole
    total = round(sum(earned.values()), 4)
    if total <= 0:
        return Reason(cause.kind, cause.text, {**cause.detail, "scored": False})
    score = {"scored": True, "contribution": total, "features": list(earned)}
    return Reason(cause.kind, cause.text, {**cause.detail, **score})


def _room(told: Sequence[Reason], place: int, little: float) -> tuple[bool, int, int]:
    """Return the sort key of keeping: a second reason of a kind that earns little comes last."""
    kind = told[place].kind
    again = any(other.kind == kind for other in told[:place])
    spare = again and told[place].detail.get("contribution", 0.0) <= little
    return spare, _KEPT.index(kind), place


def _read(reason: Reason) -> tuple[bool, float, int]:
    """Return the sort key of reading: what the item is, then what earns most."""
    worth = reason.detail.get("contribution", 0.0)
    return reason.kind != "group", -worth, REASON_KINDS.index(reason.kind)
