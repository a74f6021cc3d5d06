"""What a push chooses from: pairs firm × item with their worth, and how often each may be taken."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from matcher.errors import InputError
from matcher.types import FloatArray, RowArray

Counts = npt.NDArray[np.int32]
Whole = npt.NDArray[np.integer[Any]]


@dataclass(frozen=True, slots=True)
class Edges:
    """Candidate pairs, firm after firm.

    An item is what is offered as one: a patent, or a group or family with all its members.

    Attributes:
        start: int64 (firms + 1,), where each firm's edges begin and end.
        item: int32 (edges,), ascending within a firm, none twice.
        worth: float32 (edges,), above 0; what is summed and maximised.
        holder: int32 (items,), code of the item's holder, -1 where it has none.
    """

    start: RowArray
    item: Counts
    worth: FloatArray
    holder: Counts

    def __post_init__(self) -> None:
        if (
            self.start[0] != 0
            or self.start[-1] != len(self.item)
            or np.any(np.diff(self.start) < 0)
        ):
            raise InputError("found edge ranges that do not cover the edges", "ascending ranges")
        if len(self.worth) != len(self.item) or not np.all(self.worth > 0):
            raise InputError("found worths that are missing or not above 0", "one above 0 an edge")
        if len(self.item) and not 0 <= self.item.min() <= self.item.max() < len(self.holder):
            raise InputError("found items out of range", f"0 to {len(self.holder) - 1}")

    def __len__(self) -> int:
        return len(self.item)

    @property
    def n_firms(self) -> int:
        """How many firms there are, those without edges included."""
        return len(self.start) - 1

    @property
    def n_items(self) -> int:
        """How many items there are, those without edges included."""
        return len(self.holder)

    def firms(self) -> Counts:
        """Return int32 (edges,), the firm of each edge."""
        sizes = np.diff(self.start)
        return np.repeat(np.arange(self.n_firms, dtype=np.int32), sizes)

    @classmethod
    def of(
        cls, firm: Whole, item: Whole, worth: FloatArray, n_firms: int, holder: Counts
    ) -> tuple[Edges, RowArray]:
        """Return the edges of loose pairs, and int64 (edges,), which pair each edge is.

        Of a pair told several times (two members of a group) the one of most worth counts.

        Args:
            firm: int (pairs,), 0 to ``n_firms`` - 1.
            item: int (pairs,).
            worth: float32 (pairs,), above 0.
            n_firms: how many firms there are.
            holder: int32 (items,), see ``Edges``.
        """
        if np.any(firm[1:] < firm[:-1]):
            order = np.argsort(firm, kind="stable")
        else:
            order = np.arange(len(firm))
        start = np.searchsorted(firm[order], np.arange(n_firms + 1)).astype(np.int64)
        order = order.astype(np.int64)
        first = np.ones(len(firm), dtype=np.bool_)
        _sort_within(start, item, worth, order, first)
        kept = order[first]
        sizes = np.concatenate([[0], np.cumsum(first)])[start]
        return cls(sizes, item[kept].astype(np.int32), worth[kept].astype(np.float32), holder), kept


@dataclass(frozen=True, slots=True)
class Limits:
    """How often firms and items may be taken.

    Attributes:
        per_firm: int32 (firms,), most items of each firm (K).
        least: int32 (items,), least firms of each item (L).
        most: int32 (items,), most firms of each item (U).
        per_holder: most items of one holder in a firm's list.
    """

    per_firm: Counts
    least: Counts
    most: Counts
    per_holder: int

    def __post_init__(self) -> None:
        if np.any(self.per_firm < 0) or np.any(self.least < 0) or np.any(self.least > self.most):
            raise InputError(
                "found limits below 0, or a least above its most", "0 ≤ L ≤ U and K ≥ 0"
            )
        if self.per_holder < 1:
            raise InputError(f"found {self.per_holder} items a holder", "1 or more")

    @classmethod
    def uniform(
        cls, edges: Edges, per_firm: int, least: int, most: int | None, per_holder: int
    ) -> Limits:
        """Return the same limits for all.

        Args:
            edges: give the numbers of firms and items.
            per_firm: K.
            least: L.
            most: U; ``None`` for five times the mean load of the items that have edges.
            per_holder: see ``Limits``.
        """
        n_items = edges.n_items
        return cls.of(
            edges,
            np.full(edges.n_firms, per_firm, dtype=np.int32),
            np.full(n_items, least, dtype=np.int32),
            np.full(n_items, -1 if most is None else most, dtype=np.int32),
            per_holder,
        )

    @classmethod
    def of(
        cls, edges: Edges, per_firm: Counts, least: Counts, most: Counts, per_holder: int
    ) -> Limits:
        """Return limits of each firm and item.

        Args:
            edges: give the mean load.
            per_firm: int32 (firms,), K.
            least: int32 (items,), L.
            most: int32 (items,), U; -1 for five times the mean load of the items that have edges,
                or L where that is more.
            per_holder: see ``Limits``.
        """
        usual = np.maximum(least, usual_most(edges, per_firm))
        return cls(per_firm, least, np.where(most < 0, usual, most).astype(np.int32), per_holder)

    def reachable(self, edges: Edges) -> Limits:
        """Return the limits with no item asking for more firms than it has edges."""
        degree = np.bincount(edges.item, minlength=edges.n_items).astype(np.int32)
        return replace(self, least=np.minimum(self.least, degree))


@numba.njit(parallel=True, cache=True)
def _sort_within(start: Any, item: Any, worth: Any, order: Any, first: Any) -> None:
    """Sort each firm's pairs by item, the best of an item first, and mark that one."""
    for firm in numba.prange(len(start) - 1):
        own = order[start[firm] : start[firm + 1]].copy()
        own = own[np.argsort(-worth[own], kind="mergesort")]
        own = own[np.argsort(item[own], kind="mergesort")]
        for place in range(len(own)):
            order[start[firm] + place] = own[place]
            if place and item[own[place]] == item[own[place - 1]]:
                first[start[firm] + place] = False


def usual_most(edges: Edges, per_firm: int | Counts) -> int:
    """Return five times the mean load, were every firm's list full: the usual U, at least 1."""
    reached = int(np.count_nonzero(np.bincount(edges.item, minlength=edges.n_items)))
    filled = int(np.minimum(np.diff(edges.start), per_firm).sum())
    return max(1, int(np.ceil(5.0 * filled / max(reached, 1))))
