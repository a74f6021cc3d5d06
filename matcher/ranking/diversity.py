"""Who may stand in a list together: a spread of fields, one of a family, few of a holder."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from matcher.index.side import Side
from matcher.types import FloatArray, RowArray


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


def aspects_of(side: Side, rows: RowArray) -> npt.NDArray[np.int64]:
    """Return int64 (n,), the field of each row: its IPC subclass, or its segment without one.

    Rows with neither share one field.
    """
    found = side.columns["subclass"][rows].astype(np.int64)
    without = np.flatnonzero(found < 0)
    shares = side.shares[rows[without]]
    filed = np.diff(shares.indptr) > 0
    if filed.any():
        segment = np.asarray(shares.argmax(axis=1)).ravel()
        found[without] = np.where(filed, -2 - segment, -1)
    return found


def spread(
    chances: FloatArray, aspects: npt.NDArray[np.int64], diversity: float, reach: int
) -> RowArray:
    """Return int64 (n,), positions: the first ``reach`` spread over aspects, the rest as they were.

    xQuAD (Santos, Macdonald and Ounis 2010, WWW): each place goes to the item with most
    (1 - λ)·r + λ·r·Π(1 - r') over the items r' of its aspect that stand before it. All aspects
    count alike: weighed by their mass, the heaviest came first and hardly anything was spread.

    Args:
        chances: float32 (n,), probabilities, descending; r is a chance over the first.
        aspects: int64 (n,), one an item.
        diversity: λ, 0 … 1.
        reach: places that are spread.
    """
    n = len(chances)
    if n == 0 or diversity <= 0:
        return np.arange(n, dtype=np.int64)
    among = min(n, max(reach, 1) * 2)
    gain = chances[:among].astype(np.float64) / (float(chances[0]) or 1.0)
    _, of = np.unique(aspects[:among], return_inverse=True)
    left = np.ones(int(of.max()) + 1)
    free = np.ones(among, dtype=bool)
    order: list[int] = []
    for _ in range(min(reach, among)):
        worth = gain * ((1 - diversity) + diversity * left[of])
        best = int(np.argmax(np.where(free, worth, -1.0)))
        order.append(best)
        free[best] = False
        left[of[best]] *= 1 - min(gain[best], 1.0)
    rest = np.setdiff1d(np.arange(n), order)
    return np.concatenate([np.array(order), rest]).astype(np.int64)
