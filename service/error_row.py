"""How one error class looks from outside."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """How one error class looks from outside; ``detail_zh`` is filled with the error's fields."""

    status: int
    slug: str
    title: str
    title_zh: str
    detail_zh: str
