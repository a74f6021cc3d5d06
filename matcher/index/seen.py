"""A version with what changed since, as one: the rows of all sides numbered one behind the other.

Rows of the version keep their numbers; those of the sides beside it follow. What was changed or
deleted is found under its new row or not at all. Without a change this is the version itself.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from embeddings.encoder import Vectors
from embeddings.lexical import LexicalIndex
from matcher.index.cluster_table import ClusterTable
from matcher.index.delta import Beside, Delta, Tier
from matcher.index.id_map import IdMap
from matcher.index.index_set import IndexSet, spread_of
from matcher.index.segment_index import Mask
from matcher.index.side import Side
from matcher.places.places import PlaceTable
from matcher.types import PatentId, RowArray, SegmentCode

_OWN = "subclass"  # the one column of which a policy looks at rows of other sides


class Listed(Protocol):
    """What lists need of a side, of one version or of more."""

    @property
    def ids(self) -> IdMap:
        """Row ↔ id."""

    @property
    def codes(self) -> tuple[SegmentCode, ...]:
        """Segment codes."""

    def __len__(self) -> int:
        """Return how many rows there are."""

    def main_segment(self, row: int) -> SegmentCode | None:
        """Return the segment of highest share of a row, or ``None``."""


@dataclass(frozen=True, slots=True)
class Part:
    """One of the sides.

    Attributes:
        side: its rows are its own, from 0.
        table: its patents in clusters; ``None`` for firms.
        first: the number of its first row among all.
        live: bool (n,), rows that count; ``None`` for all.
        shift: added to the number of any row, gives a row of the column ``subclass``.
        tier: that it shows; of the version itself ``None``.
    """

    side: Side
    table: ClusterTable | None
    first: int = 0
    live: Mask | None = None
    shift: int = 0
    tier: Tier | None = None

    def living(self, rows: RowArray) -> RowArray:
        """Return those of its rows that count."""
        return rows if self.live is None else rows[self.live[rows]]


class _Ids(IdMap):
    """Ids of all sides; those that count no longer are not found."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self._parts = parts

    def __len__(self) -> int:
        return sum(len(part.side) for part in self._parts)

    def id_at(self, row: int) -> str:
        """Return the id of a row."""
        return self.ids_at(np.array([row], dtype=np.int64))[0]

    def ids_at(self, rows: RowArray) -> list[str]:
        """Return the ids of rows, in their order."""
        found = [""] * len(rows)
        for part, where, own in split(self._parts, rows):
            for at, name in zip(where.tolist(), part.side.ids.ids_at(own), strict=True):
                found[at] = name
        return found

    def places_of(self, items: Iterable[str]) -> RowArray:
        """Return int64 (items,), the row of each id, -1 where it is not there."""
        names = list(items)
        found = np.full(len(names), -1, dtype=np.int64)
        for part in self._parts:
            rows = part.side.ids.places_of(names)
            known = rows >= 0
            if part.live is not None:
                known[known] = part.live[rows[known]]
            found[known] = rows[known] + part.first
        return found


class SeenSide:
    """Patents, or firms, of a version and beside it.

    Args:
        side: of the version.
        table: its patents in clusters.
        beside: what changed.
    """

    def __init__(self, side: Side, table: ClusterTable | None, beside: Beside) -> None:
        self.parts = _parts(side, table, beside)
        self.base = side
        self.ids: IdMap = side.ids if self.whole else _Ids(self.parts)
        self.live = [part.live for part in self.parts]

    @property
    def whole(self) -> bool:
        """Whether nothing changed."""
        return len(self.parts) == 1 and self.parts[0].live is None

    @property
    def codes(self) -> tuple[SegmentCode, ...]:
        """Segment codes."""
        return self.base.codes

    @property
    def lexical(self) -> LexicalIndex:
        """The words of the version: what is rare is told by it."""
        return self.base.lexical

    @property
    def vectors(self) -> SeenSide:
        """The vectors by row; see ``__getitem__``."""
        return self

    def __getitem__(self, rows: int | RowArray) -> Vectors:
        """Return float32 (dim,), the vector of one row, or (n, dim), of several."""
        if isinstance(rows, int | np.integer):
            part, own = self.place(int(rows))
            one: Vectors = np.asarray(part.side.vectors[own])
            return one
        found = np.empty((len(rows), self.base.vectors.shape[1]), dtype=np.float32)
        for part, where, here in self.split(rows):
            found[where] = part.side.vectors[here]
        return found

    def __len__(self) -> int:
        return sum(len(part.side) for part in self.parts)

    def place(self, row: int) -> tuple[Part, int]:
        """Return the side of a row, and its row there."""
        part = next(one for one in reversed(self.parts) if row >= one.first)
        return part, row - part.first

    def split(self, rows: RowArray) -> Iterator[tuple[Part, RowArray, RowArray]]:
        """Yield (part, where in ``rows`` its rows stand, these as its own rows)."""
        return split(self.parts, rows)

    def main_segment(self, row: int) -> SegmentCode | None:
        """Return the segment of highest share of a row, or ``None``."""
        part, own = self.place(row)
        return part.side.main_segment(own)


def split(
    parts: Sequence[Part], rows: RowArray
) -> Iterator[tuple[Part, npt.NDArray[np.int64], RowArray]]:
    """Yield (part, where in ``rows`` its rows stand, these as its own rows), none empty."""
    if len(parts) == 1:
        yield parts[0], np.arange(len(rows)), rows
        return
    for part in parts:
        where = np.flatnonzero((rows >= part.first) & (rows < part.first + len(part.side)))
        if len(where):
            yield part, where, rows[where] - part.first


@dataclass(frozen=True, slots=True)
class Seen:
    """A version as it is seen now.

    Attributes:
        index: the version.
        patents: what firms find.
        firms: what patents find.
        names: ``provinces`` and ``cities`` → name → code, those that came later too.
        number: of the delta; 0 for none.
    """

    index: IndexSet
    patents: SeenSide
    firms: SeenSide
    names: Mapping[str, Mapping[str, int]]
    number: int = 0

    @classmethod
    def of(
        cls,
        index: IndexSet,
        delta: Delta | None = None,
        names: Mapping[str, Mapping[str, int]] | None = None,
    ) -> Seen:
        """Return the version with what changed.

        Args:
            index: the version.
            delta: what changed since; ``None`` for nothing.
            names: codes of places, where some came later than the version.
        """
        delta = Delta() if delta is None else delta
        told = names or {
            key: {name: code for code, name in enumerate(index.manifest.names[key])}
            for key in ("provinces", "cities")
        }
        return cls(
            index,
            SeenSide(index.patents, index.table, delta.patents),
            SeenSide(index.firms, None, delta.firms),
            told,
            delta.number,
        )

    def own_rows(self, patent_ids: Sequence[PatentId]) -> RowArray:
        """Return rows of patents a firm holds; of many, an even spread of 64."""
        return spread_of(self.patents.ids.rows_of(patent_ids))

    def own_vectors(self, patent_ids: Sequence[PatentId]) -> Vectors:
        """Return float32 (found, dim) rows of ``own_rows``."""
        if self.patents.whole:
            return self.index.own_vectors(patent_ids)
        return self.patents[self.own_rows(patent_ids)]

    def region_codes(self, places: PlaceTable, province: str, city: str) -> tuple[int, int]:
        """Return (province, city) codes of a region as written, -1 where unknown or unseen."""
        place = places.normalise_region(province, city) if province or city else None
        if place is None:
            return -1, -1
        name = f"{place.province}/{place.city}" if place.city else ""
        provinces, cities = self.names["provinces"], self.names["cities"]
        return provinces.get(place.province, -1), cities.get(name, -1)


def _parts(side: Side, table: ClusterTable | None, beside: Beside) -> tuple[Part, ...]:
    tiers = beside.tiers
    base = Part(side, table, live=beside.live)
    if not tiers:
        return (base,)
    sides = [side, *(tier.side for tier in tiers)]
    firsts = np.concatenate([[0], np.cumsum([len(one) for one in sides])]).tolist()
    if table is None:
        return (
            base,
            *(
                Part(tier.side, None, first, tier.live, tier=tier)
                for tier, first in zip(tiers, firsts[1:], strict=False)
            ),
        )
    every = np.concatenate([one.columns[_OWN] for one in sides])
    told = [Part(_with_own(side, every, side), table, live=beside.live)]
    for tier, first in zip(tiers, firsts[1:], strict=False):
        own = np.concatenate([tier.side.columns[_OWN], every])
        shift = len(tier.side)
        seen = _with_own(tier.side, own, side)
        told.append(Part(seen, tier.table, first, tier.live, shift, tier))
    return tuple(told)


def _with_own(side: Side, own: npt.NDArray[np.int32], whole: Side) -> Side:
    """Return the side with that column, and with the shares of places that the version knows."""
    seen = copy.copy(side)
    object.__setattr__(seen, "columns", {**side.columns, _OWN: own})
    object.__setattr__(seen, "place_shares", whole.place_shares)
    return seen
