"""A workbook that is written row by row, with flat memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import xlsxwriter
from xlsxwriter.exceptions import XlsxWriterException

from service.export.whole_file import whole_file

FONT = {"font_name": "等线", "font_size": 11}
# Rows go to the disk as they come; nothing that we write is a formula, a link or a number by guess.
_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}


@contextmanager
def workbook_at(path: Path) -> Iterator[xlsxwriter.Workbook]:
    """Yield a workbook that takes the place of ``path`` at the end, complete or not at all.

    Each sheet is written from top to bottom: a row below the current one ends it.

    Raises:
        BadFile: the place cannot be written.
    """
    with TemporaryDirectory(prefix="panhuo-xlsx-") as folder, whole_file(path) as draft:
        book = xlsxwriter.Workbook(draft, {**_OPTIONS, "tmpdir": folder})
        book.use_zip64()
        try:
            yield book
        except BaseException:
            _drop(book)
            raise
        _close(book)


def _close(book: xlsxwriter.Workbook) -> None:
    try:
        book.close()
    except XlsxWriterException as error:
        raise OSError(str(error)) from error


def _drop(book: xlsxwriter.Workbook) -> None:
    """Let go of the files of a workbook that will not be finished."""
    for sheet in book.worksheets():
        if (rows := getattr(sheet, "row_data_fh", None)) is not None:
            rows.close()
    book.fileclosed = True
