"""Which words of a patent are searched."""

from __future__ import annotations

from typing import NamedTuple

from matcher.types import Patent


class PatentPart(NamedTuple):
    """One text of a patent: the field it stands in, which of the field's texts, the text."""

    field: str
    part: int
    text: str


_PLAIN = ("title", "abstract", "first_claim", "technical_field")
_LISTED = ("problems", "effects", "applications", "topics")


def searched_parts(patent: Patent) -> list[PatentPart]:
    """Return every text that is searched, in order, empty ones left out.

    Title, abstract, first claim and technical field, then the phrases that a vendor extracted
    (技术问题, 技术功效, 应用领域, 技术主题), where present.
    """
    parts = [PatentPart(name, 0, getattr(patent, name)) for name in _PLAIN]
    for name in _LISTED:
        parts += [PatentPart(name, i, text) for i, text in enumerate(getattr(patent, name))]
    return [part for part in parts if part.text]


def document_text(patent: Patent) -> str:
    """Return the searched text: every part of ``searched_parts``, one sentence each at least."""
    return "。".join(part.text for part in searched_parts(patent))
