"""Merging: order does not matter, twice is once, nothing is lost."""

from datetime import date
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from matcher.types import LegalStatus, PatentId, StopState
from service.ingest.merge import Entry, entry, fold, from_patent, onto, to_patent

KEY = PatentId("CN201710601862.3")
DAYS = st.sampled_from([date(2017, 1, 1), date(2018, 6, 1), date(2020, 2, 29)])
NUMBERS = st.sampled_from(["CN109990757A", "CN109990757B", "CN109990758A", "CN209096938U"])
WORDS = st.sampled_from(["甲", "乙", "甲乙", "丙丁戊"])


def facts(published: st.SearchStrategy[date | None]) -> st.SearchStrategy[dict[str, object]]:
    return st.fixed_dictionaries(
        {"title": WORDS},
        optional={
            "publication_date": published,
            "publication_no": NUMBERS,
            "abstract": WORDS,
            "ipc": st.lists(WORDS, min_size=1, max_size=3).map(tuple),
            "legal_status": st.sampled_from(list(LegalStatus)[:3]),
            "stop_state": st.sampled_from(list(StopState)),
            "open_licence": st.booleans(),
            "filing_date": DAYS,
        },
    )


ROWS = st.lists(facts(DAYS).map(entry), min_size=1, max_size=5)


@given(ROWS, st.randoms())
def test_the_order_of_rows_does_not_matter(rows: list[Entry], random: Random) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)
    assert fold(shuffled) == fold(rows)
    assert to_patent(KEY, fold(shuffled)) == to_patent(KEY, fold(rows))


@given(ROWS)
def test_a_row_twice_counts_once(rows: list[Entry]) -> None:
    assert fold([*rows, *rows]) == fold(rows)
    assert fold([fold(rows), *rows]) == fold(rows)


@given(ROWS)
def test_no_field_is_lost(rows: list[Entry]) -> None:
    merged = fold(rows)
    for row in rows:
        assert row.facts.keys() <= merged.facts.keys()
        assert row.publications <= merged.publications


@given(ROWS)
def test_what_is_stored_reads_back_as_it_was(rows: list[Entry]) -> None:
    stored = to_patent(KEY, fold(rows))
    assert to_patent(KEY, from_patent(*stored)) == stored


@given(ROWS)
def test_the_same_file_again_changes_nothing(rows: list[Entry]) -> None:
    came = fold(rows)
    stored = to_patent(KEY, came)
    assert to_patent(KEY, onto(from_patent(*stored), came)) == stored


@given(st.permutations([date(2016, 5, 1), date(2018, 6, 1), date(2020, 2, 29)]), st.data())
def test_files_of_different_days_come_in_any_order(days: list[date], data: st.DataObject) -> None:
    rows = {}
    for day, number in zip(
        sorted(days), ("CN109990757A", "CN109990758A", "CN109990757B"), strict=True
    ):
        row = data.draw(facts(st.just(day)))
        rows[day] = entry(row | {"publication_date": day, "publication_no": number})
    expected = to_patent(KEY, fold(rows.values()))
    stored = to_patent(KEY, rows[days[0]])
    for day in days[1:]:
        stored = to_patent(KEY, onto(from_patent(*stored), rows[day]))
    assert stored == expected


def _row(**values: object) -> Entry:
    return entry({"title": "t"} | values)


APPLICATION = _row(
    publication_no="CN109990757A", publication_date=date(2018, 1, 1), abstract="旧", holder="某大学"
)
GRANT = _row(
    publication_no="CN109990757B", grant_no="CN109990757B", publication_date=date(2020, 1, 1),
    abstract="新",
)  # fmt: skip


def test_a_and_b_publication_are_one_patent() -> None:
    patent, _ = to_patent(KEY, fold([GRANT, APPLICATION]))
    assert (patent.publication_no, patent.publication_date) == ("CN109990757A", date(2018, 1, 1))
    assert patent.grant_no == "CN109990757B"
    assert (patent.abstract, patent.holder) == ("新", "某大学")


def test_an_older_publication_does_not_take_a_field_back() -> None:
    stored = to_patent(KEY, GRANT)
    patent, _ = to_patent(KEY, onto(from_patent(*stored), APPLICATION))
    assert (patent.abstract, patent.holder) == ("新", "某大学")


def test_a_row_without_a_day_is_a_correction_made_now() -> None:
    stored = to_patent(KEY, fold([GRANT, APPLICATION]))
    correction = _row(abstract="改", open_licence=False)
    patent, note = to_patent(KEY, onto(from_patent(*stored), correction))
    assert (patent.abstract, patent.open_licence) == ("改", False)
    assert patent.publication_no == "CN109990757A"
    # An older file that comes later does not undo it.
    again, _ = to_patent(KEY, onto(from_patent(patent, note), APPLICATION))
    assert again.abstract == "改"


def test_explicit_no_takes_an_earlier_yes_back() -> None:
    stored = to_patent(KEY, _row(open_licence=True))
    patent, _ = to_patent(KEY, onto(from_patent(*stored), _row(open_licence=False)))
    assert patent.open_licence is False


MAY, JUNE = date(2026, 5, 1), date(2026, 6, 1)


def test_a_newer_check_brings_the_holder_whatever_the_publication() -> None:
    grant = entry({"title": "t", "holder": "甲", "abstract": "新", "publication_date": JUNE}, MAY)
    export = entry({"title": "t", "holder": "乙", "abstract": "旧", "publication_date": MAY}, JUNE)
    newer = onto(grant, export)
    assert (newer.facts["holder"], newer.facts["abstract"]) == ("乙", "新")
    assert newer.checks == {"holder": JUNE}
    older = onto(export, grant)
    assert (older.facts["holder"], older.facts["abstract"]) == ("乙", "新")


def test_a_file_that_came_before_takes_nothing_back() -> None:
    first = entry({"title": "t", "holder": "甲", "abstract": "一"}, MAY)
    second = onto(first, entry({"title": "t", "holder": "乙", "abstract": "二"}, MAY))
    assert onto(second, first, again=True) == second
    assert onto(second, first).facts["holder"] == "甲"
    filled = onto(second, entry({"ipc": ("A",)}, MAY), again=True)
    assert filled.facts["ipc"] == ("A",)


def test_a_weak_value_only_fills_what_is_empty() -> None:
    vendor = entry({"title": "全名", "ipc": ("A", "B"), "publication_date": MAY}, MAY)
    short = entry({"title": "名", "ipc": ("A",), "college": "机械学院"}, MAY, ("title", "ipc"))
    for merged in (onto(vendor, short), onto(short, vendor)):
        stored = from_patent(*to_patent(KEY, merged))
        assert (stored.facts["title"], stored.facts["ipc"]) == ("全名", ("A", "B"))
        assert stored.facts["college"] == "机械学院"


def test_each_state_field_has_its_own_check() -> None:
    vendor = entry({"title": "t", "holder": "甲"}, date(2026, 1, 1))
    workbook = entry({"title": "t", "maturity": "样品、实验阶段"}, JUNE)
    stored = from_patent(*to_patent(KEY, onto(vendor, workbook)))
    assert stored.checks == {"holder": date(2026, 1, 1), "maturity": JUNE}
    newer = onto(stored, entry({"title": "t", "holder": "乙"}, MAY))
    assert newer.facts["holder"] == "乙"
