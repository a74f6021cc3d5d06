"""Where the header stands, which sheet is read, and what is told of each column."""

import csv
import json
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from matcher.errors import BadFile
from service.ingest.layout import ColumnSeen, Layout
from service.ingest.rows import open_source
from tests.service.ingest.workbooks import below_head, fields_of, hand_made, rows_of, save

HEAD = ["标题", "申请号"]
DATES = '<cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs>'


def write(path: Path, rows: list[list[str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows(rows)
    return path


def layout_of(path: Path, **how: str) -> Layout:
    source = open_source(path, **how)
    source.close()
    return source.layout


@pytest.mark.parametrize("above", [0, 1, 12, 29])
def test_the_header_may_stand_among_the_first_thirty_lines(tmp_path: Path, above: int) -> None:
    path = write(tmp_path / "a.csv", [["仅供参考", "x"]] * above + [HEAD, ["发明", "1"]])
    assert layout_of(path).header_rows == (above + 1, above + 1)
    assert rows_of(path) == [(above + 2, {"标题": "发明", "申请号": "1"})]


def test_a_header_further_down_is_not_looked_for(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", [["仅供参考"]] * 30 + [HEAD])
    with pytest.raises(BadFile, match="no known column name"):
        open_source(path)


@pytest.mark.parametrize(
    ("rows", "lines", "first"),
    [
        # Groups above, names below.
        ([["基本信息", "", "状态"], ["标题", "申请号", ""], ["甲", "1", "x"]], (1, 1), None),
        (
            [["基本信息", "", "技术成熟度"], ["标题", "申请号", ""], ["甲", "1", "x"]],
            (1, 2),
            {"title": "甲", "application_no": "1", "maturity": "x"},
        ),
        # Names above, the parts of one of them below.
        (
            [["标题", "申请号", "权利人"], ["", "", "申请人", "省份"], ["甲", "1", "乙", "浙江"]],
            (1, 2),
            {"title": "甲", "application_no": "1", "holder": "乙", "holder_province": "浙江"},
        ),
        # Data cells that happen to be headings' words.
        (
            [["标题", "申请号", "类型"], ["名称", "", ""], ["发明", "1", "发明"]],
            (1, 1),
            {"title": "名称"},
        ),
        # The same names twice: the first line counts, the second is skipped.
        ([HEAD, HEAD, ["甲", "1"]], (1, 1), {"title": "甲", "application_no": "1"}),
    ],
)  # fmt: skip
def test_headers_of_two_rows(
    tmp_path: Path, rows: list[list[str]], lines: tuple[int, int], first: dict[str, str] | None
) -> None:
    path = write(tmp_path / "a.csv", rows)
    if first is None:  # the upper line adds no known name: one line is the header
        assert layout_of(path).header_rows == (2, 2)
        return
    assert layout_of(path).header_rows == lines
    assert fields_of(path)[0] == first


def test_what_becomes_of_each_column(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.csv",
        [
            ["标题", "公开号", "公开（公告）号", "标题", "IPC主分类号", "IPC分类号", "联系人", "x"],
            ["", "", "CN1A", "甲", "H02K", "H02K1/00", "某人", "1"],
        ],
    )  # fmt: skip
    layout = layout_of(path)
    assert layout.columns == (
        ColumnSeen("A", "标题", "title"),
        ColumnSeen("B", "公开号", "publication_no", "after C, counts where that is empty"),
        ColumnSeen("C", "公开（公告）号", "publication_no"),
        ColumnSeen("D", "标题", "title", "duplicate of A, counts where that is empty"),
        ColumnSeen("E", "IPC主分类号", "ipc"),
        ColumnSeen("F", "IPC分类号", "ipc", "read together with E"),
        ColumnSeen("G", "联系人", None, "personal data, not read"),
        ColumnSeen("H", "x", None, "not used"),
    )
    assert fields_of(path) == [{"title": "甲", "publication_no": "CN1A", "ipc": "H02K | H02K1/00"}]
    assert json.loads(json.dumps(layout.to_dict()))["columns"][6] == {
        "letter": "G", "heading": "联系人", "field": None, "note": "personal data, not read",
    }  # fmt: skip


def test_only_wanted_columns_come(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", [["标题", "联系人", "标题"], ["", "某人", "甲"]])
    source = open_source(path)
    wanted = list(source.rows(lambda name: source.columns.field_of(name) is not None))
    assert wanted == [(2, {"标题": "甲"})]


def test_layouts_of_files_without_header_lines(tmp_path: Path) -> None:
    objects = [{"title": "a"}, {"title": "b", "联系人": "x"}, [1]]
    lines = tmp_path / "a.ndjson"
    lines.write_text("".join(json.dumps(one) + "\n" for one in objects), encoding="utf-8")
    table = tmp_path / "a.parquet"
    pq.write_table(pa.table({"title": ["a"], "联系人": ["x"]}), table)
    for path in (lines, table):
        layout = layout_of(path)
        assert (layout.family, layout.header_rows) == ("generic", (0, 0))
        assert [(seen.letter, seen.field) for seen in layout.columns] == [
            ("A", "title"),
            ("B", None),
        ]
    qrels = tmp_path / "a.qrels"
    qrels.write_text("u 0 p 1\n", encoding="utf-8")
    fields = [seen.field for seen in layout_of(qrels, what="relations").columns]
    assert fields == ["uscc", "patent", "relevance"]


COVER = [["标题", "填写专利名称"], ["申请号", "填写申请号"]]
SHEETS = {"说明": COVER, "模板": [HEAD], "专利": [HEAD, ["甲", "1"]], "其他": [HEAD, ["乙", "2"]]}


def test_the_sheet_whose_header_fits_best_is_read(tmp_path: Path) -> None:
    path = save(tmp_path / "a.xlsx", SHEETS)
    layout = layout_of(path)
    assert (layout.sheet, layout.other_sheets) == ("专利", ("其他",))
    assert layout.notes == ("sheet 其他 not read; use --sheet",)
    assert rows_of(path) == [(2, {"标题": "甲", "申请号": "1"})]
    assert rows_of(path, sheet="其他") == [(2, {"标题": "乙", "申请号": "2"})]
    with pytest.raises(
        BadFile, match=r"no sheet named '无'; expected one of 说明、模板、专利、其他"
    ):
        open_source(path, sheet="无")


def test_hidden_sheets_are_never_read(tmp_path: Path) -> None:
    path = save(tmp_path / "a.xlsx", SHEETS)
    book = openpyxl.load_workbook(path)
    book["专利"].sheet_state = "hidden"
    book["其他"].sheet_state = "veryHidden"
    book.save(path)
    book.close()
    assert layout_of(path).sheet == "模板"
    assert rows_of(path) == []
    with pytest.raises(BadFile, match=r"only a hidden sheet named '专利'.*unhide"):
        open_source(path, sheet="专利")


def merged(path: Path, rows: list[list[str]], *ranges: str) -> Path:
    save(path, {"s": rows})
    book = openpyxl.load_workbook(path)
    for one in ranges:
        book["s"].merge_cells(one)
    book.save(path)
    book.close()
    return path


def test_cells_merged_over_rows_count_for_each_row(tmp_path: Path) -> None:
    path = merged(
        tmp_path / "a.xlsx",
        [["", "说明"], ["", *HEAD], *[["", name, number] for name, number in (
            ("甲", ""), ("", "2"), ("", ""), ("乙", "3"), ("丙", "4"), ("丁", ""))]],
        "A1:A4", "C2:C3", "B3:B5", "C7:C8", "B6:C6",
    )  # fmt: skip
    assert rows_of(path) == [
        (3, {"标题": "甲", "申请号": ""}),
        (4, {"标题": "甲", "申请号": "2"}),
        (6, {"标题": "乙", "申请号": ""}),
        (7, {"标题": "丙", "申请号": "4"}),
        (8, {"标题": "丁", "申请号": "4"}),
    ]


def test_merged_cells_of_the_template_leave_its_further_rows_alone(tmp_path: Path) -> None:
    head = ["申请号", "专利名称", "所属学院", "*一级实施状态", "二级状态描述"]
    rows = [
        ["1", "甲", "某学院", "已许可", "x"],
        ["", "", "", "已转让", "y"],
        ["2", "乙", "", "尚未实施", ""],
    ]
    path = merged(tmp_path / "a.xlsx", [head, *rows], "A2:A3", "B2:B3", "C2:C4")
    found = fields_of(path)
    assert [row.get("application_no") for row in found] == ["1", None, "2"]
    assert [row.get("college") for row in found] == ["某学院", None, "某学院"]


def test_formulas_give_their_kept_value_and_errors_nothing(tmp_path: Path) -> None:
    cells = {
        "A2": '<f>1+1</f>', "B2": "<f>A</f><v>7</v>", "A4": "<f>x</f><v></v>", "B4": "<v>2.5</v>",
    }  # fmt: skip
    rows = "".join(
        f'<row r="{line}">'
        + "".join(f'<c r="{c}{line}">{cells[f"{c}{line}"]}</c>' for c in "AB")
        + "</row>"
        for line in (2, 4)
    )
    errors = (
        '<row r="5"><c r="A5" t="e"><v>#REF!</v></c><c r="B5" t="e"><f>z</f><v>#N/A</v></c></row>'
    )
    last = (
        '<row r="6"><c r="A6" t="str"><f>x</f><v>abc</v></c><c r="B6" t="e"><v>#N/A</v></c></row>'
    )
    path = hand_made(tmp_path / "a.xlsx", below_head(rows + errors + last))
    assert rows_of(path) == [
        (2, {"title": "", "申请号": 7}),
        (4, {"title": "", "申请号": 2.5}),
        (6, {"title": "abc", "申请号": ""}),
    ]


@pytest.mark.parametrize(
    ("book", "day"), [("", "2014-12-27"), ('<workbookPr date1904="1"/>', "2018-12-28")]
)
def test_both_date_systems(tmp_path: Path, book: str, day: str) -> None:
    row = '<row r="2"><c r="A2" s="1"><v>42000</v></c></row>'
    path = hand_made(tmp_path / "a.xlsx", below_head(row), book=book, styles=DATES)
    assert rows_of(path) == [(2, {"title": day, "申请号": ""})]


def test_a_table_may_begin_anywhere(tmp_path: Path) -> None:
    text = '<c r="C{0}" t="inlineStr"><is><t>{1}</t></is></c>'
    rows = "".join(
        f'<row r="{line}">{text.format(line, word)}</row>'
        for line, word in ((3, "标题"), (5, "甲"))
    )
    path = hand_made(tmp_path / "a.xlsx", f'<dimension ref="A1"/><sheetData>{rows}</sheetData>')
    assert rows_of(path) == [(5, {"标题": "甲"})]
    assert layout_of(path).columns == (ColumnSeen("C", "标题", "title"),)


def test_a_workbook_with_the_other_ending(tmp_path: Path) -> None:
    path = save(tmp_path / "a.xlsx", {"s": [HEAD, ["甲", "1"]]})
    assert rows_of(path.rename(tmp_path / "a.xls")) == [(2, {"标题": "甲", "申请号": "1"})]
