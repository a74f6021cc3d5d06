"""A table as a workbook with one sheet."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from matcher.errors import InputError
from service.export.cells import Cells
from service.export.table import Exported, Table
from service.export.workbook import FONT, workbook_at

T = TypeVar("T")

_MOST_RECORDS = 1_048_575


def write_workbook(path: Path, table: Table[T], records: Iterable[T]) -> Exported:
    """Write the records below one row of headings.

    Raises:
        BadFile: the path cannot be written.
        InputError: there are more records than a sheet has rows.
    """
    with workbook_at(path) as book:
        sheet = book.add_worksheet(table.name)
        _head(book, sheet, table)
        plain, day = book.add_format(FONT), book.add_format({**FONT, "num_format": "yyyy-mm-dd"})
        cells = Cells(sheet, plain, day)
        row = 0
        for row, record in enumerate(records, start=1):
            if row > _MOST_RECORDS:
                raise _too_many(path)
            for at, column in enumerate(table.columns):
                cells.write(row, at, column.for_people(record))
        if row:
            sheet.autofilter(0, 0, row, len(table.columns) - 1)
    return Exported(row, cells.cut)


def _head(book: xlsxwriter.Workbook, sheet: Worksheet, table: Table[T]) -> None:
    bold = book.add_format({**FONT, "bold": True, "bg_color": "#F2F2F2", "valign": "vcenter"})
    sheet.freeze_panes(1, 0)
    for at, column in enumerate(table.columns):
        sheet.set_column(at, at, column.width)
    for at, column in enumerate(table.columns):
        sheet.write_string(0, at, column.heading, bold)


def _too_many(path: Path) -> InputError:
    return InputError(
        f"found more than {_MOST_RECORDS:,} records for {path.name}",
        "as many as a sheet has rows",
        "choose fewer, or write .csv, .parquet or .ndjson",
    )
