"""The scoring policy: one weight a feature, read from a small file with its provenance."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from matcher.errors import BadFile
from matcher.ranking.features import FEATURES, TEXT_FEATURES
from matcher.types import FloatArray


@dataclass(frozen=True, slots=True)
class Policy:
    """A linear policy.

    Attributes:
        name: how people call it.
        version: name and short digest of the weights, written into every list.
        weights: one a feature, in the order of ``FEATURES``.
        floor: least ``relevance`` an item needs.
        per_holder: most items of one holder in a list.
        provenance: where the weights come from.
    """

    name: str
    version: str
    weights: tuple[float, ...]
    floor: float
    per_holder: int
    provenance: str

    def score(self, features: FloatArray) -> FloatArray:
        """Return float32 (n,): higher is better. ``features`` is (n, len(FEATURES))."""
        return _weighted(features, np.array(self.weights))

    def relevance(self, features: FloatArray) -> FloatArray:
        """Return float32 (n,): the part of the score that content alone earns."""
        weights = np.array(
            [w if f in TEXT_FEATURES else 0.0 for f, w in zip(FEATURES, self.weights, strict=True)]
        )
        return _weighted(features, weights)


def _weighted(features: FloatArray, weights: FloatArray) -> FloatArray:
    # Column by column in float64: the same pair has the same score in any batch (no BLAS).
    total = np.zeros(len(features), dtype=np.float64)
    for column, weight in enumerate(weights):
        if weight:
            total += features[:, column].astype(np.float64) * float(weight)
    return total.astype(np.float32)


def load_policy(path: Path | None = None) -> Policy:
    """Return the policy of a JSON file; ``None`` gives the packaged default.

    Raises:
        BadFile: the file is missing, no UTF-8 or no JSON, or names features that do not exist.
    """
    if path is None:
        text = (resources.files("matcher.ranking") / "policies" / "default.json").read_text("utf-8")
        return _parse(text, "default policy")
    try:
        return _parse(path.read_text("utf-8"), str(path))
    except UnicodeDecodeError as error:
        raise BadFile(
            str(path), "found bytes that are no UTF-8", "a policy file in UTF-8", "save it as UTF-8"
        ) from error
    except OSError as error:
        raise BadFile(
            str(path),
            f"found no readable file ({error.strerror})",
            "a policy file",
            "check the path",
        ) from error


def _parse(text: str, where: str) -> Policy:
    try:
        content: Mapping[str, Any] = json.loads(text)
        weights = {str(k): float(v) for k, v in content["weights"].items()}
        unknown = sorted(set(weights) - set(FEATURES))
        if unknown:
            raise BadFile(
                where,
                f"found weight for {unknown[0]!r}",
                f"one of {', '.join(FEATURES)}",
                "rename it",
            )
        digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:8]
        return Policy(
            name=str(content["name"]),
            version=f"{content['name']}-{digest}",
            weights=tuple(weights.get(feature, 0.0) for feature in FEATURES),
            floor=float(content["floor"]),
            per_holder=int(content["per_holder"]),
            provenance=str(content["provenance"]),
        )
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise BadFile(
            where,
            f"found no usable policy ({error})",
            "JSON with name, weights, floor, per_holder and provenance",
            "start from the packaged default policy",
        ) from error
