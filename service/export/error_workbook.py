"""What an import refused or doubted, as a workbook to correct and to import again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from service.export.cells import Cells, readable
from service.export.error_rows import Marked, headings_of, label_of, marked_rows
from service.export.workbook import FONT, workbook_at
from service.ingest.layout import Layout
from service.ingest.report import FileReport

# No heading of ours is one that an importer knows: the workbook itself is imported again.
_LINE, _TOLD = "行号", "问题说明"
_MOST_COMMENTS = 5_000
_WIDTH = 80
# Characters above are as wide as two.
_NARROW = "\u2e7f"
_COMMENT = {"author": "panhuo", "x_scale": 2.2, "y_scale": 1.2}
_RED, _YELLOW, _GREY = "#FFC7CE", "#FFEB9C", "#F2F2F2"


def write_error_workbook(path: Path, report: FileReport, layout: Layout | None = None) -> None:
    """Write the rows of one file that were refused or warned of, its counts, and its columns.

    Of a file that could not be read only the counts with the reason are written. ``layout`` is
    the report's own unless given.

    Raises:
        BadFile: the path cannot be written.
    """
    layout = layout or report.layout
    with workbook_at(path) as book:
        if report.failure is None:
            marked = marked_rows(report)
            torn = [row for row in marked if not row.cells]
            if len(torn) < len(marked):
                _rows(book, [row for row in marked if row.cells])
            if torn:
                _torn(book, torn)
        _summary(book, report, layout)
        if layout is not None and report.failure is None:
            _columns(book, layout)


class _Paint:
    """The styles of one sheet of rows."""

    def __init__(self, book: xlsxwriter.Workbook) -> None:
        self.plain = book.add_format({**FONT, "valign": "top"})
        left = {"valign": "top", "text_wrap": True, "align": "left"}
        self.wrapped = book.add_format({**FONT, **left})
        self.day = book.add_format({**FONT, "valign": "top", "num_format": "yyyy-mm-dd"})
        self.refused = book.add_format({**FONT, "valign": "top", "bg_color": _RED})
        self.warned = book.add_format({**FONT, "valign": "top", "bg_color": _YELLOW})

    def of(self, row: Marked, heading: str) -> Format | None:
        """Return the style of a cell, None for one that is right."""
        if heading in row.refused:
            return self.refused
        return self.warned if heading in row.warned else None


def _rows(book: xlsxwriter.Workbook, rows: Sequence[Marked]) -> None:
    sheet, paint = book.add_worksheet("需修改的行"), _Paint(book)
    headings = headings_of(list(rows))
    sheet.freeze_panes(1, 2)
    sheet.set_column(0, 0, 8)
    sheet.set_column(1, 1, _WIDTH)
    sheet.set_column(2, 1 + max(1, len(headings)), 20)
    _head(book, sheet, [_LINE, _TOLD, *headings])
    cells = Cells(sheet, paint.plain, paint.day)
    comments = 0
    for at, row in enumerate(rows, start=1):
        whole = paint.of(row, "")
        sheet.set_row(at, _height(row.text))
        cells.write(at, 0, row.line, whole or paint.plain)
        cells.write(at, 1, row.text, paint.wrapped)
        for column, heading in enumerate(headings, start=2):
            style = paint.of(row, heading)
            cells.write(at, column, row.cells.get(heading), style)
            if style is not None and comments < _MOST_COMMENTS:
                told = row.refused.get(heading) or row.warned[heading]
                sheet.write_comment(at, column, readable(told), _COMMENT)
                comments += 1
    sheet.autofilter(0, 0, len(rows), 1 + len(headings))


def _torn(book: xlsxwriter.Workbook, rows: Sequence[Marked]) -> None:
    """List the rows of which no cells are known: nothing of them can be imported from here."""
    sheet, paint = book.add_worksheet("请在原文件中修改的行"), _Paint(book)
    sheet.set_column(1, 1, _WIDTH)
    _head(book, sheet, [_LINE, _TOLD])
    cells = Cells(sheet, paint.plain, paint.day)
    for at, row in enumerate(rows, start=1):
        sheet.set_row(at, _height(row.text))
        cells.write(at, 0, row.line)
        cells.write(at, 1, row.text, paint.wrapped)


def _summary(book: xlsxwriter.Workbook, report: FileReport, layout: Layout | None) -> None:
    sheet, paint = book.add_worksheet("汇总"), _Paint(book)
    sheet.set_column(0, 0, 24)
    sheet.set_column(1, 1, 80)
    _head(book, sheet, ["统计项", "结果"])
    cells = Cells(sheet, paint.wrapped, paint.day)
    for at, (name, value) in enumerate(_facts(report, layout), start=1):
        cells.write(at, 0, name)
        cells.write(at, 1, value)


def _facts(report: FileReport, layout: Layout | None) -> list[tuple[str, object]]:
    facts: list[tuple[str, object]] = [("文件", report.name)]
    if report.failure is not None:
        return [*facts, ("未能读取", str(report.failure))]
    if layout is not None:
        first, last = layout.header_rows
        facts += [
            ("文件来源类型", layout.family),
            ("工作表", layout.sheet),
            ("表头所在行", f"{first}–{last}" if last > first else first or ""),
            ("文字编码", layout.encoding),
            *(("提示", note) for note in layout.notes),
        ]
    counts = report.counts
    facts += [
        ("读取行数", report.rows),
        ("新增", counts.new),
        ("更新", counts.changed),
        ("无变化", counts.unchanged),
        ("拒绝行数", report.refused),
        ("跳过行数", report.skipped),
        ("提醒条数", report.warned),
    ]
    listed = len(report.errors) + len(report.warnings)
    if report.refused + report.warned > listed:
        facts.append(("未列出的问题", report.refused + report.warned - listed))
    kinds = (("拒绝", report.errors), ("提醒", report.warnings), ("跳过", report.skips))
    for mark, problems in kinds:
        number = Counter((one.column, one.problem) for one in problems)
        facts += [
            (f"{mark}：{column or '整行'}", f"{label_of(problem)} × {count:,}")
            for (column, problem), count in number.most_common()
        ]
    return [(name, value) for name, value in facts if value != ""]


def _columns(book: xlsxwriter.Workbook, layout: Layout) -> None:
    sheet, paint = book.add_worksheet("列识别"), _Paint(book)
    sheet.set_column(0, 0, 6)
    sheet.set_column(1, 3, 40)
    _head(book, sheet, ["列", "表头文字", "识别为", "处理说明"])
    cells = Cells(sheet, paint.wrapped, paint.day)
    for at, seen in enumerate(layout.columns, start=1):
        style = None if seen.field else paint.warned
        cells.write(at, 0, seen.letter, style)
        cells.write(at, 1, seen.heading, style)
        cells.write(at, 2, seen.field or "未识别", style)
        cells.write(at, 3, seen.note, style)


def _height(text: str) -> float:
    """Return the height of a row, in points, that shows the text; not every program fits it."""
    lines = sum(
        1 + sum(1 + (char > _NARROW) for char in line) // _WIDTH for line in text.split("\n")
    )
    return min(15.0 * lines, 400.0)


def _head(book: xlsxwriter.Workbook, sheet: Worksheet, headings: Sequence[str]) -> None:
    bold = book.add_format({**FONT, "bold": True, "bg_color": _GREY, "valign": "vcenter"})
    cells = Cells(sheet, bold, bold)
    for at, heading in enumerate(headings):
        cells.write(0, at, heading)
