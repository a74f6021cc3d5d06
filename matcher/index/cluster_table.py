"""The patents as every policy multiplies them: one row each, in the order of their clusters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from matcher.index.clusters import Clusters, clusters_of, order_of
from matcher.index.segment_index import Mask
from matcher.index.side import Side
from matcher.types import FloatArray, RowArray

FACTS = "hubness", "public_holder", "in_force"
"""Facts of a patent that a policy weighs whoever asks."""

UNKNOWN = len(FACTS)  # column behind the facts: 1 where nobody told the province
BESIDE = UNKNOWN + 1

_TABLE = "table"
_CLUSTERS = "order", "start", "centre", "radius"
_SAVED = _TABLE, *_CLUSTERS


@dataclass(frozen=True, slots=True)
class ClusterTable:
    """Patents in clusters, with all of them that a linear policy can multiply.

    Attributes:
        rows: float32 (m, dim + 4 + segments): vector, ``FACTS``, province unknown, shares of the
            segments; may be mapped.
        clusters: their order; m patents.
        position: int32 (patents,), where each row of the index stands in the order, -1 for none.
        cluster_of: int32 (m,).
        lies: ``province`` and ``city`` codes, int (m,), of the patents.
        cities: city → clusters with members there, and the share of these.
    """

    rows: FloatArray
    clusters: Clusters
    position: npt.NDArray[np.int32]
    cluster_of: npt.NDArray[np.int32]
    lies: tuple[npt.NDArray[Any], npt.NDArray[Any]]
    cities: Mapping[int, tuple[RowArray, FloatArray]]

    @classmethod
    def of(cls, side: Side) -> ClusterTable:
        """Return the table of every patent of a side."""
        parts = order_of(side.vectors, side.columns["province"], np.arange(len(side)))
        order = np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)
        rows = _rows(side, order)
        return cls.over(side, rows, clusters_of(parts, rows, side.vectors.shape[1]))

    @classmethod
    def over(cls, side: Side, rows: FloatArray, clusters: Clusters) -> ClusterTable:
        """Return the table whose rows and clusters were made before, of the same side."""
        order = clusters.order
        position = np.full(len(side), -1, dtype=np.int32)
        position[order] = np.arange(len(order), dtype=np.int32)
        cluster_of = np.repeat(np.arange(len(clusters), dtype=np.int32), clusters.sizes)
        city = side.columns["city"][order]
        lies = side.columns["province"][order], city
        cities = _cities(city, cluster_of, clusters.sizes)
        return cls(rows, clusters, position, cluster_of, lies, cities)

    def among(self, side: Side, allowed: Mask) -> ClusterTable:
        """Return the table of some patents, in the clusters that they are in.

        Args:
            side: the patents.
            allowed: bool (patents,), those that stay.
        """
        kept = allowed[self.clusters.order]
        if kept.all():
            return self
        sizes = np.bincount(self.cluster_of[kept], minlength=len(self.clusters))
        order = self.clusters.order[kept].astype(np.int64)
        parts = np.split(order, np.cumsum(sizes[sizes > 0])[:-1]) if len(order) else []
        rows = self.rows[kept]
        return self.over(side, rows, clusters_of(parts, rows, side.vectors.shape[1]))

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Return what has to be kept, by name."""
        return {_TABLE: self.rows, **{name: getattr(self.clusters, name) for name in _CLUSTERS}}

    @classmethod
    def from_arrays(cls, side: Side, kept: Mapping[str, npt.NDArray[Any]]) -> ClusterTable:
        """Return the table that ``arrays`` told, of the same side."""
        rows, *parts = (np.asarray(kept[name]) for name in _SAVED)
        return cls.over(side, rows, Clusters(*parts))

    def save(self, folder: Path) -> None:
        """Write the table into a new folder."""
        folder.mkdir(parents=True)
        for name, array in self.arrays().items():
            np.save(folder / f"{name}.npy", array, allow_pickle=False)

    @classmethod
    def load(cls, folder: Path, side: Side) -> ClusterTable:
        """Return the table of a saved folder; the rows stay on disk, mapped."""
        kept = {
            name: np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)
            for name in _SAVED
        }
        # Small and read all over: in memory.
        return cls.from_arrays(side, {**kept, **{name: kept[name][:].copy() for name in _CLUSTERS}})


def saved_names() -> tuple[str, ...]:
    """Return the names of the arrays that ``ClusterTable.arrays`` tells."""
    return _SAVED


def _rows(side: Side, order: RowArray) -> FloatArray:
    dim = side.vectors.shape[1]
    table = np.zeros((len(order), dim + BESIDE + len(side.codes)), dtype=np.float32)
    table[:, :dim] = side.vectors[order]
    columns = side.columns
    table[:, dim] = columns["hubness"][order]
    table[:, dim + 1] = columns["public_holder"][order] == 1
    table[:, dim + 2] = columns["in_force"][order] == 1
    table[:, dim + UNKNOWN] = columns["province"][order] < 0
    table[:, dim + BESIDE :] = side.shares[order].toarray()
    return table


def _cities(
    city: npt.NDArray[Any], cluster_of: npt.NDArray[np.int32], sizes: RowArray
) -> dict[int, tuple[RowArray, FloatArray]]:
    known = city >= 0
    pairs, counts = np.unique(
        np.column_stack([city[known].astype(np.int64), cluster_of[known]]),
        axis=0,
        return_counts=True,
    )
    found: dict[int, tuple[RowArray, FloatArray]] = {}
    ends = np.flatnonzero(np.diff(pairs[:, 0])) + 1
    for part, n in zip(np.split(pairs, ends), np.split(counts, ends), strict=True):
        if len(part):
            share = n / sizes[part[:, 1]]
            found[int(part[0, 0])] = part[:, 1], share.astype(np.float32)
    return found
