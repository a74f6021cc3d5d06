"""Sends a round over and over, each time killed one step later; run as a program.

    python -m tests.faults.push_sending DATABASE FOLDER CHANNEL STRIDE

A step is a commit of the store, a change that the disk keeps, or a request that was answered;
one is before it takes effect, one after. Each sending is a process of its own that is forked from
this one: it ends with SIGKILL at its step, and another one, a minute later on its own clock, goes
on to the end. Standard output: one JSON object a round.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from matcher.push.send import Clockwork, PushSender
from matcher.pushed import RoundId
from service.channels import post as post_module
from service.channels.config import channel_named
from service.channels.opening import open_channel
from service.store.engine import open_store
from tests.contracts.store_push import published
from tests.contracts.test_channels import SECRET
from tests.matcher.push.test_send import filled

FIRMS = 2
KILLED = 9


class Steps:
    """Counts steps and ends the process at one of them."""

    def __init__(self, last: int) -> None:
        self.count = 0
        self._last = last

    def take(self) -> None:
        self.count += 1
        if self.count == self._last:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            self.take()
            result = real(*arguments, **named)
            self.take()
            return result

        return call


def sending(
    database: str, folder: Path, channel: str, round_id: str, last: int, later: float
) -> int:
    """Send, and return how many steps it took; ends with SIGKILL at step ``last``."""
    steps = Steps(last)
    os.fsync = steps.around(os.fsync)
    os.rename, os.replace = steps.around(os.rename), steps.around(os.replace)
    post_module._exchange = steps.around(post_module._exchange)

    def now() -> datetime:
        return datetime.now(UTC) + timedelta(seconds=later)

    with open_store(database) as store:
        engine = store.database._engine
        engine.dialect.do_commit = steps.around(engine.dialect.do_commit)  # type: ignore[method-assign]
        opened = open_channel(
            channel_named(folder, channel), folder, store.push_inbox, {"A_SECRET": SECRET}, now
        )
        clockwork = Clockwork(now, time.sleep, lambda: 0.0)
        sender = PushSender(store.push_messages, opened, filled, clockwork)
        counts = sender.send(RoundId(round_id))
        assert counts.delivered == counts.messages == FIRMS, counts
    return steps.count


def forked(work: Callable[[], int]) -> tuple[int, int]:
    """Do the work in a child; return its status and the number that it told."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.write(writing, str(work()).encode())
            code = 0
        finally:
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading) as told:
        text = told.read()
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), int(text or 0)


def main(database: str, folder: Path, channel: str, stride: int) -> None:
    last = 1
    while True:
        round_id = f"r{last}"

        def publish(name: str = round_id) -> int:
            with open_store(database) as store:
                return published(store, FIRMS, RoundId(name)).items

        assert forked(publish)[0] == 0
        status, _ = forked(lambda at=last: sending(database, folder, channel, f"r{at}", at, 0.0))
        again = 0
        if status == -KILLED:
            again, _ = forked(
                lambda at=last: sending(database, folder, channel, f"r{at}", 0, 120.0)
            )
        sys.stdout.write(json.dumps({"round": round_id, "status": status, "again": again}) + "\n")
        if status != -KILLED:
            return
        last += stride


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
