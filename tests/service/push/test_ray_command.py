"""``panhuo push plan --engine ray`` as a user runs it: the same round, quiet, gone at its end."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from service.cli import run
from service.push import ray_engine
from tests.contracts.need_ray import need_ray
from tests.faults.rounds import outcome

ROOT = Path(__file__).parents[3]


def panhuo(
    home: Path, *arguments: str, unit: int = 16, **environment: str
) -> subprocess.Popen[str]:
    """Start ``panhuo push plan`` in a group of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.faults.small_units", "push", "plan", *arguments,
         "--home", str(home), "--per-firm", "4", "--json"],
        cwd=ROOT,
        env={**os.environ, "PANHUO_UNIT": str(unit), "PYTHONPATH": str(ROOT), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )  # fmt: skip


def listening(processes: set[int]) -> set[str]:
    """Return the addresses, as the kernel writes them, on which these processes listen."""
    inodes = set()
    for one in processes:
        for entry in Path(f"/proc/{one}/fd").glob("*"):
            try:
                inodes.add(os.readlink(entry))
            except OSError:
                continue
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            words = line.split()
            if words[3] == "0A" and f"socket:[{words[9]}]" in inodes:
                found.add(words[1].split(":")[0])
    return found


def family(session: int) -> set[int]:
    """Return the processes of a session and all that they started."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = path.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        parents[int(path.parent.name)] = int(words[1])
    found = {session}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def first_unit(home: Path, process: subprocess.Popen[str]) -> Path:
    """Wait until a unit is done; return the round's folder."""
    while not (found := list((home / "push").glob("*/work/unit-*.npz"))):
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.02)
    return found[0].parents[1]


def test_the_round_is_that_of_local_to_the_byte(lsa_home: Path, tmp_path: Path) -> None:
    need_ray()
    for engine in ("local", "ray"):
        home = Path(shutil.copytree(lsa_home, tmp_path / engine))
        process = panhuo(home, "--engine", engine)
        if engine == "ray":
            first_unit(home, process)
            addresses = listening(family(process.pid))
        out, err = process.communicate(timeout=120)
        assert (process.returncode, err) == (0, "")
        assert json.loads(out)["items"] > 400
    # 127.0.0.1, plain and mapped into IPv6: nobody from outside is heard.
    assert addresses <= {"0100007F", "0000000000000000FFFF00000100007F"}
    assert addresses
    assert outcome(tmp_path / "ray") == outcome(tmp_path / "local")


@pytest.mark.parametrize(
    ("engine", "end"),
    [("local", signal.SIGKILL), ("ray", signal.SIGINT), ("ray", signal.SIGKILL)],
)
def test_stopped_it_leaves_nothing_at_work(
    own_home: Path, engine: str, end: signal.Signals
) -> None:
    if engine == "ray":
        need_ray()
    process = panhuo(own_home, "--engine", engine, unit=1)
    first_unit(own_home, process)
    known = family(process.pid)
    assert len(known) > 2
    if end == signal.SIGINT:
        os.killpg(process.pid, end)  # as a terminal does
    else:
        process.kill()
    out, err = process.communicate(timeout=60)
    assert out == ""
    if end == signal.SIGINT:
        assert (process.returncode, err.strip()) == (130, "panhuo: stopped.")
    ends = time.monotonic() + 30
    while left := [one for one in known if Path(f"/proc/{one}").exists()]:
        assert time.monotonic() < ends, left
        time.sleep(0.1)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--ray-address", "a:1"], "found --ray-address 'a:1' with --engine local; expected"),
        (["--engine", "ray", "--ray-address", "ray://a:1"], "found the Ray address 'ray://a:1'"),
        (["--engine", "ray", "--ray-address", "127.0.0.1:1"], "no Ray cluster at '127.0.0.1:1'"),
        (["--engine", "ray", "--ray-address", "junk"], "found no Ray cluster at 'junk'"),
    ],
)
def test_wrong_use_ends_in_a_sentence(
    own_home: Path, capfd: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    need_ray()
    assert run(["push", "plan", *arguments, "--home", str(own_home), "--json"]) == 1
    out, err = capfd.readouterr()
    assert out == ""
    assert sentence in err
    assert "Traceback" not in err


def test_the_address_of_the_settings_counts(
    own_home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    need_ray()
    monkeypatch.setenv("PANHUO_RAY_ADDRESS", "127.0.0.1:1")
    assert run(["push", "plan", "--engine", "ray", "--home", str(own_home)]) == 1
    assert "no Ray cluster at '127.0.0.1:1'" in capsys.readouterr().err


def test_without_ray_the_way_to_install_it_is_told(
    own_home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(ray_engine, "find_spec", lambda name: None)
    assert run(["push", "plan", "--engine", "ray", "--home", str(own_home)]) == 1
    assert "install it with: pip install 'panhuo[ray]'" in capsys.readouterr().err
    assert not list((own_home / "push").glob("r*"))
