"""Rows of a file, one after the other: (line, header → cell), whatever the file family.

A source is opened once and may be read several times. Lines count from 1: physical lines of text
files and sheets (the header included), rows of Parquet files.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from hashlib import file_digest
from pathlib import Path
from typing import NoReturn, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from matcher.errors import BadFile
from service.ingest.encoding import examine
from service.ingest.problems import RowProblem, shown

Row = tuple[int, dict[str, object] | RowProblem]
Wanted = Callable[[str], bool]

DELIMITED = (".csv", ".tsv", ".txt")
NDJSON = (".ndjson", ".jsonl")
PARQUET = (".parquet",)
WORKBOOKS = (".xlsx", ".xlsm", ".xls")
QRELS = (".qrels",)
TABLE_ENDINGS = (*DELIMITED, *NDJSON, *PARQUET, *WORKBOOKS)
"""Endings of the files that hold records of any kind; case does not matter."""
ENDINGS = (*TABLE_ENDINGS, *QRELS)
"""Every ending that is read."""

_BATCH = 2_000


class Source(Protocol):
    """One opened file."""

    sha256: str

    def rows(self, wanted: Wanted | None = None) -> Iterator[Row]:
        """Yield the rows; columns that are not wanted may be left out.

        Raises:
            BadFile: the file turns out to be damaged.
        """

    def close(self) -> None:
        """Let go of what the source holds."""


class NdjsonSource:
    """A file with one JSON object a line."""

    def __init__(self, path: Path) -> None:
        known = examine(path)
        self.sha256 = known.sha256
        self._path = path
        self._encoding = known.encoding

    def rows(self, wanted: Wanted | None = None) -> Iterator[Row]:
        """Yield an object a line; blank lines are passed over."""
        with self._path.open(encoding=self._encoding, newline="\n") as lines:
            for number, written in enumerate(lines, start=1):
                if written.strip():
                    yield number, _object(number, written)

    def close(self) -> None:
        """Do nothing: no file is held between two readings."""


def _object(number: int, written: str) -> dict[str, object] | RowProblem:
    cure = 'Write one JSON object on each line, like {"title": "…"}.'
    try:
        found = json.loads(written, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return RowProblem(number, "", shown(written.strip()), "json_syntax", cure)
    if not isinstance(found, dict):
        return RowProblem(number, "", shown(written.strip()), "json_object", cure)
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


class ParquetSource:
    """A Parquet file, read batch by batch and only in its wanted columns."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with path.open("rb") as source:
            self.sha256 = file_digest(source, "sha256").hexdigest()
        try:
            with pq.ParquetFile(path) as file:
                self._names = list(file.schema_arrow.names)
        except (pa.ArrowException, OSError) as error:
            raise self._damaged(error) from error

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


def open_source(path: Path, recognised: Callable[[list[str]], int]) -> Source:
    """Return the source for the file's ending.

    ``recognised`` counts the known column names of a row of headers; tables use it to find
    their header among the first lines.

    Raises:
        BadFile: no such file, an unknown ending, or a file that is not what its ending says.
    """
    # Imported here, where all families meet; they take Row and Source from this module.
    from service.ingest.delimited import DelimitedSource, QrelsSource
    from service.ingest.sheets import SheetSource

    if not path.is_file():
        raise BadFile(str(path), "found no such file", "a file to read", "check the path")
    ending = path.suffix.lower()
    if ending in DELIMITED:
        return DelimitedSource(path, recognised)
    if ending in NDJSON:
        return NdjsonSource(path)
    if ending in PARQUET:
        return ParquetSource(path)
    if ending in WORKBOOKS:
        return SheetSource(path, recognised)
    if ending in QRELS:
        return QrelsSource(path)
    raise BadFile(
        str(path),
        f"found the ending {ending!r}",
        "one of " + ", ".join(ENDINGS),
        "save the file in one of these formats",
    )
