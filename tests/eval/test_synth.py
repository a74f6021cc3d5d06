"""The synthetic catalogue: new texts, valid numbers, the source's shares, the same every time."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np
import pytest
from stdnum.cn import uscc as stdnum_uscc

from eval.synth import Order, Synthesis
from eval.synth_fidelity import Tally, fidelity
from eval.synth_firms import Scopes
from eval.synth_names import (
    MARK,
    MOST,
    SERIALS,
    application_nos,
    application_texts,
    brand,
    publication_no,
    uscc,
)
from eval.synth_source import LEAST, Alike, Source
from eval.synth_texts import DRAWS_OF_TEXT, DRAWS_OF_TITLE, Parts, Titles
from matcher.codes import RelationKind
from matcher.errors import InputError
from service.bootstrap import Home
from service.store.keys import check_digit

Columns = dict[str, list[Any]]
N, M = 5_000, 1_000


@pytest.fixture(scope="module")
def source(home: Home) -> Source:
    store = home.store
    return Source.of(store.patents.iterate(), store.firms.iterate(), store.relations.iterate())


@pytest.fixture(scope="module")
def made(source: Source) -> tuple[Columns, Columns, Synthesis]:
    synthesis = Synthesis(source, Order(N, M, seed=3))
    return _whole(synthesis.patents()), _whole(synthesis.firms()), synthesis


def _whole(chunks: Any) -> Columns:
    found: Columns = {}
    for chunk in chunks:
        for name, values in chunk.items():
            found.setdefault(name, []).extend(values)
    return found


def test_the_same_order_gives_the_same_records(
    source: Source, made: tuple[Columns, Columns, Synthesis]
) -> None:
    again = Synthesis(source, Order(N, M, seed=3))
    assert _whole(again.patents()) == made[0]
    assert _whole(again.firms()) == made[1]
    other = Synthesis(source, Order(N, M, seed=4))
    patents, firms = _whole(other.patents()), _whole(other.firms())
    for name in ("title", "abstract", "holder"):
        assert patents[name] != made[0][name]
    for name in ("name", "business_scope"):
        assert firms[name] != made[1][name]
    assert not set(patents["holder"]) & set(made[0]["holder"])
    assert not set(firms["name"]) & set(made[1]["name"])


def test_a_chunk_ends_and_the_next_goes_on(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("eval.synth.CHUNK", 64)
    synthesis = Synthesis(source, Order(150, 70))
    sizes = [len(chunk["title"]) for chunk in synthesis.patents()]
    assert sizes == [64, 64, 22]
    assert [len(chunk["name"]) for chunk in synthesis.firms()] == [64, 6]
    numbers = _whole(Synthesis(source, Order(150, 70)).patents())["application_no"]
    assert len(set(numbers)) == 150


def test_numbers_are_right_and_nobodys(
    source: Source, made: tuple[Columns, Columns, Synthesis]
) -> None:
    patents, firms, _ = made
    for text in patents["application_no"]:
        digits, check = text[2:].split(".")
        assert check == check_digit(digits)
        assert digits[5] == "8"
    assert len(set(patents["application_no"])) == len(set(patents["publication_no"])) == N
    days = zip(patents["application_no"], patents["filing_date"], strict=True)
    assert all(text[2:6] == str(day.year) for text, day in days)
    assert all(stdnum_uscc.is_valid(code) and code[8:10] == "HC" for code in firms["uscc"])
    assert len(set(firms["uscc"])) == M
    known = {p.application_no for p in source.patents} | {p.publication_no for p in source.patents}
    assert not known & {*patents["application_no"], *patents["publication_no"]}
    assert not {firm.uscc for firm in source.firms} & set(firms["uscc"])


def test_numbers_of_each_year_and_kind_count_up() -> None:
    found = application_nos(np.array([2018, 2019, 2018, 2018]), np.array([1, 1, 1, 2]))
    assert found.tolist() == [201818000000, 201918000000, 201818000001, 201828000000]
    assert application_texts(found[:1]) == [f"CN201818000000.{check_digit('201818000000')}"]
    assert publication_no(MOST, 1, "B") == "CN189999999B"[:2] + str(180_000_000 + MOST) + "B"
    assert len({uscc(at, "91330108MA27Y3JG6U") for at in range(2_000)}) == 2_000


def test_numbers_that_run_out_are_told() -> None:
    many = SERIALS + 1
    with pytest.raises(InputError, match="found 1,000,001 patents of one year and kind; expected"):
        application_nos(np.full(many, 2018), np.ones(many, np.int64))


def test_every_name_is_made_up_and_marked(
    source: Source, made: tuple[Columns, Columns, Synthesis]
) -> None:
    patents, firms, _ = made
    real = {firm.name for firm in source.firms} | {patent.holder for patent in source.patents}
    for name in {*patents["holder"], *firms["name"]}:
        assert name.endswith(MARK)
        assert name.removesuffix(MARK) not in real
    assert len({brand(at) for at in range(100_000)}) == 100_000


def test_no_text_is_the_sources(source: Source, made: tuple[Columns, Columns, Synthesis]) -> None:
    patents, firms, _ = made
    assert not {patent.title for patent in source.patents} & set(patents["title"])
    assert len(set(patents["title"])) > 0.99 * N
    assert not {patent.abstract for patent in source.patents} & set(patents["abstract"])
    assert not {patent.first_claim for patent in source.patents} & set(patents["first_claim"]) - {
        ""
    }
    scopes = {firm.business_scope for firm in source.firms}
    assert sum(scope in scopes for scope in firms["business_scope"]) < 0.01 * M


def test_shares_are_the_sources(made: tuple[Columns, Columns, Synthesis], source: Source) -> None:
    patents, firms, synthesis = made
    sections = Counter(ipc[0][0] if ipc else "" for ipc in patents["ipc"])
    expected = Counter(symbol[:1] for symbol in source.symbols)
    distance = sum(
        abs(sections[name] / N - expected[name] / len(source.patents))
        for name in sections | expected
    )
    assert distance / 2 < 0.01
    assert synthesis.fidelity().section_distance == pytest.approx(distance / 2)
    for field in ("legal_status", "kind", "holder_kind", "maturity"):
        real = Counter(str(getattr(patent, field)) for patent in source.patents)
        found = Counter(patents[field])
        assert found.keys() == real.keys()
        assert all(abs(found[key] / N - real[key] / len(source.patents)) < 0.01 for key in real)
    provinces = Counter(firm.province for firm in source.firms)
    assert Counter(firms["province"]).keys() == provinces.keys()


def test_lengths_are_near_the_sources(made: tuple[Columns, Columns, Synthesis]) -> None:
    lengths = made[2].fidelity().lengths
    for name, both in lengths.items():
        assert both["synthetic"]["mean"] == pytest.approx(both["source"]["mean"], rel=0.1), name
        assert both["synthetic"]["p50"] == pytest.approx(both["source"]["p50"], rel=0.1), name
    assert list(lengths) == ["title", "abstract", "scope", "scope items"]


def test_the_share_with_abstracts_is_as_asked(source: Source) -> None:
    for share in (0.0, 0.3):
        patents = _whole(Synthesis(source, Order(2_000, 10, abstracts=share)).patents())
        told = sum(map(bool, patents["abstract"])) / 2_000
        assert told == pytest.approx(share, abs=0.04)


def test_patents_without_abstract_in_the_source_get_one(source: Source) -> None:
    rows = [
        replace(p, abstract=p.abstract if at % 4 else "") for at, p in enumerate(source.patents)
    ]
    patents = _whole(Synthesis(Source.of(rows, source.firms), Order(500, 10)).patents())
    assert all(len(text) > 60 for text in patents["abstract"])
    assert all(
        title in text for title, text in zip(patents["title"], patents["abstract"], strict=True)
    )


def test_relations_join_what_their_templates_joined(source: Source) -> None:
    synthesis = Synthesis(source, Order(3 * len(source.patents), 3 * len(source.firms)))
    firms, patents = _whole(synthesis.firms()), _whole(synthesis.patents())
    relations = synthesis.relations()
    expected = Counter(kind.value for _, _, kind in source.relations)
    assert Counter(relations["kind"]) == {kind: 3 * count for kind, count in expected.items()}
    names = dict(zip(firms["uscc"], firms["name"], strict=True))
    holders = dict(zip(patents["application_no"], patents["holder"], strict=True))
    kinds = dict(zip(patents["application_no"], patents["holder_kind"], strict=True))
    rows = list(zip(relations["uscc"], relations["kind"], relations["patent"], strict=True))
    assert len(set(rows)) == len(rows)
    owned = [(code, patent) for code, kind, patent in rows if kind == RelationKind.OWNS]
    assert len({patent for _, patent in owned}) == len(owned)
    assert all(holders[patent] == names[code] for code, patent in owned if kinds[patent] == "firm")


def test_a_source_without_relations_gives_none(source: Source) -> None:
    bare = Source.of(source.patents, source.firms)
    assert Synthesis(bare, Order(20, 20)).relations() == {"uscc": [], "kind": [], "patent": []}


def test_capital_and_day_do_not_name_a_firm(
    source: Source, made: tuple[Columns, Columns, Synthesis]
) -> None:
    known = {(firm.registered_on, firm.capital) for firm in source.firms}
    days, capitals = made[1]["registered_on"], made[1]["capital"]
    same = sum(pair in known for pair in zip(days, capitals, strict=True))
    assert same < 0.2 * M  # some by chance: few capitals are usual


@pytest.mark.parametrize(
    ("order", "told"),
    [
        (Order(0, 1), "found 0 patents asked for; expected 1 to 9,999,999; change --patents."),
        (Order(1, -1), "found -1 firms asked for; expected 1 to 9,999,999; change --firms."),
        (Order(1, 1, seed=-1), "found seed -1; expected 0 or more; change --seed."),
        (Order(1, 1, abstracts=1.5), "found 1.5 as the share of patents with an abstract"),
        (Order(1, 1, abstracts=float("nan")), "found nan as the share"),
    ],
)
def test_a_bad_order_is_one_sentence(source: Source, order: Order, told: str) -> None:
    with pytest.raises(InputError) as failure:
        Synthesis(source, order)
    assert str(failure.value).startswith(told)


def test_a_small_source_is_refused(source: Source) -> None:
    few = islice(source.patents, LEAST - 1)
    with pytest.raises(InputError, match="found a source of 9 patents; expected at least 10"):
        Source.of(few, source.firms)
    with pytest.raises(InputError, match="found a source of 0 firms"):
        Source.of(source.patents, ())


def test_a_source_without_abstracts_serves_titles_only(source: Source) -> None:
    bare = Source.of([replace(p, abstract="") for p in source.patents], source.firms)
    with pytest.raises(InputError, match="found no abstract in the source"):
        Synthesis(bare, Order(10, 10))
    patents = _whole(Synthesis(bare, Order(10, 10, abstracts=0)).patents())
    assert set(patents["abstract"]) == {""}


def test_a_source_without_days_is_refused(source: Source) -> None:
    bare = Source.of([replace(p, filing_date=None) for p in source.patents], source.firms)
    with pytest.raises(InputError, match="found no filing date"):
        Synthesis(bare, Order(10, 10))


def test_scopes_keep_their_form_and_take_items_of_partners() -> None:
    scopes = Scopes(
        [
            "钢材、木材销售；技术咨询（凭许可证经营）；销售。",
            "轴承；齿轮；某某有限公司。",
            "阀门，水泵。",
            "",
        ]
    )
    known = {"钢材", "木材销售", "技术咨询（凭许可证经营）", "轴承", "齿轮", "阀门", "水泵"}
    rng = np.random.default_rng(0)
    made = [scopes.make(0, [1, 2], rng.random(8).tolist()) for _ in range(50)]
    for scope in made:
        first, second, third, last = scope.replace("、", "；").removesuffix("。").split("；")
        assert (third, last) == ("技术咨询（凭许可证经营）", "销售")
        assert {first, second} <= known
        assert scope[len(first)] == "、"
    assert sum("钢材" in scope for scope in made) < 25
    assert not any("有限公司" in scopes.make(1, [0, 2], rng.random(8).tolist()) for _ in range(20))
    assert scopes.make(3, [0, 1], rng.random(8).tolist()) == ""
    assert scopes.copied == 0
    alone = Scopes(["钢材"])
    assert alone.make(0, [0], [0.1, 0.1]) == "钢材"
    assert alone.copied == 1


def test_alike_is_the_narrowest_stretch_that_is_wide_enough() -> None:
    keys = ["", "", "A01B1/00", "A01B1/02", "A01B11/00", "A01C3/00", "A47J1/00", "H04L9/00"]
    assert Alike(keys, 2).of("A01B1/06") == ((2, 4), (2, 5), (2, 6), (2, 7), (0, 8))
    assert Alike(keys, 4).of("A01B1/00") == ((2, 6), (2, 7), (0, 8))
    assert Alike(keys, 2).of("") == ((0, 2), (0, 8))
    assert Alike(keys, 2).of("G06F3/00") == ((0, 8),)


class Letters:
    def cut(self, text: str) -> list[str]:
        return list(text)


def test_titles_are_cut_at_their_joints_and_never_repeat() -> None:
    rng = np.random.default_rng(0)
    words = [
        f"{a}{b}的{c}{d}" for a, b, c, d in zip("甲乙丙", "子丑寅", "刀枪剑", "柄杆鞘", strict=True)
    ]
    titles = Titles(words, ["A01B1/00"] * 3, Letters())
    first = {titles.make(row, rng.random(DRAWS_OF_TITLE).tolist()) for row in (0, 1, 2) * 2}
    halves = {(title[:3], title[3:5]) for title in first if len(title) == 5}
    assert {left for left, _ in halves} <= {"甲子的", "乙丑的", "丙寅的"}
    assert not first & set(words)
    assert len(first) == 6 - titles.repeated


def test_one_title_for_all_is_counted_as_repeated() -> None:
    titles = Titles(["刀", "刀"], ["", ""], Letters())
    made = [titles.make(0, [0.5] * DRAWS_OF_TITLE) for _ in range(3)]
    assert titles.repeated == 2
    assert made[0] != "刀"


def test_texts_are_as_long_as_asked_and_name_nobody() -> None:
    text = "本发明公开了一种阀门。" + "".join(
        f"阀体{at}与阀芯相连，并由弹簧压紧。" for at in range(30)
    )
    parts = Parts([("F16K1/00", text + "某某有限公司的地址在此处。电话12345678901。")], opened=True)
    assert len(parts) == 30
    rng = np.random.default_rng(0)
    for length in (20, 100, 300):
        made = parts.make("开头。", "F16K1/00", length, rng.random(DRAWS_OF_TEXT).tolist())
        assert made.startswith("开头。")
        assert abs(len(made) - length) <= 14
        assert made.endswith("。")


def test_fidelity_counts_by_hand() -> None:
    one, other = Tally(), Tally()
    one.add_patents(["刀柄", "电机轴承"], ["", "一"], ["A01B1/00", ""], ["firm", "firm"])
    other.add_patents(["刀"], [""], ["A01B1/00"], ["university"])
    one.add_firms(["钢材；木材。", ""])
    other.add_firms(["钢材"])
    found = fidelity(one, other, repeated_titles=1, copied_scopes=1)
    assert found.lengths["title"]["source"] == {"mean": 3, "p10": 2.2, "p50": 3, "p90": 3.8}
    assert found.lengths["abstract"] == {
        "source": {"mean": 1, "p10": 1, "p50": 1, "p90": 1},
        "synthetic": {},
    }
    assert found.lengths["scope items"]["source"]["mean"] == 2
    assert found.sections == {"source": {"": 0.5, "A": 0.5}, "synthetic": {"A": 1.0}}
    assert found.section_distance == 0.5
    assert found.holder_distance == 1.0
    assert (found.repeated_titles, found.copied_scopes) == (1.0, 1.0)
    assert found.as_content()["section_distance"] == 0.5
    assert found.table().row_count == 4 * 4 + 4
