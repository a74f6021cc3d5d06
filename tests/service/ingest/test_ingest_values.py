"""Numbers, dates, lists, words: read as people write them, or a typed problem."""

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import uscc as stdnum_uscc

from matcher.types import HolderKind, LegalStatus, PatentKind, StopState
from service.ingest import fields, numbers, words
from service.ingest.columns import Columns
from service.ingest.problems import BadValue
from service.store.keys import application_key, check_digit, publication_key

DIGITS = st.builds(
    lambda year, kind, serial: f"{year}{kind}{serial:07}",
    st.integers(1985, 2099),
    st.sampled_from("12389"),
    st.integers(0, 9_999_999),
)


@pytest.mark.parametrize(
    "number",
    # Real numbers; 95115608.X by hand: 9*2+5*3+1*4+1*5+5*6+6*7+0*8+8*9 = 186 = 16*11 + 10.
    [
        "201710601862.3",
        "95115608.X",
        "97101765.4",
        "201310699744.2",
        "201110047567.0",
        "201029092038.0",
        "200820009767.0",
    ],
)
def test_real_application_numbers(number: str) -> None:
    assert numbers.application_no(number) == f"CN{number}"


@given(DIGITS, st.sampled_from(["{d}.{c}", "CN{d}.{c}", "ZL{d}{c}", " cn {d} . {c} ", "{d}．{c}"]))
def test_every_spelling_becomes_one(digits: str, form: str) -> None:
    check = check_digit(digits)
    written = form.format(d=digits, c=check.lower())
    assert numbers.application_no(written) == f"CN{digits}.{check}"
    assert numbers.application_no(numbers.application_no(written)) == f"CN{digits}.{check}"


@given(DIGITS, st.integers(0, 11), st.sampled_from("0123456789"))
def test_every_single_slip_of_a_digit_is_found(digits: str, place: int, other: str) -> None:
    slip = digits[:place] + other + digits[place + 1 :]
    if slip == digits:
        return
    with pytest.raises(BadValue) as caught:
        numbers.application_no(f"{slip}.{check_digit(digits)}")
    assert caught.value.problem in {"check_digit", "syntax"}


@given(st.text())
def test_no_text_breaks_a_reader(text: str) -> None:
    for read in (numbers.application_no, numbers.publication_no, numbers.uscc):
        problem = "syntax"
        try:
            read(text)
        except BadValue as bad:
            problem = bad.problem
        assert problem in {"syntax", "check_digit"}
    assert isinstance(fields.text(text), str)
    assert fields.text(fields.text(text)).encode() is not None
    fields.ipc(text)
    application_key(text)
    publication_key(text)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("201710601862.4", "check_digit"),
        ("ZL2017106018620", "check_digit"),
        ("201710601862", "syntax"),
        ("20171060186.3", "syntax"),
        ("189910601862.3", "syntax"),
        ("201770601862.3", "syntax"),
        ("CN109990757A", "syntax"),
        ("PCT/CN2019/012345", "syntax"),
        ("", "syntax"),
    ],
)
def test_bad_application_numbers(text: str, problem: str) -> None:
    with pytest.raises(BadValue) as caught:
        numbers.application_no(text)
    assert (caught.value.field, caught.value.problem) == ("application_no", problem)


def test_the_cure_of_a_slip_names_the_right_digit() -> None:
    with pytest.raises(BadValue) as caught:
        numbers.application_no("201710601862.4")
    assert "check digit 3, not 4" in caught.value.cure


@given(st.text(alphabet="0123456789ABCDEFGHJKLMNPQRTUWXYIOZSV", min_size=16, max_size=19))
def test_uscc_agrees_with_stdnum(text: str) -> None:
    try:
        assert numbers.uscc(text) == text
        valid = True
    except BadValue:
        valid = False
    assert valid == stdnum_uscc.is_valid(text)


@pytest.mark.parametrize(
    "written",
    [
        "2019-07-12",
        "2019/7/12",
        "2019.07.12",
        "20190712",
        20190712,
        "2019年7月12日",
        43658,
        43658.4,
        "43658",
        date(2019, 7, 12),
        datetime(2019, 7, 12, 23, 59),
        "2019-07-12 00:00:00",
        "2019-07-12T08:00:00Z",
        ' ="2019-07-12" ',
    ],
)
def test_dates(written: object) -> None:
    assert fields.day(written, "d") == date(2019, 7, 12)


@pytest.mark.parametrize(
    "written", ["2019-13-01", "2019-02-30", "soon", "2019", "0001-01-01", "1e9"]
)
def test_bad_dates(written: str) -> None:
    with pytest.raises(BadValue) as caught:
        fields.day(written, "filing_date")
    assert (caught.value.field, caught.value.problem) == ("filing_date", "date")


def test_empty_dates() -> None:
    assert [fields.day(value, "d") for value in ("", "-", None, float("nan"))] == [None] * 4


@pytest.mark.parametrize("separator", [";", "；", "|", " | ", "、", ",", "，", "\n"])
def test_ipc_separators(separator: str) -> None:
    symbols, dropped = fields.ipc(f"A01B 1/00{separator}g06f17/30")
    assert (symbols, dropped) == (("A01B1/00", "G06F17/30"), [])


def test_bad_ipc_symbols_are_dropped_one_by_one() -> None:
    symbols, dropped = fields.ipc("A01B1/00; X99; H02K")
    assert symbols == ("A01B1/00", "H02K")
    assert [(bad.value, bad.problem) for bad in dropped] == [("X99", "ipc_syntax")]


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("CO<base:Sub>2</base:Sub>", "CO2"),
        ("H<sub>2</sub>O<br/>水", "H2O\n水"),
        ("P<0.003wt％、S<0.003wt％", "P<0.003wt％、S<0.003wt％"),
        ("若 a<x且y>b", "若 a<x且y>b"),
        ("A&amp;B &lt;1", "A&B <1"),
        ('="91110000"', "91110000"),
        ("a\0b\ud800c\u200b", "abc"),
        (2.0, "2"),
        (True, "True"),
        ("--", ""),
    ],
)
def test_text(raw: object, clean: str) -> None:
    assert fields.text(raw) == clean


def test_words() -> None:
    kinds = [
        words.patent_kind(word)
        for word in ("发明", "发明公布", "发明授权", "授权发明", "INVENTION")
    ]
    assert kinds == [PatentKind.INVENTION] * 5
    assert words.patent_kind("实用新型") is PatentKind.UTILITY_MODEL
    assert words.patent_kind("外观设计") is PatentKind.DESIGN
    legal = {
        "有效": "IN_FORCE", "授权": "IN_FORCE", "审中": "PENDING", "实质审查": "PENDING",
        "失效": "LAPSED", "授权 | 未缴年费": "LAPSED", "IN_FORCE": "IN_FORCE", "INACTIVE": "LAPSED",
    }  # fmt: skip
    assert {word: words.legal_status(word).value for word in legal} == legal
    assert words.stop_state("涉及权属纠纷") is StopState.OWNERSHIP_DISPUTE
    assert words.stop_state("保全解除") is StopState.NONE
    assert [words.stop_state(stop.value) for stop in StopState if stop.value] == list(StopState)[1:]
    assert [words.legal_status(status.value) for status in LegalStatus] == list(LegalStatus)
    assert [words.holder_kind(kind.value) for kind in HolderKind] == list(HolderKind)
    with pytest.raises(BadValue):
        words.stop_state("???")


def test_all_31_provinces_and_the_other_three() -> None:
    assert len(words.PROVINCES) == 34
    long = {
        "浙江省": "浙江",
        "北京市": "北京",
        "内蒙古自治区": "内蒙古",
        "香港特别行政区": "香港",
        "新疆维吾尔自治区": "新疆",
        "广西壮族自治区": "广西",
        "宁夏回族自治区": "宁夏",
    }
    assert {word: words.province(word, "province") for word in long} == long
    with pytest.raises(BadValue):
        words.province("390(万元人民币)", "province")


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("*申请号", "application_no"),
        ("[标]当前申请(专利权)人", "holder"),
        ("公开（公告）号", "publication_no"),
        ("公开(公告)日", "publication_date"),
        ("标题 (中文)", "title"),
        ("\ufeff申请日", "filing_date"),
        ("ＩＰＣ分类号", "ipc"),
        ("*技术成熟度（必填）", "maturity"),
        ("Patent_ID", "patent_id"),
        ("发明人", "inventor"),
        ("联系人", None),
    ],
)
def test_headers(header: str, field: str | None) -> None:
    assert Columns("patents").field_of(header) == field


def test_the_first_name_with_a_value_counts() -> None:
    columns = Columns("patents")
    row = {"原始申请(专利权)人": "旧", "当前申请(专利权)人": "-", "申请人": "新"}
    assert columns.cells(row) == {"holder": "新"}
    assert columns.header("holder", row) == "申请人"


@pytest.mark.parametrize(
    ("holder", "kind"),
    [
        ("浙江大学", HolderKind.UNIVERSITY),
        ("浙江大学附属医院", HolderKind.HOSPITAL),
        ("某某研究院科技有限公司", HolderKind.FIRM),
        ("浙江大学; 杭州某某有限公司", HolderKind.UNIVERSITY),
        ("杭州某某有限公司|浙江大学", HolderKind.FIRM),
        (" ；清华大学", HolderKind.UNIVERSITY),
        ("张三", HolderKind.OTHER),
        ("", HolderKind.OTHER),
    ],
)
def test_of_several_holders_the_first_decides(holder: str, kind: HolderKind) -> None:
    assert words.holder_kind_of(holder) is kind
