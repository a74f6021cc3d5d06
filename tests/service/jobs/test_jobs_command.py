"""``panhuo import`` is a contract: what it prints, what it writes, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import openpyxl
import pytest

from service.bootstrap import open_home
from service.cli import run
from service.commands import imports
from service.config import Settings
from tests.service.jobs.firm_files import HEADER, firm_file, firm_rows

FILE_KEYS = ["file", "family", "rows", "records", "new", "changed", "unchanged", "refused"]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    path = tmp_path / "名录.csv"
    path.write_text(HEADER + firm_rows(2) + "坏行,9133,检测\n", "utf-8")
    return path


def told(
    capsys: pytest.CaptureFixture[str], home: Path, *arguments: object, code: int = 0
) -> tuple[str, str]:
    assert run(["import", *map(str, arguments), "--home", str(home)]) == code
    captured = capsys.readouterr()
    return captured.out, captured.err


def firms(home: Path) -> int:
    with open_home(Settings(home=home, database_url="")) as opened:
        return opened.store.firms.count()


def test_json_is_the_contract_and_nothing_else(
    capsys: pytest.CaptureFixture[str], home: Path, bad: Path
) -> None:
    out, err = told(capsys, home, "firms", bad, "--json")
    (file,) = json.loads(out)["files"]
    assert [file[key] for key in FILE_KEYS] == ["名录.csv", "generic", 3, 2, 2, 0, 0, 1]
    (problem,) = file["errors"]
    assert problem["row"] == 4
    assert problem["value"] == "9133"
    assert all(problem[key] for key in ("column", "problem", "cure"))
    assert err == ""
    out, _ = told(capsys, home, "firms", bad, "--json")
    again = json.loads(out)["files"][0]
    assert [again[key] for key in FILE_KEYS[2:]] == [3, 2, 0, 0, 2, 1]


def test_a_dry_run_shows_column_by_column_and_writes_nothing(
    capsys: pytest.CaptureFixture[str], home: Path, tmp_path: Path
) -> None:
    path = tmp_path / "名录.csv"
    path.write_bytes(
        "企业名称,统一社会信用代码,联系电话,无名\n甲,91330108PH9YJRY21R,1,2\n".encode("gbk")
    )
    out, _ = told(capsys, home, "firms", path, "--dry-run")
    assert "family:    generic" in out
    assert "header:    row 1" in out
    assert "encoding:  gb18030" in out
    rows = [line for line in out.splitlines() if line.startswith("│")]
    assert [row.split("│")[1].strip() for row in rows[:4]] == ["A", "B", "C", "D"]
    assert "uscc" in rows[1]
    assert "ignored" in rows[3]
    assert "dry run" in out
    assert firms(home) == 0
    out, _ = told(capsys, home, "firms", path, "--dry-run", "--json")
    found = json.loads(out)
    assert found["dry_run"] is True
    layout = found["files"][0]["layout"]
    assert layout["family"] == "generic"
    assert [column["letter"] for column in layout["columns"]] == ["A", "B", "C", "D"]
    assert found["files"][0]["new"] == 1


def test_a_file_that_fails_as_a_whole_ends_in_1_and_the_others_go_in(
    capsys: pytest.CaptureFixture[str], home: Path, tmp_path: Path
) -> None:
    good, broken = tmp_path / "a.csv", tmp_path / "b.xlsx"
    good.write_bytes(firm_file(2))
    broken.write_bytes(b"no workbook")
    out, _ = told(capsys, home, "firms", broken, good, "--json", code=1)
    failed, read = json.loads(out)["files"]
    assert failed["failure"]["cure"]
    assert (failed["rows"], read["new"]) == (0, 2)
    _, err = told(capsys, home, "firms", broken, code=1)
    assert err.startswith("panhuo: ")
    assert firms(home) == 2


def test_reports_are_written_by_their_ending(
    capsys: pytest.CaptureFixture[str], home: Path, tmp_path: Path, bad: Path
) -> None:
    report = tmp_path / "out.json"
    told(capsys, home, "firms", bad, "--report", report)
    assert json.loads(report.read_text("utf-8"))["files"][0]["refused"] == 1
    book = tmp_path / "out.xlsx"
    told(capsys, home, "firms", bad, "--report", book, "--report", report)
    sheets = openpyxl.load_workbook(book)
    assert any("9133" in str(cell) for sheet in sheets for row in sheet.values for cell in row)


def test_several_files_have_a_workbook_each(
    capsys: pytest.CaptureFixture[str], home: Path, tmp_path: Path, bad: Path
) -> None:
    other = tmp_path / "b.csv"
    other.write_bytes(bad.read_bytes())
    broken = tmp_path / "c.xlsx"
    broken.write_bytes(b"no workbook")
    told(capsys, home, "firms", bad, broken, other, "--report", tmp_path / "out.xlsx", code=1)
    assert sorted(path.name for path in tmp_path.glob("out*")) == [
        "out-1-名录.xlsx",
        "out-3-b.xlsx",
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("firms", "x.csv", "--as", "patsnap"), "auto, tianyancha, qichacha, registry, generic"),
        (("demands", "x.csv", "--as", "tianyancha"), "auto, generic"),
        (("patents", "x.csv", "--as", "no such"), "patsnap"),
        (("firms", "x.csv", "--kind", "owns"), "relations"),
        (("firms", "x.csv", "--report", "out.txt"), ".json or .xlsx"),
        (("firms", "x.csv", "--report", "no/such/out.json"), "no folder"),
        (("firms", "x.csv", "y.csv", "--file-name", "z.csv"), "one file"),
        (("firms", "x.csv", "--checked-on", "2026-02-30"), "2026-02-30"),
        (("firms", "x.csv", "--progress", "dots"), "lines"),
        (("planets", "x.csv"), "groups"),
    ],
)
def test_wrong_usage_ends_in_2_with_a_sentence(
    capsys: pytest.CaptureFixture[str], home: Path, arguments: tuple[str, ...], said: str
) -> None:
    out, err = told(capsys, home, *arguments, code=2)
    assert said in err
    assert out == ""
    assert not home.exists()


def test_progress_in_lines_is_json_at_most_twice_a_second(
    capsys: pytest.CaptureFixture[str], home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(firm_file(5_000))
    _, err = told(capsys, home, "firms", path, "--progress", "lines", "--json")
    lines = [json.loads(line) for line in err.splitlines()]
    assert lines[0] == {"file": "a.csv", "rows": 2_000}
    clock = iter([0.0, 0.4, 0.5, 0.9, 1.2])
    monkeypatch.setattr(imports.time, "monotonic", lambda: next(clock))
    tell = imports._Lines()
    for rows in range(5):
        tell("a.csv", rows)
    told_rows = [json.loads(line)["rows"] for line in capsys.readouterr().err.splitlines()]
    assert told_rows == [0, 2, 4]


def test_options_reach_the_import(
    capsys: pytest.CaptureFixture[str], home: Path, tmp_path: Path
) -> None:
    path = tmp_path / "a.csv"
    path.write_text("申请号,名称\n202119402100.4,一种检测方法\n", "utf-8")
    more = ("--holder", "钱江湾理工大学", "--checked-on", "2026-01-15", "--file-name", "专利.csv")
    out, _ = told(capsys, home, "patents", path, "--as", "generic", *more, "--json")
    (file,) = json.loads(out)["files"]
    assert (file["file"], file["new"]) == ("专利.csv", 1)
    with open_home(Settings(home=home, database_url="")) as opened:
        (patent,) = opened.store.patents.iterate()
    assert patent.holder == "钱江湾理工大学"
