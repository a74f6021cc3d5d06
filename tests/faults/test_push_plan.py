"""A round stopped anywhere ends, when it is resumed, as if it had not been stopped."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from matcher.errors import InputError, StateError
from matcher.push.plan import do_unit
from matcher.push.round_folder import RoundFolder
from service.bootstrap import open_home
from service.config import Settings
from service.push import planner as planner_room
from service.push.planner import Planner
from service.store import push_rounds
from tests.faults import push_planning
from tests.faults.push_planning import InProcess, Points, Stopped, plan_on

CHILD = Path(push_planning.__file__)


def settings_of(folder: Path) -> Settings:
    return Settings(home=folder, threads=1)


def outcome(folder: Path) -> tuple[bytes, bytes, list[tuple[object, ...]]]:
    """Return what a round left: the items' file, the prices, and the rows of the store."""
    with open_home(settings_of(folder)) as home:
        store = home.store.push_rounds
        (made,) = store.rounds()
        firms = [firm.uscc for firm in home.store.firms.iterate()]
        stored = store.items_of_firms(made.round_id, firms)
    rows = [
        (i.uscc, i.rank, i.patent_id, i.score, i.worth, i.propensity, i.segment)
        for uscc in sorted(stored)
        for i in stored[uscc]
    ]
    round_folder = folder / "push" / "round"
    assert sorted(path.name for path in round_folder.iterdir()) == [
        "done.json", "items.parquet", "plan.json", "prices.npz", "seen.npz",
    ]  # fmt: skip
    return (
        (round_folder / "items.parquet").read_bytes(),
        (round_folder / "prices.npz").read_bytes(),
        rows,
    )


@pytest.fixture(scope="module")
def undisturbed(lsa_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("undisturbed") / "home"
    shutil.copytree(lsa_home, folder)
    with open_home(settings_of(folder)) as home:
        plan_on(home)
    return folder


def stop_at(monkeypatch: pytest.MonkeyPatch, at: int) -> Points:
    def end() -> None:
        raise Stopped

    points = Points(at, end)
    for room, name in (
        (RoundFolder, "_write"), (push_rounds, "insert_bulk"), (planner_room, "write_items")
    ):  # fmt: skip
        monkeypatch.setattr(room, name, points.around(getattr(room, name)))
    return points


def stop_in_units(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stop where a round is planned and its first unit is done."""

    def stop(folder: RoundFolder, number: int, *given: Any) -> None:
        if number:
            raise Stopped
        do_unit(folder, number, *given)

    monkeypatch.setattr(push_planning, "do_unit", stop)


def test_stopped_at_every_write_the_round_is_the_same(
    undisturbed: Path, lsa_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = outcome(undisturbed)
    at = 0
    while True:
        at += 1
        folder = tmp_path / str(at)
        shutil.copytree(lsa_home, folder)
        with open_home(settings_of(folder)) as home:
            with monkeypatch.context() as patched:
                points = stop_at(patched, at)
                with suppress(Stopped):
                    plan_on(home)
            if points.count < at:
                break  # the round ended before it was stopped: every point was visited
            left = RoundFolder(folder / "push" / "round")
            left.tidy() if left.done else plan_on(home)
        assert outcome(folder) == expected, f"stopped at write {at}"
        shutil.rmtree(folder)
    assert at > 25


@pytest.mark.parametrize("at", [9, 28, 32, 36, 41])
def test_killed_by_the_system_it_is_the_same(
    undisturbed: Path, lsa_home: Path, tmp_path: Path, at: int
) -> None:
    folder = tmp_path / "home"
    shutil.copytree(lsa_home, folder)
    root = CHILD.parents[2]
    env = {**os.environ, "PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(CHILD), str(folder)]
    killed = subprocess.run(
        [*command, str(at)], env=env, cwd=root, capture_output=True, check=False
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    ended = subprocess.run([*command, "0"], env=env, cwd=root, capture_output=True, check=False)
    assert ended.returncode == 0, ended.stderr.decode()
    assert outcome(folder) == outcome(undisturbed)


def test_a_round_is_not_resumed_on_another_catalogue(
    own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_home(settings_of(own_home)) as home:
        with monkeypatch.context() as patched:
            stop_in_units(patched)
            with pytest.raises(Stopped):
                plan_on(home)
        firm = next(iter(home.store.firms.iterate()))
        home.store.firms.remove([firm.uscc])
        with pytest.raises(StateError, match="firms changed"):
            plan_on(home)


def test_one_round_is_planned_at_a_time(own_home: Path) -> None:
    with open_home(settings_of(own_home)) as home:
        planner = Planner(home, InProcess(home), lambda *told: None)
        with planner._alone(), pytest.raises(StateError, match="another process"):
            plan_on(home)
        assert plan_on(home)["round"] == "round"


def test_a_newer_round_takes_the_place_of_one_that_was_given_up(
    own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_home(settings_of(own_home)) as home:
        with monkeypatch.context() as patched:
            stop_in_units(patched)
            with pytest.raises(Stopped):
                plan_on(home)
        given_up = own_home / "push" / "round"
        assert given_up.exists()
        newer = replace(push_planning.PLAN, round_id="round2")
        Planner(home, InProcess(home), lambda *told: None).start(newer)
        assert not given_up.exists()
        assert [made.round_id for made in home.store.push_rounds.rounds()] == ["round2"]


def test_there_must_be_firms_to_push_to(own_home: Path) -> None:
    with open_home(settings_of(own_home)) as home:
        home.store.firms.remove([firm.uscc for firm in home.store.firms.iterate()])
        with pytest.raises(InputError, match="no firm in the catalogue"):
            plan_on(home)
        assert not (own_home / "push" / "round" / "plan.json").exists()


def test_there_must_be_something_to_resume(own_home: Path) -> None:
    nothing = pytest.raises(InputError, match="no unfinished push_round")
    with open_home(settings_of(own_home)) as home, nothing:
        Planner(home, InProcess(home), lambda *told: None).resume()
