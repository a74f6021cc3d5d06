"""The loop of sending, on a clock that the test turns: leases, deaths, the schedule, its end."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from matcher.codes import DeliveryOutcome
from matcher.errors import RoundNotFound, StateError, StoreUnavailable
from matcher.ports import DeliveryChannel
from matcher.push.send import JITTER, LEASE_MARGIN, MOST_DEATHS, Clockwork, PushSender
from matcher.pushed import ChannelLimits, PushCounts, PushMessage, Receipt, RoundId
from service.channels.webhook import SCHEDULE
from service.store.engine import Store, open_store
from service.store.migrate import upgrade
from tests.contracts.store_push import NOON, R1, published

ONE = ChannelLimits(batch=1, parallel=1, seconds=15.0, schedule=SCHEDULE)


@dataclass
class Clock:
    """A clock that moves when somebody waits."""

    at: datetime = NOON
    waits: list[float] = field(default_factory=list)

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.at += timedelta(seconds=seconds)

    def work(self, jitter: float = 0.0) -> Clockwork:
        return Clockwork(lambda: self.at, self.wait, lambda: jitter)


@dataclass
class Fake:
    """A channel that answers as the test says and remembers what came."""

    clock: Clock
    answer: Callable[[PushMessage], DeliveryOutcome | Receipt] = lambda _: DeliveryOutcome.DELIVERED
    limits: ChannelLimits = ONE
    name: str = "c"
    address: str = "https://example.cn/in"
    came: list[tuple[PushMessage, datetime]] = field(default_factory=list)

    def send(self, messages: Sequence[PushMessage]) -> tuple[Receipt, ...]:
        self.came += [(message, self.clock.at) for message in messages]
        return tuple(map(self._receipt, messages))

    def _receipt(self, message: PushMessage) -> Receipt:
        found = self.answer(message)
        if isinstance(found, Receipt):
            return found
        return Receipt(message.message_id, message.attempt, self.clock.at, found, detail=found)

    def ids(self) -> list[str]:
        return [message.message_id for message, _ in self.came]


def filled(messages: Sequence[PushMessage]) -> list[PushMessage]:
    return [
        replace(message, body=b'{"uscc":"' + message.uscc.encode() + b'"}') for message in messages
    ]


def sender(store: Store, channel: DeliveryChannel, clock: Clock, jitter: float = 0.0) -> PushSender:
    return PushSender(store.push_messages, channel, filled, clock.work(jitter))


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("send") / "panhuo.sqlite"
    with open_store(f"sqlite:///{path}") as store:
        upgrade(store)
        published(store, 3)
        published(store, 1, RoundId("single"))
        published(store, 50, RoundId("fifty"))
    return path


@pytest.fixture
def store(migrated: Path, tmp_path: Path) -> Iterator[Store]:
    shutil.copyfile(migrated, tmp_path / "panhuo.sqlite")
    with open_store(f"sqlite:///{tmp_path / 'panhuo.sqlite'}") as opened:
        yield opened


def test_every_firm_gets_one_message_once(store: Store) -> None:
    clock = Clock()
    channel = Fake(clock, limits=replace(ONE, batch=7, parallel=3))
    counts = sender(store, channel, clock).send(RoundId("fifty"))
    assert counts == PushCounts(messages=50, delivered=50, attempts=50)
    assert len(set(channel.ids())) == 50
    assert sender(store, channel, clock).send(RoundId("fifty")) == counts
    assert len(channel.came) == 50


def test_an_unknown_round_is_refused(store: Store) -> None:
    clock = Clock()
    with pytest.raises(RoundNotFound):
        sender(store, Fake(clock), clock).send(RoundId("no"))


def test_so_many_at_most_and_then_the_rest(store: Store) -> None:
    clock = Clock()
    channel = Fake(clock, limits=replace(ONE, batch=20))
    send = sender(store, channel, clock).send
    assert send(RoundId("fifty"), most=30).waiting == 20
    assert len(channel.came) == 30
    assert send(RoundId("fifty"), most=30, until_done=True).delivered == 50
    assert len(set(channel.ids())) == len(channel.came) == 50


@pytest.mark.parametrize("jitter", [0.0, 0.999])
def test_attempts_keep_the_published_schedule(store: Store, jitter: float) -> None:
    clock = Clock()
    channel = Fake(clock, lambda _: DeliveryOutcome.TRY_AGAIN)
    counts = sender(store, channel, clock, jitter).send(RoundId("single"), until_done=True)
    assert counts == PushCounts(messages=1, parked=1, attempts=8)
    times = [at for _, at in channel.came]
    pauses = [(later - earlier).total_seconds() for earlier, later in pairwise(times)]
    # The published table of 8 attempts: 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 10 h.
    assert pauses == pytest.approx(
        [s * (1 + JITTER * jitter) for s in (5, 300, 1800, 7200, 18000, 36000, 36000)], abs=0.25
    )
    assert times[-1] - times[0] >= timedelta(hours=24)
    assert len(set(channel.ids())) == 1
    assert len({message.body for message, _ in channel.came}) == 1
    assert [message.attempt for message, _ in channel.came] == [1, 2, 3, 4, 5, 6, 7, 8]
    receipts = store.push_messages.receipts(channel.came[0][0].message_id)
    assert [receipt.outcome for receipt in receipts] == [DeliveryOutcome.TRY_AGAIN] * 8


def test_without_waiting_the_next_call_goes_on(store: Store) -> None:
    clock = Clock()
    answers = iter([DeliveryOutcome.TRY_AGAIN, DeliveryOutcome.DELIVERED])
    channel = Fake(clock, lambda _: next(answers))
    send = sender(store, channel, clock).send
    assert send(RoundId("single")).waiting == 1
    assert send(RoundId("single")).attempts == 1  # not due yet
    clock.at += timedelta(seconds=5)
    assert send(RoundId("single")) == PushCounts(messages=1, delivered=1, attempts=2)


def test_a_receiver_that_asks_for_rest_gets_it(store: Store) -> None:
    clock = Clock()

    def busy(message: PushMessage) -> DeliveryOutcome | Receipt:
        if len(channel.came) > 1:
            return DeliveryOutcome.DELIVERED
        outcome = DeliveryOutcome.TRY_AGAIN
        return Receipt(message.message_id, 1, clock.at, outcome, 429, "HTTP 429", 120.0)

    channel = Fake(clock, busy)
    assert sender(store, channel, clock).send(R1, until_done=True).delivered == 3
    # The first was turned away; nothing at all was sent for as long as it had asked for.
    assert [at - NOON >= timedelta(seconds=120) for _, at in channel.came] == [
        False, True, True, True
    ]  # fmt: skip


def test_the_rest_that_was_asked_for_outlasts_the_call(store: Store) -> None:
    clock = Clock()
    outcome = DeliveryOutcome.TRY_AGAIN
    channel = Fake(
        clock, lambda m: Receipt(m.message_id, m.attempt, clock.at, outcome, 429, "", 3_600.0)
    )
    assert sender(store, channel, clock).send(R1).attempts == 1
    channel.answer = lambda _: DeliveryOutcome.DELIVERED
    clock.at += timedelta(seconds=3_599)
    assert sender(store, channel, clock).send(R1).attempts == 1
    store.push_messages.reopen(R1, "c", clock.at)  # an operator knows better
    assert sender(store, channel, clock).send(R1).delivered == 2  # the first is not due yet
    clock.at += timedelta(seconds=1)
    assert sender(store, channel, clock).send(R1).delivered == 3


def test_a_receiver_that_fails_again_and_again_is_left_alone(store: Store) -> None:
    clock = Clock()
    channel = Fake(clock, lambda _: DeliveryOutcome.TRY_AGAIN)
    assert sender(store, channel, clock).send(RoundId("fifty")).waiting == 50
    assert len(channel.came) == 20


def test_gone_closes_the_channel_until_it_is_opened_again(store: Store) -> None:
    clock = Clock()
    channel = Fake(clock, lambda _: DeliveryOutcome.GONE)
    counts = sender(store, channel, clock).send(R1, until_done=True)
    assert (counts.failed, counts.waiting, counts.attempts) == (1, 2, 1)
    with pytest.raises(StateError, match="closed by its receiver"):
        sender(store, channel, clock).send(R1)
    assert len(channel.came) == 1
    elsewhere = Fake(clock, address="https://example.cn/new")
    assert sender(store, elsewhere, clock).send(R1).delivered == 2
    store.push_messages.reopen(R1, "c", clock.at)
    channel.answer = lambda _: DeliveryOutcome.DELIVERED
    assert sender(store, channel, clock).send(R1) == PushCounts(3, delivered=3, attempts=4)


def test_a_refused_message_fails_alone(store: Store) -> None:
    clock = Clock()
    channel = Fake(
        clock,
        lambda m: DeliveryOutcome.REFUSED if m.uscc == "f0000001" else DeliveryOutcome.DELIVERED,
    )
    counts = sender(store, channel, clock).send(R1, until_done=True)
    assert counts == PushCounts(messages=3, delivered=2, failed=1, attempts=3)


def test_what_may_not_be_sent_ends_empty_and_is_not_sent(store: Store) -> None:
    clock = Clock()

    def compose(messages: Sequence[PushMessage]) -> list[PushMessage]:
        return [m if m.uscc == "f0000001" else filled([m])[0] for m in messages]

    channel = Fake(clock, limits=replace(ONE, batch=3))
    pushing = PushSender(store.push_messages, channel, compose, clock.work())
    assert pushing.send(R1) == PushCounts(messages=3, delivered=2, empty=1, attempts=3)
    assert {message.uscc for message, _ in channel.came} == {"f0000000", "f0000002"}
    from service.store.push_ledger import message_id

    (receipt,) = store.push_messages.receipts(message_id(R1, "c", "f0000001"))
    assert receipt.outcome is DeliveryOutcome.EMPTY


@pytest.mark.parametrize("seconds", [0.0, 1.0, 15.0, 600.0])
def test_no_lease_is_shorter_than_the_work_and_five_seconds(store: Store, seconds: float) -> None:
    clock = Clock()
    leases: list[timedelta] = []
    real = store.push_messages.claim

    def watched(*args: object, at: datetime, until: datetime) -> object:
        leases.append(until - at)
        return real(*args, at=at, until=until)  # type: ignore[arg-type]

    store.push_messages.claim = watched  # type: ignore[assignment,method-assign]
    channel = Fake(clock, limits=replace(ONE, seconds=seconds))
    sender(store, channel, clock).send(R1)
    assert min(leases) > timedelta(seconds=seconds + 5)
    assert LEASE_MARGIN > 5


@pytest.mark.parametrize("repeat", range(10))
def test_the_finish_of_a_frozen_worker_is_refused(store: Store, repeat: int) -> None:
    """A worker freezes in the middle of sending, past its lease; a second one takes over."""
    clock = Clock()
    frozen, thawed = threading.Event(), threading.Event()

    def freeze(message: PushMessage) -> DeliveryOutcome:
        frozen.set()
        assert thawed.wait(20)
        return DeliveryOutcome.TRY_AGAIN if repeat % 2 else DeliveryOutcome.REFUSED

    first, second = Fake(clock, freeze), Fake(clock)
    worker = threading.Thread(
        target=lambda: sender(store, first, clock).send(RoundId("single"), most=1)
    )
    worker.start()
    try:
        assert frozen.wait(20)
        assert sender(store, second, clock).send(RoundId("single")).waiting == 1  # still leased
        clock.at += timedelta(seconds=ONE.seconds + LEASE_MARGIN)
        taken = sender(store, second, clock).send(RoundId("single"))
    finally:
        thawed.set()
        worker.join()
    assert taken == PushCounts(messages=1, delivered=1, attempts=2)
    assert store.push_messages.counts(RoundId("single"), "c") == taken
    (key,) = set(first.ids() + second.ids())
    outcomes = [receipt.outcome for receipt in store.push_messages.receipts(key)]
    assert outcomes == [DeliveryOutcome.DIED, DeliveryOutcome.DELIVERED]


class Killed(BaseException):
    """Stands for SIGKILL: nothing after it is done."""


def test_a_message_that_kills_its_worker_is_parked_at_the_fifth(store: Store) -> None:
    clock = Clock()

    def poison(message: PushMessage) -> DeliveryOutcome:
        if message.uscc == "f0000003":
            raise Killed
        return DeliveryOutcome.DELIVERED

    deaths = 0
    channel = Fake(clock, poison)
    while True:
        try:
            counts = sender(store, channel, clock).send(RoundId("fifty"))
        except Killed:
            deaths += 1
            clock.at += timedelta(seconds=ONE.seconds + LEASE_MARGIN)
        else:
            break
    assert deaths == MOST_DEATHS == 5
    assert counts == PushCounts(messages=50, delivered=49, parked=1, attempts=49 + 5)
    others = [key for message, _ in channel.came if (key := message.uscc) != "f0000003"]
    assert sorted(others) == sorted(set(others))


def test_a_fault_of_ours_is_an_answer_and_parks_by_the_schedule(store: Store) -> None:
    clock = Clock()
    attempts: list[int] = []

    def compose(messages: Sequence[PushMessage]) -> list[PushMessage]:
        for message in messages:
            if message.uscc == "f0000001":
                attempts.append(message.attempt)
                raise ValueError("no such thing")
        return filled(messages)

    pushing = PushSender(store.push_messages, Fake(clock), compose, clock.work())
    counts = pushing.send(R1, until_done=True)
    assert counts == PushCounts(messages=3, delivered=2, parked=1, attempts=2 + 8)
    assert attempts == list(range(1, 9))


def test_a_store_that_does_not_answer_ends_the_call_and_loses_nothing(store: Store) -> None:
    clock = Clock()

    def away(messages: Sequence[PushMessage]) -> list[PushMessage]:
        raise StoreUnavailable("the network is down")

    with pytest.raises(StoreUnavailable):
        PushSender(store.push_messages, Fake(clock), away, clock.work()).send(R1)
    clock.at += timedelta(seconds=ONE.seconds + LEASE_MARGIN)
    assert sender(store, Fake(clock), clock).send(R1).delivered == 3


def test_a_crash_between_the_answer_and_the_commit_sends_the_same_id_again(store: Store) -> None:
    clock = Clock()
    real = store.push_messages.settle
    crashes = 0

    def crash(settlements: object) -> tuple[bool, ...]:
        nonlocal crashes
        crashes += 1
        if crashes % 2:
            raise Killed
        return real(settlements)  # type: ignore[arg-type]

    store.push_messages.settle = crash  # type: ignore[assignment,method-assign]
    channel = Fake(clock)
    for _ in range(10):
        try:
            counts = sender(store, channel, clock).send(R1)
        except Killed:
            clock.at += timedelta(seconds=ONE.seconds + LEASE_MARGIN)
        else:
            if not counts.waiting:
                break
    assert counts.delivered == 3
    assert len(channel.came) > 3
    assert len(set(channel.ids())) == 3
    bodies = {(message.message_id, message.body) for message, _ in channel.came}
    assert len(bodies) == 3


def test_one_that_hangs_does_not_hold_up_the_others(store: Store) -> None:
    clock = Clock(datetime.now(UTC))
    others = threading.Event()
    channel = Fake(clock, limits=replace(ONE, parallel=4))

    def hang(message: PushMessage) -> DeliveryOutcome:
        if message.uscc == "f0000000":
            assert others.wait(20)  # until all others are there
            return DeliveryOutcome.TRY_AGAIN
        if len(set(channel.ids())) == 50:
            others.set()
        return DeliveryOutcome.DELIVERED

    channel.answer = hang
    counts = sender(store, channel, clock).send(RoundId("fifty"))
    assert (counts.delivered, counts.waiting, counts.attempts) == (49, 1, 50)
    assert len(channel.came) == 50


def test_what_another_holds_is_waited_for(store: Store) -> None:
    clock = Clock()
    store.push_messages.prepare(R1, "c", clock.at)
    store.push_messages.claim(R1, "c", 1, at=clock.at, until=clock.at + timedelta(seconds=30))
    channel = Fake(clock)
    assert sender(store, channel, clock).send(R1).waiting == 1
    counts = sender(store, channel, clock).send(R1, until_done=True)
    assert counts == PushCounts(messages=3, delivered=3, attempts=4)
    assert clock.at - NOON == pytest.approx(timedelta(seconds=30), abs=timedelta(seconds=1))
