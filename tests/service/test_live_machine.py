"""Random writes, looks and compactions against a plain dictionary of what ought to be there."""

from __future__ import annotations

import shutil
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from matcher.index.seen import SeenSide
from matcher.types import LegalStatus, Patent, PatentId, StopState
from service.bootstrap import Home, open_home
from service.config import Settings

TITLES = (
    "一种高反光曲面偏振成像检测方法",
    "一种水稻插秧机",
    "一种光伏组件清洗装置",
    "轴承润滑结构",
)
NAMES = st.integers(0, 30).map(lambda number: f"M{number:02}")
ASK = "高反光曲面检测；水稻插秧；光伏组件清洗；轴承润滑"
WORDS = (StopState.NONE, StopState.NONE, StopState.UNSUITABLE, StopState.PRESERVED)


class Machine(RuleBasedStateMachine):
    """A home, a second one over the same folder, and the model."""

    source: Path

    @initialize()
    def open(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="panhuo-machine-"))
        home = shutil.copytree(self.source, self.folder / "home")
        self.opened = [open_home(Settings(home=home)) for _ in range(2)]
        self.home, self.other = (one.__enter__() for one in self.opened)
        self.model = {one.patent_id: one for one in self.home.store.patents.iterate()}
        self.compactions = 0
        self.home.live()
        self.other.live()

    @rule(
        name=NAMES,
        title=st.sampled_from(TITLES),
        stop=st.sampled_from(WORDS),
        there=st.booleans(),
    )
    def put(self, name: str, title: str, stop: StopState, there: bool) -> None:
        one = Patent(PatentId(name), title, stop_state=stop, ipc=("G01N21/88",))
        (self.other if there else self.home).store.patents.upsert([one])
        self.model[one.patent_id] = one

    @rule(
        numbers=st.lists(st.integers(0, 400), max_size=150),
        status=st.sampled_from((LegalStatus.IN_FORCE, LegalStatus.LAPSED)),
    )
    def change_many(self, numbers: list[int], status: LegalStatus) -> None:
        names = sorted(self.model)
        chosen = {names[number] for number in numbers if number < len(names)}
        changed = [replace(self.model[name], legal_status=status) for name in sorted(chosen)]
        self.home.store.patents.upsert(changed)
        self.model |= {one.patent_id: one for one in changed}

    @rule(numbers=st.lists(st.integers(0, 400), max_size=20))
    def delete(self, numbers: list[int]) -> None:
        names = sorted(self.model)
        gone = [PatentId(names[number]) for number in set(numbers) if number < len(names)]
        assert self.home.store.patents.remove(gone) == len(gone)
        for name in gone:
            del self.model[name]

    @precondition(lambda self: self.compactions < 2)
    @rule()
    def compact(self) -> None:
        self.home.compact(lambda stage, done, total: None)
        self.compactions += 1

    @invariant()
    def lists_hold_what_is_there_and_may_be_shown(self) -> None:
        if not hasattr(self, "home"):
            return
        for home in (self.home, self.other):
            found = home.recommender().recommend_text(ASK, n=200).items
            assert {item.item_id for item in found} <= set(self.model)
            assert all(self.model[PatentId(item.item_id)].recommendable for item in found)

    @invariant()
    def the_index_and_what_changed_are_the_catalogue(self) -> None:
        if not hasattr(self, "home"):
            return
        settle(self.home)
        engine = self.home.live()
        side = engine.seen.patents
        names = sorted(self.model, key=lambda name: name.encode())
        rows = side.ids.rows_of(names)
        assert len(rows) == len(names)
        assert side.ids.ids_at(rows) == names
        assert _living(side) == len(names)
        some = names[:: max(1, len(names) // 10)]
        texts = [self.model[PatentId(name)].title for name in some]
        fresh = [text in TITLES for text in texts]
        vectors = engine.encoder.encode_document(texts)
        here = side[side.ids.rows_of(some)]
        assert np.allclose(here[fresh], vectors[fresh], atol=1e-6)

    def teardown(self) -> None:
        if hasattr(self, "opened"):
            for one in self.opened:
                one.__exit__(None, None, None)
            shutil.rmtree(self.folder, ignore_errors=True)


def settle(home: Home) -> None:
    """Wait until what others wrote, and what came in the background, is taken in."""
    for _ in range(500):
        home.live()
        assert home.opened is not None
        live = home.opened.live
        if live.seq == home.store.changes.moment().seq and not live.waiting:
            return
        time.sleep(0.02)
    pytest.fail("the rest never came")


def _living(side: SeenSide) -> int:
    return sum(len(part.side) if part.live is None else int(part.live.sum()) for part in side.parts)


def test_random_lives(lsa_home: Path) -> None:
    class Here(Machine):
        source = lsa_home

    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=6,
            stateful_step_count=14,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
