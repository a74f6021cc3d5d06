"""Headings in a file of the operator's own."""

from pathlib import Path

import pytest

from matcher.errors import BadFile
from service.ingest.aliases import load_aliases
from service.ingest.columns import Columns
from service.ingest.families import FAMILIES
from service.ingest.headings import is_personal, tidy
from service.ingest.rows import open_source


def own(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_own_headings_count_first(tmp_path: Path) -> None:
    extra = own(
        tmp_path / "a.toml",
        '[patents]\ntitle = ["成果名称"]\nmaturity = ["申请日"]\n[firms]\ntags = ["荣誉"]\n',
    )
    aliases = load_aliases(extra)
    for family in FAMILIES["patents"]:
        columns = Columns("patents", family, aliases)
        assert columns.field_of("* 成果名称（必填）") == "title"
        assert columns.field_of("申请日") == "maturity"
        assert columns.field_of("申请号") == "application_no"
    assert Columns("firms", aliases=aliases).field_of("荣誉") == "tags"
    path = tmp_path / "a.csv"
    path.write_text("成果名称,标题\n甲,乙\n", encoding="utf-8")
    source = open_source(path, aliases=aliases)
    ((_, row),) = source.rows()
    assert isinstance(row, dict)
    assert source.columns.cells(row) == {"title": "甲"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[patents", "no TOML"),
        ('[cars]\na = ["x"]', r"the table \[cars\]; expected one of patents, firms"),
        (
            '[patents]\ncolour = ["x"]',
            r"the field 'colour' in \[patents\]; expected one of \w+, ",
        ),
        ('[patents]\ntitle = "x"', "no list of headings at patents.title"),
        ('[patents]\ntitle = ["x", 1]', "no list of headings at patents.title"),
        ('[patents]\ntitle = [" * "]', "no list of headings at patents.title"),
        ('title = ["x"]', "'title' outside of a table"),
        ('[patents]\ntitle = ["x"]\nkind = ["*ｘ "]', r"for two fields of \[patents\]"),
    ],
)
def test_a_bad_file_of_headings_is_one_sentence(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(BadFile, match=rf"a\.toml: found .*{said}.*correct the file of headings"):
        load_aliases(own(tmp_path / "a.toml", text))


def test_no_such_file_and_no_text(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="no file to read"):
        load_aliases(tmp_path / "none.toml")
    (tmp_path / "a.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadFile, match="no TOML"):
        load_aliases(tmp_path / "a.toml")


@pytest.mark.parametrize("what", FAMILIES)
def test_each_heading_names_one_field(what: str) -> None:
    """A heading of two fields in one table would be read as whichever came last."""
    tables = [load_aliases().shipped[what]]
    tables += [family.headings for family in FAMILIES[what] if family.headings]
    for table in tables:
        names = [tidy(name) for headings in table.values() for name in headings]
        assert len(names) == len(set(names))
        assert all(names)


def test_families_read_what_they_are_told_by() -> None:
    """The distinctive headings are spelled as headings are compared, none twice."""
    for families in FAMILIES.values():
        for family in families:
            names = [tidy(name) for name in family.distinctive]
            assert len(names) == len(set(names))
            assert {field for group in family.required for field in group} <= set(family.headings)
            assert set(family.cleaners) <= set(family.headings) | {
                field for table in load_aliases().shipped.values() for field in table
            }


@pytest.mark.parametrize("what", ["patents", "firms", "demands"])
@pytest.mark.parametrize("heading", ["法定代表人", "更多电话", "联系人", "E-mail", "手机（必填）"])
def test_people_are_not_read(what: str, heading: str) -> None:
    assert is_personal(heading)
    template = "panhuo-template"
    for family in FAMILIES[what]:
        if family.name != template:
            assert Columns(what, family).field_of(heading) is None


def test_no_alias_makes_people_a_field(tmp_path: Path) -> None:
    aliases = load_aliases(own(tmp_path / "a.toml", '[firms]\ntags = ["联系人", "荣誉"]\n'))
    columns = Columns("firms", aliases=aliases)
    assert (columns.field_of("联系人"), columns.field_of("荣誉")) == (None, "tags")
