"""A Ray cluster of several nodes that lose their lives in the middle of a round."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from service.bootstrap import open_home
from service.config import Settings
from tests.contracts.need_ray import need_ray
from tests.faults.ray_cluster import ENVIRONMENT, ROOT, running
from tests.faults.rounds import outcome

UNIT = 13
UNITS = 10


def start(home: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start ``panhuo push plan`` with small units."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.faults.small_units", "push", "plan", *arguments,
         "--home", str(home), "--json"],
        cwd=ROOT,
        env={**os.environ, **ENVIRONMENT, "PANHUO_UNIT": str(UNIT), "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


@pytest.fixture(scope="module")
def undisturbed(lsa_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a home with a round that the local engine made."""
    home = Path(shutil.copytree(lsa_home, tmp_path_factory.mktemp("undisturbed") / "home"))
    assert ended(start(home, "--engine", "local"))[0] == 0
    return home


def begun(told: Path) -> list[tuple[int, int]]:
    """Return which node began which unit, in order."""
    lines = told.read_text().splitlines() if told.exists() else []
    return [(int(node), int(unit)) for node, unit in (line.split() for line in lines)]


def finished(home: Path) -> set[int]:
    """Return the units whose files are there."""
    return {int(path.stem[5:]) for path in (home / "push").glob("*/work/unit-*.npz")}


def in_hand(home: Path, told: Path, node: int, process: subprocess.Popen[str]) -> int:
    """Wait until some units are done and a node is at another; return that one."""
    while True:
        done = finished(home)
        units = [unit for one, unit in begun(told) if one == node and unit not in done]
        if len(done) >= 2 and units:
            return units[-1]
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)


def test_a_node_is_killed_and_the_round_is_the_same(
    own_home: Path, undisturbed: Path, tmp_path: Path
) -> None:
    need_ray()
    told = tmp_path / "told"
    with running(2, told, 0.3) as nodes:
        process = start(own_home, "--engine", "ray", "--ray-address", nodes.address)
        doomed = nodes.processes[1]
        lost = in_hand(own_home, told, doomed, process)
        nodes.kill(1)
        assert lost not in finished(own_home)  # it died with the unit in its hands
        before = len(begun(told))
        code, out, err = ended(process)
    assert (code, err) == (0, "")
    assert json.loads(out)["items"] > 400
    times = Counter(unit for _, unit in begun(told))
    assert set(times) == set(range(UNITS))
    assert times[lost] == 2
    assert {node for node, _ in begun(told)[before:]} == {nodes.processes[0]}
    assert outcome(own_home) == outcome(undisturbed)


def test_the_cluster_dies_and_another_engine_goes_on(
    own_home: Path, undisturbed: Path, tmp_path: Path
) -> None:
    need_ray()
    told = tmp_path / "told"
    with running(1, told, 0.3) as nodes:
        process = start(own_home, "--engine", "ray", "--ray-address", nodes.address)
        in_hand(own_home, told, nodes.processes[0], process)
        nodes.kill(0)
        code, out, err = ended(process)
    assert (code, out) == (1, "")
    assert err.startswith("panhuo: found that Ray gave up (")
    assert "panhuo push plan --resume" in err
    assert err.count("\n") == 1
    kept = finished(own_home)
    assert 2 <= len(kept) < UNITS
    with open_home(Settings(home=own_home)) as home:
        assert home.store.push_rounds.rounds() == ()
    code, _, err = ended(start(own_home, "--engine", "local", "--resume"))
    assert (code, err) == (0, "")
    assert outcome(own_home) == outcome(undisturbed)
