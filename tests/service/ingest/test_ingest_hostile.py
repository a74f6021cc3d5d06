"""Workbooks that would hurt: each ends in one sentence with a cure, within seconds."""

import struct
import time
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from matcher.errors import BadFile
from service.ingest.containers import SheetLimits, examine_workbook
from service.ingest.headers import Sought
from service.ingest.rows import open_source
from service.ingest.sheets import SheetSource
from tests.service.ingest.workbooks import HEAD, MAIN, below_head, cells, hand_made, rows_of

BOMBS = {
    "grid": (cells("A1", "XFD1048576"), "too large"),
    "half grid": (cells("A1", "XFD100000"), "too large"),
    "more than the limit": (cells("A1", "XFD2000"), "too large"),
    "lying dimension": ('<dimension ref="A1"/>' + cells("A1", "XFD1048576"), "too large"),
    "beyond the grid": (cells("A1", "A99999999"), "found"),
    "cut": ("<sheetData><row", "found"),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_workbook_bombs_are_refused_within_seconds(tmp_path: Path, bomb: str) -> None:
    path = tmp_path / "bomb.xlsx"
    sheet, reason = BOMBS[bomb]
    hand_made(path, sheet)
    assert path.stat().st_size < 3_000
    started = time.monotonic()
    with pytest.raises(BadFile, match=rf"bomb\.xlsx: found .*{reason}|bomb\.xlsx: {reason}"):
        open_source(path)
    assert time.monotonic() - started < 5


def test_a_deflate_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "bomb.xlsx"
    hand_made(path, cells("A1") + " " * (100 << 20))
    limits = SheetLimits(unpacked_bytes=64 << 20)
    started = time.monotonic()
    with pytest.raises(BadFile, match=r"found 104,\d{3},\d{3} bytes unpacked"):
        SheetSource(path, Sought(), limits)
    assert time.monotonic() - started < 0.5


def test_the_hand_made_workbook_is_one(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    hand_made(path, '<dimension ref="A1:XFD1048576"/>' + cells("A1", "A3"))
    assert rows_of(path) == [(3, {"title": "title"})]


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (SheetLimits(cells=1_799), "too large"),
        (SheetLimits(unpacked_bytes=100), "bytes unpacked"),
        (SheetLimits(parts=4), "5 parts"),
    ],
)
def test_limits_are_limits(tmp_path: Path, limits: SheetLimits, reason: str) -> None:
    path = tmp_path / "a.xlsx"
    hand_made(path, cells("A1", "B900"))
    SheetSource(path, Sought(), SheetLimits(cells=1_800)).close()
    with pytest.raises(BadFile, match=f"found .*{reason}"):
        SheetSource(path, Sought(), limits)


def test_the_memory_limit_is_the_child_s(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    hand_made(path, cells("A1", "XFD1500"))  # 24 million cells: allowed, about 0.6 GB
    with pytest.raises(BadFile, match="too large"):
        SheetSource(path, Sought(), SheetLimits(memory_bytes=300 << 20))


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ENTITIES = '<!ENTITY a0 "ha">' + "".join(
    f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 10)
)
NOT_WORKBOOKS = {
    "text.xlsx": ("title,申请号\na,b\n".encode(), "plain text.*ending .csv"),
    "text.xls": ("标题,申请号\na,b\n".encode("gb18030"), "plain text.*ending .csv"),
    "html.xls": ("\ufeff\n<html><table><tr><td>标题".encode(), "web page.*save it as .xlsx"),
    "wide.xls": ("<html><table>".encode("utf-16"), "web page.*save it as .xlsx"),
    "mime.xls": (b"MIME-Version: 1.0\n", "web page.*save it as .xlsx"),
    "locked.xlsx": (
        OLE + bytes(3000) + "EncryptedPackage".encode("utf-16-le") + bytes(1 << 20),
        "password.*take the password off",
    ),
    "ole.xlsx": (OLE + bytes(3000), "cannot be read.*save it as .xlsx"),
    "empty.xlsx": (b"", "empty file.*again"),
    "bytes.xlsx": (bytes(range(256)), "no workbook.*save it as .xlsx"),
    "book.csv": (b"PK\x03\x04" + bytes(100), "workbook or archive.*ending .xlsx"),
}


@pytest.mark.parametrize("name", NOT_WORKBOOKS)
def test_what_is_no_workbook_is_told_with_its_cure(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    content, said = NOT_WORKBOOKS[name]
    path.write_bytes(content)
    with pytest.raises(BadFile, match=f"{name}: found .*{said}"):
        open_source(path)


@pytest.mark.parametrize("kept", [0.3, 0.6, 0.99])
def test_a_cut_workbook_is_refused(tmp_path: Path, kept: float) -> None:
    path = hand_made(tmp_path / "a.xlsx", below_head(""))
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * kept)])
    with pytest.raises(BadFile, match=r"damaged workbook.*again"):
        open_source(path)


def test_a_part_larger_than_the_archive_says_is_refused(tmp_path: Path) -> None:
    filling = " " * (64 << 20)
    path = hand_made(tmp_path / "a.xlsx", f"<sheetData>{HEAD}{filling}</sheetData>")
    with zipfile.ZipFile(path) as archive:
        size = struct.pack("<I", archive.getinfo("xl/worksheets/sheet1.xml").file_size)
    content = path.read_bytes()
    assert content.count(size) == 2
    path.write_bytes(content.replace(size, struct.pack("<I", 5_000)))
    with pytest.raises(BadFile, match="does not unpack to the 5000 bytes it states"):
        open_source(path)


def test_a_thousandfold_deflate_within_the_limits_costs_little(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    filling = " " * (64 << 20)
    hand_made(path, f"<sheetData>{HEAD}{filling}</sheetData>")
    assert path.stat().st_size < 100_000
    del filling
    tracemalloc.start()
    started = time.monotonic()
    assert rows_of(path) == []
    assert time.monotonic() - started < 5
    assert tracemalloc.get_traced_memory()[1] < 10 << 20
    tracemalloc.stop()


def test_entities_are_not_expanded(tmp_path: Path) -> None:
    path = hand_made(tmp_path / "a.xlsx", "")
    laughs = below_head('<row r="2"><c r="A2" t="inlineStr"><is><t>&a9;</t></is></c></row>')
    text = f'<?xml version="1.0"?><!DOCTYPE x [{ENTITIES}]><worksheet xmlns="{MAIN}">{laughs}'
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts["xl/worksheets/sheet1.xml"] = f"{text}</worksheet>".encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    with pytest.raises(BadFile, match="entity"):
        open_source(path)


def test_an_archive_that_is_no_workbook(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("word/document.xml", "<x/>")
    with pytest.raises(BadFile, match="archive without sheets"):
        open_source(path)


def test_nothing_to_read(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="no cell with a value"):
        open_source(hand_made(tmp_path / "none.xlsx", "<sheetData/>"))
    for state in ("hidden", "veryHidden"):
        hidden = hand_made(tmp_path / "a.xlsx", below_head(""), state=f'state="{state}"')
        with pytest.raises(BadFile, match=r"only hidden sheets.*unhide"):
            open_source(hidden)


@pytest.mark.parametrize("merged", ["whole grid", "twenty thousand", "far away"])
def test_hostile_merges_cost_little(tmp_path: Path, merged: str) -> None:
    rows = "".join(
        f'<row r="{line}"><c r="A{line}" t="inlineStr"><is><t>t</t></is></c></row>'
        for line in range(2, 10_002)
    )
    ranges = {
        "whole grid": ["A1:XFD1048576", "A2:XFD1048576"],
        "twenty thousand": [f"B{line}:B{line + 1}" for line in range(2, 40_002, 2)],
        "far away": ["XFC1048570:XFD1048576"],
    }[merged]
    marks = "".join(f'<mergeCell ref="{one}"/>' for one in ranges)
    path = tmp_path / "a.xlsx"
    hand_made(path, f"{below_head(rows)}<mergeCells>{marks}</mergeCells>")
    started = time.monotonic()
    found = rows_of(path)
    assert time.monotonic() - started < 5
    assert (len(found), found[-1]) == (10_000, (10_001, {"title": "t", "申请号": ""}))


def test_a_row_of_many_megabytes_is_refused_by_the_child(tmp_path: Path) -> None:
    cell = f"<is><t>{'长' * (1 << 20)}</t></is>"
    row = "".join(f'<c r="{letter}2" t="inlineStr">{cell}</c>' for letter in "ABCDEFGHIJKLMNOPQRST")
    path = hand_made(tmp_path / "a.xlsx", below_head(f'<row r="2">{row}</row>'))
    with pytest.raises(BadFile, match="too large"):
        open_source(path)


def test_a_cell_of_a_hundred_thousand_characters_is_read(tmp_path: Path) -> None:
    long = "长" * 100_000
    row = f'<row r="2"><c r="A2" t="inlineStr"><is><t>{long}</t></is></c></row>'
    path = hand_made(tmp_path / "a.xlsx", below_head(row))
    assert rows_of(path) == [(2, {"title": long, "申请号": ""})]


def test_heavy_styles_pass(tmp_path: Path) -> None:
    styles = '<cellXfs count="60000">' + '<xf numFmtId="14"/>' * 60_000 + "</cellXfs>"
    row = '<row r="2"><c r="A2" s="59999"><v>43658</v></c></row>'
    path = hand_made(tmp_path / "a.xlsx", below_head(row), styles=styles)
    assert rows_of(path) == [(2, {"title": "2019-07-12", "申请号": ""})]


def test_memory_grows_with_what_the_file_unpacks_to(tmp_path: Path) -> None:
    limits = SheetLimits()
    small = examine_workbook(hand_made(tmp_path / "a.xlsx", below_head("")), limits)
    large = examine_workbook(hand_made(tmp_path / "b.xlsx", below_head(" " * (100 << 20))), limits)
    assert small.memory(limits) < 1.25 * (1 << 30)
    assert 295 << 20 < large.memory(limits) - small.memory(limits) < 305 << 20
