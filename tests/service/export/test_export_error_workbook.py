"""The workbook with what an import refused: correct it there, and import that very workbook."""

from __future__ import annotations

import time
from pathlib import Path

import openpyxl
import pytest

from matcher.errors import BadFile
from matcher.types import PatentId
from service.export.error_rows import label_of
from service.export.error_workbook import write_error_workbook
from service.ingest.cures import CODES
from service.ingest.importer import import_files
from service.ingest.layout import ColumnSeen, Layout
from service.ingest.problems import BadValue, file_problem, row_problem
from service.ingest.report import FileReport
from service.store.engine import Store
from tests.service.export.samples import formulas, sheet

ROWS, SUMMARY, COLUMNS, TORN = "需修改的行", "汇总", "列识别", "请在原文件中修改的行"
BAD_DIGIT = BadValue("application_no", "CN201710601862.4", "check_digit", "Check the digit.")
BAD_DATE = BadValue("filing_date", "2019/13/1", "date", "Write the date.")


def report_of(rows: int) -> FileReport:
    """Return a report with every second row refused, every row warned of."""
    report = FileReport("专利清单.xlsx", rows=rows)
    for line in range(2, rows + 2):
        cells = {
            "申请号": "CN201710601862.4",
            "名称": "=一种装置",
            "申请日": "2019/13/1",
            "数": 12.5,
        }
        report.keep({line: cells})
        if line % 2 == 0:
            report.refuse([row_problem(line, "申请号", BAD_DIGIT)])
        report.warn([row_problem(line, "申请日", BAD_DATE)])
    seen = (ColumnSeen("A", "申请号", "application_no"), ColumnSeen("B", "别的", None, "not used"))
    report.layout = Layout("generic", (1, 1), seen, "Sheet1", notes=("提示一句",))
    return report


def test_rows_are_marked_and_told(tmp_path: Path) -> None:
    path = tmp_path / "e.xlsx"
    write_error_workbook(path, report_of(2))
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == [ROWS, SUMMARY, COLUMNS]
    rows = book[ROWS]
    assert [cell.value for cell in rows[1]] == [
        "行号",
        "问题说明",
        "申请号",
        "名称",
        "申请日",
        "数",
    ]
    assert [cell.value for cell in rows[2]][2:] == [
        "CN201710601862.4", "'=一种装置", "2019/13/1", 12.5,
    ]  # fmt: skip
    assert rows["A2"].value == 2
    assert rows["B2"].value == (
        "【须修改】申请号：按前12位计算，校验位应为“3”而不是“4”，请对照受理通知书核对申请号。"
        "（现为“CN201710601862.4”）\n"
        "【请核对】申请日：请按“年-月-日”填写申请日，例如 2019-07-12。（现为“2019/13/1”）"
    )
    colours = {cell.coordinate: cell.fill.fgColor.rgb for row in rows["C2:F3"] for cell in row}
    red, yellow, none = "FFFFC7CE", "FFFFEB9C", "00000000"
    assert [colours[cell] for cell in ("C2", "D2", "E2")] == [red, none, yellow]
    assert [colours[cell] for cell in ("C3", "D3", "E3")] == [none, none, yellow]
    assert "校验位应为“3”" in rows["C2"].comment.text
    assert rows["D2"].comment is None
    assert formulas(path) == []


def test_counts_and_columns(tmp_path: Path) -> None:
    path = tmp_path / "e.xlsx"
    write_error_workbook(path, report_of(3))
    facts = {row[0]: row[1] for row in sheet(path, SUMMARY)[1:]}
    assert facts == {
        "文件": "专利清单.xlsx",
        "文件来源类型": "generic",
        "工作表": "Sheet1",
        "表头所在行": 1,
        "提示": "提示一句",
        "读取行数": 3,
        "新增": 0,
        "更新": 0,
        "无变化": 0,
        "拒绝行数": 2,
        "跳过行数": 0,
        "提醒条数": 3,
        "拒绝：申请号": "校验位不符（check_digit） × 2",
        "提醒：申请日": "日期写法不符（date） × 3",
    }
    assert sheet(path, COLUMNS)[1:] == [
        ["A", "申请号", "application_no", ""],
        ["B", "别的", "未识别", "not used"],
    ]


def test_every_code_has_a_label() -> None:
    assert [code for code in CODES if label_of(code) == code] == []


def test_rows_that_belong_to_a_bad_row_come_with_it(tmp_path: Path) -> None:
    path = tmp_path / "e.xlsx"
    report = FileReport("盘活.xlsx", rows=3)
    for line, cells in ((4, {"申请号": "CN1", "转化意愿": "拟许可"}), (5, {"转化意愿": "拟转让"})):
        report.keep({line: cells})
    report.keep({7: {"转化意愿": "拟转让"}})
    report.warn([row_problem(4, "申请号", BAD_DIGIT)])
    report.refuse([row_problem(7, "", BadValue("", 6, "head_refused", "Correct row 6."))])
    write_error_workbook(path, report)
    rows = sheet(path, ROWS)[1:]
    assert [(row[0], row[2], row[3]) for row in rows] == [
        (4, "CN1", "拟许可"),
        (5, "", "拟转让"),
        (7, "", "拟转让"),
    ]
    assert rows[1][1] == ""
    assert str(rows[2][1]).endswith("（首行为第6行）")


def test_a_row_without_cells_is_told_of_elsewhere(tmp_path: Path) -> None:
    path = tmp_path / "e.xlsx"
    report = FileReport("p.csv", rows=1)
    report.refuse([file_problem(7, 'a,"b', "csv_syntax", "Mend the quotes.")])
    write_error_workbook(path, report)
    assert openpyxl.load_workbook(path).sheetnames == [TORN, SUMMARY]
    ((line, told),) = sheet(path, TORN)[1:]
    assert line == 7
    assert str(told).startswith("【须修改】此行引号不成对")


def test_a_file_that_failed_has_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "e.xlsx"
    report = report_of(2)
    report.failure = BadFile("专利清单.xlsx", "found damage", "a workbook", "save it again")
    write_error_workbook(path, report)
    assert openpyxl.load_workbook(path).sheetnames == [SUMMARY]
    assert sheet(path, SUMMARY)[1:] == [
        ["文件", "专利清单.xlsx"],
        ["未能读取", "专利清单.xlsx: found damage; expected a workbook; save it again."],
    ]


def test_a_file_without_problems_has_its_counts(tmp_path: Path) -> None:
    path = tmp_path / "e.xlsx"
    write_error_workbook(path, FileReport("p.csv", rows=2, accepted=2))
    assert openpyxl.load_workbook(path).sheetnames == [SUMMARY]


def test_ten_thousand_rows_take_seconds(tmp_path: Path) -> None:
    report = report_of(10_000)
    started = time.process_time()
    write_error_workbook(tmp_path / "e.xlsx", report)
    assert time.process_time() - started < 10


@pytest.mark.parametrize("ending", ["csv", "ndjson"])
def test_what_is_corrected_there_is_imported_from_there(
    store: Store, tmp_path: Path, ending: str
) -> None:
    source = tmp_path / f"p.{ending}"
    if ending == "csv":
        source.write_text(
            "申请号,专利名称,申请日,摘要\n"
            "CN201710601862.4,'=一种装置,2017-07-21,'-摘要\n"
            "CN201910477779.9,另一种装置,2019/13/1,好\n"
            "CN202110639674.6,第三种装置,2021-06-08,好\n",
            "utf-8",
        )
    else:
        source.write_text(
            '{"application_no": "CN201710601862.4", "title": "=一种装置", "abstract": "-摘要"}\n'
            '{"application_no": "CN201910477779.9", "title": "另", "filing_date": "2019/13/1"}\n',
            "utf-8",
        )
    (report,) = import_files(store, "patents", [source]).files
    assert report.refused == 2
    path = tmp_path / "e.xlsx"
    write_error_workbook(path, report)
    book = openpyxl.load_workbook(path)
    rows = book[ROWS]
    places = {cell.value: cell.column_letter for cell in rows[1]}
    number, day = ("申请号", "申请日") if ending == "csv" else ("application_no", "filing_date")
    rows[f"{places[number]}2"] = "CN201710601862.3"
    rows[f"{places[day]}3"] = "2019-11-01"
    book.save(path)
    (again,) = import_files(store, "patents", [path]).files
    assert (again.family, again.rows, again.refused) == ("generic", 2, 0)
    patent = store.patents.get(store.patents.resolve("CN201710601862.3"))
    assert (patent.title, patent.abstract) == ("=一种装置", "-摘要")
    assert isinstance(patent.patent_id, str)
    assert PatentId("CN201710601862.4") not in store.patents.many([PatentId("CN201710601862.4")])
