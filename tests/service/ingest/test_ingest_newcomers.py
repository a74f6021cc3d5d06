"""Files as people bring them the first time: printed, added up, opened in Excel, saved anyhow."""

from __future__ import annotations

import random
import tomllib
from pathlib import Path

import openpyxl
import pytest

from matcher.errors import BadFile
from matcher.types import PatentId
from service.export.error_workbook import write_error_workbook
from service.ingest.columns import Columns
from service.ingest.cures import CODES
from service.ingest.families.cells import industry_of
from service.ingest.importer import import_files
from service.ingest.page_rows import SKIPPED
from service.ingest.places import take_place
from service.ingest.records import Facts
from service.ingest.report import FileReport
from service.ingest.rows import open_source
from service.ingest.words import legal_status
from service.store.engine import Store
from tests.service.ingest.test_ingest_stock import FIRST, HEADS, ROWS, SECOND, THIRD, run, workbook
from tests.service.ingest.workbooks import fields_of, save

FULL = {**ROWS[0], "*一级实施状态": "尚未实施", "二级状态描述": ""}
BETWEEN = {**FULL, "序号": 2, "申请号": SECOND, "专利名称": "水泵"}
DOCS = Path(__file__).parents[3] / "docs"


def accounted(file: FileReport) -> bool:
    return file.rows == file.accepted + file.refused + file.skipped


def test_declarations_that_stand_apart_are_told_of(store: Store, tmp_path: Path) -> None:
    again = {**FULL, "序号": 3, "*意向价格": "40-50万"}
    file = run(store, workbook(tmp_path / "w.xlsx", [FULL, BETWEEN, again]))
    assert (file.rows, file.accepted, file.records, file.refused) == (3, 3, 2, 0)
    assert [(bad.line, bad.column, bad.problem) for bad in file.warnings] == [
        (4, "申请号", "declared_before"),
        (6, "申请号", "declared_again"),
    ]
    before, after = file.warnings
    assert before.cure_zh.startswith("第6行又填写了同一申请号且内容不同，已按第6行保存")
    assert after.cure_zh.startswith("第4行已填写过同一申请号且内容不同，已按本行保存")
    assert "Row 4 declares" in after.cure
    assert set(file.bad_rows) == {4, 6}
    said = store.declarations.many([PatentId(FIRST)])[PatentId(FIRST)]
    assert said.price_band == "40-50万"


@pytest.mark.parametrize("rows", [[FULL, {**FULL, "转化意愿（二级）": "拟转让"}],
                                  [FULL, BETWEEN, {**FULL, "序号": 3}]])  # fmt: skip
def test_rows_below_each_other_and_equal_ones_lose_nothing(
    store: Store, tmp_path: Path, rows: list[dict[str, object]]
) -> None:
    assert run(store, workbook(tmp_path / "w.xlsx", rows)).warnings == []


def test_each_declaration_tells_of_the_one_before(store: Store, tmp_path: Path) -> None:
    third = {**BETWEEN, "序号": 3, "申请号": THIRD, "专利名称": "轴承"}
    rows = [
        FULL,
        BETWEEN,
        {**FULL, "*意向价格": "0-10万"},
        third,
        {**FULL, "*意向价格": "具体面议"},
    ]
    told = [
        (bad.line, bad.problem) for bad in run(store, workbook(tmp_path / "w.xlsx", rows)).warnings
    ]
    assert told == [(4, "declared_before"), (6, "declared_again"),
                    (6, "declared_before"), (8, "declared_again")]  # fmt: skip


HEAD = ["序号", "专利名称", "专利号", "授权公告日期", "备注"]


def listed(number: str, name: str) -> list[object]:
    return ["1", name, number, "2019.7.12", ""]


@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
def test_rows_that_are_no_records_are_skipped(store: Store, tmp_path: Path, ending: str) -> None:
    rows: list[list[object]] = [
        HEAD, listed(FIRST, "一种电机"), ["机械学院小计", "1件"], HEAD, listed(SECOND, "小计装置"),
        ["", "合 计：", "2件"], ["共2件"], ["填表人：张三", "审核人：李四"], ["注：截至 2025 年底"],
    ]  # fmt: skip
    path = tmp_path / f"a{ending}"
    if ending == ".xlsx":
        save(path, {"s": rows})
    else:
        path.write_text("\n".join(",".join(map(str, row)) for row in rows), encoding="gb18030")
    file = run(store, path)
    assert (file.rows, file.accepted, file.refused, file.warned) == (8, 2, 0, 0)
    assert accounted(file)
    assert [(bad.line, bad.problem) for bad in file.skips] == [
        (3, "total"), (4, "repeated_header"), (6, "total"), (7, "total"), (8, "remark"),
        (9, "remark"),
    ]  # fmt: skip
    assert all(bad.cure_zh.endswith("已跳过，无需处理。") for bad in file.skips)
    told = str(file.to_dict())
    assert "repeated_header" in told
    assert "张三" not in told
    write_error_workbook(tmp_path / "e.xlsx", file)
    sheet = openpyxl.load_workbook(tmp_path / "e.xlsx")["汇总"]
    assert ("跳过：整行", "合计行（total） × 3") in list(sheet.iter_rows(values_only=True))


def test_each_skip_has_a_sentence() -> None:
    assert SKIPPED <= CODES


def test_a_page_may_end_within_a_patent(store: Store, tmp_path: Path) -> None:
    header: dict[str, object] = {head: head for head in HEADS}
    total: dict[str, object] = {"序号": "合计"}
    more = {"转化意愿（一级）": "拟转让", "转化意愿（二级）": "拟作价入股"}
    file = run(store, workbook(tmp_path / "w.xlsx", [FULL, header, more, total]))
    assert (file.rows, file.accepted, file.records, file.refused, file.skipped) == (4, 2, 1, 0, 2)
    said = store.declarations.many([PatentId(FIRST)])[PatentId(FIRST)]
    assert [one.second for one in said.willingness] == ["拟开放许可", "拟作价入股"]


@pytest.mark.parametrize(
    ("head", "row"),
    [
        (["专利名称", "申请号", "摘要"], ["申请号", FIRST, "x"]),  # a heading's word in a cell
        (["专利名称", "申请号", "摘要"], ["合计装置", FIRST, "x"]),
        (["专利名称", "申请号", "摘要"], ["物料小计", FIRST, "一种小计的方法"]),
        (["专利名称", "申请号", "摘要"], ["说明：一种装置", FIRST, ""]),
        (["专利名称", "申请号"], ["专利名称", FIRST]),
    ],
)
def test_records_that_look_like_it_are_records(
    store: Store, tmp_path: Path, head: list[str], row: list[str]
) -> None:
    file = run(store, save(tmp_path / "a.xlsx", {"s": [head, row]}))
    assert (file.accepted, file.skipped) == (1, 0)


def test_parts_of_a_known_heading_are_header(tmp_path: Path) -> None:
    rows = [
        ["企业名称", "统一社会信用代码", "国标行业", ""],
        ["", "", "国标行业大类", "国标行业小类"],
        ["甲", "91330108PH9YJRY21R", "通用设备制造业", "工业机器人制造"],
    ]
    path = tmp_path / "a.csv"
    path.write_text("\n".join(map(",".join, rows)), encoding="utf-8")
    assert open_source(path, what="firms").layout.header_rows == (1, 2)
    (found,) = fields_of(path, what="firms")
    assert found["industry_code"] == "3491"


@pytest.mark.parametrize("written", ["2.01710601862E+12", "2.01711E+12", "2.0171e12", "２E+12"])
@pytest.mark.parametrize("head", ["申请号", "公开（公告）号", "授权公告号"])
def test_what_excel_made_of_a_number_is_told(
    store: Store, tmp_path: Path, head: str, written: str
) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"标题,{head}\n一种电机,{written}\n", encoding="utf-8")
    (bad,) = run(store, path).errors
    assert (bad.column, bad.value, bad.problem) == (head, written, "scientific")
    assert bad.cure_zh.startswith("Excel把编号变成了科学计数法")
    assert "设为文本格式后重新填写" in bad.cure_zh
    assert "从来源重新导出" in bad.cure_zh


def test_what_excel_made_of_a_code_is_told(store: Store, tmp_path: Path) -> None:
    head = ["注册号/统一社会信用代码", "企业名称"]
    rows: list[list[object]] = [head, ["9.1330106E+17", "甲"], [913301067109123456, "乙"]]
    (file,) = import_files(store, "firms", [save(tmp_path / "a.xlsx", {"s": rows})]).files
    assert [(bad.line, bad.problem) for bad in file.errors] == [
        (2, "scientific"),
        (3, "scientific"),
    ]
    path = tmp_path / "r.csv"
    path.write_text("uscc,专利号,关系\n91330108PH9YJRY21R,2.01711E+12,拥有\n", encoding="utf-8")
    (file,) = import_files(store, "relations", [path]).files
    assert [(bad.column, bad.problem) for bad in file.errors] == [("专利号", "scientific")]


TEXT = "申请号,标题,摘要\nCN201710601862.3,一种电机,一种电机的绕组\n"


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (TEXT.encode("utf-16-le"), "found text in UTF-16 without a byte order mark"),
        (TEXT.encode("utf-16-be"), "found text in UTF-16 without a byte order mark"),
        ("title,申请号\nmotor,1\n".encode("utf-16-le"), "found text in UTF-16 without"),
        (random.Random(7).randbytes(5_000), "found bytes that are no text"),
        (random.Random(8).randbytes(200), "found bytes that are no text"),
        (b"%PDF-1.7\n1 0 obj\n", "found a PDF document named"),
        (b"", "found an empty file"),
        ("RT Patent\nT1 一种电机\n".encode(), "found a list of references"),
    ],
)
def test_what_is_no_text_is_told(tmp_path: Path, content: bytes, found: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(BadFile, match=found) as told:
        open_source(path)
    assert told.value.expected
    assert told.value.cure


@pytest.mark.parametrize("content", [TEXT.encode("utf-16"), TEXT.replace("电", "\0电").encode()])
def test_text_with_a_mark_or_a_stray_character_is_read(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    assert [row["application_no"] for row in fields_of(path)] == ["CN201710601862.3"]


@pytest.mark.parametrize(
    ("what", "field", "headings"),
    [
        ("patents", "title", "发明创造名称"),
        ("patents", "grant_date", "授权公告日期"),
        ("patents", "ipc", "IPC分类 主IPC"),
        ("patents", "abstract", "说明书摘要"),
        ("patents", "holder", "专利权人名称"),
        ("patents", "legal_status", "专利状态 案件状态"),
        ("patents", "publication_no", "公告（公开）号"),
        ("firms", "uscc", "社会统一信用代码 注册号/统一社会信用代码"),
        ("firms", "industry_code", "国标行业 行业大类 国民经济行业分类"),
        ("firms", "province", "省"),
        ("firms", "city", "市 所属地区"),
        ("firms", "registration_status", "企业状态"),
        ("firms", "business_scope", "经营（业务）范围"),
    ],
)
def test_headings_that_new_users_bring(what: str, field: str, headings: str) -> None:
    columns = Columns(what)
    assert [columns.field_of(heading) for heading in headings.split()] == [
        field for _ in headings.split()
    ]


@pytest.mark.parametrize("name", ["stock-taking.md", "stock-taking.zh-CN.md"])
def test_the_documents_list_every_heading(name: str) -> None:
    source = (DOCS.parent / "service" / "ingest" / "aliases.toml").read_text(encoding="utf-8")
    text = (DOCS / name).read_text(encoding="utf-8")
    comma = "、" if "zh" in name else ", "
    for table in tomllib.loads(source).values():
        for field, headings in table.items():
            row = f"| `{field}` | {comma.join(headings[1:]) or '–'} |\n"
            assert row in text


@pytest.mark.parametrize(
    ("province", "city", "found"),
    [
        ("", "浙江省温州市", ("浙江", "温州")),
        ("", "浙江温州", ("浙江", "温州")),
        ("", "广东省-深圳市-南山区", ("广东", "深圳")),
        ("", "浙江省/温州市/瓯海区", ("浙江", "温州")),
        ("", "浙江省温州市瓯海区茶山街道66号", ("浙江", "温州")),
        ("", "苏州市吴中区", ("江苏", "苏州")),
        ("", "北京市朝阳区", ("北京", "北京")),
        ("", "内蒙古自治区呼和浩特市", ("内蒙古", "呼和浩特")),
        ("", "浙江省", ("浙江", "")),
        ("浙江省温州市", "", ("浙江", "温州")),
        ("浙江;33", "", ("浙江", "")),
        # One level in each cell is as before.
        ("浙江省", "温州市", ("浙江", "温州")),
        ("", "吉林市", ("", "吉林")),
        ("", "乐清市", ("", "乐清")),
        ("", "北京市", ("", "北京")),
        # Two cells that differ, or that name several: not guessed.
        ("江苏", "浙江省温州市", ("江苏", "place")),
        ("", "杭州市;宁波市", ("", "place")),
        ("US", "杭州", ("unknown_word", "")),
        ('生产和"', "", ("unknown_word", "")),
    ],
)  # fmt: skip
def test_places_of_several_levels(province: str, city: str, found: tuple[str, str]) -> None:
    facts = Facts({"province": province, "city": city})
    take_place(facts, "province", "city")
    assert {bad.value for bad in facts.warnings} <= {province, city}  # as written
    told = facts.found | {bad.field: bad.problem for bad in facts.warnings}
    assert (told.get("province", ""), told.get("city", "")) == found


@pytest.mark.parametrize(
    ("written", "code"),
    [("制造业>通用设备制造业", "34"), ("C 制造业", ""), ("C", ""), ("工业机器人制造", "3491"),
     ("互联网公司", None)],
)  # fmt: skip
def test_industries_as_paths_and_sections(written: str, code: str | None) -> None:
    assert industry_of(written) == code


@pytest.mark.parametrize(
    ("written", "status"),
    [("专利权维持", "IN_FORCE"), ("等年费滞纳金", "IN_FORCE"), ("等年登印费", "PENDING"),
     ("一通出案待答复", "PENDING"), ("待颁证公告", "PENDING"), ("逾期视撤失效", "LAPSED")],
)  # fmt: skip
def test_statuses_of_the_office_s_register(written: str, status: str) -> None:
    assert legal_status(written).value == status
