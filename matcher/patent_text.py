"""Which words of a patent are searched."""

from __future__ import annotations

from matcher.types import Patent


def document_text(patent: Patent) -> str:
    """Return the searched text: title, abstract, first claim and technical field, where present."""
    parts = (patent.title, patent.abstract, patent.first_claim, patent.technical_field)
    return "。".join(part for part in parts if part)
