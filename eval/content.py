"""Figures as JSON content: nested, rounded, in the order of the fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_DIGITS = 6


def rounded(found: Any) -> Any:
    """Return plain dicts, lists and numbers, floats cut to six digits after the point.

    >>> rounded({"a": (0.12345678, 1)})
    {'a': [0.123457, 1]}
    """
    if isinstance(found, Mapping):
        return {str(key): rounded(value) for key, value in found.items()}
    if isinstance(found, list | tuple):
        return [rounded(value) for value in found]
    return round(found, _DIGITS) if isinstance(found, float) else found
