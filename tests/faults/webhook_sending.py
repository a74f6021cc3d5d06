"""Sends a webhook over and over, each time killed at a step of its own; run as a program.

    python -m tests.faults.webhook_sending DATABASE every|answered TIMES

``every``: the n-th sending is killed at its n-th step, until there is none left to die at. A step
is a commit, or a request that was answered; one is before it takes effect, one after.
``answered``: so many times, always between the receiver's answer and our commit of it.
Each sending is forked from this process and ends with SIGKILL; another one, a minute later on its
own clock, goes on to the end. Standard output: one JSON object a sending.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from matcher.push.send import Clockwork
from service.channels import post as post_module
from service.channels.post import system_resolve
from service.store.engine import open_store
from service.webhooks.sender import Line, Sender
from tests.faults.push_sending import KILLED, Steps, forked
from tests.service.webhooks.lines import SECRETS, line, record


def sending(database: str, last: int, later: float, *, answered: bool) -> int:
    """Send all that is due, and return how many steps it took; dies at step ``last``."""
    steps = Steps(last)
    real = post_module._exchange
    if answered:

        def exchange(*arguments: Any) -> Any:
            found = real(*arguments)
            os.kill(os.getpid(), signal.SIGKILL)
            return found

        post_module._exchange = exchange
    elif last:
        post_module._exchange = steps.around(real)

    def now() -> datetime:
        return datetime.now(UTC) + timedelta(seconds=later)

    with open_store(database) as store:
        if last:
            engine = store.database._engine
            engine.dialect.do_commit = steps.around(engine.dialect.do_commit)  # type: ignore[method-assign]
        clockwork = Clockwork(now, time.sleep, lambda: 0.0)
        plain = line()
        sender = Sender(store, Line(SECRETS, plain.context, system_resolve, clockwork, 5.0))
        _all(sender)
    return steps.count


def _all(sender: Sender) -> None:
    sender.rescue()
    while claimed := sender.claim(10, 10):
        for one in claimed:
            assert sender.deliver(one)


def publish(database: str) -> int:
    """Record two events."""
    with open_store(database) as store:
        record(store, 2)
    return 2


def main(database: str, how: str, times: int) -> None:
    """Send and die as the words say."""
    answered = how == "answered"
    for turn in range(1, times + 1):
        assert forked(lambda: publish(database))[0] == 0
        last = 0 if answered else turn
        died, _ = forked(lambda at=last: sending(database, at, 0.0, answered=answered))
        again, _ = forked(lambda: sending(database, 0, 120.0, answered=False))
        sys.stdout.write(json.dumps({"turn": turn, "status": died, "again": again}) + "\n")
        if died != -KILLED:
            return


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
