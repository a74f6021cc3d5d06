"""The index and what changed since: the same scores in it and beside it, nothing lost or late."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from matcher.errors import StateError
from matcher.index.publish import current_version
from matcher.types import Firm, Patent, PatentId, RankedList, StopState, Uscc
from service.bootstrap import Home, open_home
from service.compaction import due
from service.config import Settings
from service.live import LiveEngine

FIRM = Uscc("91330108PH9YJRY21R")
PATENT = PatentId("CN202119402100.4")
OTHER = Uscc("91110114PHWMW4TP7F")


def quiet(stage: str, done: int, total: int) -> None:
    """Nobody looks."""


@pytest.fixture
def home(own_home: Path) -> Iterator[Home]:
    with open_home(Settings(home=own_home)) as opened:
        yield opened


def asked(home: Home, uscc: Uscc = FIRM, n: int = 100) -> RankedList:
    return home.recommender().recommend(uscc, n)


def told(found: RankedList) -> list[tuple[str, float]]:
    return [(item.item_id, item.score) for item in found.items]


def patents(home: Home) -> list[Patent]:
    return list(home.store.patents.iterate())


def firms(home: Home) -> list[Firm]:
    return list(home.store.firms.iterate())


def test_without_a_change_the_engine_is_the_version(home: Home) -> None:
    home.recommender()
    assert home.live().seen.patents.whole
    assert home.live() is home.live()
    assert home.changed == 0


@pytest.mark.parametrize("share", [1, 2, 50])
def test_lists_are_the_same_whether_patents_lie_in_the_index_or_beside_it(
    home: Home, share: int
) -> None:
    """A field that no score looks at changes, so that so many patents move beside the index."""
    every = firms(home)[:12]
    before = [told(asked(home, firm.uscc)) for firm in every]
    reasons = [item.reasons for item in asked(home, FIRM).items]
    moved = [replace(one, college="另一学院") for one in patents(home)[::share]]
    home.store.patents.upsert(moved)
    assert [told(asked(home, firm.uscc)) for firm in every] == before
    assert [item.reasons for item in asked(home, FIRM).items] == reasons
    assert home.changed == len(moved)
    assert not home.live().seen.patents.whole


def test_the_other_way_too(home: Home) -> None:
    names = [patent.patent_id for patent in patents(home)[::20]]
    before = [told(home.recommender().firms_for(name, 50)) for name in names]
    home.store.firms.upsert([replace(one, tags=("新",)) for one in firms(home)[::3]])
    home.store.patents.upsert([replace(one, college="某学院") for one in patents(home)[::2]])
    assert [told(home.recommender().firms_for(name, 50)) for name in names] == before


def test_own_patents_beside_the_index_count_as_those_in_it(home: Home) -> None:
    holder = next(
        firm.uscc
        for firm in firms(home)
        if any(one.kind == "owns" for one in home.store.relations.of_firm(firm.uscc))
    )
    before = told(asked(home, holder))
    own = [one.patent_id for one in home.store.relations.of_firm(holder)]
    stored = home.store.patents.many(own)
    home.store.patents.upsert([replace(one, college="某学院") for one in stored.values()])
    assert told(asked(home, holder)) == before


def test_a_copy_scores_as_its_original_and_stands_beside_it(home: Home) -> None:
    original = home.store.patents.get(PATENT)
    score = dict(told(asked(home)))[PATENT]
    for name in ("AA-first", "ZZ-last"):
        one = replace(original, patent_id=PatentId(name), application_no="", family_id="")
        home.store.patents.upsert([replace(one, publication_no="", grant_no="")])
    found = told(asked(home))
    assert found[:3] == [("AA-first", score), (PATENT, score), ("ZZ-last", score)], "ties by id"
    after = asked(home).items[0]
    assert after.segment == asked(home).items[1].segment
    assert after.features == asked(home).items[1].features


def test_a_rebuilt_index_orders_as_the_delta_did(home: Home) -> None:
    """Statistics move a little with a rebuild; the order of the first places does not."""
    new = [
        replace(one, patent_id=PatentId(f"N-{one.patent_id}"), application_no="", family_id="")
        for one in patents(home)[::30]
    ]
    home.store.patents.upsert([replace(one, publication_no="", grant_no="") for one in new])
    names = [firm.uscc for firm in firms(home)[:20]]
    before = [dict(told(asked(home, name, 10))) for name in names]
    home.compact(quiet)
    assert asked(home).items
    assert home.changed == 0
    after = [dict(told(asked(home, name, 10))) for name in names]
    common = [
        len(one.keys() & other.keys()) / len(one) for one, other in zip(before, after, strict=True)
    ]
    assert np.mean(common) > 0.9
    moved = [
        abs(one[name] - other[name])
        for one, other in zip(before, after, strict=True)
        for name in one.keys() & other.keys()
    ]
    assert np.mean(moved) < 0.2


def test_a_deleted_or_stopped_patent_is_gone_with_its_commit(home: Home) -> None:
    first = [name for name, _ in told(asked(home))][:4]
    home.store.patents.remove([PatentId(first[0])])
    home.store.patents.upsert(
        [replace(home.store.patents.get(PatentId(first[1])), stop_state=StopState.UNSUITABLE)]
    )
    found = [name for name, _ in told(asked(home))]
    assert set(found) & set(first) == set(first[2:])
    assert home.live().seen.patents.ids.row_of(first[0]) is None
    assert home.live().seen.own_rows([PatentId(first[0])]).tolist() == []


def test_a_new_place_is_known_to_firms_of_it(home: Home) -> None:
    """No record of the sample lies in 拉萨: the index has no code for it."""
    assert "西藏" not in home.engine().index.manifest.names["provinces"]
    original = home.store.patents.get(PATENT)
    moved = replace(original, holder_province="西藏", holder_city="拉萨", family_id="")
    numbers = {"application_no": "", "publication_no": "", "grant_no": ""}
    home.store.patents.upsert([replace(moved, patent_id=PatentId("拉萨-1"), **numbers)])  # type: ignore[arg-type]
    ask = "高反光金属曲面检测", "西藏", "拉萨"
    items = home.recommender().recommend_text(*ask, n=5).items
    near = next(item for item in items if item.item_id == "拉萨-1")
    assert (near.features["same_province"], near.features["same_city"]) == (1.0, 1.0)


def test_more_than_a_request_waits_for_comes_in_the_background(home: Home) -> None:
    asked(home)
    original = home.store.patents.get(PATENT)
    many = [
        replace(original, patent_id=PatentId(f"M{number:04}"), application_no="", family_id="")
        for number in range(400)
    ]
    home.store.patents.upsert(many)
    last = replace(original, patent_id=PatentId("Q-last"), application_no="", family_id="")
    home.store.patents.upsert([last])
    assert home.live().seen.patents.ids.row_of("Q-last") is not None, "what is newest, at once"
    deadline = threading.Event()
    for _ in range(200):
        if all(home.live().seen.patents.ids.row_of(one.patent_id) is not None for one in many):
            break
        deadline.wait(0.05)
    else:
        pytest.fail("the rest never came")
    assert home.changed == 401


def test_what_goes_beyond_the_limit_waits_for_the_next_version(own_home: Path) -> None:
    with open_home(Settings(home=own_home, delta_rows=100)) as home:
        asked(home)
        home.store.patents.upsert([replace(one, college="某学院") for one in patents(home)])
        asked(home)
        assert home.changed == len(patents(home))
        assert due(home) is False, "fewer than compact_rows"
        home.compact(quiet)
        assert asked(home).items
        assert home.changed == 0


def test_others_writes_are_seen_within_the_second(own_home: Path) -> None:
    now = 0.0
    with open_home(Settings(home=own_home)) as ours, open_home(Settings(home=own_home)) as theirs:
        live = LiveEngine(ours.engine(), ours.store, 1_000, clock=lambda: now)
        assert live.engine().seen.patents.ids.row_of(PATENT) is not None
        theirs.store.patents.remove([PATENT])
        now = 0.9
        assert live.engine().seen.patents.ids.row_of(PATENT) is not None
        now = 1.1
        assert live.engine().seen.patents.ids.row_of(PATENT) is None
        ours.store.patents.remove([PatentId("CN202419977335.X")])
        assert live.engine().seen.patents.ids.row_of("CN202419977335.X") is None, "at once"


def test_writes_during_a_build_are_not_lost(home: Home) -> None:
    asked(home)
    original = home.store.patents.get(PATENT)
    added = replace(original, patent_id=PatentId("LATE"), application_no="", family_id="")
    written: list[str] = []

    def write(stage: str, done: int, total: int) -> None:
        if stage == "route" and not written:  # all was read, nothing is published
            home.store.patents.upsert([added])
            home.store.patents.remove([PatentId("CN202419977335.X")])
            written.append(stage)

    home.compact(write)
    assert written
    assert home.engine().index.patents.ids.row_of("LATE") is None
    assert home.engine().index.patents.ids.row_of("CN202419977335.X") is not None
    ids = home.live().seen.patents.ids
    assert ids.row_of("LATE") is not None
    assert ids.row_of("CN202419977335.X") is None
    assert home.changed == 2


def test_a_compaction_keeps_encoder_classifier_and_the_rows_of_what_stayed(home: Home) -> None:
    before = home.engine()
    home.store.patents.upsert([replace(home.store.patents.get(PATENT), title="一种插秧机")])
    report = home.compact(quiet)
    after = home.engine()
    assert after.index.manifest.version == report.version != before.index.manifest.version
    assert after.encoder.info.fingerprint == before.encoder.info.fingerprint
    sample = before.index.patents.vectors[:50]
    guesses = [one.index.classifier.probabilities(sample) for one in (before, after)]
    assert np.array_equal(guesses[0], guesses[1])
    for name in before.index.patents.ids.ids_at(np.arange(len(before.index.patents))):
        old, new = before.index.patents, after.index.patents
        same = np.array_equal(old.vectors[old.ids.row_of(name)], new.vectors[new.ids.row_of(name)])
        assert same == (name != PATENT)


def test_a_compaction_does_not_replace_a_version_it_does_not_know(home: Home) -> None:
    home.engine()

    def built(stage: str, done: int, total: int) -> None:
        if stage == "cluster" and done == 1:
            with open_home(home.settings) as other:
                other.build(quiet, "lsa")

    with pytest.raises(StateError, match="another index version published"):
        home.compact(built)
    versions = home.settings.index_root / "versions"
    assert {path.name for path in versions.iterdir()} >= {
        current_version(home.settings.index_root).name
    }
    assert not [path for path in versions.iterdir() if path.name.startswith(".")]


def test_one_compaction_at_a_time(home: Home) -> None:
    refused: list[str] = []

    def again(stage: str, done: int, total: int) -> None:
        if not refused:
            with open_home(home.settings) as other:
                try:
                    other.compact(quiet)
                except StateError as error:
                    refused.append(error.found)

    home.compact(again)
    assert refused == ["found a compaction at work already"]


def test_changes_are_forgotten_that_no_kept_version_needs(home: Home) -> None:
    for number in range(4):
        one = replace(home.store.patents.get(PATENT), college=f"{number}号学院")
        home.store.patents.upsert([one])
        home.compact(quiet)
    moment = home.store.changes.moment()
    before = home.engine().index.manifest.catalogue["changes"]
    assert before == moment.seq
    assert moment.floor == moment.seq - 1, "the version before the current one may be opened still"


def test_other_segments_need_a_whole_build(own_home: Path, tmp_path: Path) -> None:
    from service.segments import import_segments

    own = tmp_path / "own.csv"
    own.write_text("code,name,group\nX1,光谱仪器,本省重点\nX2,其他,本省重点\n", "utf-8")
    with open_home(Settings(home=own_home)) as home:
        import_segments(home.settings.segments_root, "taxonomy", own, replace=True)
        with pytest.raises(StateError, match="other segments"):
            home.compact(quiet)


def test_an_index_without_its_number_serves_as_it_is(
    own_home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    import json

    path = current_version(own_home / "index") / "manifest.json"
    content = json.loads(path.read_text("utf-8"))
    del content["catalogue"]["changes"]
    path.write_text(json.dumps(content), "utf-8")
    with open_home(Settings(home=own_home)) as home:
        assert asked(home).items
        home.store.patents.remove([PATENT])
        assert PATENT not in dict(told(asked(home))), "the record itself says so"
    assert "before changes were kept" in caplog.text


def test_a_copied_home_goes_on_where_it_was(own_home: Path, tmp_path: Path) -> None:
    with open_home(Settings(home=own_home)) as home:
        home.store.patents.remove([PATENT])
    copy = shutil.copytree(own_home, tmp_path / "copy")
    with open_home(Settings(home=copy)) as home:
        assert home.live().seen.patents.ids.row_of(PATENT) is None
        assert home.changed == 1


def test_an_unknown_place_counts_by_the_shares_of_the_version(home: Home) -> None:
    unknown = replace(home.store.patents.get(PATENT), holder="", holder_province="", holder_city="")
    numbers = {"application_no": "", "publication_no": "", "grant_no": "", "family_id": ""}
    named = replace(unknown, patent_id=PatentId("NOWHERE"), **numbers)  # type: ignore[arg-type]
    home.store.patents.upsert([named])

    def value() -> float:
        item = next(one for one in asked(home).items if one.item_id == "NOWHERE")
        return item.features["same_province"]

    beside = value()
    assert 0 < beside < 1
    home.compact(quiet)
    asked(home)
    assert home.changed == 0
    assert value() == beside
