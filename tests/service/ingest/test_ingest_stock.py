"""Stock-taking: the 盘活 workbook, vendors' exports, and what follows for the catalogue."""

from datetime import UTC, date, datetime
from pathlib import Path

import openpyxl
import pytest

from matcher.types import GroupKind, LegalEvent, LegalStatus, PatentId, StopState
from service.ingest.importer import ImportOptions, import_files
from service.ingest.report import FileReport
from service.store.declarations import Implementation, Willingness
from service.store.engine import Store
from service.store.keys import check_digit

FIRST, SECOND, THIRD = "CN201710601862.3", "CN200820009767.0", "CN201020092038.3"
TODAY = datetime.now(UTC).date()
HEADS = [
    "序号",
    "申请号",
    "专利名称",
    "法律状态",
    "维持年限",
    "发明人",
    "所属学院",
    "组合专利名称",
    "组合专利信息",
    "组合专利描述",
    "是否属于财政资助科研项目形成专利",
    "*一级实施状态",
    "二级状态描述",
    "金额（万元）/评价结果/产品名称",
    "备注",
    "转化意愿（一级）",
    "转化意愿（二级）",
    "费用标准（万元）",
    "意向合作城市",
    "意向合作企业",
    "*意向价格",
    "*联系人",
    "*联系方式",
    "*技术成熟度",
    "*专利价值分级自评",
    "本专利对应产品、技术优势、性能指标",
    "国民经济行业分类",
    "产业化前景描述",
    "战新分类",
    "本专利所属技术领域（IPC）",
]
ROWS: list[dict[str, object]] = [
    {
        "序号": 1, "申请号": FIRST, "专利名称": "一种电机", "法律状态": "有效", "维持年限": 8,
        "发明人": "张三;李四", "所属学院": "电气学院", "组合专利名称": "电机组合",
        "组合专利信息": f"{SECOND},{THIRD}", "组合专利描述": "三件",
        "是否属于财政资助科研项目形成专利": "是", "*一级实施状态": "已许可",
        "二级状态描述": "已签订普通许可合同", "金额（万元）/评价结果/产品名称": 12.5,
        "转化意愿（一级）": "拟许可", "转化意愿（二级）": "拟开放许可", "费用标准（万元）": 5,
        "意向合作城市": "浙江省-杭州市,江苏省-苏州市", "*意向价格": "10-20万", "*联系人": "王五",
        "*联系方式": 13800000000, "*技术成熟度": "小批量生产、工程应用阶段",
        "*专利价值分级自评": "四星", "国民经济行业分类": "C3812", "产业化前景描述": "-",
        "战新分类": "智能制造装备产业",
        "本专利所属技术领域（IPC）": "H02K1/00",
    },
    {"*一级实施状态": "已转让", "二级状态描述": "已签订转让合同", "转化意愿（一级）": "拟转让"},
    {"转化意愿（一级）": "拟转让", "转化意愿（二级）": "拟作价入股"},
    {
        "序号": 2, "申请号": SECOND, "专利名称": "水泵", "法律状态": "有效",
        "*一级实施状态": "涉及权属纠纷", "是否属于财政资助科研项目形成专利": "否",
    },
    {
        "序号": 3, "申请号": THIRD, "专利名称": "轴承", "法律状态": "失效",
        "*一级实施状态": "尚未实施", "是否属于财政资助科研项目形成专利": "否", "*意向价格": "随便",
        "*技术成熟度": "样品、实验阶段", "*专利价值分级自评": "一星",
    },
]  # fmt: skip
VENDOR_HEAD = (
    "公开(公告)号,公开(公告)日,标题,摘要,申请号,申请日,专利类型,简单法律状态,法律状态/事件,"
    "[标]当前申请(专利权)人,发明人,IPC分类号"
)


def workbook(path: Path, rows: list[dict[str, object]]) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "批量导入"
    sheet.append(["提示：不必合并单元格"])
    # Three heads stand in the row above only, as in the form.
    above = {"是否属于财政资助科研项目形成专利", "*技术成熟度", "*专利价值分级自评"}
    sheet.append([head if head in above else None for head in HEADS])
    sheet.append([None if head in above else head for head in HEADS])
    for row in rows:
        sheet.append([row.get(head) for head in HEADS])
    book.save(path)
    return path


def vendor(path: Path, *rows: str) -> Path:
    path.write_text("\n".join([VENDOR_HEAD, *rows]) + "\n", encoding="utf-8")
    return path


FIRST_A = f"CN109990757A,2019-07-09,一种电机及其绕组,摘要,{FIRST},2017-07-21,发明申请,有效,授权,某大学,甲 | 乙,H02K1/00 | H02K3/00"  # noqa: E501
FIRST_B = f"CN109990757B,2021-02-03,一种电机及其绕组,摘要,{FIRST},2017-07-21,授权发明,有效,授权 | 质押,某大学,甲 | 乙,H02K1/00 | H02K3/00"  # noqa: E501


def run(store: Store, path: Path, **options: object) -> FileReport:
    (file,) = import_files(
        store,
        "patents",
        [path],
        options=ImportOptions(**options),  # type: ignore[arg-type]
    ).files
    assert file.failure is None
    assert file.rows == file.accepted + file.refused + file.skipped
    return file


def test_a_patent_over_several_rows_keeps_all_its_options(store: Store, tmp_path: Path) -> None:
    file = run(store, workbook(tmp_path / "w.xlsx", ROWS))
    assert (file.family, file.rows, file.accepted, file.records) == ("panhuo-template", 5, 5, 3)
    assert file.layout is not None
    assert file.layout.header_rows == (2, 3)
    said = store.declarations.many([PatentId(FIRST)])[PatentId(FIRST)]
    assert said.implementations == (
        Implementation("已许可", "已签订普通许可合同", "12.5"),
        Implementation("已转让", "已签订转让合同"),
    )
    assert said.willingness == (
        Willingness("拟许可", "拟开放许可", "5", "浙江省-杭州市,江苏省-苏州市"),
        Willingness("拟转让"),
        Willingness("拟转让", "拟作价入股"),
    )
    assert (said.sequence, said.funded, said.years_in_force) == (1, "是", "8")
    assert said.prospect == "-"
    patent = store.patents.get(PatentId(FIRST))
    assert (patent.maturity, patent.price_band) == ("小批量生产、工程应用阶段", "10-20万")
    assert (patent.self_grade, patent.college) == (4, "电气学院")
    assert (patent.ipc, patent.industry_codes) == (("H02K1/00",), ("3812",))
    contact = store.contacts.many([PatentId(FIRST)])[PatentId(FIRST)]
    assert (contact.inventors, contact.person, contact.phone) == (
        "张三;李四",
        "王五",
        "13800000000",
    )


def test_what_is_declared_stops_recommendation(store: Store, tmp_path: Path) -> None:
    run(store, workbook(tmp_path / "w.xlsx", ROWS))
    first, second, third = (store.patents.get(PatentId(n)) for n in (FIRST, SECOND, THIRD))
    assert (first.recommendable, second.recommendable, third.recommendable) == (True, False, False)
    assert second.stop_state is StopState.OWNERSHIP_DISPUTE
    assert third.legal_status is LegalStatus.LAPSED
    # Corrected by the holder, it is back.
    rows = [dict(row) for row in ROWS]
    rows[3]["*一级实施状态"] = "尚未实施"
    file = run(store, workbook(tmp_path / "v.xlsx", rows))
    assert (file.counts.changed, file.counts.unchanged) == (1, 2)
    assert store.patents.get(PatentId(SECOND)).recommendable


@pytest.mark.parametrize("detail", ["已签订独占许可合同", "已签订排他许可合同"])
def test_an_exclusive_licence_stops_it(store: Store, tmp_path: Path, detail: str) -> None:
    row = {**ROWS[0], "*一级实施状态": "已许可", "二级状态描述": detail}
    run(store, workbook(tmp_path / "w.xlsx", [row]))
    assert store.patents.get(PatentId(FIRST)).stop_state is StopState.EXCLUSIVELY_LICENSED


def test_what_does_not_fit_the_lists_is_kept_and_told(store: Store, tmp_path: Path) -> None:
    rows = [*ROWS, {"专利名称": "", "联系人": ""}, {"*意向价格": "0-10万"}]
    file = run(store, workbook(tmp_path / "w.xlsx", rows))
    told = {(w.line, w.column, w.problem) for w in file.warnings}
    assert (8, "*意向价格", "not_listed") in told
    # A price in a continuation row belongs to no option.
    assert (8, "*意向价格", "continuation") in told
    assert store.declarations.many([PatentId(THIRD)])[PatentId(THIRD)].price_band == "随便"
    assert store.patents.get(PatentId(THIRD)).price_band == ""


def test_rows_without_a_patent_above_are_refused(store: Store, tmp_path: Path) -> None:
    bad = {**ROWS[0], "申请号": "CN201710601862.4"}
    file = run(store, workbook(tmp_path / "w.xlsx", [ROWS[1], bad, ROWS[2], ROWS[3]]))
    assert [(e.line, e.problem) for e in file.errors] == [
        (4, "no_head"),
        (5, "check_digit"),
        (6, "head_refused"),
    ]
    assert (file.accepted, file.records) == (1, 1)
    assert all(error.cure_zh for error in file.errors)
    assert set(file.bad_rows) == {4, 5, 6}


def test_grouped_patents_are_one_offer(store: Store, tmp_path: Path) -> None:
    run(store, workbook(tmp_path / "w.xlsx", ROWS))
    (group,) = store.groups.iterate()
    assert (group.kind, group.name, group.description) == (GroupKind.GROUPED, "电机组合", "三件")
    assert group.members == (FIRST, SECOND, THIRD)
    assert set(store.groups.of_patents([PatentId(SECOND)])) == {SECOND}


def test_a_file_of_pools(store: Store, tmp_path: Path) -> None:
    run(store, workbook(tmp_path / "w.xlsx", ROWS))
    path = tmp_path / "pools.csv"
    path.write_text(
        f"专利池名称,成员,描述,牵头单位\n电机池,{FIRST}；{SECOND},很好,某大学\n,{FIRST},,\n"
        f"泵池,呃,,\n",
        encoding="utf-8",
    )
    (file,) = import_files(store, "groups", [path]).files
    assert (file.rows, file.accepted, file.refused, file.counts.new) == (3, 1, 2, 1)
    assert [(e.line, e.problem) for e in file.errors] == [(3, "missing"), (4, "missing")]
    pool = next(group for group in store.groups.iterate() if group.name == "电机池")
    assert (pool.kind, pool.holder) == (GroupKind.PATENT_POOL, "某大学")
    (again,) = import_files(store, "groups", [path]).files
    assert again.counts.unchanged == 1


def test_workbook_and_export_join_whichever_comes_first(store: Store, tmp_path: Path) -> None:
    found = []
    for order in (1, -1):
        # Other bytes each time: a file that came before would take nothing back.
        book = workbook(tmp_path / "w.xlsx", [{**ROWS[0], "序号": order + 5}, *ROWS[1:]])
        export = vendor(tmp_path / "v.csv", *(FIRST_A, FIRST_B)[::order])
        for path in (book, export)[::order]:
            run(store, path)
        (key,) = store.patents.resolve_many([FIRST]).values()
        found.append(store.patents.get(key))
        assert (store.patents.count(), store.declarations.count()) == (3, 3)
        assert store.contacts.many([key])[key].inventors == "张三;李四"
        store.patents.remove([patent.patent_id for patent in list(store.patents.iterate())])
    assert found[0] == found[1]
    assert found[0].title == "一种电机及其绕组"
    assert found[0].ipc == ("H02K1/00", "H02K3/00")
    assert found[0].college == "电气学院"
    assert found[0].events == (LegalEvent.GRANT, LegalEvent.PLEDGE)


def test_a_newer_export_updates_and_leaves_history(store: Store, tmp_path: Path) -> None:
    run(store, vendor(tmp_path / "v1.csv", FIRST_A, FIRST_B), checked_on=date(2026, 1, 1))
    # Only the first publication is in the newer export, as vendors do.
    newer = FIRST_A.replace("有效,授权", "失效,未缴年费").replace("某大学", "某公司")
    file = run(store, vendor(tmp_path / "v2.csv", newer), checked_on=date(2026, 2, 1))
    assert file.counts.changed == 1
    patent = store.patents.get(PatentId(FIRST))
    assert (patent.legal_status, patent.holder) == (LegalStatus.LAPSED, "某公司")
    assert (patent.grant_no, patent.checked_on) == ("CN109990757B", date(2026, 2, 1))
    history = {change.field: change for change in store.history.of_patent(patent.patent_id)}
    assert set(history) == {"legal_status", "holder", "holder_kind", "events"}
    change = history["legal_status"]
    assert (change.before, change.after, change.source_file) == ("IN_FORCE", "LAPSED", "v2.csv")
    # The older export again, and an older one that never came: neither takes it back.
    assert run(store, vendor(tmp_path / "v1.csv", FIRST_A, FIRST_B)).counts.unchanged == 1
    older = vendor(tmp_path / "v0.csv", FIRST_A.replace("某大学", "从前的大学"))
    run(store, older, checked_on=date(2025, 1, 1))
    assert store.patents.get(PatentId(FIRST)).holder == "某公司"
    assert len(store.history.of_patent(patent.patent_id)) == 4


def test_on_one_day_the_later_file_counts_but_not_an_earlier_one_again(
    store: Store, tmp_path: Path
) -> None:
    first = vendor(tmp_path / "v1.csv", FIRST_B)
    second = vendor(tmp_path / "v2.csv", FIRST_B.replace("有效,授权", "失效,未缴年费"))
    for path in (first, second, first):
        run(store, path)
    assert store.patents.get(PatentId(FIRST)).legal_status is LegalStatus.LAPSED
    run(store, first, checked_on=TODAY)
    assert store.patents.get(PatentId(FIRST)).legal_status is LegalStatus.IN_FORCE


def test_a_preserved_patent_is_stopped_until_the_vendor_says_otherwise(
    store: Store, tmp_path: Path
) -> None:
    run(store, vendor(tmp_path / "v1.csv", FIRST_B.replace("质押", "保全")))
    assert store.patents.get(PatentId(FIRST)).stop_state is StopState.PRESERVED
    run(store, workbook(tmp_path / "w.xlsx", ROWS[:1]))
    assert store.patents.get(PatentId(FIRST)).stop_state is StopState.PRESERVED
    run(store, vendor(tmp_path / "v2.csv", FIRST_B))
    assert store.patents.get(PatentId(FIRST)).stop_state is StopState.NONE


def test_a_workbook_that_says_the_same_again_is_no_new_check(store: Store, tmp_path: Path) -> None:
    run(store, workbook(tmp_path / "w.xlsx", ROWS[:1]), checked_on=date(2026, 1, 1))
    lapsed = FIRST_B.replace("有效,授权", "失效,未缴年费")
    run(store, vendor(tmp_path / "v1.csv", lapsed), checked_on=date(2026, 2, 1))
    # The workbook comes back from an export: its word is still that of January.
    run(store, workbook(tmp_path / "x.xlsx", [{**ROWS[0], "备注": "新"}]), checked_on=TODAY)
    assert store.patents.get(PatentId(FIRST)).legal_status is LegalStatus.LAPSED
    # A vendor that says the same again has looked again.
    run(store, workbook(tmp_path / "y.xlsx", [{**ROWS[0], "法律状态": "审中"}]), checked_on=TODAY)
    assert store.patents.get(PatentId(FIRST)).legal_status is LegalStatus.PENDING
    run(store, vendor(tmp_path / "v2.csv", lapsed), checked_on=date(2027, 1, 1))
    assert store.patents.get(PatentId(FIRST)).legal_status is LegalStatus.LAPSED


def test_silence_lifts_no_preservation(store: Store, tmp_path: Path) -> None:
    run(store, vendor(tmp_path / "v.csv", FIRST_B.replace("质押", "保全")))
    head = "公开(公告)号,标题,申请号,简单法律状态,[标]当前申请(专利权)人,专利价值"
    path = tmp_path / "short.csv"
    path.write_text(f"{head}\nCN109990757B,一种电机,{FIRST},有效,某大学,1\n", encoding="utf-8")
    assert run(store, path, checked_on=date(2027, 1, 1)).family == "patsnap"
    assert store.patents.get(PatentId(FIRST)).stop_state is StopState.PRESERVED


@pytest.mark.parametrize(
    ("state", "stop"),
    [
        ("被法院查封", StopState.PRESERVED),
        ("正在诉讼中", StopState.OWNERSHIP_DISPUTE),
        ("涉密不宜公开，保密专利", StopState.UNSUITABLE),
        ("中试中", StopState.NONE),
    ],
)
def test_a_state_in_the_holders_own_words(
    store: Store, tmp_path: Path, state: str, stop: StopState
) -> None:
    run(store, workbook(tmp_path / "w.xlsx", [{**ROWS[0], "*一级实施状态": state}]))
    assert store.patents.get(PatentId(FIRST)).stop_state is stop


@pytest.mark.parametrize(
    ("detail", "stop"),
    [
        ("与甲公司独占许可五年", StopState.EXCLUSIVELY_LICENSED),
        ("已列入独占许可计划", StopState.NONE),
        ("拟排他许可", StopState.NONE),
    ],
)
def test_a_licence_in_the_holders_own_words(
    store: Store, tmp_path: Path, detail: str, stop: StopState
) -> None:
    row = {**ROWS[0], "二级状态描述": detail}
    run(store, workbook(tmp_path / "w.xlsx", [row]))
    assert store.patents.get(PatentId(FIRST)).stop_state is stop


def test_an_exported_status_keeps_its_day(store: Store, tmp_path: Path) -> None:
    head = "申请号,title,legal_status,checked_on"
    ours = tmp_path / "ours.csv"
    ours.write_text(f"{head}\n{FIRST},电机,IN_FORCE,2026-01-01\n", encoding="utf-8")
    run(store, ours)
    assert store.patents.get(PatentId(FIRST)).checked_on == date(2026, 1, 1)
    lapsed = FIRST_B.replace("有效,授权", "失效,未缴年费")
    run(store, vendor(tmp_path / "v.csv", lapsed), checked_on=date(2026, 3, 1))
    ours.write_text(f"{head}\n{FIRST},一种电机,IN_FORCE,2026-01-01\n", encoding="utf-8")
    run(store, ours)
    assert store.patents.get(PatentId(FIRST)).legal_status is LegalStatus.LAPSED


def test_the_holder_of_a_file_that_names_none(store: Store, tmp_path: Path) -> None:
    run(store, workbook(tmp_path / "w.xlsx", ROWS), holder="某大学")
    assert {patent.holder for patent in store.patents.iterate()} == {"某大学"}
    run(store, vendor(tmp_path / "v.csv", FIRST_B.replace("某大学", "甲大学 | 某大学")))
    assert store.patents.get(PatentId(FIRST)).holder == "甲大学 | 某大学"


def test_twice_is_once(store: Store, tmp_path: Path) -> None:
    for path in (workbook(tmp_path / "w.xlsx", ROWS), vendor(tmp_path / "v.csv", FIRST_B)):
        run(store, path)
        before = (list(store.patents.iterate()), store.patents.stamp())
        file = run(store, path)
        assert (file.counts.new, file.counts.changed) == (0, 0)
        assert (list(store.patents.iterate()), store.patents.stamp()) == before


def test_personal_data_stays_in_its_place(store: Store, tmp_path: Path) -> None:
    secret = {"发明人": "欧阳某某", "*联系人": "司徒某某", "*联系方式": "13912345678"}
    rows = [{**ROWS[0], **secret}, {"*联系人": "司徒某某", "转化意愿（一级）": "拟转让"}]
    file = run(store, workbook(tmp_path / "w.xlsx", rows))
    told = repr((list(store.patents.iterate()), store.declarations.many([PatentId(FIRST)])))
    told += repr((store.history.of_patent(PatentId(FIRST)), file.to_dict(), store.imports.latest()))
    for word in secret.values():
        assert word not in told
    assert any(w.problem == "continuation" and w.value == "•••" for w in file.warnings)


def test_digits_of_the_numbers_used_here() -> None:
    for number in (FIRST, SECOND, THIRD):
        digits, check = number[2:].split(".")
        assert check_digit(digits) == check
