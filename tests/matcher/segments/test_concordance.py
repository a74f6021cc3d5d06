"""Routing by IPC and by industry: golden cases, weights, what is not routed, operator files."""

import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from matcher.errors import BadFile, InputError
from matcher.segments.concordance import (
    IpcConcordance,
    Unrouted,
    industry_parents,
    load_industry_concordance,
    load_ipc_concordance,
)
from matcher.segments.facts import read_segment_facts
from matcher.segments.taxonomy import load_taxonomy

IPC = load_ipc_concordance()[0]
INDUSTRY = load_industry_concordance()[0]


def codes(concordance: IpcConcordance, *symbols: str) -> list[str]:
    """Return the codes of the segments, strongest first."""
    return [share.code for share in concordance.segments_of(symbols)]


def traditional(symbols: Sequence[str]) -> dict[str, float]:
    """Return the weights of the traditional segments."""
    return {s.code: s.weight for s in IPC.segments_of(symbols) if s.code.startswith("T")}


# Checked by hand against the official rules; T-codes are the project's own partition.
GOLDEN = {
    "H01M10/0525": ["5.2", "T33"],
    "H01M4/505": ["T33"],
    "H01M4/13": ["5.2", "T33"],
    "B65G47/90": ["5.1", "T27"],
    "C02F1/44": ["7.3", "T49"],
    "C02F1/66": ["7.2", "T49"],
    "A61K36/185": ["T18"],
    "A61K8/97": ["T11"],
    "A61K6/15": ["4.2", "T20"],
    "C22C38/00": ["3.1", "T21"],
    "A01K61/00": ["4.3", "T02"],
    "G06T7/00": ["9.1", "T43"],
    "H01L31/04": ["6.3", "T40"],
    "H01S3/00": ["1.2", "T39"],
    "B01D53/00": ["7.2", "T49"],
    "B29C64/10": ["2.1", "T23"],
    "A24F40/40": ["T05"],
    "F41A1/00": ["T51"],
    "G16H10/00": ["1.3", "1.5", "T44"],
    "H03M13/11": ["1.2", "1.3", "T40"],
}


@pytest.mark.parametrize(("symbol", "expected"), GOLDEN.items())
def test_golden(symbol: str, expected: list[str]) -> None:
    assert codes(IPC, symbol) == expected


@pytest.mark.parametrize(
    ("new", "old"),
    [
        ("G06V10/82", "G06K9/62"),
        ("H10F10/10", "H01L31/04"),
        ("H10K50/11", "H01L51/50"),
        ("B64U10/10", "B64C39/02"),
    ],
)
def test_renumbered_places_have_the_emerging_segments_of_the_old(new: str, old: str) -> None:
    emerging = [code for code in codes(IPC, old) if not code.startswith("T")]
    assert emerging
    assert [code for code in codes(IPC, new) if not code.startswith("T")] == emerging


def test_additive_manufacturing_is_plastics_and_powder_together() -> None:
    assert codes(IPC, "B29C64/00") == ["2.1", "T23"]
    assert codes(IPC, "B22F10/00") == ["2.1", "3.2", "T23"]  # 3.2 lists B22F* less B22F3*
    assert codes(IPC, "B33Y30/00") == ["2.1", "3.2", "T23"]


def test_every_subclass_has_exactly_one_traditional_segment() -> None:
    subclasses = [row[0] for row in read_segment_facts("ipc_titles.csv") if len(row[0]) == 4]
    assert len(subclasses) >= 655
    assert {"H01L", "G06K", "G06Q", "B60Q", "A01N", "F24J", "C12S", "H10K"} <= set(subclasses)
    for subclass in subclasses:
        assert list(traditional([subclass]).values()) == [1.0], subclass


def test_every_main_group_has_exactly_one_traditional_segment() -> None:
    groups = [row[0] for row in read_segment_facts("ipc_titles.csv") if "/" in row[0]]
    assert len(groups) > 7500
    assert all(list(traditional([group]).values()) == [1.0] for group in groups)


def test_tables_name_only_segments_of_the_taxonomy_and_use_every_one() -> None:
    taxonomy = load_taxonomy()
    emerging = {row[0] for row in read_segment_facts("emerging_ipc.csv")}
    partition = {row[1] for row in read_segment_facts("traditional_ipc.csv")}
    assert emerging | partition == {segment.code for segment in taxonomy}
    assert {row[1] for row in read_segment_facts("industry_segments.csv")} - {"-"} <= {
        segment.code for segment in taxonomy
    }


def test_official_rules_are_complete() -> None:
    rows = read_segment_facts("emerging_ipc.csv")
    assert len({row[1] for row in rows}) == 310
    assert sum(row[2] == "include" for row in rows) == 1689
    assert sum(row[2] == "exclude" for row in rows) == 983


def test_first_symbol_weighs_half() -> None:
    assert traditional(["H01M10/05"]) == {"T33": 1.0}
    assert traditional(["H01M10/05", "B65G47/90"]) == {"T33": 0.5, "T27": 0.5}
    assert traditional(["H01M10/05", "B65G47/90", "C02F1/44"]) == {
        "T33": 1 / 2,
        "T27": 1 / 4,
        "T49": 1 / 4,
    }
    assert traditional(["B65G47/90", "H01M10/05", "H01M4/00"]) == {"T27": 1 / 2, "T33": 1 / 2}


def test_shares_are_ordered_by_weight_then_code() -> None:
    shares = IPC.segments_of(["B65G47/90", "H01M10/0525", "C02F1/44"])
    assert [(s.code, s.weight) for s in shares] == [
        ("5.1", 0.5),
        ("T27", 0.5),
        ("5.2", 0.25),
        ("7.3", 0.25),
        ("T33", 0.25),
        ("T49", 0.25),
    ]


def test_writing_does_not_matter_and_repeats_count_once() -> None:
    assert IPC.segments_of(["b65g 47/90"]) == IPC.segments_of(["B65G0047900000"])
    twice = ["A21B1/00", "C02F1/44", "C02F1/44", "B65G47/90"]
    assert traditional(twice) == {"T04": 1 / 2, "T49": 1 / 4, "T27": 1 / 4}


def test_what_is_not_routed_is_listed_and_does_not_take_weight() -> None:
    route = IPC.route(["14-03", "H01M10/0525", "X99Z1/00"])
    assert [one.text for one in route.unrouted] == ["14-03", "X99Z1/00"]
    assert all("B65G47/90" in one.reason for one in route.unrouted)
    assert [(s.code, s.weight) for s in route.shares] == [("5.2", 1.0), ("T33", 1.0)]


def test_unknown_class_is_unrouted_but_a_new_subclass_falls_to_its_class() -> None:
    assert [one.text for one in IPC.route(["A88B1/00"]).unrouted] == ["A88B1/00"]
    assert codes(IPC, "B64X1/00") == ["T31"]


def test_no_symbols_no_segments() -> None:
    assert IPC.route([]).shares == ()
    assert IPC.route([]).unrouted == ()


def test_hundred_thousand_patents_take_seconds() -> None:
    groups = [row[0] for row in read_segment_facts("ipc_titles.csv") if "/" in row[0]]
    patents = [groups[i % 7000 : i % 7000 + 2] for i in range(100_000)]
    start = time.perf_counter()
    for symbols in patents:
        IPC.segments_of(symbols)
    assert time.perf_counter() - start < 6.0  # 1 s measured; room for a busy machine


def test_operator_file_extends(tmp_path: Path) -> None:
    file = tmp_path / "own.csv"
    file.write_text(
        "细分领域,IPC分类号,关系\n6.3,H01M*,\n6.3,H01M4*,排除\n3.7,Ｈ０１Ｍ４／５０５,包含\n",
        "utf-8",
    )
    own, problems = load_ipc_concordance(file)
    assert problems == ()
    assert codes(own, "H01M10/0525") == ["5.2", "6.3", "T33"]
    assert codes(own, "H01M4/505") == ["3.7", "T33"]
    assert codes(IPC, "H01M10/0525") == ["5.2", "T33"]


def test_operator_file_replaces(tmp_path: Path) -> None:
    file = tmp_path / "own.csv"
    file.write_text("segment,ipc\n6.3,H01M\n6.3,H10K\n", "utf-8")
    own, _ = load_ipc_concordance(file, extend=False)
    assert codes(own, "H01M10/0525") == ["6.3"]
    assert codes(own, "H01L51/50") == ["6.3"]  # written for the new edition, met by the old
    assert own.route(["A21B1/00"]).unrouted == (
        Unrouted("A21B1/00", "no rule of the concordance names this place"),
    )


def test_operator_rows_of_one_rule_are_checked_together(tmp_path: Path) -> None:
    file = tmp_path / "own.csv"
    file.write_text(
        "segment,rule,ipc,relation\n"
        "6.3,1,F99*,include\n6.3,1,F99Z1*,exclude\n6.3,2,F99Z1*,include\n",
        "utf-8",
    )
    own, _ = load_ipc_concordance(file, extend=False)
    assert codes(own, "F99Z1/00") == ["6.3"]


def test_bad_rows_are_reported_with_line_found_expected_cure(tmp_path: Path) -> None:
    file = tmp_path / "own.csv"
    file.write_text(
        "# 我省对照表\nsegment,ipc,relation\n"
        "6.3,H01M*,include\n99,H01M*,\n6.3,电池,\n\n6.3,H01M,maybe\n",
        "utf-8",
    )
    own, problems = load_ipc_concordance(file)
    assert [(one.line, one.found) for one in problems] == [
        (4, "segment '99'"),
        (5, "found IPC pattern '电池'"),
        (7, "relation 'maybe'"),
    ]
    assert all(one.expected and one.cure for one in problems)
    assert codes(own, "H01M10/0525") == ["5.2", "6.3", "T33"]


def test_operator_file_without_a_column_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "own.csv"
    file.write_text("segment,code\n6.3,H01M\n", "utf-8")
    with pytest.raises(BadFile, match="ipc"):
        load_ipc_concordance(file)


def test_every_industry_division_is_handled() -> None:
    divisions = [code for code in industry_parents() if len(code) == 2]
    assert len(divisions) == 97
    listed = {row[0] for row in read_segment_facts("industry_segments.csv")}
    assert set(divisions) <= listed
    none = [code for code in divisions if not INDUSTRY.segments_of(code)]
    assert none == [  # wholesale, catering, finance, estate, public bodies …
        *("51", "52", "61", "62", "66", "67", "68", "69", "70", "71", "72", "80", "85", "88"),
        *("91", "92", "93", "94", "95", "96", "97"),
    ]


def test_every_manufacturing_code_has_a_segment() -> None:
    made = [code for code in industry_parents() if code[:2].isdigit() and 13 <= int(code[:2]) <= 43]
    assert len(made) > 700
    assert [c for c in made if INDUSTRY.segments_of(c)[0].weight < 1.0] == []


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("C3842", [("T33", 1.0)]),
        ("3577", [("T01", 1.0), ("T02", 0.5)]),
        ("2770", [("T20", 1.0), ("T18", 0.5)]),
        ("C", [("T23", 1.0)]),
        ("62", []),
        ("5100", None),
        ("652", [("T40", 1.0)]),
        ("6520", [("1.3", 0.5), ("T40", 1.0)]),
    ],
)
def test_industry_golden(code: str, expected: list[tuple[str, float]] | None) -> None:
    if expected is None:
        with pytest.raises(InputError, match="GB/T 4754"):
            INDUSTRY.segments_of(code)
        return
    assert sorted((s.code, s.weight) for s in INDUSTRY.segments_of(code)) == sorted(expected)


def test_industry_route_lists_what_has_no_segment() -> None:
    route = INDUSTRY.route(["C3041", "6210", "XX"])
    assert [one.text for one in route.unrouted] == ["6210", "XX"]
    assert "no technology segment" in route.unrouted[0].reason
    assert route.shares[0].code == "T16"


def test_industry_operator_file(tmp_path: Path) -> None:
    file = tmp_path / "own.csv"
    file.write_text(
        "细分领域,行业代码,权重\n6.3,C3825,0.8\n-,62,\n6.3,9999,\n6.3,38,2\n88,38,\n", "utf-8"
    )
    own, problems = load_industry_concordance(file)
    assert [(one.line, one.found) for one in problems] == [
        (4, "industry '9999'"),
        (5, "weight '2'"),
        (6, "segment '88'"),
    ]
    assert ("6.3", 0.8) in [(s.code, s.weight) for s in own.segments_of("3825")]
    assert "T32" in [s.code for s in own.segments_of("3825")]
    alone, _ = load_industry_concordance(file, extend=False)
    assert [(s.code, s.weight) for s in alone.segments_of("3825")] == [("6.3", 0.8)]
    assert alone.segments_of("3011") == ()
