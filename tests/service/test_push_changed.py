"""A day's changes after a round over all: only what changed is pushed, within what is left."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from matcher.errors import StateError
from matcher.push.changes import Prints, nearest_firms
from matcher.pushed import RoundId
from matcher.types import Demand, DemandId, Firm, LegalStatus, Patent, PatentId, Uscc
from service.bootstrap import Home, open_home
from service.cli import run
from service.config import Settings
from service.push.planner import Planner
from service.store.push_pairs import pushed_pairs
from tests.faults import push_planning
from tests.faults.push_planning import InProcess, Stopped
from tests.service.test_push_campaign import PLAN, START, planned

K, U, ROOM = 4, 2, 2


@pytest.fixture
def home(own_home: Path) -> Iterator[Home]:
    with open_home(Settings(home=own_home, threads=1)) as opened:
        full = replace(PLAN, round_id="r0", made_at=START.isoformat(), per_firm=K, most=U)
        planner_of(opened).start(full)
        yield opened


def planner_of(home: Home) -> Planner:
    return Planner(home, InProcess(home), lambda *told: None)


def changed(home: Home, name: str, days: int = 1, room: int = ROOM) -> dict[str, Any]:
    at = START + timedelta(days=days)
    return planner_of(home).start_changed(
        replace(PLAN, round_id=name, made_at=at.isoformat()), room
    )


def pairs(home: Home, *names: str) -> list[tuple[str, str]]:
    return [
        pair
        for name in names
        for columns in pushed_pairs(home.store.database, RoundId(name))
        for pair in zip(*columns, strict=True)
    ]


def rebuilt(home: Home) -> None:
    home.build(lambda stage, done, total: None, "lsa")


def new_firm(home: Home) -> Firm:
    """A firm of the same trade as one of the catalogue."""
    like = home.store.firms.get(Uscc("91330108PH9YJRY21R"))
    return replace(like, uscc=Uscc("91330108MA9YJRY21X"), name="杭州新澄视觉有限公司")


def new_patent(home: Home) -> Patent:
    """A patent like one of the catalogue, in the words of another."""
    like = next(one for one in home.store.patents.iterate() if "偏振成像" in one.title)
    other = PatentId("CN202619402199.9")
    number = "202619402199.9"
    return replace(like, patent_id=other, application_no=number, publication_no="", family_id="")


def test_only_what_changed_is_pushed_and_limits_hold_over_both_rounds(home: Home) -> None:
    firm, patent = new_firm(home), new_patent(home)
    other = home.store.firms.get(Uscc("91330206PHQ35KGF04"))
    home.store.firms.upsert([firm, replace(other, needs=("注塑模具随形冷却水道设计",))])
    home.store.patents.upsert([patent])
    rebuilt(home)
    found = changed(home, "r1")
    assert found["since"] == "r0"
    assert found["changes"] == {"firms": 2, "patents": 1}
    fresh = pairs(home, "r1")
    mine = {firm.uscc, other.uscc}
    assert fresh
    assert all(uscc in mine or row == patent.patent_id for uscc, row in fresh)
    got = Counter(uscc for uscc, _ in fresh)
    assert got[firm.uscc] == K
    assert got[other.uscc] == ROOM  # the rest of K + room went to it in the full round
    assert Counter(row for _, row in fresh)[patent.patent_id] >= 1
    both = pairs(home, "r0", "r1")
    assert len(set(both)) == len(both)
    assert max(Counter(uscc for uscc, _ in both).values()) <= K + ROOM
    patents = {one.patent_id: one for one in home.store.patents.iterate()}
    item = {key: one.family_id or key for key, one in patents.items()}
    assert max(Counter(item[row] for _, row in both).values()) == U
    proof = found["certificate"]
    assert proof["value"] <= proof["bound"] * (1 + 1e-9)
    assert proof["balanced"]["over"] == 0
    # What was pushed is no change by itself.
    assert changed(home, "r2", 2)["round"] is None
    assert not (Path(home.settings.home) / "push" / "r2").exists()


def test_scores_are_those_of_the_online_lists_and_the_best_firms_get_it(home: Home) -> None:
    patent = new_patent(home)
    home.store.patents.upsert([patent])
    rebuilt(home)
    changed(home, "r1")
    online = home.recommender().firms_for(patent.patent_id, 100)
    score = {item.item_id: item.score for item in online.items}
    stored = home.store.push_rounds.firms_of_patent(RoundId("r1"), patent.patent_id)
    # Online a patent's firms are looked for in its segments; the push looks everywhere.
    both = [item for item in stored if item.uscc in score]
    assert both
    for item in both:
        assert item.score == pytest.approx(score[item.uscc], abs=1e-5)
    assert {one.item_id for one in online.items[:3]} & {item.uscc for item in stored}


def test_a_patent_outside_the_index_waits_and_is_new_after_the_build(home: Home) -> None:
    patent = new_patent(home)
    home.store.patents.upsert([patent])
    waiting = changed(home, "r1")
    assert (waiting["round"], waiting["not_indexed"]) == (None, 1)
    home.store.firms.upsert([new_firm(home)])
    first = changed(home, "r2", 2)
    assert first["exceptions"]["patents"]["not_indexed"] == 1
    assert {uscc for uscc, _ in pairs(home, "r2")} == {new_firm(home).uscc}
    rebuilt(home)
    second = changed(home, "r3", 3)
    assert second["changes"] == {"firms": 0, "patents": 1}
    assert {row for _, row in pairs(home, "r3")} == {patent.patent_id}
    # Room is for all rounds of changes together, and the next full round begins anew.
    every = Counter(uscc for uscc, _ in pairs(home, "r0", "r2", "r3"))
    assert max(every.values()) <= K + ROOM
    full = replace(PLAN, round_id="r4", made_at=START.isoformat(), per_firm=K)
    planner_of(home).start(full)
    assert changed(home, "r5", 5)["since"] == "r4"


def test_what_may_not_be_recommended_is_no_change_and_what_may_again_is(home: Home) -> None:
    patent = next(one for one in home.store.patents.iterate() if one.recommendable)
    home.store.patents.upsert([replace(patent, legal_status=LegalStatus.LAPSED)])
    gone = home.store.firms.get(Uscc("91330206PHQ35KGF04"))
    home.store.firms.upsert([replace(gone, registration_status="注销")])
    assert changed(home, "r1")["round"] is None
    home.store.patents.upsert([replace(patent, price_band="0-10万")])
    assert changed(home, "r2")["changes"] == {"firms": 0, "patents": 1}


def test_a_demand_changes_its_firm(home: Home) -> None:
    uscc = Uscc("91330206PHQ35KGF04")
    home.store.demands.upsert([Demand(DemandId("d-new"), "模具冷却", "注塑模具冷却不均", uscc)])
    assert changed(home, "r1")["changes"] == {"firms": 1, "patents": 0}
    assert {got for got, _ in pairs(home, "r1")} == {uscc}


def test_budgets_of_campaigns_bind_rounds_of_changes(home: Home) -> None:
    text = f'name = "一"\n[limits]\nper_firm = 1\n[attention]\nitems = {K + 2}\ndays = 9\n'
    planned(home, text, START + timedelta(hours=1), "r0c")
    other = home.store.firms.get(Uscc("91330206PHQ35KGF04"))
    other = replace(other, needs=("注塑模具随形冷却水道设计",))
    home.store.firms.upsert([new_firm(home), other])
    changed(home, "r1", room=50)
    every = Counter(uscc for uscc, _ in pairs(home, "r0", "r0c", "r1"))
    assert max(every.values()) == every[other.uscc] == K + 2
    assert {uscc for uscc, _ in pairs(home, "r1")} == {new_firm(home).uscc, other.uscc}


def test_without_a_place_left_it_says_so(home: Home) -> None:
    other = home.store.firms.get(Uscc("91330206PHQ35KGF04"))
    home.store.firms.upsert([replace(other, needs=("注塑模具随形冷却水道设计",))])
    with pytest.raises(StateError, match=r"no firm with a place left.*--room"):
        changed(home, "r1", room=0)
    assert changed(home, "r2", room=1)["items"] == 1


def test_a_killed_round_of_changes_goes_on(
    home: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    home.store.firms.upsert([new_firm(home)])
    home.store.patents.upsert([new_patent(home)])
    rebuilt(home)

    def stop(*given: Any) -> None:
        raise Stopped

    with monkeypatch.context() as patched:
        patched.setattr(push_planning, "do_unit", stop)
        with pytest.raises(Stopped):
            changed(home, "r1")
    found = planner_of(home).resume()
    assert (found["round"], found["since"]) == ("r1", "r0")
    assert {uscc for uscc, _ in pairs(home, "r1")} >= {new_firm(home).uscc}
    assert changed(home, "r2", 2)["round"] is None


def test_few_of_many_firms_are_looked_for(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a home of many firms does: those that the index finds near, the best among them."""
    from matcher.push import changes

    monkeypatch.setattr(changes, "_FEW_FIRMS", 0)
    engine = home.engine()
    row = engine.index.patents.ids.rows_of([new_patent_like(home)])
    near = set(nearest_firms(engine, home.readers, row, 30).tolist())
    assert len(near) <= 30
    online = home.recommender().firms_for(PatentId(new_patent_like(home)), 5)
    assert {item.item_id for item in online.items} <= near
    assert len(nearest_firms(engine, home.readers, row, 500)) == home.store.firms.count()
    assert len(nearest_firms(engine, home.readers, row[:0], 30)) == 0


def new_patent_like(home: Home) -> str:
    return str(
        next(one.patent_id for one in home.store.patents.iterate() if "偏振成像" in one.title)
    )


def test_prints_tell_new_and_changed_records() -> None:
    before = Prints.of({"c": 3, "a": 1, "b": 2})
    assert before.names.tolist() == [b"a", b"b", b"c"]
    assert Prints.of({"a": 1, "b": 5, "d": 3}).new_since(before) == ["b", "d"]
    assert before.new_since(Prints.of({})) == ["a", "b", "c"]
    assert Prints.of({}).new_since(before) == []
    assert before.among(np.array([False, True, False])).names.tolist() == [b"b"]


def test_over_the_command_line(own_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = ["--home", str(own_home)]
    asked = ["push", "plan", "--changed", *place]
    assert run(asked) == 1
    assert "run 'panhuo push plan' without --changed first" in capsys.readouterr().err
    assert run(["push", "plan", "--per-firm", "4", "--processes", "1", *place, "--json"]) == 0
    full = json.loads(capsys.readouterr().out)
    assert run(asked) == 0
    assert f"Nothing changed since {full['round']}: no push_round" in capsys.readouterr().out
    assert run([*asked, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["round"] is None
    with open_home(Settings(home=own_home)) as home:
        home.store.firms.upsert([new_firm(home)])
    assert run([*asked, "--room", "3", "--processes", "1", "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert (made["since"], made["firms"]) == (full["round"], 1)
    for shown in (["list"], ["show", made["round"]]):
        assert run(["push", *shown, *place, "--json"]) == 0
        assert f'"since": "{full["round"]}"' in capsys.readouterr().out
    page = own_home / "page.html"
    assert run(["push", "report", made["round"], "--out", str(page), *place]) == 0
    assert "增量推送" in page.read_text("utf-8")
    (own_home / "channels.toml").write_text('[[channel]]\nname = "portal"\nkind = "inbox"\n')
    capsys.readouterr()
    assert run(["push", "send", made["round"], "--channel", "portal", *place, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["delivered"] == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--changed", "--resume"], "found --changed beside --resume"),
        (["--changed", "--campaign", "x.toml"], "found --campaign beside --changed"),
        (["--changed", "--per-firm", "3"], "found --per-firm beside --changed"),
        (["--room", "3"], "found --room without --changed"),
    ],
)
def test_wrong_use_ends_in_a_sentence(
    own_home: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    assert run(["push", "plan", *arguments, "--home", str(own_home)]) == 1
    assert sentence in capsys.readouterr().err
