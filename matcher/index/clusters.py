"""Patents that lie near each other, put side by side, so that a firm looks at some of them only.

Patents of one province are parted by k-means over their vectors (IVF, Jégou et al. 2011, PAMI): a
cluster then has one place and one direction, and its mean row tells what its members score.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from embeddings.encoder import Vectors
from matcher.index.faiss_index import nearest_centres
from matcher.types import FloatArray, RowArray

_SIZE = 128
_SPREAD = 0.3  # of |query| × radius: how far above its mean the best of a cluster lies, measured
_SEED = 1


@dataclass(frozen=True, slots=True)
class Clusters:
    """Patents in another order.

    Attributes:
        order: int32 (m,), the row of the index at each position, cluster after cluster.
        start: int64 (clusters + 1,), the positions where each begins and ends.
        centre: float32 (clusters, columns), mean row of the table.
        radius: float32 (clusters,), root mean square distance of the vectors from their mean.
    """

    order: npt.NDArray[np.int32]
    start: RowArray
    centre: FloatArray
    radius: FloatArray

    def __len__(self) -> int:
        return len(self.radius)

    @property
    def sizes(self) -> RowArray:
        """int64 (clusters,), members of each."""
        return np.diff(self.start)

    def promise(self, asked: FloatArray, dim: int) -> FloatArray:
        """Return float32 (firms, clusters): about what the best member of each would score.

        Args:
            asked: float32 (firms, columns), what a firm weighs.
            dim: columns that are vectors.
        """
        length = np.linalg.norm(asked[:, :dim], axis=1).astype(np.float32)
        found: FloatArray = asked @ self.centre.T
        found += np.float32(_SPREAD) * length[:, None] * self.radius[None, :]
        return found


def order_of(vectors: Vectors, province: npt.NDArray[np.int16], rows: RowArray) -> list[RowArray]:
    """Return the clusters of the rows, each int64 rows ascending, none empty.

    Args:
        vectors: float32 (n, dim).
        province: int (n,), code of the holder's province, -1 for unknown.
        rows: int64, which rows are clustered.
    """
    found: list[RowArray] = []
    for code in np.unique(province[rows]).tolist():
        here = rows[province[rows] == code]
        wanted = round(len(here) / _SIZE)
        if wanted < 2:
            found.append(here)
            continue
        label = nearest_centres(np.ascontiguousarray(vectors[here]), wanted, _SEED)
        order = np.argsort(label, kind="stable")
        ends = np.cumsum(np.bincount(label, minlength=wanted))[:-1]
        found.extend(here[part] for part in np.split(order, ends) if len(part))
    return found


def clusters_of(parts: list[RowArray], table: FloatArray, dim: int) -> Clusters:
    """Return the clusters with their means.

    Args:
        parts: from ``order_of``.
        table: float32 (m, columns), the rows of all parts in their order.
        dim: columns that are vectors.
    """
    sizes = np.array([len(part) for part in parts], dtype=np.int64)
    start = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    centre = np.empty((len(parts), table.shape[1]), dtype=np.float32)
    radius = np.empty(len(parts), dtype=np.float32)
    for number, (first, end) in enumerate(pairwise(start.tolist())):
        members = table[first:end]
        centre[number] = members.mean(axis=0)
        off = members[:, :dim] - centre[number, :dim]
        radius[number] = np.sqrt(np.square(off).sum(axis=1).mean())
    order = np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)
    return Clusters(order.astype(np.int32), start, centre, radius)


def runs(inside: npt.NDArray[np.bool_], start: RowArray) -> Iterator[tuple[int, int]]:
    """Yield where the positions of clusters begin and end, neighbours as one."""
    numbers = np.flatnonzero(inside)
    breaks = np.flatnonzero(np.diff(numbers) > 1) + 1
    firsts = numbers[np.concatenate([[0], breaks])] if len(numbers) else numbers
    ends = numbers[np.concatenate([breaks - 1, [-1]])] if len(numbers) else numbers
    yield from zip(start[firsts].tolist(), start[ends + 1].tolist(), strict=True)
