"""A sender killed at every step of its work: no message lost, none that a receiver has twice."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from matcher.pushed import PushCounts, RoundId
from matcher.types import Uscc
from service.store.engine import Store
from service.store.push_ledger import message_id
from service.store.push_tables import push_inbox
from tests.contracts.webhook_receiver import Receiver, receiving

ROOT = Path(__file__).parents[2]
FIRMS = 2


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture
def folder(tmp_path: Path, receiver: Receiver) -> Path:
    (tmp_path / "channels.toml").write_text(
        f"""
[[channel]]
name = "webhook"
kind = "webhook"
url = "{receiver.url}"
secret_env = "A_SECRET"
allow_networks = ["127.0.0.0/8"]
parallel = 2

[[channel]]
name = "file"
kind = "file"
folder = "out"

[[channel]]
name = "inbox"
kind = "inbox"
"""
    )
    return tmp_path


def killed_everywhere(
    store: Store, store_url: str, folder: Path, channel: str, stride: int
) -> list[str]:
    """Kill a sending at every step; return the rounds, each sent to its end afterwards."""
    arguments = (store_url, str(folder), channel, str(stride))
    ran = subprocess.run(
        [sys.executable, "-m", "tests.faults.push_sending", *arguments],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr
    told = [json.loads(line) for line in ran.stdout.splitlines()]
    *killed, whole = told
    assert {(one["status"], one["again"]) for one in killed} == {(-9, 0)}
    assert whole["status"] == 0  # there was no step left to die at
    for one in told:
        counts = store.push_messages.counts(RoundId(one["round"]), channel)
        ended = PushCounts(messages=FIRMS, delivered=FIRMS, attempts=counts.attempts)
        assert counts == ended
        assert FIRMS <= counts.attempts <= 2 * FIRMS
    return [one["round"] for one in told]


def expected(rounds: list[str], channel: str) -> set[str]:
    usccs = [Uscc(f"f{number:07}") for number in range(FIRMS)]
    return {message_id(RoundId(name), channel, uscc) for name in rounds for uscc in usccs}


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_webhook(store: Store, store_url: str, folder: Path, receiver: Receiver) -> None:
    rounds = killed_everywhere(store, store_url, folder, "webhook", 1)
    assert len(rounds) > 15
    assert set(receiver.by_id()) == expected(rounds, "webhook")
    times = Counter(one.message_id for one in receiver.came)
    # The kill between answer and commit did happen, and was cured by the id.
    assert max(times.values()) == 2
    bodies = {(one.message_id, one.body) for one in receiver.came}
    assert len(bodies) == len(times)


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
def test_webhook_on_postgresql(
    store: Store, store_url: str, folder: Path, receiver: Receiver
) -> None:
    rounds = killed_everywhere(store, store_url, folder, "webhook", 4)
    assert set(receiver.by_id()) == expected(rounds, "webhook")
    assert max(Counter(one.message_id for one in receiver.came).values()) == 2


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_file(store: Store, store_url: str, folder: Path) -> None:
    rounds = killed_everywhere(store, store_url, folder, "file", 1)
    assert len(rounds) > 15
    lines = [
        json.loads(line)["message_id"]
        for part in (folder / "out").glob("*/part-*.ndjson")
        for line in part.read_text("utf-8").splitlines()
    ]
    assert sorted(lines) == sorted(expected(rounds, "file"))


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_inbox(store: Store, store_url: str, folder: Path) -> None:
    rounds = killed_everywhere(store, store_url, folder, "inbox", 2)
    with store.database.reading() as connection:
        arrived = connection.execute(sa.select(push_inbox.c.message_id)).scalars().all()
    assert sorted(arrived) == sorted(expected(rounds, "inbox"))
