"""A table as CSV for spreadsheets, or as one JSON object a line."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import TypeVar

from service.export.table import Cell, Exported, Table
from service.export.whole_file import whole_file
from service.ingest.escape import escape
from service.ingest.fields import text as plain

T = TypeVar("T")


def write_csv(path: Path, table: Table[T], records: Iterable[T]) -> Exported:
    """Write UTF-8 with a byte order mark, by which Excel knows it; texts are escaped.

    Raises:
        BadFile: the path cannot be written.
    """
    written = 0
    with whole_file(path) as draft, draft.open("w", encoding="utf-8-sig", newline="") as lines:
        writer = csv.writer(lines)
        writer.writerow([column.heading for column in table.columns])
        for record in records:
            writer.writerow([_text(column.for_people(record)) for column in table.columns])
            written += 1
    return Exported(written)


def write_ndjson(path: Path, table: Table[T], records: Iterable[T]) -> Exported:
    """Write an object a line with every column, nothing escaped; days as year-month-day.

    Raises:
        BadFile: the path cannot be written.
    """
    written = 0
    with whole_file(path) as draft, draft.open("w", encoding="utf-8", newline="\n") as lines:
        for record in records:
            told = {column.field: _json(column.value(record)) for column in table.columns}
            lines.write(json.dumps(told, ensure_ascii=False) + "\n")
            written += 1
    return Exported(written)


def _text(cell: object) -> str:
    # A number is no formula: a minus before it needs no apostrophe.
    return escape(cell) if isinstance(cell, str) else plain(cell)


def _json(cell: Cell) -> object:
    return cell.isoformat() if isinstance(cell, date) else cell
