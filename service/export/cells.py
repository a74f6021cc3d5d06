"""Texts and numbers in the cells of a workbook: never a formula, never too long, never torn."""

from __future__ import annotations

import re
from datetime import date, datetime
from math import isfinite
from typing import TypeGuard

from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from service.ingest.escape import escape
from service.ingest.fields import text as plain

_MOST_UNITS = 32_767
_MOST_BYTES = 2 * _MOST_UNITS
_MOST_EXACT = 10**15
_NO_XML = re.compile("[\ud800-\udfff\ufffe\uffff]")
_DECIMAL = re.compile(r"-?(?:0|[1-9]\d{0,14})(?:\.\d{1,14})?")
# The first day that Excel counts as every other calendar does.
_FIRST_DAY = date(1900, 3, 1)


class Cells:
    """The cells of one sheet.

    Attributes:
        cut: how many texts were too long for a cell so far.
    """

    def __init__(self, sheet: Worksheet, style: Format, day_style: Format) -> None:
        self._sheet = sheet
        self._style = style
        self._day_style = day_style
        self.cut = 0

    def write(self, row: int, column: int, cell: object, style: Format | None = None) -> None:
        """Write a text, a number or a day; nothing for an empty cell without a style of its own.

        Raises:
            IndexError: the sheet has no such row.
        """
        if isinstance(cell, datetime) or not isinstance(cell, str | int | float | date):
            cell = plain(cell)
        if cell == "":
            if style is not None:
                self._sheet.write_blank(row, column, None, style)
            return
        if is_number(cell):
            done = self._sheet.write_number(row, column, cell, style or self._style)
        elif isinstance(cell, date) and cell >= _FIRST_DAY:
            done = self._sheet.write_datetime(row, column, cell, style or self._day_style)
        else:
            done = self._text(
                row, column, cell if isinstance(cell, str) else plain(cell), style or self._style
            )
        if done:
            raise IndexError(f"row {row}, column {column} of a sheet")

    def _text(self, row: int, column: int, text: str, style: Format) -> int:
        fitted = in_cell(text)
        self.cut += too_long(escape(text))
        if fitted.startswith("<r>") and fitted.endswith("</r>"):
            # XlsxWriter takes such a text for its own markup and would write it as it is.
            parts = ("<", style, fitted[1:], style)
            return int(self._sheet.write_rich_string(row, column, *parts))
        return int(self._sheet.write_string(row, column, fitted, style))


def in_cell(text: str) -> str:
    """Return the text as it stands in a cell: escaped, and cut at 32,767 UTF-16 units, marked.

    >>> in_cell("短"), in_cell("=1"), len(in_cell("长" * 40_000)), in_cell("长" * 40_000)[-22:]
    ('短', "'=1", 32767, '长【…已截断，共40000字，全文见csv】')
    """
    safe = readable(escape(text))
    if not too_long(safe):
        return safe
    mark = f"【…已截断，共{len(text)}字，全文见csv】"
    kept = safe.encode("utf-16-le")[: 2 * (_MOST_UNITS - len(mark))]
    return kept.decode("utf-16-le", "ignore") + mark


def too_long(text: str) -> bool:
    """Return whether no cell of a workbook holds the text."""
    return len(text) > _MOST_UNITS // 2 and len(text.encode("utf-16-le", "replace")) > _MOST_BYTES


def number_or_text(text: str) -> str | int | float:
    """Return the number that a text in plain decimal means, or else the text.

    A number is read back from a workbook as this very text.

    >>> [number_or_text(text) for text in ("184", "12.5", "0755", "1.50")]
    [184, 12.5, '0755', '1.50']
    """
    if not _DECIMAL.fullmatch(text):
        return text
    number = float(text) if "." in text else int(text)
    return number if plain(float(number)) == text else text


def readable(text: str) -> str:
    """Return the text without characters that no XML file holds."""
    return _NO_XML.sub("\ufffd", text)


def is_number(cell: object) -> TypeGuard[int | float]:
    """Return whether a cell of a workbook holds this number exactly."""
    return (
        isinstance(cell, int | float)
        and not isinstance(cell, bool)
        and isfinite(cell)
        and abs(cell) < _MOST_EXACT
    )
