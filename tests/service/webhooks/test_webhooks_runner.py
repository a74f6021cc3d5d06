"""The runner: many tenants, many workers, slow and dead receivers beside healthy ones."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from matcher.codes import MessageState
from matcher.errors import StoreUnavailable
from matcher.types import LegalStatus, Patent, PatentId
from service.bootstrap import open_home
from service.config import Settings
from service.store.delivery_records import Claimed
from service.store.engine import Store, open_store
from service.store.event_types import EventType
from service.tenancy import Tenancy
from service.webhooks.runner import DeliveryRunner
from service.webhooks.sender import Sender
from tests.contracts.webhook_receiver import Receiver, receiving
from tests.service.webhooks.lines import Hands, line, made, record

PATENT = Patent(PatentId("P1"), "一种电机", legal_status=LegalStatus.IN_FORCE)


class One:
    """A home without tenants."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def store_of(self, tenant: str) -> Store:
        assert tenant == ""
        return self._store


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@contextmanager
def running(runner: DeliveryRunner) -> Iterator[DeliveryRunner]:
    runner.start()
    try:
        yield runner
    finally:
        runner.stop()


def until(holds: Callable[[], bool], seconds: float = 20.0) -> None:
    give_up = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < give_up
        time.sleep(0.02)


def states(store: Store, endpoint_id: str) -> Counter[MessageState]:
    found = store.delivery_log.latest(endpoint_id, 1_000, None, None)
    return Counter(one.state for one in found)


def test_a_hanging_endpoint_holds_up_nobody(store: Store) -> None:
    """Fifty deliveries to ten endpoints, one of which says nothing."""
    with ExitStack() as stack:
        receivers = [stack.enter_context(receiving()) for _ in range(10)]
        endpoints = [made(store, one.url)[0] for one in receivers]
        free = threading.Event()
        stack.callback(free.set)
        receivers[0].answer = lambda _: (free.wait(30) and 204) or 204
        record(store, 5)
        begun = time.monotonic()
        runner = DeliveryRunner(One(store), line(seconds=10.0), 16, 30)
        with running(runner):
            until(lambda: all(len(one.came) == 5 for one in receivers[1:]))
            assert time.monotonic() - begun < 8
            assert len(receivers[0].came) <= 4
            free.set()
            until(lambda: len(receivers[0].came) == 5)
    for one in receivers:
        assert len({each.message_id for each in one.came}) == len(one.came) == 5
    until(lambda: all(states(store, e.endpoint_id)[MessageState.DELIVERED] == 5 for e in endpoints))


def test_dead_endpoints_take_half_of_the_threads_at_most(store: Store, receiver: Receiver) -> None:
    free = threading.Event()
    with ExitStack() as stack:
        dead = [stack.enter_context(receiving()) for _ in range(6)]
        stack.callback(free.set)
        for one in dead:
            one.answer = lambda _: (free.wait(30) and 500) or 500
            made(store, one.url)
        with store.database.transaction() as connection:
            connection.exec_driver_sql("UPDATE webhook_endpoints SET failures = 1")
        made(store, receiver.url)
        record(store, 3)
        with running(DeliveryRunner(One(store), line(seconds=20.0), 4, 30)):
            until(lambda: len(receiver.came) == 3, 8)
            assert sum(len(one.came) for one in dead) == 2
            free.set()


def test_many_workers_send_each_delivery_once(store: Store, store_url: str) -> None:
    with ExitStack() as stack:
        receivers = [stack.enter_context(receiving()) for _ in range(4)]
        for one in receivers:
            made(store, one.url)
        record(store, 25)
        for _ in range(3):
            other = stack.enter_context(open_store(store_url))
            stack.enter_context(running(DeliveryRunner(One(other), line(), 6, 30)))
        until(lambda: all(len(one.came) >= 25 for one in receivers))
        time.sleep(0.3)
    for one in receivers:
        assert len(one.came) == len({each.message_id for each in one.came}) == 25


@pytest.mark.parametrize("again", range(100))
@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_a_frozen_worker_finishes_nothing(store: Store, receiver: Receiver, again: int) -> None:
    """A worker freezes behind the receiver's answer, past its lease; another one has sent since."""
    hands = Hands()
    endpoint, _ = made(store, receiver.url)
    record(store)
    sender = Sender(store, line(hands))
    (frozen,) = sender.claim(1, 1)
    hands.turn(31)
    sender.rescue()
    (second,) = sender.claim(1, 1)
    receiver.answer = lambda _: 204
    assert sender.deliver(second)
    receiver.answer = lambda _: 500 if again % 2 else 410
    assert not sender.deliver(frozen)
    (found,) = store.delivery_log.latest(endpoint.endpoint_id, 9, None, None)
    assert (found.state, found.status) == (MessageState.DELIVERED, 204)
    assert not store.webhooks.all()[0].disabled_at
    assert len({one.message_id for one in receiver.came}) == 1


def test_a_stopped_runner_ends_what_is_under_way(store: Store, receiver: Receiver) -> None:
    endpoint, _ = made(store, receiver.url)
    receiver.answer = lambda _: time.sleep(0.5) or 204
    record(store, 12)
    runner = DeliveryRunner(One(store), line(), 4, 30)
    runner.start()
    until(lambda: len(receiver.came) >= 2)
    runner.stop()
    found = states(store, endpoint.endpoint_id)
    assert found[MessageState.LEASED] == 0
    assert found[MessageState.DELIVERED] == len(receiver.came) < 12
    assert threading.active_count() < 40


def test_a_database_that_is_busy_is_waited_for(
    store: Store, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint, _ = made(store, receiver.url)
    record(store)
    sender = Sender(store, line())
    (one,) = sender.claim(1, 1)
    real, calls = store.deliveries.settle, []

    def busy(*arguments: object) -> bool:
        calls.append(1)
        if len(calls) < 4:
            raise StoreUnavailable("database is locked")
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(store.deliveries, "settle", busy)
    assert sender.deliver(one)
    assert (len(calls), len(receiver.came)) == (4, 1)
    assert states(store, endpoint.endpoint_id) == {MessageState.DELIVERED: 1}


def test_a_fault_of_ours_ends_with_the_schedule(
    store: Store, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint, _ = made(store, receiver.url)
    record(store, 2)
    real = Sender._attempt

    def breaks(self: Sender, one: Claimed) -> object:
        return real(self, replace(one, body="no bytes"))  # type: ignore[arg-type]

    monkeypatch.setattr(Sender, "_attempt", breaks)
    runner = DeliveryRunner(One(store), line(), 4, 30)
    runner.until_idle()
    runner.stop()
    (one, _) = store.delivery_log.latest(endpoint.endpoint_id, 9, None, None)
    assert (one.state, one.cause) == (MessageState.PENDING, "TypeError")


@pytest.fixture
def homes(store_url: str, tmp_path: Path) -> Iterator[Tenancy]:
    """A home with 甲 and 丙 of the shared catalogue, and 乙 with one of its own."""
    url = "" if store_url.startswith("sqlite") else store_url
    settings = Settings(home=tmp_path / "home", database_url=url, encoder="lsa")
    with open_home(settings) as home, closing(Tenancy(home)) as found:
        for name, private in (("甲", False), ("乙", True), ("丙", False)):
            home.store.tenants.register(name, datetime.now(UTC), private=private)
        yield found


def test_each_tenant_is_told_its_own(homes: Tenancy) -> None:
    with ExitStack() as stack:
        receivers = {name: stack.enter_context(receiving()) for name in ("", "甲", "乙", "丙")}
        for name, one in receivers.items():
            made(homes.store_of(name), one.url)
        homes.store_of("").patents.upsert([PATENT])
        homes.store_of("乙").patents.upsert([PATENT])
        with homes.store_of("丙").database.transaction():
            record(homes.store_of("丙"), kind=EventType.CONTACT_REQUESTED)
        homes.store_of("").patents.upsert([replace(PATENT, legal_status=LegalStatus.LAPSED)])
        runner = DeliveryRunner(homes, line(), 8, 30)
        for _ in range(2):
            assert runner.until_idle() == (4 if _ == 0 else 0)
        runner.stop()
    told = {
        name: sorted(one.body.decode().split('"')[3] for one in receiver.came)
        for name, receiver in receivers.items()
    }
    assert told == {
        "": ["patent.delisted"],
        "甲": ["patent.delisted"],
        "乙": [],
        "丙": ["contact.requested", "patent.delisted"],
    }
    ids = {one.message_id for one in (*receivers[""].came, *receivers["甲"].came)}
    assert len(ids) == 1  # one event has one id, whoever is told


def test_a_tenant_whose_database_is_gone_holds_up_nobody(
    homes: Tenancy, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken:
        def store_of(self, tenant: str) -> Store:
            if tenant == "甲":
                raise StoreUnavailable("found no database")
            return homes.store_of(tenant)

    made(homes.store_of("丙"), receiver.url)
    homes.store_of("").patents.upsert([PATENT])
    homes.store_of("").patents.remove([PATENT.patent_id])
    runner = DeliveryRunner(Broken(), line(), 4, 30)
    for _ in range(5):
        runner.until_idle()
    runner.stop()
    assert len(receiver.came) == 1
    assert caplog.text.count("webhooks of 甲 wait") == 1
    made(homes.store_of("甲"), receiver.url)
    runner = DeliveryRunner(homes, line(), 4, 30)
    runner.until_idle()
    runner.stop()
    assert len(receiver.came) == 2


def test_old_deliveries_are_forgotten(store: Store, receiver: Receiver) -> None:
    endpoint, _ = made(store, receiver.url)
    record(store)
    hands = Hands()
    runner = DeliveryRunner(One(store), line(hands), 4, 30)
    assert runner.until_idle() == 1
    hands.turn(timedelta(days=29).total_seconds())
    runner.until_idle()
    assert states(store, endpoint.endpoint_id) == {MessageState.DELIVERED: 1}
    hands.turn(timedelta(days=2).total_seconds())
    runner.until_idle()
    runner.stop()
    assert states(store, endpoint.endpoint_id) == {}
