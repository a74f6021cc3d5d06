"""One searchable side of the catalogue: patents, or firms."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from embeddings.encoder import Vectors
from embeddings.lexical import LexicalIndex
from matcher.errors import InputError
from matcher.index.exact import ExactIndex
from matcher.index.faiss_index import FaissIndex
from matcher.index.id_map import IdMap
from matcher.index.int8_index import Int8Index
from matcher.index.segment_index import SegmentIndex
from matcher.types import RowArray, SegmentCode

Columns = Mapping[str, npt.NDArray[Any]]
_PLACES = "province", "city"
_SHARES = "shares.data.npy", "shares.indices.npy", "shares.indptr.npy"

ENGINES: Mapping[str, tuple[Callable[[Vectors], SegmentIndex], Callable[[Path], SegmentIndex], str]]
ENGINES = {
    "faiss": (FaissIndex, FaissIndex.load, "npy"),
    "exact": (ExactIndex, ExactIndex.load, "npy"),
    "int8": (Int8Index, Int8Index.load, "int8"),
}
"""Name → (build from vectors, load from file, file ending)."""


@dataclass(frozen=True, slots=True)
class Side:
    """Everything one direction searches; rows are positions in ``ids``.

    Attributes:
        ids: row ↔ id.
        vectors: float32 (n, dim).
        lexical: BM25 over the same rows.
        codes: segment codes, the columns of ``shares``.
        shares: csr float32 (n, segments).
        members: code → rows of the segment, ascending.
        indexes: code → index over exactly those rows.
        columns: name → (n,) facts of each row, such as ``province``.
        place_shares: ``province`` and ``city`` → float64 (codes,), share of the rows of known place
            that lie in each; computed from the columns.
    """

    ids: IdMap
    vectors: Vectors
    lexical: LexicalIndex
    codes: tuple[SegmentCode, ...]
    shares: sp.csr_matrix
    members: Mapping[SegmentCode, RowArray]
    indexes: Mapping[SegmentCode, SegmentIndex]
    columns: Columns
    place_shares: Mapping[str, npt.NDArray[np.float64]] = field(init=False)

    def __post_init__(self) -> None:
        shares = {name: _shares_of(self.columns[name]) for name in _PLACES if name in self.columns}
        object.__setattr__(self, "place_shares", shares)

    def __len__(self) -> int:
        return len(self.ids)

    def routed(self, codes: tuple[SegmentCode, ...]) -> npt.NDArray[np.bool_]:
        """Return bool (n,): rows that lie in any of the segments."""
        mask = np.zeros(len(self), dtype=bool)
        for code in codes:
            rows = self.members.get(code)
            if rows is not None:
                mask[rows] = True
        return mask

    def main_segment(self, row: int) -> SegmentCode | None:
        """Return the segment of highest share of a row, or ``None``."""
        start, end = self.shares.indptr[row], self.shares.indptr[row + 1]
        if start == end:
            return None
        best = start + int(np.argmax(self.shares.data[start:end]))
        return self.codes[int(self.shares.indices[best])]

    @classmethod
    def assemble(
        cls,
        ids: IdMap,
        vectors: Vectors,
        lexical: LexicalIndex,
        codes: tuple[SegmentCode, ...],
        shares: sp.csr_matrix,
        columns: Columns,
        engine: str,
    ) -> Side:
        """Return the side with one index of ``engine`` for each segment that has rows."""
        build = _engine(engine)[0]
        members = _members(codes, shares)
        indexes = {
            code: build(np.ascontiguousarray(vectors[rows])) for code, rows in members.items()
        }
        return cls(ids, vectors, lexical, codes, shares, members, indexes, columns)

    def save(self, folder: Path, engine: str) -> None:
        """Write the side into a new folder."""
        ending = _engine(engine)[2]
        (folder / "segments").mkdir(parents=True)
        (folder / "columns").mkdir()
        self.ids.save(folder / "ids.npy")
        np.save(folder / "vectors.npy", self.vectors, allow_pickle=False)
        self.lexical.save(folder)
        parts = self.shares.data, self.shares.indices, self.shares.indptr
        for name, part in zip(_SHARES, parts, strict=True):
            np.save(folder / name, part, allow_pickle=False)
        for code, index in self.indexes.items():
            index.save(folder / "segments" / f"{code}.{ending}")
        for name, column in self.columns.items():
            np.save(folder / "columns" / f"{name}.npy", column, allow_pickle=False)

    @classmethod
    def load(cls, folder: Path, codes: tuple[SegmentCode, ...], engine: str) -> Side:
        """Return the side of a saved folder; large arrays stay on disk, mapped."""
        _, load, ending = _engine(engine)
        ids = IdMap.load(folder / "ids.npy")
        data, indices, indptr = (np.load(folder / name, allow_pickle=False) for name in _SHARES)
        shares = sp.csr_matrix((data, indices, indptr), shape=(len(ids), len(codes)))
        members = _members(codes, shares)
        return cls(
            ids=ids,
            vectors=np.load(folder / "vectors.npy", mmap_mode="r", allow_pickle=False),
            lexical=LexicalIndex.load(folder),
            codes=codes,
            shares=shares,
            members=members,
            indexes={code: load(folder / "segments" / f"{code}.{ending}") for code in members},
            columns={
                path.stem: np.load(path, allow_pickle=False)
                for path in sorted((folder / "columns").glob("*.npy"))
            },
        )


def _shares_of(codes: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    known = codes[codes >= 0]
    found: npt.NDArray[np.float64] = np.bincount(known) / max(len(known), 1)
    return found


def _members(codes: tuple[SegmentCode, ...], shares: sp.csr_matrix) -> dict[SegmentCode, RowArray]:
    columns = shares.tocsc()
    found: dict[SegmentCode, RowArray] = {}
    for number, code in enumerate(codes):
        rows = np.sort(columns.indices[columns.indptr[number] : columns.indptr[number + 1]])
        if len(rows):
            found[code] = rows.astype(np.int64)
    return found


def _engine(
    name: str,
) -> tuple[Callable[[Vectors], SegmentIndex], Callable[[Path], SegmentIndex], str]:
    try:
        return ENGINES[name]
    except KeyError:
        raise InputError(
            f"found index engine {name!r}",
            f"one of {', '.join(ENGINES)}",
            "set PANHUO_INDEX_ENGINE",
        ) from None
