"""A table as a Parquet file, batch by batch."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from service.export.table import CellType, Exported, Table
from service.export.whole_file import whole_file
from service.store.upsert import chunks

T = TypeVar("T")

_BATCH = 2_000
_TYPES = {
    CellType.TEXT: pa.string(),
    CellType.TEXTS: pa.list_(pa.string()),
    CellType.DATE: pa.date32(),
    CellType.TRUTH: pa.bool_(),
    CellType.INTEGER: pa.int64(),
    CellType.NUMBER: pa.float64(),
}


def write_parquet(path: Path, table: Table[T], records: Iterable[T]) -> Exported:
    """Write typed columns under their names for programs; nothing is escaped.

    Raises:
        BadFile: the path cannot be written.
    """
    schema = pa.schema([(column.field, _TYPES[column.type]) for column in table.columns])
    written = 0
    with whole_file(path) as draft, pq.ParquetWriter(draft, schema, compression="zstd") as file:
        for chunk in chunks(records, _BATCH):
            arrays = [
                pa.array([column.value(record) for record in chunk], _TYPES[column.type])
                for column in table.columns
            ]
            file.write_batch(pa.record_batch(arrays, schema=schema))
            written += len(chunk)
    return Exported(written)
