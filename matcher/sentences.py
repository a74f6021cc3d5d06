"""A text cut into sentences, each with its place, so that a page can mark what was found."""

from __future__ import annotations

import re
from functools import lru_cache

_SENTENCE = re.compile(r"[^。！？!?；;\n\r]+")


# One request looks at the same abstract several times: for shared words, effect, application.
@lru_cache(maxsize=256)
def sentence_spans(text: str) -> tuple[tuple[int, int], ...]:
    """Return (start, end) of each sentence of ``text``, without its stop or spaces at the ends.

    Claims are one sentence to the grammar; here each part between ``；`` is one.

    >>> sentence_spans("甲。 乙；丙")
    ((0, 1), (3, 4), (5, 6))
    """
    return tuple(_stripped(match) for match in _SENTENCE.finditer(text) if match.group().strip())


def _stripped(match: re.Match[str]) -> tuple[int, int]:
    part = match.group()
    start = match.start() + len(part) - len(part.lstrip())
    return start, match.start() + len(part.rstrip())


def clipped(text: str, most: int) -> str:
    """Return ``text``; a longer one cut at a comma, or after ``most`` characters, with ``…``."""
    if len(text) <= most:
        return text
    comma = max(text.rfind(mark, most // 2, most) for mark in "，,、")
    return text[: comma if comma > 0 else most] + "…"
