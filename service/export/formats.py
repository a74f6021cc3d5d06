"""Which kind of file a table becomes."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from pathlib import Path
from typing import TypeVar

from matcher.errors import BadFile
from service.export.table import Exported, Table

T = TypeVar("T")


class Format(Enum):
    """A kind of file."""

    XLSX = "xlsx"
    CSV = "csv"
    PARQUET = "parquet"
    NDJSON = "ndjson"


_ENDINGS = {f".{one.value}": one for one in Format} | {".jsonl": Format.NDJSON}


def format_of(path: Path) -> Format:
    """Return the format that the ending names; raise ``BadFile`` for another ending.

    >>> format_of(Path("专利.JSONL"))
    <Format.NDJSON: 'ndjson'>
    """
    ending = path.suffix.lower()
    if ending not in _ENDINGS:
        raise BadFile(
            str(path),
            f"found the ending {ending!r}",
            "one of " + ", ".join(_ENDINGS),
            "change the ending, or name the format with --format",
        )
    return _ENDINGS[ending]


def write_table(path: Path, kind: Format, table: Table[T], records: Iterable[T]) -> Exported:
    """Write the records as they come; the file appears complete or not at all.

    Raises:
        BadFile: the path cannot be written.
        InputError: there are more records than a sheet has rows.
    """
    # Imported here: each brings a library that the others do without.
    if kind is Format.XLSX:
        from service.export.table_workbook import write_workbook as write
    elif kind is Format.CSV:
        from service.export.table_text import write_csv as write
    elif kind is Format.NDJSON:
        from service.export.table_text import write_ndjson as write
    else:
        from service.export.table_parquet import write_parquet as write
    return write(path, table, records)
