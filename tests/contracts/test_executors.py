"""The law of the executor seam: every unit is done and told once, whoever does it."""

from __future__ import annotations

import multiprocessing
import shutil
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from matcher.errors import IndexMissing, StateError
from matcher.push.candidates import Candidates
from matcher.push.plan import Executor, PushPlan, do_unit, searcher_of, units_of
from matcher.push.prepare import prepare
from matcher.push.round_folder import RoundFolder
from service.bootstrap import open_home
from service.config import Settings
from service.push.engines import ENGINES, executor_of
from tests.contracts.need_ray import need_ray
from tests.faults.ray_cluster import ENVIRONMENT, running

UNIT = 10
Engine = Callable[[Path], Executor]


class Stopped(Exception):
    """What a caller raises that has had enough."""


@pytest.fixture(scope="module")
def planned(lsa_home: Path, tmp_path_factory: pytest.TempPathFactory) -> RoundFolder:
    """Give a round that is planned, with no unit done."""
    folder = RoundFolder(tmp_path_factory.mktemp("planned") / "round")
    plan = PushPlan("round", "2026-01-02T03:04:05+00:00", per_firm=4, unit=UNIT, seed=7)
    with open_home(Settings(home=lsa_home, threads=1)) as home:
        prepare(folder, plan, home.engine(), home.readers, lambda *told: None)
    return folder


@pytest.fixture(scope="module")
def expected(planned: RoundFolder, lsa_home: Path) -> dict[int, Candidates]:
    """Give the candidates of each unit, found in this process one after the other."""
    oracle = RoundFolder(Path(shutil.copytree(planned.path, planned.path.with_name("oracle"))))
    with open_home(Settings(home=lsa_home, threads=1)) as home:
        searcher = searcher_of(oracle, home.engine(), home.readers)
        for number in range(units_of(oracle)):
            do_unit(oracle, number, searcher, home.readers)
    return {number: oracle.read_unit(number) for number in range(units_of(oracle))}


@pytest.fixture
def folder(planned: RoundFolder, tmp_path: Path) -> RoundFolder:
    """Give a copy that the test may fill."""
    return RoundFolder(Path(shutil.copytree(planned.path, tmp_path / "round")))


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """Give the address of a Ray cluster on loopback."""
    need_ray()
    with running(1) as nodes, pytest.MonkeyPatch.context() as patched:
        for name, value in ENVIRONMENT.items():
            patched.setenv(name, value)
        yield nodes.address


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """Give each engine there is; look after it that it left nothing at work."""
    address = request.getfixturevalue("cluster") if request.param == "ray" else None
    before = scratch()
    yield lambda home: executor_of(request.param, Settings(home=home, threads=2), None, address)
    assert multiprocessing.active_children() == []
    assert scratch() == before


def scratch() -> set[Path]:
    """Return the folders that runs of Ray have made."""
    return set(Path("/tmp").glob("panhuo-ray-*"))


def test_every_unit_is_done_and_told_once(
    engine: Engine, folder: RoundFolder, expected: dict[int, Candidates], lsa_home: Path
) -> None:
    told: list[int] = []

    def done(number: int) -> None:
        assert number not in folder.missing(number + 1)  # the file is there before it is told
        told.append(number)

    engine(lsa_home).run(folder, list(expected), done)
    assert sorted(told) == list(expected)
    assert len(expected) == 13
    for number, unit in expected.items():
        found = folder.read_unit(number)
        for field in fields(Candidates):
            one, other = getattr(found, field.name), getattr(unit, field.name)
            assert one.dtype == other.dtype
            np.testing.assert_array_equal(one, other, f"{field.name} of unit {number}")


def test_only_what_is_asked_is_done_until_the_caller_stops(
    engine: Engine, folder: RoundFolder, lsa_home: Path
) -> None:
    units = units_of(folder)
    asked = list(range(1, units))

    def stop(number: int) -> None:
        raise Stopped(number)

    with pytest.raises(Stopped) as raised:
        engine(lsa_home).run(folder, asked, stop)
    missing = folder.missing(units)
    assert raised.value.args[0] not in missing
    assert 0 in missing


def test_the_first_error_is_raised_as_it_was(
    engine: Engine, folder: RoundFolder, tmp_path: Path
) -> None:
    told: list[int] = []
    with pytest.raises(IndexMissing) as raised:  # an error of one argument, which keeps three
        engine(tmp_path / "empty").run(folder, [2, 0], told.append)
    assert raised.value.home == str(tmp_path / "empty" / "index")
    assert "run 'panhuo build'" in str(raised.value)
    assert told == []
    assert folder.missing(3) == [0, 1, 2]


def test_another_index_than_planned_is_refused(
    engine: Engine, folder: RoundFolder, lsa_home: Path
) -> None:
    folder.write_plan({**folder.read_plan(), "versions": {"index": "another"}})
    with pytest.raises(StateError, match=r"found another index on .* than the round was planned"):
        engine(lsa_home).run(folder, [0], lambda number: None)


def test_nothing_to_do(engine: Engine, tmp_path: Path) -> None:
    engine(tmp_path).run(RoundFolder(tmp_path / "no-round"), [], lambda number: None)
    assert list(tmp_path.iterdir()) == []
