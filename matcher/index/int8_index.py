"""Search over int8 codes, a quarter of the memory; what may be best is scored again in float32.

First pass: every vector is rounded to int8 with a step of its own, and compared in whole numbers.
How far the true score can lie from that is known: ``|q·v - q'·v'| <= |q|·|v - v'| + |q - q'|·|v'|``
(Cauchy-Schwarz). Every row that could be among the k best within that bound is scored again by
``kernel.inner_products``, so ids, order and scores are those of the oracle, ties included. The
bound leaves about 1.4 k rows (docs/models.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from embeddings.encoder import Vectors
from matcher.errors import IndexStale
from matcher.index.kernel import inner_products
from matcher.index.segment_index import Mask, best_rows, check_queries, pack_hits
from matcher.types import FloatArray, Hits, RowArray

_LARGEST = 127
_ALIGNED = 64
_TOGETHER = 16  # queries that share one reading of the codes
_SLACK = np.float32(1e-5)  # float32 rounding of the bounds, as a share of the lengths

Codes = npt.NDArray[np.int8]
Wide = npt.NDArray[np.int16]


# Sums of whole numbers: their order does not matter, so the widest registers serve. Each step is
# put back to 32 bits; left to itself numba adds in 64, at twice the time.
@numba.njit(cache=True, nogil=True)
def _bounds(wide: Any, asked: Any, codes: Any, facts: Any, out: Any) -> None:  # pragma: no cover
    for i in range(codes.shape[0]):
        step, error, length = facts[i, 0], facts[i, 1], facts[i, 2]
        for q in range(wide.shape[0]):
            total = np.int32(0)
            for j in range(wide.shape[1]):
                product = np.int32(np.int32(wide[q, j]) * np.int32(codes[i, j]))
                total = np.int32(total + product)
            score = np.float32(total) * (step * asked[q, 0])
            reach = asked[q, 2] * (error + _SLACK * length) + asked[q, 1] * length
            out[0, q, i] = score - reach
            out[1, q, i] = score + reach


def quantised(vectors: Vectors) -> tuple[Codes, FloatArray]:
    """Return int8 (n, dim) codes and float32 (n, 3): step, length of the error, length of the code.

    ``codes * step`` is the vector but for the error; a zero vector has codes of zero.

    Args:
        vectors: float32 (n, dim).
    """
    largest = np.abs(vectors).max(axis=1, initial=0.0)
    step = np.where(largest > 0, largest, 1.0).astype(np.float32) / np.float32(_LARGEST)
    codes = np.rint(vectors / step[:, None]).astype(np.int8)
    rounded = codes * step[:, None]
    facts = np.stack(
        [step, np.linalg.norm(vectors - rounded, axis=1), np.linalg.norm(rounded, axis=1)], axis=1
    )
    return codes, facts.astype(np.float32)


class Int8Index:
    """Finds candidates by int8 codes and answers as the exact oracle does.

    Args:
        vectors: float32 (n, dim), C-order; read only for the rows that are scored again.
        codes: int8 (n, dim) and what belongs to them, as ``quantised`` returns them; computed when
            not given.
    """

    def __init__(self, vectors: Vectors, codes: tuple[Codes, FloatArray] | None = None) -> None:
        self._vectors = vectors
        self._codes, self._facts = codes or quantised(vectors)

    @property
    def size(self) -> int:
        """How many vectors it holds."""
        return len(self._vectors)

    @property
    def dim(self) -> int:
        """Columns of its vectors."""
        return int(self._vectors.shape[1])

    def search(self, queries: Vectors, k: int, allowed: Mask | None = None) -> Hits:
        """Return the ``k`` best rows of each query; see ``SegmentIndex.search``."""
        check_queries(queries, self.dim, k)
        rows = None if allowed is None else np.flatnonzero(allowed)
        found: list[tuple[RowArray, FloatArray]] = []
        for start in range(0, len(queries), _TOGETHER):
            block = queries[start : start + _TOGETHER]
            for query, near in zip(block, self._near(block, k, rows), strict=True):
                scores = inner_products(query[None, :], self._vectors, near)[0]
                found.append(best_rows(scores, near, k))
        return pack_hits(found, min(k, self.size))

    def _near(self, queries: Vectors, k: int, rows: RowArray | None) -> Iterator[RowArray]:
        """Yield for each query the rows that can be among its ``k`` best."""
        wide, asked = _widened(queries)
        bounds = np.empty((2, len(queries), self.size), dtype=np.float32)
        _bounds(wide, asked, self._codes, self._facts, bounds)
        for worst, best in zip(*bounds, strict=True):
            if rows is None:
                yield _reaching(worst, best, k)
            else:
                yield rows[_reaching(worst[rows], best[rows], k)]

    def save(self, path: Path) -> None:
        """Write codes, what belongs to them, and the vectors: three ``.npy`` parts in one file."""
        with path.open("wb") as out:
            for part in (self._codes, self._facts, np.asarray(self._vectors)):
                np.save(out, part, allow_pickle=False)
                out.write(b"\0" * (-out.tell() % _ALIGNED))

    @classmethod
    def load(cls, path: Path) -> Int8Index:
        """Return the index of a saved file, mapped; raise ``IndexStale`` if it is none."""
        try:
            codes, facts, vectors = _mapped(path, 3)
        except (OSError, ValueError, EOFError) as error:
            raise IndexStale(f"found an unreadable file {path.name}", "saved codes") from error
        return cls(vectors, (codes, facts))


def _widened(queries: Vectors) -> tuple[Wide, FloatArray]:
    """Return queries as int16 (q, dim), and float32 (q, 3): step, length of the error, length.

    Rounded as finely as a sum of ``dim`` products leaves room for in 32 bits.
    """
    room = min(32_767, (2**31 - 1) // (_LARGEST * max(1, queries.shape[1])))
    largest = np.abs(queries).max(axis=1, initial=0.0)
    step = np.where(largest > 0, largest, 1.0).astype(np.float32) / np.float32(room)
    wide = np.clip(np.rint(queries / step[:, None]), -room, room).astype(np.int16)
    error = np.linalg.norm(queries - wide * step[:, None], axis=1)
    asked = np.stack([step, error, np.linalg.norm(queries, axis=1)], axis=1)
    return wide, asked.astype(np.float32)


def _reaching(worst: FloatArray, best: FloatArray, k: int) -> RowArray:
    """Return positions whose best possible score reaches the k-th of the worst possible ones."""
    if len(worst) <= k:
        return np.arange(len(worst))
    place = len(worst) - k
    return np.flatnonzero(best >= np.partition(worst, place)[place])


def _mapped(path: Path, parts: int) -> list[Any]:
    """Return the arrays of a file of ``.npy`` parts, each mapped where it stands."""
    found: list[Any] = []
    with path.open("rb") as file:
        for _ in range(parts):
            np.lib.format.read_magic(file)
            shape, _, dtype = np.lib.format.read_array_header_1_0(file)
            array = np.memmap(path, dtype, "r", file.tell(), shape)
            found.append(array)
            end = file.tell() + array.nbytes
            file.seek(end + (-end % _ALIGNED))
    return found
