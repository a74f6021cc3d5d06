"""A round planned in this process, ended at a chosen write; run as a child it ends by SIGKILL."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from matcher.push.plan import PushPlan, do_unit, searcher_of
from matcher.push.round_folder import RoundFolder, folders
from service.bootstrap import Home, open_home
from service.config import Settings
from service.push import planner as planner_room
from service.push.planner import Planner
from service.store import push_rounds

PLAN = PushPlan("round", "2026-01-02T03:04:05+00:00", per_firm=4, explore=0.05, unit=48, seed=7)


class Stopped(BaseException):
    """What ends a round in place of SIGKILL where the process is to live on."""


class Points:
    """Counts the moments before and after each write, and ends the round at one of them."""

    def __init__(self, at: int, end: Callable[[], None]) -> None:
        self.at, self.end, self.count = at, end, 0

    def pass_by(self) -> None:
        self.count += 1
        if self.count == self.at:
            self.end()

    def around(self, write: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*args: Any, **kwargs: Any) -> Any:
            self.pass_by()
            found = write(*args, **kwargs)
            self.pass_by()
            return found

        return watched


class InProcess:
    """Implements ``Executor`` without processes."""

    def __init__(self, home: Home) -> None:
        self._home = home

    def run(self, folder: RoundFolder, units: Sequence[int], done: Callable[[int], None]) -> None:
        searcher = searcher_of(folder, self._home.engine(), self._home.readers)
        for number in units:
            do_unit(folder, number, searcher, self._home.readers)
            done(number)


def plan_on(home: Home) -> dict[str, Any]:
    """Go on with what was planned, else start."""
    planner = Planner(home, InProcess(home), lambda *told: None)
    begun = any(folder.planned and not folder.done for folder in folders(planner.root))
    return planner.resume() if begun else planner.start(PLAN)


def main(folder: str, at: str) -> None:
    points = Points(int(at), lambda: os.kill(os.getpid(), signal.SIGKILL))
    RoundFolder._write = points.around(RoundFolder._write)  # type: ignore[method-assign]
    push_rounds.insert_bulk = points.around(push_rounds.insert_bulk)
    planner_room.write_items = points.around(planner_room.write_items)
    with open_home(Settings(home=Path(folder), threads=1)) as home:
        plan_on(home)


if __name__ == "__main__":
    main(*sys.argv[1:])
