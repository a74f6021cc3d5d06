"""The 盘活 workbook as universities know it: sheets, heads, drop-down lists, rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

from matcher.errors import InputError
from service.export import template_heads as heads
from service.export.cells import Cells
from service.export.template_rows import SheetRow
from service.export.workbook import FONT, workbook_at
from service.ingest import codes

STATES = "专利实施化状态（含产业化）"
_HEIGHTS = (28.9, 37.15, 122.25)
_FIRST, _LAST = 3, 1_048_575
_TEXT_COLUMNS = ("application_no", "phone")


@dataclass(frozen=True, slots=True)
class TemplateSheet:
    """What was written below the heads: rows, and texts that were cut to what a cell holds."""

    rows: int
    cut: int


def write_template(path: Path, rows: Iterable[SheetRow]) -> TemplateSheet:
    """Write the workbook with the rows from row 4 on; no rows make an empty form.

    Raises:
        BadFile: the path cannot be written.
        InputError: there are more rows than a sheet has.
    """
    with workbook_at(path) as book:
        sheet = book.add_worksheet(heads.SHEET)
        _heads(book, sheet)
        written = _data(book, sheet, rows)
        _lists(book)
        _drop_downs(sheet)
    return written


def _heads(book: xlsxwriter.Workbook, sheet: Worksheet) -> None:
    text_style = book.add_format({**FONT, "num_format": "@"})
    for at, head in enumerate(heads.HEADS):
        style = text_style if head.field in _TEXT_COLUMNS else None
        sheet.set_column(at, at, head.width, style)
    sheet.freeze_panes(_FIRST, 3)
    last = len(heads.HEADS) - 1
    sheet.set_row(0, _HEIGHTS[0])
    sheet.merge_range(0, 0, 0, last, heads.HINT, _style(book, red=True, colour=heads.YELLOW))
    sheet.set_row(1, _HEIGHTS[1])
    styles = [_head_style(book, head) for head in heads.HEADS]
    for band in heads.BANDS:
        style = _head_style(book, band)
        sheet.merge_range(1, band.first, 1, band.last, band.text, style)
    for at, head in enumerate(heads.HEADS):
        if head.tall:
            sheet.write_string(1, at, head.text, styles[at])
    sheet.set_row(2, _HEIGHTS[2])
    for at, head in enumerate(heads.HEADS):
        if head.tall:
            sheet.write_blank(2, at, None, styles[at])
            # merge_range would write the cell of row 2 again, which has gone to the disk.
            sheet.merge.append([1, at, 2, at])
        else:
            sheet.write_string(2, at, head.text, styles[at])


def _head_style(book: xlsxwriter.Workbook, head: heads.Head | heads.Band) -> Format:
    return _style(book, red=head.red, colour=heads.GREY if head.grey else "")


def _style(book: xlsxwriter.Workbook, *, red: bool, colour: str) -> Format:
    told = {
        **FONT,
        "font_color": heads.RED if red else heads.BLACK,
        "align": "left",
        "valign": "vcenter",
        "text_wrap": True,
        "border": 1,
    }
    return book.add_format({**told, "bg_color": colour} if colour else told)


def _data(book: xlsxwriter.Workbook, sheet: Worksheet, rows: Iterable[SheetRow]) -> TemplateSheet:
    style = book.add_format({**FONT, "valign": "vcenter"})
    cells = Cells(sheet, style, style)
    row = _FIRST - 1
    for row, values in enumerate(rows, start=_FIRST):
        if row > _LAST:
            raise _too_many()
        for at, cell in enumerate(values):
            cells.write(row, at, cell)
    return TemplateSheet(row - _FIRST + 1, cells.cut)


def _lists(book: xlsxwriter.Workbook) -> None:
    style = book.add_format(FONT)
    _two_levels(book, STATES, codes.IMPLEMENTATION_STATES, style)
    _two_levels(book, "转化意愿", codes.WILLINGNESS, style)
    _list(book, "技术成熟度", [[word] for word in codes.MATURITIES], style)
    grades = [["评价星级", "星级说明"], *map(list, codes.GRADES.items())]
    _list(book, "专利价值分级自评", grades, style)
    _list(book, "意向价格", [[word] for word in codes.PRICE_BANDS], style)
    yes_no = [["", "", "", word] for word in codes.YES_NO]
    _list(book, "其他", [list(codes.SECTIONS), *[[]] * 5, *yes_no], style)


def _two_levels(
    book: xlsxwriter.Workbook, name: str, levels: Mapping[str, Sequence[str]], style: Format
) -> None:
    """Write each first level above its second ones, which get its name: INDIRECT finds them."""
    height = max(map(len, levels.values()))
    below = [
        [words[at] if at < len(words) else "" for words in levels.values()] for at in range(height)
    ]
    _list(book, name, [list(levels), *below], style)
    for at, (first, words) in enumerate(levels.items()):
        if words:
            letter = xl_col_to_name(at)
            place = f"${letter}$2:${letter}${len(words) + 1}"
            book.define_name(first, f"='{name}'!{place}")


def _list(
    book: xlsxwriter.Workbook, name: str, rows: Sequence[Sequence[str]], style: Format
) -> None:
    sheet = book.add_worksheet(name)
    sheet.hide()
    for row, words in enumerate(rows):
        for at, word in enumerate(words):
            if word:
                sheet.write_string(row, at, word, style)


def _drop_downs(sheet: Worksheet) -> None:
    """Offer the lists; where a list invites a text of one's own, others are allowed too."""
    last_state = xl_col_to_name(len(codes.IMPLEMENTATION_STATES) - 1)
    last_wish = xl_col_to_name(len(codes.WILLINGNESS) - 1)
    places = {head.field: at for at, head in enumerate(heads.HEADS)}
    state, wish = places["implementation.state"], places["willingness.first"]
    for field, source, strict in (
        ("funded", f"=其他!$D$7:$D${6 + len(codes.YES_NO)}", True),
        ("implementation.state", f"='{STATES}'!$A$1:${last_state}$1", False),
        ("implementation.detail", f"=INDIRECT(${xl_col_to_name(state)}4)", False),
        ("willingness.first", f"=转化意愿!$A$1:${last_wish}$1", False),
        ("willingness.second", f"=INDIRECT(${xl_col_to_name(wish)}4)", False),
        ("price_band", f"=意向价格!$A$1:$A${len(codes.PRICE_BANDS)}", True),
        ("maturity", f"=技术成熟度!$A$1:$A${len(codes.MATURITIES)}", True),
        ("self_grade", f"=专利价值分级自评!$A$2:$A${1 + len(codes.GRADES)}", False),
    ):
        at = places[field]
        rule = {"validate": "list", "source": source, "show_error": strict}
        sheet.data_validation(_FIRST, at, _LAST, at, rule)


def _too_many() -> InputError:
    return InputError(
        f"found more than {_LAST - _FIRST + 1:,} rows for the workbook",
        "as many as its sheet has",
        "choose fewer with --holder, --college or --file",
    )
