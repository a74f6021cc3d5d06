"""Who may stand in a list together: one of a family or a group, few of a holder."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Caps:
    """Counts what a list already holds.

    Attributes:
        per_holder: most items of one holder; a nameless holder is not counted.
    """

    per_holder: int
    _families: set[str] = field(default_factory=set)
    _groups: set[str] = field(default_factory=set)
    _holders: Counter[str] = field(default_factory=Counter)

    def refusal(self, family: str, holder: str, group: str = "") -> str:
        """Return why an item may not be added (``family``, ``group``, ``holder``), or ``""``."""
        if family and family in self._families:
            return "family"
        if group and group in self._groups:
            return "group"
        if holder and self._holders[holder] >= self.per_holder:
            return "holder"
        return ""

    def add(self, family: str, holder: str, group: str = "") -> None:
        """Count an item that was added."""
        if family:
            self._families.add(family)
        if group:
            self._groups.add(group)
        if holder:
            self._holders[holder] += 1
