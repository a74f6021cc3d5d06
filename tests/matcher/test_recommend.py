"""Golden lists of the sample catalogue, and the rules every list keeps."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from copy import copy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from matcher.errors import FirmNotFound, InputError, PatentNotFound, PolicyMismatch, UnknownSegment
from matcher.patent_text import document_text
from matcher.ranking.diversity import aspects_of
from matcher.types import (
    DismissalReason,
    FeedbackEvent,
    FeedbackKind,
    LegalStatus,
    PatentId,
    Relation,
    RelationKind,
    SegmentCode,
    StopState,
    Uscc,
)
from service.bootstrap import Home, open_home
from service.config import Settings

GOLDEN = Path(__file__).parents[1] / "golden" / "sample_lists.tsv"


@pytest.fixture(scope="module")
def home(static_home: Path) -> Iterator[Home]:
    with open_home(Settings(home=static_home)) as opened:
        yield opened


@pytest.fixture
def writable(static_home: Path, tmp_path: Path) -> Iterator[Home]:
    with open_home(Settings(home=shutil.copytree(static_home, tmp_path / "home"))) as opened:
        yield opened


def golden() -> list[tuple[str, str]]:
    lines = GOLDEN.read_text("utf-8").splitlines()
    return [
        (cells[0], cells[1])
        for line in lines
        if not line.startswith("#") and (cells := line.split("\t"))
    ]


@pytest.mark.parametrize(("uscc", "patent"), golden())
def test_golden_first_places(home: Home, uscc: str, patent: str) -> None:
    assert home.recommender().recommend(Uscc(uscc), 3).items[0].item_id == patent


def test_one_firm_and_many_give_the_same(home: Home) -> None:
    engine = home.engine()
    firms = list(home.store.firms.iterate())
    recommender = home.recommender()
    queries = engine.queries([recommender.profile(f.uscc) for f in firms])
    together = engine.rank_many(queries)
    for firm, batch in zip(firms, together, strict=True):
        alone = engine.rank_many(engine.queries([recommender.profile(firm.uscc)]))[0]
        assert alone.rows.tolist() == batch.rows.tolist()
        assert alone.scores.tolist() == batch.scores.tolist()


def test_both_directions_give_a_pair_one_score(home: Home) -> None:
    recommender = home.recommender()
    compared = 0
    for firm in list(home.store.firms.iterate())[:30]:
        for item in recommender.recommend(firm.uscc, 3).items:
            back = {
                i.item_id: i.score for i in recommender.firms_for(PatentId(item.item_id), 200).items
            }
            if firm.uscc in back:
                compared += 1
                assert back[firm.uscc] == pytest.approx(item.score, abs=1e-5)
    assert compared > 20


def test_every_list_keeps_the_rules(home: Home) -> None:
    recommender, policy = home.recommender(), home.policy
    for firm in home.store.firms.iterate():
        found = recommender.recommend(firm.uscc, 20)
        patents = [home.store.patents.get(PatentId(i.item_id)) for i in found.items]
        relations = home.store.relations.of_firm(firm.uscc)
        done = {r.patent_id for r in relations if r.kind is not RelationKind.CONTACTED}
        assert not done & {p.patent_id for p in patents}
        assert all(p.recommendable for p in patents)
        families = Counter(p.family_id for p in patents if p.family_id)
        assert max(families.values(), default=1) == 1
        holders = Counter(p.holder for p in patents if p.holder)
        assert max(holders.values(), default=0) <= policy.per_holder
        assert [i.rank for i in found.items] == list(range(1, len(found.items) + 1))
        assert len(found.items) == 20 or found.notes
        assert all(item.reasons for item in found.items)


def test_lists_are_spread_over_fields_and_follow_the_scores_inside_each(home: Home) -> None:
    recommender, side = home.recommender(), home.engine().index.patents
    plain = copy(recommender)
    plain.engine = replace(recommender.engine, policy=replace(home.policy, diversity=0.0))
    spread = unspread = 0
    for firm in list(home.store.firms.iterate())[:40]:
        scores: dict[int, list[float]] = {}
        for item in recommender.recommend(firm.uscc, 5).items:
            (field,) = aspects_of(side, side.ids.rows_of([item.item_id])).tolist()
            scores.setdefault(field, []).append(item.score)
        for told in scores.values():
            assert told == sorted(told, reverse=True)
        spread += len(scores)
        items = plain.recommend(firm.uscc, 5).items
        falling = [item.score for item in items]
        assert falling == sorted(falling, reverse=True)
        rows = side.ids.rows_of([item.item_id for item in items])
        unspread += len(set(aspects_of(side, rows).tolist()))
    assert spread >= unspread


def test_reasons_name_what_is_in_the_data(home: Home) -> None:
    recommender, tokeniser = home.recommender(), home.tokeniser
    for firm in list(home.store.firms.iterate())[:40]:
        profile = recommender.profile(firm.uscc)
        for item in recommender.recommend(firm.uscc, 10).items:
            patent = home.store.patents.get(PatentId(item.item_id))
            kinds = {reason.kind: reason.detail for reason in item.reasons}
            for reason in item.reasons:
                if reason.kind == "shared_terms":
                    for word in reason.detail["words"]:
                        assert word in tokeniser.tokenise(document_text(patent))
                        assert word in tokeniser.tokenise(reason.detail["item"])
                    assert reason.detail["item"] in (*profile.items, profile.name_words)
            if "place" in kinds:
                assert item.features["same_province"] == 1.0
            if "open_licence" in kinds:
                assert patent.open_licence
            missing = kinds.get("missing", {}).get("fields", [])
            assert ("ipc" in missing) == (not patent.ipc)


def test_what_stops_a_patent_works_at_the_next_request(writable: Home) -> None:
    uscc = Uscc(golden()[0][0])
    recommender = writable.recommender()
    first = recommender.recommend(uscc, 5).items
    lapsed, disputed, owned = (PatentId(item.item_id) for item in first[:3])
    patents = writable.store.patents
    patents.upsert([replace(patents.get(lapsed), legal_status=LegalStatus.LAPSED)])
    patents.upsert([replace(patents.get(disputed), stop_state=StopState.OWNERSHIP_DISPUTE)])
    writable.store.relations.upsert([Relation(uscc, owned, RelationKind.OWNS)])
    after = recommender.recommend(uscc, 20)
    assert not {lapsed, disputed, owned} & {i.item_id for i in after.items}
    assert [i.item_id for i in recommender.firms_for(lapsed, 5).items] == []
    assert recommender.firms_for(lapsed, 5).notes[0].kind == "empty"
    assert uscc not in {i.item_id for i in recommender.firms_for(owned, 200).items}


def test_what_a_firm_dismissed_does_not_come_back(writable: Home) -> None:
    uscc = Uscc(golden()[0][0])
    recommender = writable.recommender()
    found = recommender.recommend(uscc, 5)
    gone = PatentId(found.items[1].item_id)
    event = FeedbackEvent(
        "e1",
        found.list_id,
        2,
        gone,
        uscc,
        FeedbackKind.DISMISSAL,
        found.made_at,
        DismissalReason.TOO_DEAR,
    )
    assert writable.store.feedback.append([event]) == 1
    assert gone not in {i.item_id for i in recommender.recommend(uscc, 20).items}


def test_an_empty_or_short_list_says_why(home: Home) -> None:
    recommender = home.recommender()
    nothing = recommender.recommend_text("美容美发、足浴按摩服务", "广东", "广州")
    assert len(nothing.items) < 20
    assert "低于相关性下限" in nothing.notes[0].text
    silent = recommender.recommend_text("？？？")
    assert (silent.items, silent.notes[0].detail["cause"]) == ((), "no_text")


def test_free_text_finds_what_it_names(home: Home) -> None:
    found = home.recommender().recommend_text("手持光谱仪、光谱成像", "吉林", "长春", n=5)
    assert "光谱" in home.store.patents.get(PatentId(found.items[0].item_id)).title


def test_one_segment_alone(home: Home) -> None:
    uscc = Uscc(golden()[0][0])
    segment = home.recommender().recommend(uscc, 1).items[0].segment
    assert segment is not None
    side = home.engine().index.patents
    inside = set(side.ids.ids_at(side.members[segment]))
    found = home.recommender().recommend(uscc, 20, segment)
    assert {i.item_id for i in found.items} <= inside


def test_lists_are_recorded_with_versions(home: Home) -> None:
    found = home.recommender().recommend(Uscc(golden()[0][0]), 4)
    slots = home.store.feedback.slots_of(found.list_id)
    assert slots == {i.rank: i.item_id for i in found.items}
    assert found.versions.encoder == home.engine().encoder.info.version
    assert found.versions.policy == home.policy.version


@pytest.mark.parametrize("n", [0, 201, -1])
def test_a_wrong_count_is_refused(home: Home, n: int) -> None:
    with pytest.raises(InputError, match="1 to 200"):
        home.recommender().recommend(Uscc(golden()[0][0]), n)


def test_strangers_are_refused(home: Home) -> None:
    recommender = home.recommender()
    with pytest.raises(FirmNotFound):
        recommender.recommend(Uscc("91330000000000000X"))
    with pytest.raises(PatentNotFound):
        recommender.firms_for(PatentId("nothing"))
    with pytest.raises(UnknownSegment):
        recommender.recommend(Uscc(golden()[0][0]), 5, SegmentCode("Z99"))


def test_another_encoder_is_refused(home: Home, lsa_home: Path) -> None:
    with open_home(Settings(home=lsa_home)) as other:
        encoder = other.engine().encoder
    with pytest.raises(PolicyMismatch, match="found encoder lsa"):
        replace(home.engine(), encoder=encoder)


def test_faiss_and_exact_homes_agree(own_home: Path, lsa_home: Path) -> None:
    with (
        open_home(Settings(home=own_home, index_engine="exact")) as exact,
        open_home(Settings(home=lsa_home)) as faiss,
    ):
        exact.build(lambda stage, done, total: None, "lsa")
        assert exact.engine().index.manifest.engine == "exact"
        for firm in list(exact.store.firms.iterate())[:25]:
            ours, theirs = (h.recommender().recommend(firm.uscc, 10).items for h in (exact, faiss))
            assert [i.item_id for i in ours] == [i.item_id for i in theirs]
            assert np.allclose([i.score for i in ours], [i.score for i in theirs], atol=1e-6)
