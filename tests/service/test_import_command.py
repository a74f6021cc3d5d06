"""``panhuo import`` as people run it: what it tells, and what it must not overwrite."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from matcher.errors import BadFile
from tests.service.ingest.workbooks import save
from tests.service.test_cli import told


def test_a_report_never_replaces_the_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    book = save(tmp_path / "own.xlsx", {"s": [["title", "publication_no"], ["泵", "CN1A"]]})
    before = book.read_bytes()
    (tmp_path / "again.xlsx").symlink_to(book)
    for report in ("own.xlsx", "again.xlsx"):
        named = ("--report", str(tmp_path / report), "--home", str(tmp_path / "h"))
        _, err = told(capsys, "import", "patents", str(book), *named, code=2)
        assert "this is the file to import" in err
    assert book.read_bytes() == before


def test_an_import_is_told_though_its_report_cannot_be_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, *_: object) -> None:
        raise BadFile(str(path), "no space left", "a place", "free it")

    monkeypatch.setattr("service.export.error_workbook.write_error_workbook", full)
    book = save(
        tmp_path / "a.xlsx",
        {
            "一": [["title", "publication_no"], ["泵", "CN109990757A"]],
            "二": [["标题", "申请号"], ["x", 1]],
        },
    )
    named = ("--report", str(tmp_path / "r.xlsx"), "--home", str(tmp_path / "h"))
    out, err = told(capsys, "import", "patents", str(book), "--json", *named, code=1)
    assert json.loads(out)["new"] == 1
    assert "no space left" in err
    _, err = told(capsys, "import", "patents", str(book), "--home", str(tmp_path / "h"))
    assert "a.xlsx: sheet 二 not read; use --sheet" in err


def test_a_folder_is_told_to_be_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    named = ("--home", str(tmp_path / "h"))
    _, err = told(capsys, "import", "patents", str(tmp_path), *named, code=1)
    assert "found a folder" in err


def test_the_help_says_what_exit_codes_mean(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, _ = told(capsys, "import", "--help")
    said = " ".join(out.split())
    assert "Exit code 0: every file was read" in said
    for name in ("stock-taking.md", "stock-taking.zh-CN.md"):
        text = (Path(__file__).parents[2] / "docs" / name).read_text(encoding="utf-8")
        assert [f"| {code} | " in text for code in (0, 1, 2)] == [True] * 3
    path = tmp_path / "a.csv"
    path.write_text("title,publication_no\n泵,CN109990757A\n泵,x\n", encoding="utf-8")
    named = ("--home", str(tmp_path / "h"))
    told(capsys, "import", "patents", str(path), *named, code=0)
    told(capsys, "import", "patents", str(path), str(tmp_path / "none.csv"), *named, code=1)
    told(capsys, "import", "patents", str(path), "--as", "registry", *named, code=2)
