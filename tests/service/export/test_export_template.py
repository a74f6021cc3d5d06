"""The 盘活 workbook goes out as it came in."""

from __future__ import annotations

import warnings
from dataclasses import fields, replace
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.worksheet.worksheet import Worksheet
from python_calamine import CalamineWorkbook, SheetVisibleEnum

from matcher.types import LegalStatus, Patent, PatentId
from service.export.template import STATES, write_template
from service.export.template_choice import TemplateChoice, chosen
from service.export.template_fill import Told, filled_rows, nobody
from service.export.template_heads import BANDS, HEADS, HINT, SHEET
from service.export.template_rows import Filled, rows_of
from service.ingest import codes
from service.ingest.escape import unescape
from service.ingest.fields import text as plain
from service.ingest.importer import import_files
from service.store.contacts import Contact
from service.store.declarations import Declaration, Implementation, Willingness
from service.store.engine import Store
from tests.service.export.samples import AWKWARD, INVENTOR, PERSON, PHONE, formulas, sheet

LISTS = (STATES, "转化意愿", "技术成熟度", "专利价值分级自评", "意向价格", "其他")
NUMBER = st.sampled_from(["", "184", "12.5", "0755", "1.50", "约十万", "-3"])
STATE = st.sampled_from([(a, b) for a, words in codes.IMPLEMENTATION_STATES.items() for b in words])
WISH = st.sampled_from([(a, b) for a, words in codes.WILLINGNESS.items() for b in words])
IMPLEMENTATIONS = st.builds(
    lambda pair, outcome, note: Implementation(*pair, outcome, note), STATE, NUMBER, AWKWARD
)
WILLINGNESSES = st.builds(
    lambda pair, fee, cities, firms: Willingness(*pair, fee, cities, firms),
    WISH, NUMBER, AWKWARD, AWKWARD,
)  # fmt: skip
DECLARATIONS = st.builds(
    Declaration,
    patent_id=st.just(PatentId("P1")),
    sequence=st.none() | st.integers(1, 99_999),
    title=AWKWARD,
    legal_status=AWKWARD,
    years_in_force=NUMBER,
    college=AWKWARD,
    funded=st.sampled_from(["", *codes.YES_NO]),
    implementations=st.lists(IMPLEMENTATIONS, max_size=50).map(tuple),
    willingness=st.lists(WILLINGNESSES, max_size=50).map(tuple),
    price_band=st.sampled_from(["", *codes.PRICE_BANDS]),
    maturity=st.sampled_from(["", *codes.MATURITIES]),
    self_grade=st.sampled_from(["", *codes.GRADES]),
    advantages=AWKWARD,
    industry=AWKWARD,
    prospect=AWKWARD,
    emerging_industry=AWKWARD,
    field_ipc=AWKWARD,
    group_name=AWKWARD,
    group_members=st.lists(st.from_regex(r"CN\d{12}\.\d", fullmatch=True), max_size=9).map(tuple),
    group_description=AWKWARD,
)


def as_read(path: Path) -> list[dict[str, str]]:
    """Return the data rows as field → text."""
    names = [head.field for head in HEADS]
    return [
        dict(zip(names, (unescape(cell) if isinstance(cell, str) else plain(cell) for cell in row),
                 strict=False))
        for row in sheet(path, SHEET)[3:]
    ]  # fmt: skip


def declaration_of(rows: list[dict[str, str]]) -> Declaration:
    """Return the declaration of one patent's rows."""
    first = rows[0]
    parts = {
        kind: tuple(
            tuple(row.get(f"{kind}.{one.name}", "") for one in fields(made)) for row in rows
        )
        for kind, made in (("implementation", Implementation), ("willingness", Willingness))
    }
    plain_fields = {
        one.name: first.get(one.name, "")
        for one in fields(Declaration)
        if one.name in {head.field for head in HEADS}
    }
    return Declaration(
        **plain_fields
        | {
            "patent_id": PatentId("P1"),
            "sequence": int(first["sequence"]) if first["sequence"] else None,
            "implementations": tuple(Implementation(*p) for p in parts["implementation"] if any(p)),
            "willingness": tuple(Willingness(*p) for p in parts["willingness"] if any(p)),
            "group_members": tuple(filter(None, first.get("group_members", "").split(","))),
        }
    )


@settings(max_examples=40, deadline=None)
@given(DECLARATIONS, AWKWARD, AWKWARD)
def test_what_was_declared_is_written_as_it_was(
    said: Declaration, inventors: str, phone: str
) -> None:
    contact = Contact(PatentId("P1"), inventors, "联系人", phone)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "t.xlsx"
        write_template(path, rows_of(Filled("CN201710601862.3", said, contact), said.sequence))
        rows = as_read(path)
        assert len(rows) == max(1, len(said.implementations), len(said.willingness))
        assert declaration_of(rows) == said
        assert (rows[0]["application_no"], rows[0]["inventors"], rows[0]["phone"]) == (
            "CN201710601862.3", inventors, phone,
        )  # fmt: skip
        for row in rows[1:]:
            assert not any(cell for name, cell in row.items() if "." not in name)
        assert formulas(path) == []


def test_numbers_are_numbers_and_phones_are_not() -> None:
    said = Declaration(
        PatentId("P1"), 7, years_in_force="10",
        implementations=(Implementation("已转让", "", "12.5"), Implementation("已许可", "", "甲")),
        willingness=(Willingness("拟许可", "", "5"),),
    )  # fmt: skip
    contact = Contact(PatentId("P1"), phone="13812345678")
    first, second = rows_of(Filled("CN1", said, contact), said.sequence)
    cells = {head.field: cell for head, cell in zip(HEADS, first, strict=True)}
    assert (cells["sequence"], cells["years_in_force"]) == (7, 10)
    assert (cells["implementation.outcome"], cells["willingness.fee"]) == (12.5, 5)
    assert cells["phone"] == "13812345678"
    assert [cell for cell in second if cell not in {None, ""}] == ["已许可", "甲"]


def test_sheets_heads_and_merges(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        write_template(path, [])
    shown = {one.name: one.visible for one in CalamineWorkbook.from_path(str(path)).sheets_metadata}
    assert list(shown) == [SHEET, *LISTS]
    assert [name for name, seen in shown.items() if seen is SheetVisibleEnum.Visible] == [SHEET]
    form = openpyxl.load_workbook(path)[SHEET]
    assert {str(merged) for merged in form.merged_cells.ranges} == {
        "A1:AD1", "A2:G2", "H2:J2", "K2:K3", "L2:O2", "P2:W2", "X2:X3", "Y2:Y3", "Z2:AD2",
    }  # fmt: skip
    assert form["A1"].value == HINT
    assert [form.cell(2, band.first + 1).value for band in BANDS] == [band.text for band in BANDS]
    heads = [form.cell(2 if head.tall else 3, at).value for at, head in enumerate(HEADS, start=1)]
    assert heads == [head.text for head in HEADS]
    assert form.max_column == 30
    assert [form.row_dimensions[row].height for row in (1, 2, 3)] == pytest.approx(
        [28.9, 37.15, 122.25], abs=0.5
    )
    assert form.column_dimensions["T"].width == pytest.approx(75, abs=1)


def test_lists_point_at_the_hidden_sheets(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    write_template(path, [])
    book = openpyxl.load_workbook(path)
    rules = {
        str(rule.sqref).split(":")[0]: (rule.formula1, str(rule.sqref).split(":")[1])
        for rule in book[SHEET].data_validations.dataValidation
    }
    assert set(rules) == {"K4", "L4", "M4", "P4", "Q4", "U4", "X4", "Y4"}
    assert {last.lstrip("KLMPQUXY") for _, last in rules.values()} == {"1048576"}
    assert (rules["M4"][0], rules["Q4"][0]) == ("INDIRECT($L4)", "INDIRECT($P4)")
    listed = {
        "K4": codes.YES_NO,
        "L4": tuple(codes.IMPLEMENTATION_STATES),
        "P4": tuple(codes.WILLINGNESS),
        "U4": codes.PRICE_BANDS,
        "X4": codes.MATURITIES,
        "Y4": tuple(codes.GRADES),
    }
    for cell, words in listed.items():
        assert _words(book, rules[cell][0]) == words
    for levels in (codes.IMPLEMENTATION_STATES, codes.WILLINGNESS):
        for first, words in levels.items():
            if words:
                assert _words(book, book.defined_names[first].attr_text) == words
    assert not any("#REF" in name.attr_text for name in book.defined_names.values())
    assert tuple(cell.value for cell in book["其他"][1]) == codes.SECTIONS


def _words(book: openpyxl.Workbook, place: str) -> tuple[str, ...]:
    name, _, area = place.partition("!")
    found: Worksheet = book[name.strip("'")]
    area = area.replace("$", "")
    cells = found[area] if ":" in area else ((found[area],),)
    return tuple(cell.value for row in cells for cell in row)


def _catalogue(store: Store) -> None:
    """Three declared patents of two files and two holders, and one that nobody declared."""
    patents = [
        Patent(PatentId(key), f"装置{key}", application_no=number, holder=holder, college=college,
               legal_status=LegalStatus.IN_FORCE, self_grade=4, ipc=("A01B1/00", "B02C3/04"),
               industry_codes=("4023",), maturity="样品、实验阶段", price_band="10-20万")
        for key, number, holder, college in (
            ("A", "CN201710601862.3", "甲大学", "材料学院"),
            ("B", "CN201910477779.9", "甲大学；乙公司", "机械学院"),
            ("C", "CN202110639674.6", "丙大学", "材料学院"),
            ("D", "CN201110004582.7", "丙大学", "文学院"),
        )
    ]  # fmt: skip
    store.patents.upsert(patents)
    store.declarations.put(
        [
            Declaration(PatentId("A"), 20, "装置A", "有效", source_file="a.xlsx"),
            Declaration(PatentId("B"), 10, "装置B", "失效", source_file="a.xlsx",
                        checked_on=date(2024, 1, 1)),
            Declaration(PatentId("C"), None, "装置C", "", source_file="b.xlsx", college="旧学院"),
        ]
    )  # fmt: skip
    store.contacts.put([Contact(one.patent_id, INVENTOR, PERSON, PHONE) for one in patents])


def _written(store: Store, choice: TemplateChoice, viewer: str | None = "") -> list[list[object]]:
    told = Told()
    contacts_of = {
        None: nobody,
        "": store.contacts.many,
    }.get(viewer, lambda ids: store.contacts.visible(str(viewer), ids))
    return list(filled_rows(store, chosen(store, choice), contacts_of, told))


def test_which_patents_in_which_order(store: Store) -> None:
    _catalogue(store)

    def ids(**choice: object) -> tuple[str, ...]:
        return chosen(store, TemplateChoice(**choice)).patent_ids  # type: ignore[arg-type]

    assert ids() == ("B", "A", "C")
    assert ids(undeclared=True) == ("B", "A", "C", "D")
    assert ids(holder="甲大学") == ("B", "A")
    assert ids(holder="乙公司") == ("B",)
    assert ids(holder="甲") == ()
    assert ids(college="材料学院") == ("A", "C")
    assert ids(college="旧学院") == ("C",)
    assert ids(file="b.xlsx", undeclared=True) == ("C",)


def test_numbers_are_kept_for_a_whole_file_only(store: Store) -> None:
    _catalogue(store)
    assert [row[0] for row in _written(store, TemplateChoice(file="a.xlsx"))] == [10, 20]
    assert [row[0] for row in _written(store, TemplateChoice(file="b.xlsx"))] == [None]
    assert [row[0] for row in _written(store, TemplateChoice(holder="乙公司"))] == [1]
    assert [row[0] for row in _written(store, TemplateChoice())] == [1, 2, 3]
    everything = TemplateChoice(undeclared=True)
    assert [row[0] for row in _written(store, everything)] == [1, 2, 3, 4]


def test_what_nobody_declared_comes_from_the_catalogue(store: Store) -> None:
    _catalogue(store)
    last = _written(store, TemplateChoice(undeclared=True), None)[-1]
    cells = {head.field: cell for head, cell in zip(HEADS, last, strict=True) if cell}
    assert cells == {
        "sequence": 4,
        "application_no": "CN201110004582.7",
        "title": "装置D",
        "legal_status": "有效",
        "college": "文学院",
        "price_band": "10-20万",
        "maturity": "样品、实验阶段",
        "self_grade": "四星",
        "industry": "4023",
        "field_ipc": "A01B1/00",
    }


def test_contacts_go_to_whom_they_may(store: Store) -> None:
    _catalogue(store)
    store.contacts.allow("丙大学", "甲大学", at=_NOW)

    def seen(viewer: str | None) -> list[bool]:
        rows = _written(store, TemplateChoice(), viewer)
        canaries = {INVENTOR, PERSON, PHONE}
        assert all(canaries <= set(row) or not canaries & set(row) for row in rows)
        return [PHONE in row for row in rows]

    assert seen("") == [True, True, True]
    assert seen(None) == [False, False, False]
    assert seen("丙大学") == [False, False, True]
    assert seen("甲大学") == [True, True, True]
    assert seen("乙公司") == [True, False, False]
    assert seen("某厂") == [False, False, False]


def test_statuses_that_changed_are_counted(store: Store) -> None:
    _catalogue(store)
    told = Told()
    found = chosen(store, TemplateChoice(undeclared=True))
    list(filled_rows(store, found, nobody, told))
    assert (told.patents, told.differing, told.with_contact) == (4, 1, 0)


@pytest.mark.parametrize("whole", [True, False])
def test_export_and_import_change_nothing(store: Store, tmp_path: Path, whole: bool) -> None:
    _catalogue(store)
    options = [
        Implementation("已许可", "已签订普通许可合同", "12.5", "=备注"),
        Implementation("已转让"),
    ]
    wishes = [
        Willingness("拟许可", "拟开放许可", "5", "广东省-深圳市,江苏省-苏州市", "某,公司")
    ] * 50
    said = replace(
        store.declarations.many([PatentId("A")])[PatentId("A")],
        implementations=tuple(options), willingness=tuple(wishes), advantages="-优点\n另一行",
        funded="否", price_band="100万以上", maturity="样品、实验阶段", self_grade="五星",
        group_name="组合", group_members=("CN201910477779.9", "CN202110639674.6"),
    )  # fmt: skip
    store.declarations.put([said])
    before = store.declarations.many([PatentId(key) for key in "ABC"])
    contacts = store.contacts.many([PatentId(key) for key in "ABC"])
    choice = TemplateChoice(file="a.xlsx") if whole else TemplateChoice()
    # One name with and without numbers: what is renumbered is another 序号 and nothing else.
    path = tmp_path / "a.xlsx"
    write_template(path, _written(store, choice))
    (report,) = import_files(store, "patents", [path]).files
    assert (report.family, report.refused) == ("panhuo-template", 0)
    after = store.declarations.many([PatentId(key) for key in "ABC"])
    loose = {"source_file": "", "checked_on": None} | ({} if whole else {"sequence": None})
    assert {key: replace(one, **loose) for key, one in after.items()} == {
        key: replace(one, **loose) for key, one in before.items()
    }
    assert store.contacts.many([PatentId(key) for key in "ABC"]) == contacts


_NOW = datetime(2024, 1, 1, tzinfo=UTC)
