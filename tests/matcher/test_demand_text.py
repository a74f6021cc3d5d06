"""Demands: cut into what they ask, and asked with as queries of their own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.demand_text import MOST_PARTS, DemandRole, demand_parts
from matcher.errors import DemandNotFound
from matcher.profile import profile_of_demand, profile_of_firm
from matcher.types import Demand, DemandId, Firm, ItemKind, PatentId, Uscc
from service.bootstrap import Home, open_home
from service.config import Settings


@pytest.fixture(scope="module")
def home(static_home: Path) -> Iterator[Home]:
    with open_home(Settings(home=static_home)) as opened:
        yield opened


def demand(text: str, title: str = "球阀阀座") -> Demand:
    return Demand(DemandId("D1"), title, text, Uscc("U1"), province="浙江", city="温州")


@pytest.mark.parametrize(
    ("sentence", "role", "words"),
    [
        ("技术难题：阀座四个月抱死一次", "problem", "阀座四个月抱死一次"),
        ("一、技术指标：1、寿命一年以上", "effect", "寿命一年以上"),
        ("（2）材料：碳化钨涂层粉体", "material", "碳化钨涂层粉体"),
        ("灰渣难以排出", "problem", "灰渣难以排出"),
        ("单件节拍达到一秒", "effect", "单件节拍达到一秒"),
        ("耐高温树脂", "material", "耐高温树脂"),
        ("采用金属打印镶件", "means", "采用金属打印镶件"),
        ("研制锁渣阀样机", "product", "研制锁渣阀样机"),
        ("面向煤化工用户", "other", "面向煤化工用户"),
    ],
)
def test_parts_are_told_by_label_then_by_cue(sentence: str, role: str, words: str) -> None:
    (part,) = demand_parts(demand(sentence))
    assert (part.role.value, part.text) == (role, words)


def test_the_title_is_not_told_again_and_parts_are_few() -> None:
    assert demand_parts(demand("球阀阀座。好")) == ()
    many = "。".join(f"第{n}道工序难以密封" for n in range(20))
    assert len(demand_parts(demand(many))) == MOST_PARTS


@given(st.text(max_size=300))
def test_any_text_is_cut_without_failing(text: str) -> None:
    for part in demand_parts(demand(text)):
        assert part.role in DemandRole
        assert 4 <= len(part.text) <= 120


def test_a_demand_asks_for_itself_alone_and_a_firm_for_its_demands_first() -> None:
    one = demand("灰渣难以排出。采用可在线冲洗的结构")
    alone = profile_of_demand(one, [PatentId("P9")])
    assert alone.items[0] == "球阀阀座"
    assert set(alone.item_kinds) == {ItemKind.DEMAND}
    assert alone.excluded == {"P9"}
    assert (alone.province, alone.city, alone.name_words) == ("浙江", "温州", "")
    firm = Firm(Uscc("U1"), "某某阀门有限公司", business_scope="阀门制造；泵制造")
    together = profile_of_firm(firm, [one])
    assert together.items[: len(alone.items)] == alone.items
    assert together.item_kinds[-1] is ItemKind.SCOPE


def test_a_posted_demand_gets_a_list_of_its_own(home: Home) -> None:
    stored = next(d for d in home.store.demands.iterate() if d.uscc)
    found = home.recommender().recommend_demand(stored.demand_id, 5)
    assert found.items
    assert found.subject == stored.uscc
    kinds = {r.detail.get("item_kind") for i in found.items for r in i.reasons}
    assert kinds <= {None, "demand"}
    assert "demand" in kinds
    excluded = home.readers.demand_profile(stored).excluded
    assert not excluded & {item.item_id for item in found.items}


def test_what_the_firm_dismissed_does_not_come_back_to_its_demand(home: Home) -> None:
    stored = next(d for d in home.store.demands.iterate() if d.uscc)
    assert stored.uscc is not None
    known = home.store.relations.of_firms([stored.uscc]).get(stored.uscc, ())
    assert {r.patent_id for r in known if r.kind.value in {"owns", "co_applied", "licensed"}} <= (
        home.readers.demand_profile(stored).excluded
    )


def test_an_unknown_demand_is_a_sentence(home: Home) -> None:
    with pytest.raises(DemandNotFound, match="found no demand 'D-404'"):
        home.recommender().recommend_demand(DemandId("D-404"))


def test_a_demand_without_firm_or_words_asks_for_nothing(home: Home) -> None:
    empty = Demand(DemandId("D2"), "", "", posted_on=date(2026, 1, 1))
    assert profile_of_demand(empty).items == ()
    assert home.readers.demand_profile(empty).excluded == frozenset()
