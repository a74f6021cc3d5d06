"""Import: every row accounted for once, twice is once, nothing half written."""

import json
from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from matcher.errors import InputError
from matcher.types import (
    Firm,
    HolderKind,
    LegalStatus,
    Patent,
    PatentId,
    PatentKind,
    Relation,
    RelationKind,
    StopState,
    Uscc,
)
from service.ingest import file_import
from service.ingest.importer import import_files
from service.ingest.report import FileReport
from service.store.engine import Store
from service.store.keys import check_digit

USCC = "91110000600037341L"
NUMBER = "CN201710601862.3"


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def only(report: object) -> FileReport:
    (file,) = report.files  # type: ignore[attr-defined]
    balanced(file)
    return file


def balanced(file: FileReport) -> None:
    """Every row once: accepted, refused or skipped; every record once."""
    assert file.rows == file.accepted + file.refused + file.skipped
    assert file.records <= file.accepted
    assert len(file.errors) == file.refused


def content(store: Store) -> tuple[object, ...]:
    return (
        list(store.patents.iterate()),
        list(store.firms.iterate()),
        list(store.demands.iterate()),
        list(store.relations.iterate()),
        [getattr(store, name).stamp() for name in ("patents", "firms", "demands", "relations")],
    )


HEAD = (
    "申请号,公开(公告)号,标题,摘要,IPC分类号,国民经济行业分类号,专利类型,申请日,"
    "公开(公告)日,简单法律状态,[标]当前申请(专利权)人,开放许可"
)
PATENTS = f"""{HEAD}
{NUMBER},CN109990757A,一种电机,旧,H02K1/00 | ???,C3812,发明申请,2017-07-21,2019/7/9,审中,某大学,是
{NUMBER},CN109990757B,一种电机,-,H02K1/00,C3812,授权发明,2017.07.21,20210203,有效,某大学,
201710601862.4,,一种轴承,,,,,,,,,
CN201020092038.0,,一种轴承,,,,,,,,,
ZL200820009767.0,,,,,,,,,,,
200820009767.0,,水泵,,,,,2019-13-01,,,,
,CN209096938U,船艇,,,,,,,,,
,,无号,,,,,,,,,
"""


def test_a_patent_file_with_everything_wrong(store: Store, tmp_path: Path) -> None:
    report = only(import_files(store, "patents", [write(tmp_path / "p.csv", PATENTS)]))
    assert (report.rows, report.accepted, report.refused, report.records) == (8, 3, 5, 2)
    assert [(e.line, e.column, e.value, e.problem) for e in report.errors] == [
        (4, "申请号", "201710601862.4", "check_digit"),
        (5, "申请号", "CN201020092038.0", "check_digit"),
        (6, "标题", "", "missing"),
        (7, "申请日", "2019-13-01", "date"),
        (9, "申请号", "", "missing"),
    ]
    assert all(error.cure.endswith(".") for error in report.errors)
    assert [(w.line, w.column, w.value, w.problem) for w in report.warnings] == [
        (2, "IPC分类号", "???", "ipc_syntax")
    ]
    patent = store.patents.get(PatentId(NUMBER))
    assert patent.checked_on == datetime.now(UTC).date()
    assert replace(patent, checked_on=None) == Patent(
        patent_id=PatentId(NUMBER),
        title="一种电机",
        application_no=NUMBER,
        publication_no="CN109990757A",
        grant_no="CN109990757B",
        abstract="旧",
        ipc=("H02K1/00",),
        industry_codes=("3812",),
        kind=PatentKind.INVENTION,
        filing_date=date(2017, 7, 21),
        publication_date=date(2019, 7, 9),
        legal_status=LegalStatus.IN_FORCE,
        holder="某大学",
        holder_kind=HolderKind.UNIVERSITY,
        open_licence=True,
    )
    utility = store.patents.get(PatentId("CN209096938U"))
    assert (utility.kind, utility.grant_no) == (PatentKind.UTILITY_MODEL, "CN209096938U")


@pytest.mark.parametrize("batch", [1, 2, 1000])
def test_the_same_file_twice_changes_nothing(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    monkeypatch.setattr(file_import, "_BATCH", batch)
    path = write(tmp_path / "p.csv", PATENTS)
    firms = f"uscc,name,city\n{USCC},甲,杭州\n{USCC},乙,\n"
    only(import_files(store, "patents", [path]))
    only(import_files(store, "firms", [write(tmp_path / "f.csv", firms)]))
    before = content(store)
    for what, name in (("patents", "p.csv"), ("firms", "f.csv")):
        report = only(import_files(store, what, [tmp_path / name]))
        assert (report.counts.new, report.counts.changed) == (0, 0)
    assert content(store) == before
    assert store.firms.get(Uscc(USCC)) == Firm(Uscc(USCC), "乙", city="杭州")


def test_the_order_of_files_and_rows_does_not_matter(store: Store, tmp_path: Path) -> None:
    head, first, second, *_ = PATENTS.splitlines()
    paths = [
        write(tmp_path / f"{n}.csv", f"{head}\n{row}\n") for n, row in enumerate((first, second))
    ]
    found = []
    for files in (paths, paths[::-1], [write(tmp_path / "2.csv", f"{head}\n{second}\n{first}\n")]):
        import_files(store, "patents", files)
        found.append(store.patents.get(PatentId(NUMBER)))
        store.patents.remove([PatentId(NUMBER)])
    assert found[0] == found[1] == found[2]
    assert found[0].grant_no == "CN109990757B"


def test_a_later_row_finds_the_patent_by_its_publication(store: Store, tmp_path: Path) -> None:
    first = write(tmp_path / "a.csv", "publication_no,title\nCN109990757A,电机\n")
    second = write(
        tmp_path / "b.csv",
        f"application_no,publication_no,title\n{NUMBER},CN109990757A,电机\n{NUMBER},,电机\n",
    )
    import_files(store, "patents", [first, second])
    (patent,) = store.patents.iterate()
    assert (patent.patent_id, patent.application_no) == ("CN109990757A", NUMBER)
    assert store.patents.resolve(NUMBER) == "CN109990757A"


def test_an_opaque_id_is_taken_as_it_is(store: Store, tmp_path: Path) -> None:
    text = (
        f"patent_id,title,application_no\nAPP201710418229,a,\nx y,b,{NUMBER}\nz,c,201710601862.4\n"
    )
    report = only(import_files(store, "patents", [write(tmp_path / "p.csv", text)]))
    assert [patent.patent_id for patent in store.patents.iterate()] == ["APP201710418229", "x y"]
    assert [(e.line, e.column, e.problem) for e in report.errors] == [
        (4, "application_no", "check_digit")
    ]


def test_a_file_of_states_changes_states(store: Store, tmp_path: Path) -> None:
    import_files(store, "patents", [write(tmp_path / "p.csv", PATENTS)])
    text = f"申请号,法律状态,一级实施状态\n{NUMBER},失效,即将放弃专利权\n200820009767.0,失效,\n"
    report = only(import_files(store, "patents", [write(tmp_path / "s.csv", text)]))
    patent = store.patents.get(PatentId(NUMBER))
    assert (patent.legal_status, patent.stop_state) == (
        LegalStatus.LAPSED,
        StopState.ABOUT_TO_ABANDON,
    )
    assert patent.abstract == "旧"
    # The other is unknown, and a patent needs a title.
    assert [(e.line, e.column, e.problem) for e in report.errors] == [(3, "title", "missing")]


def test_an_unknown_stop_word_is_not_passed_over(store: Store, tmp_path: Path) -> None:
    text = f"申请号,标题,一级实施状态\n{NUMBER},电机,呃\n"
    report = only(import_files(store, "patents", [write(tmp_path / "s.csv", text)]))
    assert [(e.column, e.problem) for e in report.errors] == [("一级实施状态", "unknown_word")]


FIRMS = f"""企业名称,统一社会信用代码,注册日期,所在省份,地区,经营范围
甲,{USCC},2001/2/3,浙江省,杭州市,电机<br>制造
乙,911100006000373411,,浙江,杭州,
丙,123,,,,
丁,9144030027939873X7,,390(万元人民币),1234,x
,914403007084880569,,,,
"""


def test_firms(store: Store, tmp_path: Path) -> None:
    report = only(import_files(store, "firms", [write(tmp_path / "f.csv", FIRMS)]))
    assert [(e.line, e.column, e.value, e.problem) for e in report.errors] == [
        (3, "统一社会信用代码", "911100006000373411", "check_digit"),
        (4, "统一社会信用代码", "123", "syntax"),
        (6, "企业名称", "", "missing"),
    ]
    assert [(w.line, w.column, w.problem) for w in report.warnings] == [
        (5, "所在省份", "unknown_word"),
        (5, "地区", "place"),
    ]
    firm = store.firms.get(Uscc(USCC))
    assert firm == Firm(
        Uscc(USCC),
        "甲",
        business_scope="电机\n制造",
        registered_on=date(2001, 2, 3),
        province="浙江",
        city="杭州",
    )
    assert store.firms.get(Uscc("9144030027939873X7")).province == ""


def test_demands_without_ids(store: Store, tmp_path: Path) -> None:
    row = {"name": "求电机", "postTime": "2020-01-13", "classification": "制造业",
           "cooperationMethod": "技术转让,委托开发", "context": "转速高", "time": "x"}  # fmt: skip
    lines = [row, row | {"context": "另一"}, row, row | {"name": ""}]
    path = write(tmp_path / "d.jsonl", "\n".join(json.dumps(line) for line in lines))
    report = only(import_files(store, "demands", [path]))
    assert (report.rows, report.accepted, report.records, report.refused) == (4, 3, 2, 1)
    found = {demand.text: demand for demand in store.demands.iterate()}
    assert found["转速高"].cooperation == ("技术转让", "委托开发")
    assert found["转速高"].posted_on == date(2020, 1, 13)
    assert only(import_files(store, "demands", [path])).counts.unchanged == 2


def test_relations_from_csv_and_qrels(store: Store, tmp_path: Path) -> None:
    store.firms.upsert([Firm(Uscc(USCC), "甲")])
    store.patents.upsert([Patent(PatentId("APP1"), "t"), Patent(PatentId(NUMBER), "t", NUMBER)])
    csv = f"uscc,patent,kind\n{USCC},2017106018623,licensed\n{USCC},APP1,\n{USCC},APP9,owns\n"
    report = only(import_files(store, "relations", [write(tmp_path / "r.csv", csv)]))
    assert [(e.line, e.column, e.value, e.problem) for e in report.errors] == [
        (3, "kind", "", "missing"),
        (4, "patent", "APP9", "no_patent"),
    ]
    other = "9144030027939873X7"
    qrels = f"{USCC} 0 APP1 1\n{USCC} 0 {NUMBER} 0\n{other} 0 APP1 1\nx y\n{USCC} 0 APP1 2\n"
    path = write(tmp_path / "r.qrels", qrels)
    report = only(import_files(store, "relations", [path], kind=RelationKind.CO_APPLIED))
    assert (report.rows, report.skipped, report.accepted, report.records) == (5, 1, 2, 1)
    assert [(e.line, e.column, e.problem) for e in report.errors] == [
        (3, "uscc", "no_firm"),
        (4, "", "qrels_syntax"),
    ]
    assert list(store.relations.iterate()) == [
        Relation(Uscc(USCC), PatentId("APP1"), RelationKind.CO_APPLIED),
        Relation(Uscc(USCC), PatentId(NUMBER), RelationKind.LICENSED),
    ]


def test_a_dry_run_counts_all_and_writes_nothing(store: Store, tmp_path: Path) -> None:
    path = write(tmp_path / "p.csv", PATENTS)
    before = content(store)
    dry = import_files(store, "patents", [path, path], dry_run=True)
    assert content(store) == before
    assert store.imports.latest() == ()
    assert [file.counts.new for file in dry.files] == [2, 0]
    real = import_files(store, "patents", [path, path])
    assert dry.to_dict() | {"dry_run": False} == real.to_dict()


@pytest.mark.parametrize("rows_before", [1, 2, 3])
def test_an_error_in_the_middle_leaves_nothing_of_the_file(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows_before: int
) -> None:
    monkeypatch.setattr(file_import, "_BATCH", 1)
    lines = "".join(f"{_number(n)},t{n}\n" for n in range(4))
    path = write(tmp_path / "p.csv", "application_no,title\n" + lines)
    before = content(store)

    def cut(_name: str, rows: int) -> None:
        if rows == rows_before:
            assert store.patents.count() == rows_before
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_files(store, "patents", [path], progress=cut)
    assert content(store) == before
    assert store.imports.latest() == ()
    assert only(import_files(store, "patents", [path])).counts.new == 4


def test_a_bad_file_does_not_stop_the_others(store: Store, tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_bytes("标题\n".encode() + b"\xff\xfe\xff")
    good = write(tmp_path / "p.csv", PATENTS)
    report = import_files(store, "patents", [bad, tmp_path / "none.csv", good])
    assert [file.failure is None for file in report.files] == [False, False, True]
    assert [file.name for file in report.failed] == ["bad.csv", "none.csv"]
    failure = report.to_dict()["files"][0]["failure"]  # type: ignore[index]
    assert "line 2" in failure["found"]
    assert store.patents.count() == 2
    json.dumps(report.to_dict())


def test_each_import_is_logged(store: Store, tmp_path: Path) -> None:
    path = write(tmp_path / "p.csv", PATENTS)
    import_files(store, "patents", [path])
    import_files(store, "patents", [path])
    second, first = store.imports.latest()
    assert (first.name, first.what, first.row_count, first.new, first.refused) == (
        "p.csv", "patents", 8, 2, 5,
    )  # fmt: skip
    assert asdict(second) | {"at": "", "new": 2, "unchanged": 0} == asdict(first) | {"at": ""}
    assert (second.new, second.unchanged) == (0, 2)


def test_an_unknown_kind_of_record(store: Store) -> None:
    with pytest.raises(InputError, match="patents, firms, demands, relations or groups"):
        import_files(store, "robots", [])


def _number(serial: int) -> str:
    digits = f"20171{serial:07}"
    return f"{digits}.{check_digit(digits)}"
