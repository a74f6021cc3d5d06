"""Policies as small JSON files: read with every mistake named, written with their provenance."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from matcher.codes import PlaceSetting
from matcher.errors import BadFile
from matcher.ranking.features import FEATURES, PLACE_FEATURES
from matcher.ranking.policy import Placing, Policy

_FIELDS = ("name", "weights", "places", "place", "floor", "per_holder", "diversity", "provenance")
_PLACING = (*PLACE_FEATURES, "intercept")


def load_policy(path: Path | None = None) -> Policy:
    """Return the policy of a JSON file; ``None`` gives the packaged default.

    Raises:
        BadFile: the file is missing, no UTF-8 or no JSON, lacks a field, names features that do not
            exist, or holds a value out of range.
    """
    if path is None:
        text = (resources.files("matcher.ranking") / "policies" / "default.json").read_text("utf-8")
        return parse_policy(text, "default policy")
    try:
        return parse_policy(path.read_text("utf-8"), str(path))
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


def policy_text(policy: Policy) -> str:
    """Return the file content of a policy; reading it gives the same scores."""
    weights = {
        feature: weight
        for feature, weight in zip(FEATURES, policy.weights, strict=True)
        if feature not in PLACE_FEATURES
    }
    places = {
        setting.value: {name: getattr(placing, name) for name in _PLACING}
        for setting, placing in policy.places.items()
    }
    content = {
        "name": policy.name,
        "weights": weights,
        "places": places,
        "place": policy.place.value,
        "floor": policy.floor,
        "per_holder": policy.per_holder,
        "diversity": policy.diversity,
        "provenance": dict(policy.provenance),
    }
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def parse_policy(text: str, where: str) -> Policy:
    """Return the policy of a file's text; ``where`` names the file in errors."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _bad(where, f"no JSON ({error})") from error
    if not isinstance(content, dict):
        raise _bad(where, f"a {type(content).__name__}")
    if missing := [field for field in _FIELDS if field not in content]:
        raise _bad(where, f"no {missing[0]!r}")
    try:
        return _policy(content, where)
    except (KeyError, ValueError, TypeError, AttributeError, OverflowError) as error:
        raise _bad(where, f"no usable policy ({error})") from error


def _policy(content: Mapping[str, Any], where: str) -> Policy:
    weights = {str(name): _number(value, name) for name, value in content["weights"].items()}
    if unknown := sorted(set(weights) - set(FEATURES) | set(weights) & set(PLACE_FEATURES)):
        expected = ", ".join(f for f in FEATURES if f not in PLACE_FEATURES)
        raise BadFile(
            where, f"found weight for {unknown[0]!r}", f"one of {expected}", "rename or remove it"
        )
    places = {
        PlaceSetting(name): Placing(*(_number(told[part], part) for part in _PLACING))
        for name, told in content["places"].items()
    }
    if absent := [setting.value for setting in PlaceSetting if setting not in places]:
        raise ValueError(f"places lack {absent[0]!r}")
    place = PlaceSetting(content["place"])
    floor = _within(content["floor"], "floor", 1e-9, 1 - 1e-9)
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:8]
    return Policy(
        name=str(content["name"]),
        version=f"{content['name']}-{place.value}-{digest}",
        weights=tuple(weights.get(feature, 0.0) for feature in FEATURES),
        places=places,
        place=place,
        floor=floor,
        per_holder=int(_within(content["per_holder"], "per_holder", 1, 1_000)),
        diversity=_within(content["diversity"], "diversity", 0.0, 1.0),
        provenance=dict(content["provenance"]),
    )


def _number(value: Any, name: str) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{name} is {value}")
    return number


def _within(value: Any, name: str, least: float, most: float) -> float:
    number = _number(value, name)
    if not least <= number <= most:
        raise ValueError(f"{name} is {value}, not within {least} and {most}")
    return number


def _bad(where: str, found: str) -> BadFile:
    return BadFile(
        where,
        f"found {found}",
        f"JSON with {', '.join(_FIELDS)}",
        "start from the packaged default policy ('panhuo policy show')",
    )
