"""Ids of the outside to rows of the inside and back; outside matcher and eval only ids."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from matcher.errors import InputError
from matcher.types import RowArray


class IdMap:
    """A sorted array of ids; row ``i`` holds the ``i``-th id in byte order.

    Args:
        ids: bytes array (n,), sorted, without repeats (UTF-8).
    """

    def __init__(self, ids: npt.NDArray[Any]) -> None:
        self._ids = ids

    @classmethod
    def of(cls, ids: Sequence[str]) -> IdMap:
        """Return the map over ids that are already in byte order; raise ``InputError`` if not."""
        encoded = np.array([i.encode() for i in ids], dtype=np.bytes_)
        if len(encoded) > 1 and not bool((encoded[:-1] < encoded[1:]).all()):
            raise InputError(
                "found ids out of order or repeated", "ids in byte order, each once", "sort them"
            )
        return cls(encoded if len(encoded) else np.empty(0, dtype="S1"))

    def __len__(self) -> int:
        return len(self._ids)

    def id_at(self, row: int) -> str:
        """Return the id of a row."""
        return bytes(self._ids[row]).decode()

    def ids_at(self, rows: RowArray) -> list[str]:
        """Return the ids of rows, in their order."""
        return [bytes(i).decode() for i in self._ids[rows]]

    def row_of(self, item: str) -> int | None:
        """Return the row of an id, or ``None`` where it is not in the map."""
        rows = self.rows_of([item])
        return int(rows[0]) if len(rows) else None

    def rows_of(self, items: Iterable[str]) -> RowArray:
        """Return the rows of those ids that are in the map, in the order given."""
        rows = self.places_of(items)
        return rows[rows >= 0]

    def places_of(self, items: Iterable[str]) -> RowArray:
        """Return int64 (items,), the row of each id, -1 where it is not in the map."""
        wanted = np.array([i.encode() for i in items], dtype=np.bytes_)
        if not len(wanted) or not len(self._ids):
            return np.full(len(wanted), -1, dtype=np.int64)
        place = np.searchsorted(self._ids, wanted)
        place = np.minimum(place, len(self._ids) - 1)
        rows: RowArray = np.where(self._ids[place] == wanted, place, -1).astype(np.int64)
        return rows

    def save(self, path: Path) -> None:
        """Write the ids as one ``.npy`` file."""
        np.save(path, self._ids, allow_pickle=False)

    @classmethod
    def load(cls, path: Path) -> IdMap:
        """Return the map of a saved file, mapped."""
        return cls(np.load(path, mmap_mode="r", allow_pickle=False))
