"""Search over int8 codes, a quarter of the memory; what may be best is scored again in float32.

First pass: every vector is rounded to int8 with a step of its own, and compared in whole numbers.
How far the true score can lie from that is known: ``|q·v - q'·v'| <= |q|·|v - v'| + |q - q'|·|v'|``
(Cauchy-Schwarz). Every row that could be among the k best within that bound is scored again by
``kernel.inner_products``, so ids, order and scores are those of the oracle, ties included. The
bound leaves about 1.5 k rows (docs/models.md).
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
_SLACK = 1e-5  # float32 rounding of the bound itself, as a share of the vectors' lengths
_STEP, _ERROR, _LENGTH = 0, 1, 2

Codes = npt.NDArray[np.int8]
Wide = npt.NDArray[np.int16]


# Whole numbers: the order of the sum does not matter, so the widest registers serve.
@numba.njit(cache=True, nogil=True)
def _products(queries: Any, codes: Any, out: Any) -> None:  # pragma: no cover
    for i in range(codes.shape[0]):
        for q in range(queries.shape[0]):
            total = np.int32(0)
            for j in range(queries.shape[1]):
                total += np.int32(queries[q, j]) * np.int32(codes[i, j])
            out[q, i] = total


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
        wide, steps, errors = _widened(queries)
        products = np.empty((len(queries), self.size), dtype=np.int32)
        _products(wide, self._codes, products)
        lengths = np.linalg.norm(queries, axis=1)
        for number, product in enumerate(products):
            facts = self._facts if rows is None else self._facts[rows]
            whole = product if rows is None else product[rows]
            score = whole * (facts[:, _STEP] * steps[number])
            reach = lengths[number] * (facts[:, _ERROR] + _SLACK * facts[:, _LENGTH])
            reach += errors[number] * facts[:, _LENGTH]
            near = _reaching(score, reach, k)
            yield near if rows is None else rows[near]

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


def _widened(queries: Vectors) -> tuple[Wide, FloatArray, FloatArray]:
    """Return queries as int16 (q, dim), their steps and the lengths of their errors.

    Rounded as finely as a sum of ``dim`` products leaves room for in 32 bits.
    """
    room = min(32_767, (2**31 - 1) // (_LARGEST * max(1, queries.shape[1])))
    largest = np.abs(queries).max(axis=1, initial=0.0)
    steps = np.where(largest > 0, largest, 1.0).astype(np.float32) / np.float32(room)
    wide = np.clip(np.rint(queries / steps[:, None]), -room, room).astype(np.int16)
    errors = np.linalg.norm(queries - wide * steps[:, None], axis=1)
    return wide, steps, errors.astype(np.float32)


def _reaching(score: FloatArray, reach: FloatArray, k: int) -> RowArray:
    """Return positions whose best possible score reaches the k-th of the worst possible ones."""
    if len(score) <= k:
        return np.arange(len(score))
    place = len(score) - k
    floor = np.partition(score - reach, place)[place]
    return np.flatnonzero(score + reach >= floor)


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
