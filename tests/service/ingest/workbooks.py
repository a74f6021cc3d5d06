"""Workbooks for the tests: proper ones from rows, and hand-made ones that no program writes."""

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import openpyxl

from service.ingest.problems import RowProblem
from service.ingest.rows import open_source

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
HEAD = (
    '<row r="1"><c r="A1" t="inlineStr"><is><t>title</t></is></c>'
    '<c r="B1" t="inlineStr"><is><t>申请号</t></is></c></row>'
)


def save(path: Path, sheets: Mapping[str, Sequence[Sequence[object]]]) -> Path:
    """Write a workbook with these rows in these sheets."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
            for cell in sheet[sheet.max_row]:
                if isinstance(cell.value, str):
                    cell.data_type = "s"  # a text that begins with = is no formula here
    book.save(path)
    book.close()
    return path


def hand_made(path: Path, sheet: str, *, book: str = "", state: str = "", styles: str = "") -> Path:
    """Write a workbook of one sheet from the text inside its <worksheet>.

    Without ``styles`` it is what a careless program leaves out: no styles, no shared strings.
    """
    linked = f'<Relationship Id="r2" Type="{RELS}/styles" Target="styles.xml"/>' if styles else ""
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"/>',
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1" '
        f'Type="{RELS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{RELS}">{book}<sheets>'
        f'<sheet name="s" {state} sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">'
        f'<Relationship Id="r1" Type="{RELS}/worksheet" Target="worksheets/sheet1.xml"/>'
        f"{linked}</Relationships>",
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{MAIN}">{sheet}</worksheet>',
    }
    if styles:
        parts["xl/styles.xml"] = f'<styleSheet xmlns="{MAIN}">{styles}</styleSheet>'
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return path


def cells(*names: str) -> str:
    """Return sheet data with the word ``title`` in each of the cells."""
    rows = "".join(
        f'<row r="{name.lstrip("ABCDEFXTUV")}"><c r="{name}" t="inlineStr">'
        "<is><t>title</t></is></c></row>"
        for name in names
    )
    return f"<sheetData>{rows}</sheetData>"


def below_head(rows: str) -> str:
    """Return sheet data with title and 申请号 in row 1 and these rows below."""
    return f"<sheetData>{HEAD}{rows}</sheetData>"


def rows_of(path: Path, **how: str) -> list[tuple[int, object]]:
    """Return the rows of the file, read twice to the same end."""
    source = open_source(path, **how)
    try:
        first = list(source.rows())
        assert list(source.rows()) == first
        return first
    finally:
        source.close()


def fields_of(path: Path, **how: str) -> list[dict[str, object]]:
    """Return field → cell of each row that is no problem."""
    source = open_source(path, **how)
    try:
        rows = [row for _, row in source.rows() if not isinstance(row, RowProblem)]
        return [source.columns.cells(row) for row in rows]
    finally:
        source.close()
