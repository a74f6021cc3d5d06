"""Who sends webhooks killed at every step: no event lost, none that a receiver has twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from matcher.codes import DeliveryOutcome, MessageState
from service.auth.secret import Secrets
from service.bootstrap import open_home
from service.config import Settings
from service.store.engine import Store
from service.store.event_types import EventType
from service.store.webhook_tables import webhook_attempts, webhook_deliveries, webhook_events
from service.webhooks.desk import WebhookDesk
from service.webhooks.runner import DeliveryRunner
from service.webhooks.sender import Line
from tests.contracts.webhook_receiver import Receiver, receiving
from tests.service.webhooks.lines import Hands, line, made, record
from tests.service.webhooks.test_webhooks_runner import One

ROOT = Path(__file__).parents[2]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


def killed(store_url: str, how: str, times: int) -> list[dict[str, int]]:
    ran = subprocess.run(
        [sys.executable, "-m", "tests.faults.webhook_sending", store_url, how, str(times)],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ran.returncode == 0, ran.stderr
    told = [json.loads(one) for one in ran.stdout.splitlines()]
    assert {one["again"] for one in told} == {0}
    return told


def ids_of(store: Store) -> set[str]:
    with store.database.reading() as connection:
        states = connection.execute(sa.select(webhook_deliveries.c.state)).scalars().all()
        ids = connection.execute(sa.select(webhook_events.c.event_id)).scalars().all()
    assert set(states) == {MessageState.DELIVERED.value}
    assert len(states) == len(ids)
    return set(ids)


def once_each(receiver: Receiver, store: Store) -> Counter[str]:
    """Every event came, each under its one id and with its one body."""
    assert set(receiver.by_id()) == ids_of(store)
    assert len({(one.message_id, one.body) for one in receiver.came}) == len(receiver.by_id())
    return Counter(one.message_id for one in receiver.came)


def test_killed_at_every_step(store: Store, store_url: str, receiver: Receiver) -> None:
    made(store, receiver.url)
    told = killed(store_url, "every", 60)
    *deaths, whole = told
    assert len(deaths) >= 10
    assert {one["status"] for one in deaths} == {-9}
    assert whole["status"] == 0  # there was no step left to die at
    times = once_each(receiver, store)
    assert max(times.values()) == 2


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_killed_between_answer_and_commit_a_hundred_times(
    store: Store, store_url: str, receiver: Receiver
) -> None:
    made(store, receiver.url)
    told = killed(store_url, "answered", 100)
    assert [one["status"] for one in told] == [-9] * 100
    times = once_each(receiver, store)
    # Of two events a turn one had been answered: the receiver saw its id once more, never another.
    assert sorted(times.values()) == [1] * 100 + [2] * 100
    with store.database.reading() as connection:
        outcome = webhook_attempts.c.outcome
        died = sa.select(sa.func.count()).where(outcome == DeliveryOutcome.DIED.value)
        assert connection.execute(died).scalar_one() >= 100


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_a_process_that_delivers_is_killed_in_the_middle(
    receiver: Receiver, tmp_path: Path, store_url: str
) -> None:
    home = tmp_path / "home"
    receiver.answer = lambda _: time.sleep(0.05) or 204
    with open_home(Settings(home=home, encoder="lsa")) as opened:
        store = opened.store
        secrets = _secrets(home)
        store.webhooks.set_networks(["127.0.0.0/8"])
        WebhookDesk(store, secrets).create(receiver.url, [EventType.PUSH_READY])
        record(store, 60)
        for _ in range(4):
            before = len(receiver.came)
            process = _deliver(home)
            _until(lambda: len(receiver.came) > before + 3)  # noqa: B023
            process.send_signal(signal.SIGKILL)
            assert process.wait() == -9
            # As if half a minute had passed: what the dead one held is given up.
            store.deliveries.rescue(datetime.now(UTC) + timedelta(minutes=1), 5)
        hands = Hands()
        hands.turn(60)
        plain = line(hands)
        ended = DeliveryRunner(
            One(store), Line(secrets, plain.context, plain.resolve, plain.clockwork), 4, 30
        )
        ended.until_idle()
        ended.stop()
        times = once_each(receiver, store)
    assert len(times) == 60
    assert sum(times.values()) <= 60 + 4 * 4  # what was under way, and nothing else, came again


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_a_process_that_is_asked_to_stop_leaves_nothing_half_done(
    receiver: Receiver, tmp_path: Path, store_url: str
) -> None:
    home = tmp_path / "home"
    receiver.answer = lambda _: time.sleep(0.2) or 204
    with open_home(Settings(home=home, encoder="lsa")) as opened:
        store = opened.store
        store.webhooks.set_networks(["127.0.0.0/8"])
        WebhookDesk(store, _secrets(home)).create(receiver.url, [EventType.PUSH_READY])
        record(store, 30)
        process = _deliver(home)
        _until(lambda: len(receiver.came) > 3)
        process.terminate()
        assert process.wait(timeout=20) == 0
        with store.database.reading() as connection:
            states = connection.execute(sa.select(webhook_deliveries.c.state)).scalars().all()
    assert MessageState.LEASED.value not in states
    assert states.count(MessageState.DELIVERED.value) == len(receiver.came) < 30
    assert len(receiver.by_id()) == len(receiver.came)


def _secrets(home: Path) -> Secrets:
    return Secrets(home, "")


def _deliver(home: Path) -> subprocess.Popen[bytes]:
    arguments = [sys.executable, "-m", "service", "webhooks", "deliver", "--home", str(home)]
    return subprocess.Popen(arguments, cwd=ROOT, env=os.environ | {"OMP_NUM_THREADS": "1"})


def _until(holds: Callable[[], bool], seconds: float = 40.0) -> None:
    give_up = datetime.now(UTC) + timedelta(seconds=seconds)
    while not holds():
        assert datetime.now(UTC) < give_up
        time.sleep(0.02)
