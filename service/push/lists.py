"""The lists of a settled round as columns, for the store and as a Parquet file."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from matcher.index.side import Side
from matcher.push.settle import Settled
from matcher.pushed import ItemBatch

_FIRMS = 20_000
_SCHEMA = pa.schema(
    [
        ("uscc", pa.string()),
        ("rank", pa.int32()),
        ("patent_id", pa.string()),
        ("score", pa.float32()),
        ("worth", pa.float32()),
        ("propensity", pa.float32()),
        ("segment", pa.string()),
    ]
)


def batches(settled: Settled, firms: npt.NDArray[np.str_], side: Side) -> Iterator[ItemBatch]:
    """Yield the items of 20,000 firms at a time, firm after firm by rank.

    Args:
        settled: the lists.
        firms: str (firms,), USCC of each.
        side: the patents of the index.
    """
    codes = np.array([*map(str, side.codes), ""], dtype=np.str_)
    main = _main_segments(side)
    explored = settled.explored
    for start in range(0, len(firms), _FIRMS):
        taken = explored.taken[start : start + _FIRMS]
        firm, place = np.nonzero(taken >= 0)
        edge = taken[firm, place]
        row = settled.row[edge]
        # A drawn item may leave no gap, so that ranks count what is there.
        first = np.searchsorted(firm, firm)
        yield ItemBatch(
            uscc=firms[start + firm].tolist(),
            rank=np.arange(len(firm)) - first + 1,
            patent_id=[str(name) for name in side.ids.ids_at(row)],
            score=settled.score[edge],
            worth=settled.edges.worth[edge],
            propensity=explored.propensity[start : start + _FIRMS][firm, place],
            segment=codes[main[row]].tolist(),
        )


def write_items(path: Path, parts: Iterable[ItemBatch]) -> None:
    """Write the items as one Parquet file, whole or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with pq.ParquetWriter(draft, _SCHEMA, compression="zstd") as out:
        for part in parts:
            columns = [getattr(part, name) for name in _SCHEMA.names]
            arrays = [pa.array(c, field.type) for c, field in zip(columns, _SCHEMA, strict=True)]
            out.write_table(pa.Table.from_arrays(arrays, schema=_SCHEMA))
    with draft.open("rb") as written:
        os.fsync(written.fileno())
    draft.replace(path)


def _main_segments(side: Side) -> npt.NDArray[np.int64]:
    """Return the position of each row's strongest segment, -1 where it has none."""
    filed = np.diff(side.shares.indptr) > 0
    strongest = np.asarray(side.shares.argmax(axis=1)).ravel()
    return np.where(filed, strongest, -1).astype(np.int64)
