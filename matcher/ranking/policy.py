"""The scoring policy: a linear log-odds of a link, with place as a knob of three settings."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from matcher.codes import PlaceSetting
from matcher.ranking.features import FEATURES, PLACE_FEATURES, TEXT_FEATURES
from matcher.types import FloatArray


@dataclass(frozen=True, slots=True)
class Placing:
    """What place counts under one setting.

    Attributes:
        same_province: weight; below zero what is near comes later.
        same_city: weight.
        intercept: log-odds of a pair whose features are all nought.
    """

    same_province: float
    same_city: float
    intercept: float


@dataclass(frozen=True, slots=True)
class Policy:
    """A linear policy.

    A score is the log-odds of a link between firm and patent, as fitted on the links named in
    ``provenance``: ``probability`` turns it into the share of pairs with such a score that were
    linked there. Another catalogue has other odds; the order holds, and ``panhuo policy train``
    fits the odds anew.

    Attributes:
        name: how people call it.
        version: name, place setting and short digest of the file, written into every list.
        weights: one a feature, in the order of ``FEATURES``; those of place are nought here.
        places: setting → what place counts.
        place: the setting in force.
        floor: least probability that an item needs by its content alone.
        per_holder: most items of one holder in a list.
        diversity: 0 for the order of scores, towards 1 for a spread over IPC subclasses (xQuAD).
        provenance: where the weights come from, as told in the file.
    """

    name: str
    version: str
    weights: tuple[float, ...]
    places: Mapping[PlaceSetting, Placing]
    place: PlaceSetting
    floor: float
    per_holder: int
    diversity: float
    provenance: Mapping[str, Any]

    def placed(self, place: PlaceSetting | None) -> Policy:
        """Return the policy under another setting; ``None`` keeps the one in force."""
        if place is None or place is self.place:
            return self
        # The last one only: a name may hold the word, too.
        version = f"-{place.value}-".join(self.version.rsplit(f"-{self.place.value}-", 1))
        return replace(self, place=place, version=version)

    @property
    def floor_score(self) -> float:
        """The floor as log-odds, to be held against ``relevance``."""
        return math.log(self.floor / (1.0 - self.floor))

    def score(self, features: FloatArray) -> FloatArray:
        """Return float32 (n,): log-odds, higher is better. ``features`` is (n, len(FEATURES))."""
        return _weighted(features, self.effective, self.places[self.place].intercept)

    def relevance(self, features: FloatArray) -> FloatArray:
        """Return float32 (n,): log-odds by content alone, the same under every setting."""
        weights = [
            w if f in TEXT_FEATURES else 0.0 for f, w in zip(FEATURES, self.weights, strict=True)
        ]
        return _weighted(features, weights, self.places[PlaceSetting.NEUTRAL].intercept)

    @property
    def effective(self) -> tuple[float, ...]:
        """The weights, those of place under the setting in force included."""
        placing = self.places[self.place]
        return tuple(
            getattr(placing, feature) if feature in PLACE_FEATURES else weight
            for feature, weight in zip(FEATURES, self.weights, strict=True)
        )


def probability(log_odds: FloatArray) -> FloatArray:
    """Return float32 (n,) in 0 … 1 of log-odds.

    >>> probability(np.array([0.0], dtype=np.float32)).tolist()
    [0.5]
    """
    found: FloatArray = (1.0 / (1.0 + np.exp(-log_odds.astype(np.float64)))).astype(np.float32)
    return found


def _weighted(
    features: FloatArray, weights: tuple[float, ...] | list[float], intercept: float
) -> FloatArray:
    # Column by column in float64: the same pair has the same score in any batch (no BLAS).
    total: npt.NDArray[np.float64] = np.full(len(features), intercept, dtype=np.float64)
    for column, weight in enumerate(weights):
        if weight:
            total += features[:, column].astype(np.float64) * float(weight)
    return total.astype(np.float32)
