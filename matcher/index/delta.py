"""What changed since a version was built: sides of few records, made as a build makes them.

Whatever is told of the whole corpus (rarity of words, mean length, nearness to firms in general,
codes of places) is the version's own, so that a record scores the same in the version and beside
it. New records come into a small side that is made anew each time; when that has grown, it goes
into a larger one that is made seldom.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from embeddings.encoder import Vectors
from matcher.index.cluster_table import ClusterTable
from matcher.index.rows import (
    FirmRows,
    PatentRows,
)
from matcher.index.segment_index import Mask
from matcher.index.side import Side
from matcher.segments.routing import Shares
from matcher.types import Patent, RowArray

_FRESH = 128  # records of the small side


@dataclass(frozen=True, slots=True)
class Batch:
    """Records as a side is made of them, in the order of ids.

    Attributes:
        rows: their columns.
        vectors: float32 (n, dim).
        shares: csr float32 (n, segments).
        words: of each, for BM25.
        hubness: float32 (n,); of firms zeros that nobody reads.
        outlines: the patents without their texts, for filters; of firms none.
    """

    rows: PatentRows | FirmRows
    vectors: Vectors
    shares: Shares
    words: tuple[list[str], ...]
    hubness: npt.NDArray[np.float32]
    outlines: tuple[Patent, ...] = ()

    def __len__(self) -> int:
        return len(self.rows.ids)

    def without(self, ids: Collection[str]) -> Batch:
        """Return the batch without these records."""
        kept = [row for row, name in enumerate(self.rows.ids) if name not in ids]
        return self if len(kept) == len(self) else self._taken(np.array(kept, dtype=np.int64))

    def joined(self, other: Batch) -> Batch:
        """Return both, in the order of ids; they share none."""
        columns = {
            one.name: getattr(self.rows, one.name) + getattr(other.rows, one.name)
            for one in fields(self.rows)
        }
        both = Batch(
            type(self.rows)(**columns),
            np.concatenate([self.vectors, other.vectors]),
            sp.vstack([self.shares, other.shares]).tocsr(),
            (*self.words, *other.words),
            np.concatenate([self.hubness, other.hubness]),
            (*self.outlines, *other.outlines),
        )
        order = sorted(range(len(both)), key=lambda row: both.rows.ids[row].encode())
        return both._taken(np.array(order, dtype=np.int64))

    def _taken(self, rows: RowArray) -> Batch:
        chosen = rows.tolist()
        columns = {
            one.name: [getattr(self.rows, one.name)[row] for row in chosen]
            for one in fields(self.rows)
        }
        return Batch(
            type(self.rows)(**columns),
            self.vectors[rows],
            self.shares[rows],
            tuple(self.words[row] for row in chosen),
            self.hubness[rows],
            tuple(self.outlines[row] for row in chosen) if self.outlines else (),
        )


@dataclass(frozen=True, slots=True)
class Tier:
    """One of the sides beside a version.

    Attributes:
        batch: its records.
        side: as it is searched.
        table: its patents in clusters; ``None`` for firms.
        live: bool (n,), rows that count; ``None`` for all.
    """

    batch: Batch
    side: Side
    table: ClusterTable | None
    live: Mask | None = None

    def dropping(self, ids: Collection[str]) -> Tier:
        """Return the tier in which these records count no longer."""
        rows = self.side.ids.rows_of(ids)
        if not len(rows):
            return self
        live = np.ones(len(self.side), dtype=bool) if self.live is None else self.live.copy()
        live[rows] = False
        return replace(self, live=live)

    def whole(self) -> Batch:
        """Return the records that count."""
        if self.live is None:
            return self.batch
        dead = {name for name, live in zip(self.batch.rows.ids, self.live, strict=True) if not live}
        return self.batch.without(dead)


@dataclass(frozen=True, slots=True)
class Beside:
    """What changed of one kind of record.

    Attributes:
        settled: the larger side; ``None`` before there is one.
        fresh: the small side; likewise.
        live: bool (rows of the version,), which still count; ``None`` for all.
    """

    settled: Tier | None = None
    fresh: Tier | None = None
    live: Mask | None = None

    @property
    def tiers(self) -> tuple[Tier, ...]:
        """Those that there are, the larger first."""
        return tuple(tier for tier in (self.settled, self.fresh) if tier is not None)

    def __len__(self) -> int:
        return sum(len(tier.whole()) for tier in self.tiers)

    def changed(
        self,
        side: Side,
        touched: Collection[str],
        came: Batch | None,
        made: Callable[[Batch], Tier],
    ) -> Beside:
        """Return it after a change.

        Args:
            side: the version's.
            touched: ids that were added, changed or deleted.
            came: those of them that there are, ``None`` for none.
            made: makes a tier.
        """
        live = self.live
        rows = side.ids.rows_of(touched)
        if len(rows):
            live = np.ones(len(side), dtype=bool) if live is None else live.copy()
            live[rows] = False
        settled = self.settled.dropping(touched) if self.settled else None
        small = self.fresh.batch.without(touched) if self.fresh else None
        if came is not None:
            small = small.joined(came) if small else came
        if small and len(small) > _FRESH:
            whole = settled.whole() if settled else None
            settled, small = made(whole.joined(small) if whole else small), None
        fresh = made(small) if small else None
        return Beside(settled, fresh, live)


@dataclass(frozen=True, slots=True)
class Delta:
    """What changed since a version was built; ``number`` goes up with every change of it."""

    patents: Beside = Beside()
    firms: Beside = Beside()
    number: int = 0

    def __len__(self) -> int:
        return len(self.patents) + len(self.firms)
