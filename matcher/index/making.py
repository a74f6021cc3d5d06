"""Rows to a searchable side, by the same steps for a whole build and for what changed since."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from embeddings.encoder import Vectors
from embeddings.lexical import LexicalIndex
from matcher.index.id_map import IdMap
from matcher.index.rows import FirmRows, PatentRows
from matcher.index.side import Columns, Side
from matcher.segments.routing import Shares
from matcher.types import SegmentCode


def columns_of(
    rows: PatentRows | FirmRows, hubness: npt.NDArray[np.float32] | None = None
) -> Columns:
    """Return the facts of every row by name.

    Args:
        rows: patents or firms.
        hubness: float32 (n,), of patents alone.
    """
    found: Mapping[str, npt.NDArray[Any]] = rows.columns()
    return found if hubness is None else {**found, "hubness": hubness}


def side_of(
    rows: PatentRows | FirmRows,
    vectors: Vectors,
    shares: Shares,
    lexical: LexicalIndex,
    *,
    columns: Columns,
    codes: tuple[SegmentCode, ...],
    engine: str,
) -> Side:
    """Return the side that is searched.

    Args:
        rows: in the order of ids.
        vectors: float32 (n, dim), of the same rows, like all that follows.
        shares: csr float32 (n, segments).
        lexical: their words.
        columns: from ``columns_of``.
        codes: of the segments.
        engine: name of the index of each segment.
    """
    # Of equal shares the first segment counts, wherever the row came from.
    shares = shares.sorted_indices()
    return Side.assemble(IdMap.of(rows.ids), vectors, lexical, codes, shares, columns, engine)
