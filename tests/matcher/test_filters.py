"""Filters: what is known decides, what is not known fits nothing that asks for it."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.codes import HolderKind, LegalStatus, LicenceKind, PatentKind
from matcher.filters import FactTable, PatentFacts, PatentFilter, PriceRange, end_of
from matcher.index.search import SearchConfig
from matcher.places.places import Place
from matcher.recommend import Recommender
from matcher.types import Patent, PatentId, SegmentCode
from matcher.wanted import Wanted
from service.bootstrap import open_home
from service.config import Settings

FACTS = PatentFacts(
    Place("浙江", "杭州"),
    "批量生产、成熟应用阶段",
    frozenset({LicenceKind.OPEN}),
    "10-50万",
    HolderKind.UNIVERSITY,
    LegalStatus.IN_FORCE,
)
NOTHING = PatentFacts(None, "", frozenset(), "", HolderKind.OTHER, LegalStatus.UNKNOWN)


@pytest.mark.parametrize(
    ("band", "least", "most", "fits"),
    [
        ("10-50万", 0, 10, False),
        ("10-50万", 0, 11, True),
        ("10-50万", 50, math.inf, False),
        ("10-50万", 20, 20, True),
        ("0-10万", 0, math.inf, True),
        ("100万以上", 0, 100, False),
        ("100万以上", 500, 600, True),
        ("5万元以下", 4, 9, True),
        ("5 万 ～ 8 万元", 7, 9, True),
        ("30万", 30, 40, True),
        ("30万", 31, 40, False),
        ("具体面议", 0, math.inf, False),
        ("", 0, math.inf, False),
        ("价格面谈", 0, math.inf, False),
    ],
)
def test_prices(band: str, least: float, most: float, fits: bool) -> None:
    assert PriceRange(least, most).holds(band) is fits


def test_a_negotiable_price_is_asked_for_by_name() -> None:
    assert PriceRange(negotiable=True).holds("具体面议")


PARTS = [
    PatentFilter(regions=(Place("浙江", ""),)),
    PatentFilter(regions=(Place("江苏", ""), Place("浙江", "杭州"))),
    PatentFilter(maturity=frozenset({FACTS.maturity})),
    PatentFilter(licences=frozenset({LicenceKind.OPEN, LicenceKind.ASSIGNMENT})),
    PatentFilter(price=PriceRange(0, 20)),
    PatentFilter(holders=frozenset({HolderKind.UNIVERSITY})),
    PatentFilter(statuses=frozenset({LegalStatus.IN_FORCE})),
]


@pytest.mark.parametrize("part", PARTS)
def test_each_part_holds_what_fits_and_not_what_is_unknown(part: PatentFilter) -> None:
    assert part.holds(FACTS)
    assert not part.holds(NOTHING)
    assert PatentFilter().holds(NOTHING)


def test_another_city_does_not_fit() -> None:
    assert not PatentFilter(regions=(Place("浙江", "宁波"),)).holds(FACTS)


@given(st.integers(0, 20))
def test_life_is_counted_from_today(years: int) -> None:
    today = date(2026, 1, 31)
    last = PatentFilter(life=years).last_day(today)
    filed = Patent(
        PatentId("x"), "t", kind=PatentKind.INVENTION, filing_date=date(2006 + years, 2, 2)
    )
    older = Patent(
        PatentId("y"), "t", kind=PatentKind.INVENTION, filing_date=date(2006 + years, 1, 1)
    )
    assert end_of(filed) >= last > end_of(older) or years == 0
    assert end_of(Patent(PatentId("z"), "t")) < last


def test_the_table_of_an_index_says_what_the_records_say(lsa_home: object) -> None:
    with open_home(Settings(home=lsa_home)) as home:  # type: ignore[arg-type]
        side = home.engine().index.patents
        every = list(home.store.patents.iterate())
        known = [
            (
                one,
                PatentFacts(None, one.maturity, frozenset(), "", one.holder_kind, one.legal_status),
            )
            for one in every
        ]
        table = FactTable.of(side, reversed(known[1:]))
        wanted = PatentFilter(
            maturity=frozenset({"小批量生产、工程应用阶段"}),
            holders=frozenset({HolderKind.UNIVERSITY}),
            life=8,
        )
        today = date(2026, 1, 31)
        found = table.mask(wanted, today)
        fits = {
            one.patent_id
            for one, facts in known[1:]
            if wanted.holds(facts) and end_of(one) >= wanted.last_day(today)
        }
        assert set(side.ids.ids_at(np.flatnonzero(found))) == fits != set()
        for row in range(len(side)):
            assert table.segment(row) == side.main_segment(row)
        code = side.main_segment(int(np.flatnonzero(found)[0]))
        assert code is not None
        narrow = table.mask(PatentFilter(segments=frozenset({code})), today)
        assert all(side.main_segment(int(row)) == code for row in np.flatnonzero(narrow))
        assert not table.mask(PatentFilter(segments=frozenset({SegmentCode("Z")})), today).any()
        missing = side.ids.row_of(every[0].patent_id)
        assert missing is not None
        assert not table.mask(PatentFilter(), today)[missing]


def test_a_filter_comes_before_the_search(lsa_home: object) -> None:
    with open_home(Settings(home=lsa_home)) as home:  # type: ignore[arg-type]
        recommender = home.recommender()
        few = replace(
            recommender.engine, config=SearchConfig(per_segment=5, per_list=5, candidates=5)
        )
        engine = replace(few, policy=replace(few.policy, floor=1e-9, per_holder=100))
        narrow = Recommender(
            engine, recommender._explainer, home.readers, recommender._clock, recommender._new_id
        )
        text = "表面缺陷检测、机器视觉、光谱仪、传感器、电池材料"
        wanted = PatentFilter(holders=frozenset({HolderKind.INSTITUTE}))
        allowed, keep = home.filters.chosen(wanted, engine)
        found = narrow.recommend_text(text, n=5, wanted=Wanted(allowed=allowed, keep=keep))
        # Of five candidates of any kind hardly one would be an institute's.
        assert len(found.items) == 5
        named = home.store.patents.many([PatentId(item.item_id) for item in found.items])
        assert {patent.holder_kind for patent in named.values()} == {HolderKind.INSTITUTE}
