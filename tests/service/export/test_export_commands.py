"""``panhuo export``: what people type, what they are told, and what is in the file."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from matcher.types import LegalStatus, Patent, PatentId
from service.bootstrap import open_home
from service.cli import run
from service.config import Settings
from service.store.contacts import Contact
from service.store.declarations import Declaration
from tests.service.export.samples import INVENTOR, PERSON, PHONE, sheet

FIRM = "91120116PHXCAXM85N"


@pytest.fixture
def declared_home(tmp_path: Path) -> Path:
    """A home with one declared patent of 甲大学 and its contact."""
    home = tmp_path / "declared"
    key = PatentId("CN201710601862.3")
    with open_home(Settings(home=home)) as opened:
        patent = Patent(key, "装置", application_no=key, holder="甲大学", college="材料学院",
                        legal_status=LegalStatus.LAPSED)  # fmt: skip
        opened.store.patents.upsert([patent])
        opened.store.declarations.put([Declaration(key, 7, "装置", "有效", source_file="a.xlsx")])
        opened.store.contacts.put([Contact(key, INVENTOR, PERSON, PHONE)])
    return home


def told(capsys: pytest.CaptureFixture[str], *arguments: object, code: int = 0) -> tuple[str, str]:
    assert run(["export", *map(str, arguments)]) == code
    captured = capsys.readouterr()
    return captured.out, captured.err


def test_the_template_says_what_it_holds(
    declared_home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "t.xlsx"
    home = ("--home", declared_home)
    said, notes = told(capsys, "template", "--out", out, *home)
    assert said == f"{out}: 1 专利\n"
    assert notes.splitlines() == [
        "1 件专利的法律状态与申报时不同；表中为申报内容。",
        "本文件含专利权人的个人信息（发明人、联系人、联系方式），仅供其本人使用。",
    ]
    assert {INVENTOR, PERSON, PHONE} <= set(sheet(out, "批量导入")[3])
    for hiding in (("--without-contacts",), ("--viewer", "乙公司")):
        _, notes = told(capsys, "template", "--out", out, *hiding, *home)
        assert "个人信息" not in notes
        assert not {INVENTOR, PERSON, PHONE} & set(sheet(out, "批量导入")[3])
    _, notes = told(capsys, "template", "--out", out, "--viewer", "甲大学", *home)
    assert PHONE in sheet(out, "批量导入")[3]
    said, _ = told(capsys, "template", "--out", out, "--holder", "丙大学", *home)
    assert said == f"{out}: 0 专利\n"
    assert len(sheet(out, "批量导入")) == 3


def test_wrong_use_is_a_sentence(
    declared_home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = ("--home", declared_home)
    both = ("--viewer", "甲大学", "--without-contacts")
    _, err = told(capsys, "template", *both, *home, code=2)
    assert "at most one of" in err
    _, err = told(capsys, "template", "--out", tmp_path / "t.csv", *home, code=1)
    assert "expected the ending .xlsx" in err
    _, err = told(capsys, "patents", "--out", tmp_path / "p.txt", *home, code=1)
    assert "found the ending '.txt'" in err
    _, err = told(capsys, "firms", "--out", tmp_path / "f.csv", "--province", "火星", *home, code=1)
    assert "found --province '火星'" in err
    _, err = told(capsys, "recommendations", "--out", tmp_path / "r.csv", *home, code=2)
    assert "exactly one of" in err
    out = tmp_path / "no" / "p.csv"
    _, err = told(capsys, "patents", "--out", out, *home, code=1)
    assert err.startswith(f"panhuo: {out}: cannot write it")
    assert err.count("\n") == 1


def test_patents_are_chosen_and_hold_no_personal_data(
    declared_home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "p.anything"
    home = ("--format", "ndjson", "--out", out, "--home", declared_home)
    said, _ = told(capsys, "patents", "--status", "失效", "--holder", "甲大学", *home)
    assert said == f"{out}: 1 专利\n"
    written = out.read_text("utf-8")
    assert json.loads(written)["college"] == "材料学院"
    assert not any(canary in written for canary in (INVENTOR, PERSON, PHONE))
    said, _ = told(capsys, "patents", "--status", "有效", *home)
    assert said == f"{out}: 0 专利\n"


def test_firms_of_a_city(
    lsa_home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "f.csv"
    told(
        capsys,
        "firms",
        "--out",
        out,
        "--province",
        "浙江省",
        "--city",
        "杭州市",
        "--home",
        lsa_home,
    )
    rows = _rows(out)
    assert rows
    assert {(row["所属省份"], row["所属城市"]) for row in rows} == {("浙江", "杭州")}


def test_recommendations_are_those_of_recommend(
    own_home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_home(Settings(home=own_home)) as home:
        store, items = home.store, home.recommender()
        found = [item.item_id for item in items.recommend(FIRM, 3).items]  # type: ignore[arg-type]
        store.contacts.put([Contact(PatentId(one), INVENTOR, PERSON, PHONE) for one in found])
    out = tmp_path / "r.csv"
    home_option = ("-n", 3, "--home", own_home)
    said, _ = told(capsys, "recommendations", "--uscc", FIRM, "--out", out, *home_option)
    assert said == f"{out}: 3 推荐\n"
    rows = _rows(out)
    assert [row["patent_id"] for row in rows] == found
    assert [row["名次"] for row in rows] == ["1", "2", "3"]
    assert all(row["推荐理由"] and row["专利名称"] and row["推荐清单编号"] for row in rows)
    assert not any(canary in out.read_text("utf-8") for canary in (INVENTOR, PERSON, PHONE))
    listed = tmp_path / "firms.txt"
    listed.write_text(f"{FIRM}\n\n{FIRM}\n", "utf-8-sig")
    told(capsys, "recommendations", "--firms", listed, "--out", out, *home_option)
    assert [row["patent_id"] for row in _rows(out)] == found


def test_recommendations_of_a_region(
    own_home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "r.parquet"
    region = ("--region", "浙江宁波", "-n", 2, "--home", own_home)
    told(capsys, "recommendations", *region, "--out", out)
    told(capsys, "recommendations", *region, "--out", tmp_path / "r.xlsx")
    import pyarrow.parquet as pq

    rows = pq.read_table(out).to_pylist()
    with open_home(Settings(home=own_home)) as home:
        firms = [
            one
            for one in home.store.firms.iterate()
            if (one.province, one.city) == ("浙江", "宁波")
        ]
    assert {row["uscc"] for row in rows} <= {firm.uscc for firm in firms}
    assert {row["rank"] for row in rows} == {1, 2}
    assert len(sheet(tmp_path / "r.xlsx", "推荐")) == 1 + len(rows)


def test_an_unknown_firm_leaves_no_file(
    own_home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "r.csv"
    unknown = ("--uscc", FIRM, "--uscc", "91330108PH9YJRY21X")
    _, err = told(capsys, "recommendations", *unknown, "--out", out, "--home", own_home, code=1)
    assert "found no firm '91330108PH9YJRY21X'" in err
    assert not out.exists()


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines))
