"""The batch against the online path: the same scores, and the same lists before balancing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from matcher.engine import Engine
from matcher.pick import Picker
from matcher.push.balance import BalanceConfig, balance
from matcher.push.candidates import CAUSES, Candidates, Depths, Searcher
from matcher.push.choice import choose
from matcher.push.edges import Edges, Limits
from matcher.push.items import items_of
from matcher.push.settle import worth_of
from matcher.readers import Readers
from matcher.sieve.sieve import Sieve
from matcher.types import Firm, LegalStatus, PlaceSetting
from service.bootstrap import Home, open_home
from service.config import Settings

DEEP = Depths(searched=400, per_firm=100, per_patent=20)


@pytest.fixture(scope="module")
def home(static_home: Path) -> Iterator[Home]:
    with open_home(Settings(home=static_home)) as opened:
        yield opened


@pytest.fixture(scope="module")
def firms(home: Home) -> list[Firm]:
    return list(home.store.firms.iterate())


def searcher(engine: Engine, readers: Readers, depths: Depths = DEEP) -> Searcher:
    side = engine.index.patents
    items = items_of(side.ids, readers.patents, readers.groups)
    sieve = Sieve.of(side, engine.policy, engine.index.table.among(side, items.offered))
    plain = Searcher(engine, sieve, depths, readers.profiles)
    firms = list(readers.firms.iterate())
    return Searcher(
        engine, sieve, depths, readers.profiles, plain.sample(firms, len(firms)), items.of_row
    )


@pytest.fixture(scope="module")
def found(home: Home, firms: list[Firm]) -> Candidates:
    return searcher(home.engine(), home.readers).candidates(firms)


def test_scores_are_those_of_the_online_path_bit_for_bit(
    home: Home, firms: list[Firm], found: Candidates
) -> None:
    engine = home.engine()
    ranked = engine.rank_many(engine.queries(home.readers.profiles(firms)))
    for n, one in enumerate(ranked):
        online = dict(zip(one.rows.tolist(), one.scores.tolist(), strict=True))
        mine = found.firm == n
        for row, score in zip(found.row[mine].tolist(), found.score[mine].tolist(), strict=True):
            assert online.get(row, score) == score
    assert (np.diff(found.score)[np.diff(found.firm) == 0] <= 0).all()


@pytest.mark.parametrize("place", list(PlaceSetting))
def test_before_balancing_a_list_is_the_online_list(
    home: Home, firms: list[Firm], place: PlaceSetting
) -> None:
    engine = home.engine().placed(place)
    engine = replace(engine, policy=replace(engine.policy, diversity=0.0))
    readers, side = home.readers, engine.index.patents
    found = searcher(engine, readers).candidates(firms)
    items = items_of(side.ids, readers.patents, readers.groups)
    worth = worth_of(found.score, engine.policy.floor_score)
    edges, kept = Edges.of(found.firm, items.of_row[found.row], worth, len(firms), items.holder)
    limits = Limits.uniform(edges, 10, 0, len(firms), engine.policy.per_holder)
    taken = balance(edges, limits, BalanceConfig(passes=1)).free_taken
    picker = Picker(readers, side, engine.policy)
    compared = 0
    for n, query in enumerate(engine.queries(readers.profiles(firms))):
        ranked = engine.rank_many([query])[0]
        batch = [int(found.row[kept[edge]]) for edge in taken[n] if edge >= 0]
        if not set(batch) <= set(ranked.rows.tolist()):
            continue  # routing kept one from the online search; the batch searches everything
        compared += 1
        picked, _ = picker.pick(query.profile, ranked, 10)
        assert batch == [one.row for one in picked], firms[n].name
    assert compared >= 0.95 * len(firms)


def test_a_narrow_sieve_finds_the_best_as_well(home: Home, firms: list[Firm]) -> None:
    narrow = searcher(home.engine(), home.readers, Depths(40, 10, 3)).candidates(firms)
    wide = searcher(home.engine(), home.readers, Depths(400, 10, 3)).candidates(firms)
    for n in range(len(firms)):
        best = set(wide.row[wide.firm == n][:10].tolist())
        assert len(best & set(narrow.row[narrow.firm == n][:40].tolist())) >= 0.8 * len(best)


def test_every_patent_with_a_firm_above_the_floor_has_its_best_firms(
    found: Candidates, home: Home
) -> None:
    wide = searcher(home.engine(), home.readers, Depths(400, 400, 20)).candidates(
        list(home.store.firms.iterate())
    )
    for row in np.unique(wide.row):
        all_firms = wide.score[wide.row == row]
        best = np.sort(all_firms)[::-1][:5]
        kept = np.sort(found.score[(found.row == row)])[::-1][:5]
        assert np.isin(best, kept).mean() >= 0.8


def test_who_may_not_be_asked_is_told_by_cause(home: Home, firms: list[Firm]) -> None:
    closed = replace(firms[0], registration_status="注销")
    mute = replace(
        firms[1], business_scope="", products=(), needs=(), name="公司", industry_code=""
    )
    mute = replace(mute, uscc="91000000000000000X")
    told = searcher(home.engine(), home.readers).candidates([None, closed, mute, firms[2]])
    assert [CAUSES[n] for n in told.cause] == ["gone", "gone", "no_text", ""]
    assert set(told.firm.tolist()) == {3}


def test_what_may_not_be_recommended_is_no_candidate(own_home: Path) -> None:
    with open_home(Settings(home=own_home)) as home:
        engine, readers = home.engine(), home.readers
        firms = list(readers.firms.iterate())[:20]
        before = searcher(engine, readers).candidates(firms)
        row = int(before.row[0])
        name = engine.index.patents.ids.ids_at(np.array([row]))[0]
        patent = readers.patents.get(name)
        home.store.patents.upsert([replace(patent, legal_status=LegalStatus.LAPSED)])
        items = items_of(engine.index.patents.ids, readers.patents, readers.groups)
        assert items.of_row[row] == -1
        assert items.kept_out["stopped"] >= 1
        after = searcher(engine, readers).candidates(firms)
        assert row not in after.row.tolist()


def test_worth_rises_with_the_score_and_stays_above_nought() -> None:
    scores = np.array([-60, -12, -8.3, -8, 0, 20], dtype=np.float32)
    worth = worth_of(scores, -8.3)
    assert (worth > 0).all()
    assert (np.diff(worth) > 0).all()
    assert worth[2] == pytest.approx(np.log(2), abs=1e-5)


def test_choose_is_exact_under_nested_limits() -> None:
    rng = np.random.default_rng(8)
    for _ in range(200):
        n = int(rng.integers(1, 9))
        worth = rng.random(n).astype(np.float32) + 0.1
        holder = rng.integers(-1, 3, n).astype(np.int32)
        edges, _ = Edges.of(np.zeros(n, dtype=int), np.arange(n), worth, 1, holder)
        limits = Limits.uniform(edges, int(rng.integers(1, 5)), 0, 1, int(rng.integers(1, 3)))
        taken, _, _ = choose(edges, limits, np.zeros(n))
        best = 0.0
        for mask in range(1 << n):
            chosen = [j for j in range(n) if mask >> j & 1]
            held = holder[chosen]
            fits = len(chosen) <= limits.per_firm[0] and all(
                (held == code).sum() <= limits.per_holder for code in range(3)
            )
            best = max(best, float(worth[chosen].sum())) if fits else best
        assert edges.worth[taken[taken >= 0]].sum() == pytest.approx(best, rel=1e-6)
