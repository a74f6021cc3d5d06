"""Parquet files, read batch by batch and only in their wanted columns."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import file_digest
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from matcher.errors import BadFile
from service.ingest.families import Family
from service.ingest.headers import Sought
from service.ingest.layout import Layout, columns_seen
from service.ingest.rows import Row, Wanted

_BATCH = 2_000


class ParquetSource:
    """A Parquet file."""

    def __init__(self, path: Path, sought: Sought) -> None:
        self._path = path
        with path.open("rb") as source:
            self.sha256 = file_digest(source, "sha256").hexdigest()
        try:
            with pq.ParquetFile(path) as file:
                self._names = list(file.schema_arrow.names)
        except (pa.ArrowException, OSError) as error:
            raise self._damaged(error) from error
        self.columns = sought.settle(path, self._names)
        seen = columns_seen(self.columns, self._names)
        self.layout = Layout(
            self.columns.family.name, (0, 0), seen, notes=sought.doubts(self._names, self.columns)
        )

    @property
    def family(self) -> Family:
        """Return the family of the column names."""
        return self.columns.family

    def rows(self, wanted: Wanted | None = None) -> Iterator[Row]:
        """Yield the rows; the line is the row's number from 1."""
        names = [name for name in self._names if wanted is None or wanted(name)]
        number = 0
        try:
            with pq.ParquetFile(self._path, pre_buffer=False) as file:
                for batch in file.iter_batches(_BATCH, columns=names, use_threads=False):
                    columns = [column.to_pylist() for column in batch.columns]
                    for cells in zip(*columns, strict=True):
                        number += 1
                        yield number, dict(zip(names, cells, strict=True))
        except (pa.ArrowException, OSError) as error:
            raise self._damaged(error) from error

    def close(self) -> None:
        """Do nothing: no file is held between two readings."""

    def _damaged(self, error: Exception) -> BadFile:
        said = str(error).splitlines()[0] if str(error) else type(error).__name__
        return BadFile(
            str(self._path), f"found damage: {said}", "a Parquet file", "write the file again"
        )
