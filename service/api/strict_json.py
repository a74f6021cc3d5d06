"""JSON without the ways in which two readers may understand one body differently."""

from __future__ import annotations

import codecs
import json
import math
import re
from typing import Any

import numpy as np

from service.api.refusals import MalformedBody

DEEPEST = 100
MOST_NODES = 10_000
_BOMS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# Possessive and always matching: linear on any input, an unclosed string included.
_STRING = re.compile(rb'"(?:[^"\\]++|\\.?)*+"?', re.DOTALL)
_STEPS = np.zeros(256, dtype=np.int32)
_STEPS[list(b"[{")] = 1
_STEPS[list(b"]}")] = -1


def check_json(body: bytes) -> None:
    """Raise ``MalformedBody`` unless the body is strict JSON in UTF-8.

    Refused are: a byte order mark, nesting deeper than 100, more than 10,000
    arrays and objects, a name twice in one object, NaN and numbers beyond float64, NUL and half
    surrogates in texts.
    """
    if body.startswith(_BOMS):
        raise MalformedBody("found a byte order mark", "JSON in UTF-8 without one")
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedBody(f"found bytes that are no UTF-8 at {error.start}", "UTF-8") from error
    # Before parsing: the parser's own limit moves with the Python version.
    deepest, nodes = shape(body)
    if deepest > DEEPEST:
        raise MalformedBody("found JSON nested too deeply", f"at most {DEEPEST} levels")
    # A megabyte of empty arrays keeps parser and garbage collector busy for most of a second.
    if nodes > MOST_NODES:
        raise MalformedBody("found too many arrays and objects", f"at most {MOST_NODES}")
    try:
        value = json.loads(
            text, object_pairs_hook=_object, parse_constant=_constant, parse_float=_number
        )
    except json.JSONDecodeError as error:
        raise MalformedBody(
            f"found no JSON: {error.msg} at character {error.pos}", "JSON (RFC 8259)"
        ) from error
    except ValueError as error:
        raise MalformedBody("found an integer of too many digits", "a shorter number") from error
    if b"\\u" in body:
        _check_texts(value)


def shape(body: bytes) -> tuple[int, int]:
    """Return how deeply arrays and objects are nested, and how many there are.

    Brackets inside strings do not count.

    >>> shape(b'[{"a[": [1]}, []]')
    (3, 4)
    """
    steps = _STEPS[np.frombuffer(_STRING.sub(b"", body), dtype=np.uint8)]
    return int(np.cumsum(steps).max(initial=0)), int((steps == 1).sum())


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise MalformedBody("found a name twice in one object", "each name once")
    return found


def _constant(name: str) -> float:
    raise MalformedBody(f"found {name}", "finite numbers")


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise MalformedBody("found a number beyond float64", "finite numbers")
    return value


def _check_texts(value: Any) -> None:
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            waiting += item.keys()
            waiting += item.values()
        elif isinstance(item, list):
            waiting += item
        elif isinstance(item, str) and not _storable(item):
            raise MalformedBody("found NUL or half a surrogate in a text", "Unicode text")


def _storable(text: str) -> bool:
    return not any(mark == "\0" or "\ud800" <= mark <= "\udfff" for mark in text)
