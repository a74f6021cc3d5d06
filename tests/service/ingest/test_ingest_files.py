"""Files as people send them: encodings, tables, workbooks, bombs."""

import json
from datetime import date
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from matcher.errors import BadFile
from service.ingest import fields
from service.ingest.columns import Columns
from service.ingest.problems import RowProblem
from service.ingest.rows import Source, open_source

ROWS = [{"标题": "一种电机", "申请号": "CN201710601862.3"}, {"标题": "轴承，水", "申请号": ""}]
CSV = '标题,申请号\n一种电机,CN201710601862.3\n"轴承，水",\n'


def rows_of(path: Path) -> list[tuple[int, object]]:
    source: Source = open_source(path)
    try:
        first = list(source.rows())
        assert list(source.rows()) == first
        return first
    finally:
        source.close()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_encodings_of_csv(tmp_path: Path, encoding: str, newline: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(CSV.replace("\n", newline).encode(encoding))
    assert rows_of(path) == [(2, ROWS[0]), (3, ROWS[1])]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_encodings_of_ndjson(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.ndjson"
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS)
    path.write_bytes(text.encode(encoding))
    assert rows_of(path) == [(1, ROWS[0]), (2, ROWS[1])]


def test_gb18030_that_starts_late(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"title\n" + b"ascii\n" * 400_000 + "电机\n".encode("gb18030"))
    source = open_source(path)
    *_, last = source.rows()
    assert last == (400_002, {"title": "电机"})


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_a_wrong_byte_late_in_utf8_refuses_its_row_only(tmp_path: Path, mark: bytes) -> None:
    path = tmp_path / "a.csv"
    good = mark + "标题\n".encode() + "一种电机\n".encode() * 2_000
    path.write_bytes(good + b"\xc4\xe3\n" + "电\n".encode())
    source = open_source(path)
    *_, (line, bad), last = source.rows()
    assert isinstance(bad, RowProblem)
    assert (line, bad.problem) == (2002, "encoding")
    assert last == (2003, {"标题": "电"})
    assert source.layout.notes == (
        f"1 lines have bytes that are not utf-8{'-sig' if mark else ''}: refused",
    )


def test_a_wrong_byte_late_in_gb18030_refuses_its_row_only(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    good = "标题\n".encode("gb18030") + "一种电机\n".encode("gb18030") * 2_000
    path.write_bytes(good + b"\xff\xff\n" + "电\n".encode("gb18030"))
    source = open_source(path)
    *_, (line, bad), last = source.rows()
    assert isinstance(bad, RowProblem)
    assert (line, bad.problem, last) == (2002, "encoding", (2003, {"标题": "电"}))
    bad.value.encode()


def test_bytes_that_are_no_text_are_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("标题\n电机\n".encode() + b"\xc4\xe3\xff\n" * 5)
    with pytest.raises(BadFile, match=r"not UTF-8 on line 3 \(byte 14\)"):
        open_source(path)


def test_lines_of_gb18030_within_utf8(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    lines = [f"标题{i}".encode() for i in range(40)]
    lines[0], lines[20] = "标题".encode(), "一种轴承".encode("gb18030")
    path.write_bytes(b"\n".join(lines))
    kinds = [isinstance(row, RowProblem) for _, row in rows_of(path)]
    assert (len(kinds), kinds.index(True), sum(kinds)) == (39, 19, 1)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf16_with_its_mark(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.csv"
    mark = "" if encoding == "utf-16" else "\ufeff"
    path.write_bytes((mark + CSV).encode(encoding))
    assert rows_of(path) == [(2, ROWS[0]), (3, ROWS[1])]


def test_cut_utf16_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(CSV.encode("utf-16")[:-1])
    with pytest.raises(BadFile, match="UTF-16"):
        open_source(path)


def test_lone_cr_nul_bytes_and_bars(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("标题|申请号\r电\0机|1\r轴承|2\r".encode())
    (_, first), second = rows_of(path)
    assert second == (3, {"标题": "轴承", "申请号": "2"})
    assert isinstance(first, dict)
    assert fields.text(first["标题"]) == "电机"


@pytest.mark.parametrize(("name", "delimiter"), [("a.tsv", "\t"), ("a.csv", "\t"), ("a.csv", ";")])
def test_delimiters(tmp_path: Path, name: str, delimiter: str) -> None:
    path = tmp_path / name
    path.write_text(f"标题{delimiter}申请号\n电机, 轴承{delimiter}x\n", encoding="utf-8")
    assert rows_of(path) == [(2, {"标题": "电机, 轴承", "申请号": "x"})]


def test_a_disclaimer_above_the_header(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"数据来自某处，仅供参考\n\n{CSV}", encoding="utf-8")
    assert [line for line, _ in rows_of(path)] == [4, 5]


def test_bad_csv_rows_leave_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('title,ipc\na,A01B\n"b"x,A01B\nc,A01B,more\nd\n"e\nf",H02K\n', encoding="utf-8")
    found = rows_of(path)
    assert [line for line, _ in found] == [2, 3, 4, 5, 6]
    kinds = [row.problem if isinstance(row, RowProblem) else row["title"] for _, row in found]
    assert kinds == ["a", "csv_syntax", "surplus_cell", "d", "e\nf"]


def test_an_open_quote_names_its_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('title\na\n"b\nc\nd\n', encoding="utf-8")
    (_, first), (line, problem) = rows_of(path)
    assert first == {"title": "a"}
    assert isinstance(problem, RowProblem)
    assert (line, problem.problem) == (3, "csv_syntax")
    assert "lines 3 to 5" in problem.cure


def test_bad_ndjson_rows_leave_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    deep = "[" * 20_000
    path.write_text(f'{{"title":"a"}}\n{{"title":\n\n[1]\n{{"title":NaN}}\n{deep}\n{{"title":"z"}}')
    found = rows_of(path)
    assert [line for line, _ in found] == [1, 2, 4, 5, 6, 7]
    problems = [row.problem for _, row in found if isinstance(row, RowProblem)]
    assert problems == ["json_syntax", "json_object", "json_syntax", "json_syntax"]


def test_parquet_gives_only_what_is_wanted(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"title": ["a", "b"], "x": [1, 2], "ipc": [["A01B"], []]}), path)
    columns = Columns("patents")
    source = open_source(path)
    found = list(source.rows(lambda header: columns.field_of(header) is not None))
    assert found == [(1, {"title": "a", "ipc": ["A01B"]}), (2, {"title": "b", "ipc": []})]


@pytest.mark.parametrize(
    "name", ["a.parquet", "a.xlsx", "a.xls", "a.csv", "a.ndjson.gz", "none.csv"]
)
def test_what_is_no_such_file_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name != "none.csv":
        path.write_bytes(b"PK\x03\x04 no such thing \x00\xff\xfe" * 10)
    with pytest.raises(BadFile, match=name):
        open_source(path)


def test_a_cut_parquet_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"title": ["a" * 100] * 1000}), path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(BadFile, match="damage"):
        open_source(path)


def test_a_workbook(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    for row in (["说明"], ["标题", "申请日", "申请号"], ["电机", date(2019, 7, 12), 2017106018623],
                [None, None, None], ["轴承", "2019.7.12", None]):  # fmt: skip
        sheet.append(row)
    path = tmp_path / "a.xlsx"
    book.save(path)
    book.close()
    assert rows_of(path) == [
        (3, {"标题": "电机", "申请日": "2019-07-12", "申请号": 2017106018623}),
        (5, {"标题": "轴承", "申请日": "2019.7.12", "申请号": ""}),
    ]


def test_an_honest_long_sheet_is_read(tmp_path: Path) -> None:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.append(["title", "application_no"])
    for number in range(20_000):
        sheet.append([f"t{number}", ""])
    path = tmp_path / "a.xlsx"
    book.save(path)
    book.close()
    found = rows_of(path)
    assert len(found) == 20_000
    assert found[-1] == (20_001, {"title": "t19999", "application_no": ""})
