"""File families: told apart by their headings, every column to its field, cells put right."""

import csv
from pathlib import Path

import pytest

from matcher.errors import BadFile, InputError
from service.ingest import fields
from service.ingest.families import FAMILIES, family_names
from service.ingest.families.cells import family_of
from service.ingest.firms import FirmRecorder
from service.ingest.rows import open_source
from tests.service.ingest.exports import (
    CNIPR,
    CNKI,
    FILES,
    GROUPS,
    INCOPAT,
    PATSNAP,
    TEMPLATE,
    Rows,
)
from tests.service.ingest.workbooks import fields_of, save


def write(path: Path, rows: Rows) -> Path:
    if path.suffix == ".xlsx":
        return save(path, {"数据": rows})
    with path.open("w", encoding="utf-8-sig", newline="") as out:
        csv.writer(out).writerows(rows)
    return path


def first(path: Path, rows: Rows, **how: str) -> dict[str, str]:
    found = fields_of(write(path, rows), **how)[0]
    return {field: fields.text(value) for field, value in found.items()}


@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
@pytest.mark.parametrize("family", FILES)
def test_each_family_is_told_by_its_headings(tmp_path: Path, family: str, ending: str) -> None:
    what, rows = FILES[family]
    path = write(tmp_path / f"a{ending}", rows)
    source = open_source(path, what=what)
    forced = open_source(path, what=what, family=family)
    generic = open_source(path, what=what, family="generic")
    names = (source.family.name, source.layout.family, forced.family.name, generic.family.name)
    assert names == (family, family, family, "generic")
    assert list(forced.rows()) == list(source.rows())
    assert forced.layout == source.layout
    assert generic.layout.notes == (f"the headings look like {family}; read as generic",)
    for one in (source, forced, generic):
        one.close()


@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
def test_patsnap_cells(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a{ending}"
    found = first(path, PATSNAP)
    assert found.pop("first_claim").startswith("1.一种电机\n")
    assert found == {
        "publication_no": "CN110000001B", "application_no": "CN201710601862.3", "title": "一种电机",
        "technical_field": "本发明涉及电机。\n尤其涉及转子。", "holder": "某大学 | 某公司",
        "inventor": "甲 | 乙", "filing_date": "2017-07-21", "grant_date": "2020-01-07",
        "expires_on": "2037-07-21", "ipc": "H02K1/00 | H02K1/00 | H02K3/04",
        "industry_codes": "C3812 | C3811", "emerging_industry": "新能源汽车",
        "applications": "冷却|电机", "topics": "转子|定子", "problems": "噪声大",
        "effects": "降低噪声", "family_id": "CN110000001A", "legal_events": "授权 | 权利转移",
        "kind": "授权发明", "legal_status": "有效",
    }  # fmt: skip
    assert fields.ipc(found["ipc"])[0] == ("H02K1/00", "H02K3/04")
    # The application's own row lists one publication, and is of the same family.
    assert fields_of(path)[1]["family_id"] == "CN110000001A"


@pytest.mark.parametrize(
    ("cell", "family"),
    [
        ("CN110000001A | CN110000001B", "CN110000001A"),
        ("CN110000001B", "CN110000001A"),
        ("US20200000001A1;CN110000001B", "CN110000001A"),
        ("CN209096938U", "CN209096938U"),
        ("CN100345678C", "CN100345678C"),
        ("F-17", "F-17"),
    ],
)
def test_one_family_has_one_id(cell: str, family: str) -> None:
    assert family_of(cell) == family


def test_incopat_cells(tmp_path: Path) -> None:
    assert first(tmp_path / "a.csv", INCOPAT) == {
        "title": "一种轴承", "abstract": "轴承。", "publication_no": "CN209096938U",
        "publication_date": "2019-07-12", "application_no": "CN201020092038.7",
        "filing_date": "2018-08-01", "holder": "某研究院", "kind": "实用新型",
        "ipc": "F16C19/06 | F16C19/06; F16C33/58", "industry_codes": "C3451",
        "emerging_industry": "智能制造", "first_claim": "1.一种轴承", "effects": "寿命",
        "legal_status": "有效", "legal_events": "授权", "licence_kind": "普通许可",
        "pledge": "某银行", "holder_uscc": "91110000600037341L",
    }  # fmt: skip
    assert fields_of(tmp_path / "a.csv")[1]["holder"] == "某大学"


def test_cnipr_and_cnki_cells(tmp_path: Path) -> None:
    found = first(tmp_path / "a.csv", CNIPR)
    assert (found["title"], found["holder"], found["inventor"]) == ("一种水泵", "某大学", "丙")
    assert (found["ipc"], found["holder_province"]) == ("F04D1/00 | F04D1/00;F04D29/22", "浙江")
    assert found["publication_no"] == "CN201000001Y"
    found = first(tmp_path / "b.csv", CNKI)
    assert (found["holder"], found["publication_date"]) == ("某大学", "2019-07-09")
    assert (found["holder_province"], found["first_claim"]) == ("广东", "1.一种阀")


@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
def test_each_column_of_the_template_is_a_field(tmp_path: Path, ending: str) -> None:
    path = write(tmp_path / f"a{ending}", TEMPLATE)
    source = open_source(path)
    assert source.family.continues
    # A heading of two lines is two lines of a text file.
    assert source.layout.header_rows == ((2, 4) if ending == ".csv" else (2, 3))
    assert [seen.field for seen in source.layout.columns] == list(source.family.headings)
    found, more = fields_of(path)
    assert list(found.values()) == [f"cell {at}" for at in range(1, 31)]
    assert (found["funded"], found["maturity"], found["self_grade"]) == (
        "cell 11",
        "cell 24",
        "cell 25",
    )
    assert more == {"implementation_state": "已转让"}
    source.close()


@pytest.mark.parametrize(("family", "code"), [("tianyancha", "3491"), ("qichacha", "C349")])
@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
def test_firms(tmp_path: Path, family: str, code: str, ending: str) -> None:
    path = tmp_path / f"a{ending}"
    found = first(path, FILES[family][1], what="firms")
    assert (found["uscc"], found["registration_status"]) == ("91110000600037341L", "存续")
    assert found["industry_code"] == code
    source = open_source(path, what="firms")
    notes = {seen.heading: seen.note for seen in source.layout.columns if not seen.field}
    personal = {head for head, note in notes.items() if note == "personal data, not read"}
    people = {"法定代表人", "电话", "其他邮箱", "有效手机号", "邮箱"}
    assert personal == people & set(notes)
    assert notes["国标行业门类"] == notes["参保人数"] == "not used"
    source.close()


def test_groups(tmp_path: Path) -> None:
    found = first(tmp_path / "a.csv", GROUPS, what="groups")
    assert list(found) == ["name", "kind", "members", "description", "holder"]
    assert fields.texts(found["members"]) == ("CN201710601862.3", "CN200820009767.2")


def test_a_forced_family_needs_its_columns(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", PATSNAP)
    with pytest.raises(
        BadFile,
        match=r"found the headings 序号, 公开.*look like patsnap; expected a panhuo-template file "
        r"with the heading 专利名称; say --as patsnap",
    ):
        open_source(path, family="panhuo-template")


def test_unknown_names_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", PATSNAP)
    with pytest.raises(InputError, match=r"'nobody'; expected one of auto, patsnap, incopat"):
        open_source(path, family="nobody")
    with pytest.raises(InputError, match=r"expected one of patents, firms, demands"):
        open_source(path, what="cars")


def test_names_of_families() -> None:
    assert family_names("patents") == (
        "auto", "patsnap", "incopat", "cnipr", "cnki", "panhuo-template", "generic",
    )  # fmt: skip
    assert [family_names(what) for what in ("demands", "relations", "groups")] == [
        ("auto", "generic")
    ] * 3
    assert set(FAMILIES) == {"patents", "firms", "demands", "relations", "groups"}


def test_a_plain_file_is_generic(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", [["标题", "申请号", "公开(公告)号"], ["甲", "1", "2"]])
    assert open_source(path).family.name == "generic"


def test_firms_keep_their_registration_status(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", FILES["tianyancha"][1])
    recorder = FirmRecorder(None)  # type: ignore[arg-type]
    parsed = recorder.parse(3, fields_of(path, what="firms")[0], {})
    assert parsed is not None
    assert parsed.facts["registration_status"] == "存续"
    assert (parsed.facts["industry_code"], parsed.facts["province"]) == ("3491", "浙江")
    assert parsed.warnings == ()
