"""Reasons are true: what they name stands in the data, and without it the pair scores less."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from embeddings.tokeniser import prepared
from matcher.engine import Engine
from matcher.ranking.features import FEATURES
from matcher.ranking.rank import rank
from matcher.ranking.reason_order import MOST_REASONS, contributions
from matcher.ranking.reasons import Explainer, Pair
from matcher.types import FirmProfile, ItemKind, Patent, PatentId, Reason
from service.bootstrap import Home, open_home
from service.config import Settings

WHOLE = ("place", "segment", "own_patents", "ipc", "legal_status", "similar_text")


@dataclass(frozen=True)
class Told:
    """One pair with its reasons."""

    pair: Pair
    score: float
    reasons: tuple[Reason, ...]

    def of_kind(self, kind: str) -> list[Reason]:
        return [reason for reason in self.reasons if reason.kind == kind]


class Room:
    """A home with what it takes to explain any profile."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.engine: Engine = home.engine()
        self.explainer = Explainer(
            home.segments.taxonomy,
            home.tokeniser,
            self.engine.index,
            home.readers.patents,
            home.places,
        )

    def pairs(self, profile: FirmProfile, rows: np.ndarray | None = None, n: int = 8) -> list[Told]:
        """Return the best pairs of a profile, or those with the named patents, explained."""
        side, policy = self.engine.index.patents, self.engine.policy
        query = self.engine.queries([profile])[0]
        if rows is None:
            rows = self.engine.rank_many([query])[0].rows[:n]
        rows = np.sort(rows)
        own = self.engine.index.own_rows(profile.own_patents)
        ranked = rank(query, side, rows, own, policy)
        pairs = [
            Pair(query, self.patent(int(row)), int(row), ranked.features[place])
            for place, row in enumerate(ranked.rows)
        ]
        told = self.explainer.of_patents(pairs, policy)
        scores = policy.score(ranked.features)
        return [
            Told(pair, float(score), reasons)
            for pair, score, reasons in zip(pairs, scores, told, strict=True)
        ]

    def patent(self, row: int) -> Patent:
        (name,) = self.engine.index.patents.ids.ids_at(np.array([row]))
        return self.home.store.patents.get(PatentId(name))

    def again(self, told: Told, profile: FirmProfile) -> Told:
        """Return the same patent for another profile."""
        return self.pairs(profile, np.array([told.pair.row]))[0]


@pytest.fixture(scope="module")
def room(static_home: Path) -> Iterator[Room]:
    with open_home(Settings(home=static_home)) as home:
        yield Room(home)


@pytest.fixture(scope="module")
def told(room: Room) -> list[Told]:
    recommender = room.home.recommender()
    found: list[Told] = []
    for firm in list(room.home.store.firms.iterate())[::3]:
        profile = recommender.profile(firm.uscc)
        found += room.pairs(_with_own(room, profile))
    return found


def _with_own(room: Room, profile: FirmProfile) -> FirmProfile:
    """Return the profile with a patent it might hold, so that the sample has such firms."""
    if profile.own_patents:
        return profile
    query = room.engine.queries([profile])[0]
    rows = room.engine.rank_many([query])[0].rows
    if len(rows) < 9:
        return profile
    own = PatentId(str(room.engine.index.patents.ids.ids_at(rows[8:9])[0]))
    return replace(profile, own_patents=(own,))


def test_without_its_features_a_reason_is_worth_what_it_says(room: Room, told: list[Told]) -> None:
    policy = room.engine.policy
    seen: Counter[str] = Counter()
    for one in told:
        for reason in one.reasons:
            if not reason.detail["scored"]:
                assert "contribution" not in reason.detail
                continue
            columns = [FEATURES.index(name) for name in reason.detail["features"]]
            without = one.pair.features.copy()
            without[columns] = 0
            fell = one.score - float(policy.score(without[None])[0])
            assert reason.detail["contribution"] > 0
            assert fell >= reason.detail["contribution"] - 1e-3
            if reason.kind in WHOLE:
                assert fell == pytest.approx(reason.detail["contribution"], abs=1e-3)
            seen[reason.kind] += 1
    assert set(seen) == {"shared_terms", *WHOLE}


def test_reasons_never_earn_more_than_the_features_give(room: Room, told: list[Told]) -> None:
    given = contributions(room.engine.policy, np.stack([one.pair.features for one in told]))
    for one, row in zip(told, given, strict=True):
        earned = sum(reason.detail.get("contribution", 0.0) for reason in one.reasons)
        assert earned <= row[row > 0].sum() + 1e-2


def test_a_firm_elsewhere_scores_less_by_the_place(room: Room, told: list[Told]) -> None:
    near = [one for one in told if one.of_kind("place")]
    assert len(near) > 20
    for one in near[::4]:
        (reason,) = one.of_kind("place")
        moved = room.again(one, replace(one.pair.query.profile, province="", city=""))
        assert moved.of_kind("place") == []
        assert one.score - moved.score == pytest.approx(reason.detail["contribution"], abs=1e-3)


def test_a_firm_without_the_patent_scores_less_by_it(room: Room, told: list[Told]) -> None:
    near = [one for one in told if one.of_kind("own_patents")]
    assert len(near) > 10
    for one in near[::3]:
        (reason,) = one.of_kind("own_patents")
        title = room.home.store.patents.get(PatentId(reason.detail["patent_id"])).title
        assert f"《{title}》" in reason.text
        bare = room.again(one, replace(one.pair.query.profile, own_patents=()))
        assert bare.of_kind("own_patents") == []
        assert one.score - bare.score >= reason.detail["contribution"] - 1e-3


def test_a_firm_that_does_not_say_the_words_earns_nothing_by_them(
    room: Room, told: list[Told]
) -> None:
    tokeniser = room.home.tokeniser
    checked = 0
    for one in told[::5]:
        for reason in one.of_kind("shared_terms"):
            words = set(reason.detail["words"])
            profile = one.pair.query.profile
            kept = [
                (item, kind)
                for item, kind in zip(profile.items, profile.item_kinds, strict=True)
                if not words & set(tokeniser.tokenise(item))
            ]
            if not kept:
                continue
            silent = replace(
                profile,
                items=tuple(item for item, _ in kept),
                item_kinds=tuple(kind for _, kind in kept),
                name_words="",
            )
            after = room.again(one, silent)
            for other in after.of_kind("shared_terms"):
                assert not words & set(other.detail["words"])
            if "shared_words" in reason.detail["features"]:
                assert after.pair.value["shared_words"] < one.pair.value["shared_words"]
            checked += 1
    assert checked > 10


def test_what_is_highlighted_stands_in_the_patent_and_in_the_item(told: list[Told]) -> None:
    fields: Counter[str] = Counter()
    for one in told:
        for reason in one.of_kind("shared_terms"):
            detail = reason.detail
            for term in detail["terms"]:
                assert term in prepared(detail["item"])
            shown = set()
            for mark in detail["highlights"]:
                text = getattr(one.pair.patent, mark["field"])
                text = text[mark["part"]] if isinstance(text, tuple) else text
                assert text[mark["start"] : mark["end"]] == mark["sentence"]
                marked = {prepared(text[a:b]).strip() for a, b in mark["spans"]}
                assert marked <= set(detail["words"])
                shown |= marked
                fields[mark["field"]] += 1
            assert shown == set(detail["words"])
            spans = {prepared(detail["item"][a:b]).strip() for a, b in detail["item_spans"]}
            assert spans == set(detail["words"])
            assert _said_by(one.pair.query.profile, detail)
    assert fields["title"] > 20
    assert fields["abstract"] > 20


def _said_by(profile: FirmProfile, detail: Mapping[str, object]) -> bool:
    if detail["item_kind"] == ItemKind.NAME.value:
        return detail["item"] == profile.name_words
    return (detail["item"], detail["item_kind"]) in {
        (item, kind.value) for item, kind in zip(profile.items, profile.item_kinds, strict=True)
    }


def test_phrases_are_cut_from_the_patent(told: list[Told]) -> None:
    seen = 0
    for one in told:
        for reason in one.of_kind("effect"):
            for name in set(reason.detail) - {"scored"}:
                phrase = reason.detail[name]
                text = getattr(one.pair.patent, phrase["field"])
                text = text[phrase["part"]] if isinstance(text, tuple) else text
                ((start, end),) = phrase["spans"]
                assert text[start:end] == phrase["text"]
                assert phrase["start"] <= start < end <= phrase["end"]
                seen += 1
    assert seen > 100


def test_no_odd_words_are_named(told: list[Told]) -> None:
    terms = [t for one in told for r in one.of_kind("shared_terms") for t in r.detail["terms"]]
    assert not {"方法", "系统", "技术", "工程", "装置", "件", "型"} & set(terms)


def test_a_reason_is_told_once_and_the_most_telling_first(told: list[Told]) -> None:
    for one in told:
        assert 0 < len(one.reasons) <= MOST_REASONS
        assert len({reason.text for reason in one.reasons}) == len(one.reasons)
        worth = [reason.detail.get("contribution", 0.0) for reason in one.reasons]
        assert worth == sorted(worth, reverse=True)
        json.dumps([reason.detail for reason in one.reasons])
        named: dict[str, int] = defaultdict(int)
        for reason in one.of_kind("shared_terms"):
            for term in reason.detail["terms"]:
                named[term] += 1
        assert max(named.values(), default=1) == 1


def test_reasons_are_the_same_each_time_and_alone_as_in_a_list(
    room: Room, told: list[Told]
) -> None:
    for one in told[::7]:
        assert room.again(one, one.pair.query.profile).reasons == one.reasons


def test_both_directions_tell_a_pair_the_same_scored_reasons(room: Room, told: list[Told]) -> None:
    pairs = [one.pair for one in told[:40]]
    back = room.explainer.of_firms(pairs, room.engine.policy)
    for one, reasons in zip(told[:40], back, strict=True):
        ours = [r for r in one.reasons if r.detail["scored"] and r.kind != "legal_status"]
        # A list of firms says less of the patent, so a small second word may have room there.
        theirs = [r for r in reasons if r.detail["scored"]]
        assert [r for r in theirs if r in ours] == ours
        assert all(r.kind == "shared_terms" for r in theirs if r not in ours)


def test_a_firm_record_that_lacks_much_says_so(room: Room) -> None:
    profile = FirmProfile("石墨烯", ("石墨烯",), item_kinds=(ItemKind.NAME,))
    pairs = [one.pair for one in room.pairs(profile, n=1)]
    ((*_, last),) = room.explainer.of_firms(pairs, room.engine.policy)
    assert (last.kind, last.detail["scored"]) == ("missing", False)
    assert last.detail["fields"] == ["business_scope", "products", "region"]
    assert room.explainer.of_firms([], room.engine.policy) == []
