"""Where words stand in a patent, as it is written and not as it is folded."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embeddings.tokeniser import default_tokeniser
from matcher.patent_text import document_text, searched_parts
from matcher.ranking.highlights import Highlight, highlights, sentences_with, term_spans
from matcher.types import Patent, PatentId

CUT = default_tokeniser().cut


def marked(text: str, *terms: str) -> list[str]:
    return [text[a:b] for a, b in term_spans(text, CUT(text), terms)]


@pytest.mark.parametrize(
    ("text", "terms", "found"),
    [
        ("石墨烯导热膜", ("石墨烯", "膜"), ["石墨烯", "膜"]),
        ("导热膜与导热胶", ("导热",), ["导热", "导热"]),
        ("ＰＬＣ控制器", ("plc",), ["ＰＬＣ"]),
        ("采用PLC控制", ("plc",), ["PLC"]),
        ("加热到80℃后用石墨烯包覆", ("石墨烯",), ["石墨烯"]),
        ("催化剂为TiO<sub>2</sub>与石墨烯", ("石墨烯",), ["石墨烯"]),
        ("<p>石墨烯</p>", ("石墨烯",), ["石墨烯"]),
        ("没有", ("石墨烯",), []),
        ("", ("石墨烯",), []),
    ],
)
def test_spans_are_those_of_the_written_text(
    text: str, terms: tuple[str, ...], found: list[str]
) -> None:
    assert marked(text, *terms) == found


def test_markup_within_a_word_is_marked_with_it() -> None:
    assert marked("TiO<sub>2</sub>薄膜", "tio2") == ["TiO<sub>2"]


def test_a_word_inside_a_longer_word_is_no_occurrence() -> None:
    assert CUT("轴承座与轴") == ["轴承座", "与", "轴"]
    assert marked("轴承座与轴", "轴承") == []
    assert marked("轴承座与轴", "轴") == ["轴"]
    assert term_spans("轴承座与轴", CUT("轴承座与轴"), ["轴"]) == [(4, 5)]


def test_the_sentence_is_found_in_its_field_and_its_part() -> None:
    patent = Patent(
        PatentId("p"),
        "一种泵",
        abstract="先加热。 石墨烯涂层耐磨；后冷却",
        topics=("密封", "石墨烯"),
    )
    found = sentences_with(patent, ["石墨烯"], default_tokeniser())
    assert [(s.field, s.part, s.start, s.text) for s in found] == [
        ("abstract", 0, 5, "石墨烯涂层耐磨"),
        ("topics", 1, 0, "石墨烯"),
    ]
    (first,) = highlights(found, ["石墨烯"], {"石墨烯": 2.0})
    assert first.spans == ((5, 8),)
    assert first.detail["start"] == 5
    assert first.detail["end"] == 12


def test_every_term_is_shown_and_the_fullest_sentence_first() -> None:
    patent = Patent(
        PatentId("p"), "石墨烯薄膜", abstract="石墨烯与轴承。轴承座。密封圈、轴承与石墨烯"
    )
    rarity = {"石墨烯": 2.0, "轴承": 2.0, "密封圈": 3.0, "薄膜": 1.0}
    shown = highlights(sentences_with(patent, rarity, default_tokeniser()), list(rarity), rarity)
    assert [one.sentence.text for one in shown] == ["密封圈、轴承与石墨烯", "石墨烯薄膜"]


def test_a_quote_shows_the_clause_with_the_marks() -> None:
    first = "先将原料粉碎并过筛后置于反应釜中搅拌均匀，"
    long = first + "再加入石墨烯与去离子水超声分散得到前驱体浆料，最后干燥即得"
    patent = Patent(PatentId("p"), "一种料", abstract=long)
    (found,) = sentences_with(patent, ["石墨烯"], default_tokeniser())
    (shown,) = highlights([found], ["石墨烯"], {"石墨烯": 1.0})
    assert shown.quote() == "…再加入石墨烯与去离子水超声分散得到前驱体浆料"
    short = Highlight(replace(found, text="石墨烯"), ())
    assert short.quote() == "石墨烯"


WORDS = "石墨烯 轴承 膜 ＰＬＣ ℃ ㎡ ﬁ Å <sub>2</sub> 。 ， a b 3 < > \x00 İ ß"
PIECES = st.sampled_from(WORDS.split())
TEXTS = st.one_of(st.text(max_size=40), st.lists(PIECES, max_size=20).map("".join))


@given(TEXTS)
def test_spans_of_any_text_lie_in_it_and_in_order(text: str) -> None:
    pieces = CUT(text)
    spans = term_spans(text, pieces, set(pieces))
    assert all(0 <= a < b <= len(text) for a, b in spans)
    assert spans == sorted(spans)


def test_searched_parts_leave_out_what_is_empty() -> None:
    patent = Patent(PatentId("p"), "泵", first_claim="1. 一种泵", effects=("", "省电"))
    assert [(part.field, part.part) for part in searched_parts(patent)] == [
        ("title", 0),
        ("first_claim", 0),
        ("effects", 1),
    ]
    assert document_text(patent) == "泵。1. 一种泵。省电"
