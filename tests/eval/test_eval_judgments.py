"""Judgments and pools: literal files in, exact values or an exact complaint out."""

from __future__ import annotations

from pathlib import Path

import pytest

from eval.judgments import read_pool, read_qrels
from matcher.errors import BadFile


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "file.txt"


def test_qrels_keep_order_and_grades(file: Path) -> None:
    file.write_text("F2 0 P1 3\n\nF1\t0\tP2\t0\r\nF2 Q0 P3 1\n", "utf-8-sig")
    found = read_qrels(file)
    assert found == {"F2": {"P1": 3, "P3": 1}, "F1": {"P2": 0}}
    assert list(found) == ["F2", "F1"]


def test_negative_grades_are_not_relevant(file: Path) -> None:
    file.write_text("F1 0 P1 -2\nF1 0 P2 +1\n")
    assert read_qrels(file) == {"F1": {"P1": 0, "P2": 1}}


def test_the_same_judgment_twice_counts_once(file: Path) -> None:
    file.write_text("F1 0 P1 2\nF1 0 P1 2\n")
    assert read_qrels(file) == {"F1": {"P1": 2}}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("F1 0 P1 1\nF1 0 P2\n", "found 3 columns in line 2"),
        ("F1 0 P1 1 x\n", "found 5 columns in line 1"),
        ("F1 0 P1 1.5\n", "found grade '1.5' in line 1"),
        ("F1 0 P1 1_0\n", "found grade '1_0' in line 1"),
        ("F1 0 P1 ２\n", "found grade '２' in line 1"),
        ("F1 0 P1 2000000000\n", "found grade '2000000000' in line 1"),
        ("F1 0 P1 1\nF2 0 P1 1\nF1 0 P1 2\n", "found grade 2 for F1 P1 in line 3"),
        ("\n \n", "found no line"),
    ],
)
def test_bad_qrels_name_the_line(file: Path, text: str, found: str) -> None:
    file.write_text(text)
    with pytest.raises(BadFile) as caught:
        read_qrels(file)
    assert caught.value.found == f"{file}: {found}"
    assert caught.value.expected
    assert caught.value.cure


def test_files_that_cannot_be_read_are_bad_files(file: Path) -> None:
    with pytest.raises(BadFile, match="No such file"):
        read_qrels(file)
    file.write_bytes("企业 0 专利 1".encode("gb18030"))
    with pytest.raises(BadFile, match="not UTF-8"):
        read_qrels(file)
    with pytest.raises(BadFile, match="not UTF-8"):
        read_pool(file)


def test_a_pool_is_its_ids_once_in_order(file: Path) -> None:
    file.write_text("P2\n P1 \n\nP2\n")
    assert read_pool(file) == ("P2", "P1")


@pytest.mark.parametrize(("text", "found"), [("P1\nP2 P3\n", "2 words in line 2"), ("", "no line")])
def test_bad_pools_name_the_line(file: Path, text: str, found: str) -> None:
    file.write_text(text)
    with pytest.raises(BadFile, match=found):
        read_pool(file)
