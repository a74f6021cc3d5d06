"""The packaged taxonomy, and an operator's own."""

from pathlib import Path

import pytest

from matcher.errors import BadFile, UnknownSegment
from matcher.segments.taxonomy import Segment, Taxonomy, load_taxonomy
from matcher.types import SegmentCode


def test_packaged_has_forty_emerging_and_the_traditional_segments() -> None:
    kinds = [segment.kind for segment in load_taxonomy().segments]
    assert kinds.count("emerging") == 40
    assert kinds.count("traditional") == 51
    assert len(kinds) == 40 + 51


def test_every_segment_is_named_in_both_languages_and_grouped() -> None:
    assert all(s.name and s.name_en and s.group for s in load_taxonomy().segments)
    assert len({s.name for s in load_taxonomy().segments}) == 91


def test_path() -> None:
    assert load_taxonomy().path("6.3") == "新能源产业 › 太阳能产业"
    assert Taxonomy((Segment(SegmentCode("X"), "单列"),)).path("X") == "单列"


def test_unknown_code_says_how_many_are_known() -> None:
    with pytest.raises(UnknownSegment) as caught:
        load_taxonomy().by_code("99")
    assert (caught.value.code, caught.value.known) == ("99", 91)
    with pytest.raises(UnknownSegment):
        load_taxonomy().path("99")


def test_operator_file_replaces_or_extends(tmp_path: Path) -> None:
    file = tmp_path / "segments.csv"
    file.write_text("代码,名称,分组\nJS01,集成电路,江苏产业链\n6.3,光伏,江苏产业链\n", "utf-8-sig")
    alone = load_taxonomy(file)
    assert [s.code for s in alone] == ["JS01", "6.3"]
    assert alone.by_code("JS01").kind == "own"
    both = load_taxonomy(file, extend=True)
    assert len(both) == 92
    assert both.path("6.3") == "江苏产业链 › 光伏"
    assert [s.code for s in both].index(SegmentCode("6.3")) == 28
    assert "T01" in both
    assert "T01" not in alone


def test_gb18030_is_read(tmp_path: Path) -> None:
    file = tmp_path / "segments.csv"
    file.write_bytes("code,name\nA,机器人\n".encode("gb18030"))
    assert load_taxonomy(file).by_code("A").name == "机器人"


def test_taxonomy_with_holes_is_refused_with_the_line(tmp_path: Path) -> None:
    file = tmp_path / "segments.csv"
    file.write_text("# 注释\ncode,name\nA,机器人\n\nB,\n", "utf-8")
    with pytest.raises(BadFile, match="line 5"):
        load_taxonomy(file)


@pytest.mark.parametrize("text", ["name\n机器人\n", ""])
def test_missing_column_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "segments.csv"
    file.write_text(text, "utf-8")
    with pytest.raises(BadFile, match="code"):
        load_taxonomy(file)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="check the path"):
        load_taxonomy(tmp_path / "none.csv")
