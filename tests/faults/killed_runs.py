"""Real runs of ``panhuo push`` that are killed: when, and where that found them."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.contracts.test_channels import SECRET

ROOT = Path(__file__).parents[2]
PLANNING = ("prepare", "units", "settle", "publish")
STAGES = (*PLANNING, "send")
# Longest wait from the mark of a stage to the kill, in seconds.
REACH = {"prepare": 0.3, "units": 0.25, "settle": 0.4, "publish": 0.05, "send": 0.25}
_POLL = 0.001


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a round has come, by its files.

    Attributes:
        begun: a folder without plan is there.
        planned: an unpublished round has its plan.
        units: how many of its units are done.
        items: when its file of items was written, 0 for never.
        published: the round is done.
    """

    begun: bool
    planned: bool
    units: int
    items: int
    published: bool


def standing(home: Path) -> Standing:
    """Return how far the newest round of a home has come."""
    folders = sorted(path for path in (home / "push").glob("r*") if path.is_dir())
    if not folders:
        return Standing(False, False, 0, 0, False)
    newest = folders[-1]
    items = newest / "items.parquet"
    return Standing(
        begun=True,
        planned=(newest / "plan.json").exists(),
        units=sum(1 for _ in newest.glob("work/unit-*.npz")),
        items=items.stat().st_mtime_ns if items.exists() else 0,
        published=(newest / "done.json").exists(),
    )


def command(home: Path, verb: str, *arguments: str, unit: int = 1) -> subprocess.Popen[str]:
    """Start ``panhuo push`` with units of so few firms."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.faults.small_units", "push", verb, *arguments,
         "--home", str(home), "--json"],
        cwd=ROOT,
        env={
            **os.environ,
            "PANHUO_UNIT": str(unit),
            "PYTHONPATH": str(ROOT),
            "OMP_NUM_THREADS": "1",
            "A_SECRET": SECRET,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip


def plan_or_resume(home: Path) -> subprocess.Popen[str]:
    """Start what an operator starts after a crash: a resume if there is a plan, else a plan."""
    now = standing(home)
    going_on = ("--resume",) if now.planned and not now.published else ()
    return command(home, "plan", "--per-firm", "4", *going_on)


def ended(process: subprocess.Popen[str]) -> dict[str, Any]:
    """Wait for an undisturbed end and return what was printed."""
    out, err = process.communicate(timeout=240)
    assert (process.returncode, err) == (0, ""), err
    found: dict[str, Any] = json.loads(out)
    return found


def killed_at(
    process: subprocess.Popen[str], mark: Callable[[], bool], reach: float, chance: random.Random
) -> bool:
    """Kill a process some time after a mark; return False where it had ended before."""
    while not mark():
        if process.poll() is not None:
            break
        time.sleep(_POLL)
    ends = time.monotonic() + chance.uniform(0.0, reach)
    while time.monotonic() < ends and process.poll() is None:
        time.sleep(_POLL)
    process.kill()
    out, err = process.communicate(timeout=60)
    assert process.returncode in {-9, 0}, (process.returncode, out, err)
    return process.returncode == -9


def holds_rounds(home: Path) -> bool:
    """Return whether some process is at work on the rounds of a home: it holds their lock."""
    try:
        inode = (home / "push" / ".lock").stat().st_ino
    except FileNotFoundError:
        return False
    locks = Path("/proc/locks").read_text().splitlines()
    return any(line.split()[5].endswith(f":{inode}") for line in locks if "->" not in line)


def mark_of(home: Path, stage: str, before: Standing, units: int) -> Callable[[], bool]:
    """Return what tells that a run of planning has come to a stage."""

    def begun() -> bool:
        folders = [path for path in (home / "push").glob("r*") if path.is_dir()]
        return len(folders) > known

    known = sum(1 for path in (home / "push").glob("r*") if path.is_dir())
    if stage == "prepare":
        return begun
    if stage == "units":
        return lambda: standing(home).units > before.units
    if stage == "settle":
        return lambda: standing(home).units == units and holds_rounds(home)
    return lambda: standing(home).items > before.items


def fell_in(home: Path, before: Standing, units: int) -> str:
    """Return the stage in which a kill found a run of planning."""
    now = standing(home)
    if now.published or now.items > before.items:
        return "publish"
    if not now.planned:
        return "prepare"
    return "units" if now.units < units else "settle"
