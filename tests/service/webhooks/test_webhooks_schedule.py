"""The published schedule, on a clock that the test turns: pauses, ends, and what is sent."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from matcher.codes import MessageState
from service.channels.webhook import SCHEDULE
from service.store.delivery_log import Delivery
from service.store.engine import Store
from service.store.event_types import EventType
from service.store.webhooks import Endpoint
from service.webhooks.desk import WebhookDesk
from service.webhooks.sender import LEASE, Sender
from tests.contracts.webhook_receiver import Receiver, receiving, verified
from tests.service.webhooks.lines import SECRETS, Hands, line, made, record, send


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture
def hands() -> Hands:
    return Hands()


def only(store: Store) -> Endpoint:
    (found,) = store.webhooks.all()
    return found


def log(store: Store) -> Delivery:
    (found,) = store.delivery_log.latest(only(store).endpoint_id, 9, None, None)
    return found


def due(store: Store) -> datetime:
    return datetime.fromisoformat(log(store).due_at)


def to_due(store: Store, hands: Hands) -> float:
    """Turn the clock to when the delivery is due, and its endpoint is left alone no longer."""
    waits = (due(store) - hands.at).total_seconds()
    held = only(store).held_until
    hands.at = max([due(store), *([datetime.fromisoformat(held)] if held else [])])
    return waits


@pytest.mark.parametrize("jitter", [0.0, 0.5, 0.999])
def test_attempts_keep_the_published_table(
    store: Store, receiver: Receiver, hands: Hands, jitter: float
) -> None:
    _, key = made(store, receiver.url)
    receiver.answer = lambda _: 500
    record(store)
    sender = Sender(store, line(hands, jitter=jitter))
    waited = []
    for answered in range(1, len(SCHEDULE) + 1):
        assert send(sender) == 1
        assert len(receiver.came) == answered
        assert verified(receiver.came[-1], key, hands.at.timestamp())
        if answered < len(SCHEDULE):
            assert send(sender) == 0
            waited.append(to_due(store, hands))
    for told, published in zip(waited, SCHEDULE[1:], strict=True):
        assert published <= told <= 1.1 * published
        assert told == pytest.approx(published * (1 + 0.1 * jitter), abs=0.001)
    assert sum(waited) >= 24 * 3_600
    assert log(store).state is MessageState.FAILED
    hands.turn(1e6)
    assert send(sender) == 0
    # One id, one body, and each attempt its own time and signature.
    assert len({one.message_id for one in receiver.came}) == 1
    assert len({one.body for one in receiver.came}) == 1
    assert len({one.headers["webhook-timestamp"] for one in receiver.came}) == len(SCHEDULE)
    assert len({one.headers["webhook-signature"] for one in receiver.came}) == len(SCHEDULE)
    assert [one.status for one in log(store).log] == [500] * len(SCHEDULE)


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308, 400, 401, 404, 500, 503])
def test_only_2xx_is_taken_and_nothing_is_followed(
    store: Store, receiver: Receiver, hands: Hands, status: int
) -> None:
    made(store, receiver.url)
    receiver.answer = lambda _: (status, {"location": receiver.url + "/elsewhere"})
    record(store)
    send(Sender(store, line(hands)))
    assert (log(store).state, log(store).status) == (MessageState.PENDING, status)
    assert [one.path for one in receiver.came] == ["/in"]
    assert log(store).cause.startswith(f"HTTP {status}")


def test_gone_disables_and_says_why(store: Store, receiver: Receiver, hands: Hands) -> None:
    endpoint, _ = made(store, receiver.url)
    record(store, 2)
    receiver.answer = lambda _: 410
    sender = Sender(store, line(hands))
    (one, other) = sender.claim(2, 2)
    sender.deliver(one)
    found = only(store)
    assert found.disabled_why == "the receiver answered 410 Gone"
    sender.deliver(other)  # it was under way already
    record(store)
    hands.turn(1e6)
    assert send(sender) == 0
    page = store.delivery_log.latest(endpoint.endpoint_id, 9, None, None)
    assert {each.state for each in page} == {MessageState.FAILED}
    receiver.answer = lambda _: 204
    desk = WebhookDesk(store, SECRETS, hands)
    desk.enable(endpoint.endpoint_id)
    assert desk.replay_failed(endpoint.endpoint_id, hands.at - timedelta(days=40), None) == 3
    assert send(sender) == 3


@pytest.mark.parametrize(
    ("header", "seconds"), [("7200", 7_200), ("1", 5), ("999999999", 86_400), ("soon", 5)]
)
@pytest.mark.parametrize("status", [429, 503, 500])
def test_retry_after_is_honoured(
    store: Store, receiver: Receiver, hands: Hands, header: str, seconds: int, status: int
) -> None:
    made(store, receiver.url)
    receiver.answer = lambda _: (status, {"retry-after": header})
    record(store)
    sender = Sender(store, line(hands))
    send(sender)
    assert (due(store) - hands.at).total_seconds() == pytest.approx(seconds)
    if seconds > 5:
        # The endpoint as a whole is left alone, not this delivery only.
        record(store)
        hands.turn(seconds - 1)
        assert send(sender) == 0
        hands.turn(1)
        assert send(sender) >= 1


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_an_endpoint_that_cannot_keep_up_is_slowed_down(
    store: Store, receiver: Receiver, hands: Hands, status: int
) -> None:
    made(store, receiver.url)
    receiver.answer = lambda _: status
    record(store, 9)
    sender = Sender(store, line(hands))
    held = []
    assert send(sender) == 4  # as many as an endpoint gets at once
    for _ in range(8):
        until = datetime.fromisoformat(only(store).held_until)
        held.append((until - hands.at).total_seconds())
        assert send(sender) == 0
        hands.at = until
        assert send(sender) == 1  # and now one by one
    assert held == sorted(held)
    assert held[-1] == 320
    receiver.answer = lambda _: 204
    hands.turn(400)
    send(sender)
    assert (only(store).slow_steps, only(store).held_until) == (0, "")
    assert send(sender) > 1


def test_five_days_of_failure_disable_and_an_hour_does_not(
    store: Store, receiver: Receiver, hands: Hands
) -> None:
    made(store, receiver.url)
    receiver.answer = lambda _: 500
    sender = Sender(store, line(hands))
    begun = hands.at
    for _ in range(24 * 6):
        record(store)
        send(sender)
        if only(store).disabled_at:
            break
        hands.turn(3_600)
    lasted = datetime.fromisoformat(only(store).disabled_at) - begun
    assert timedelta(days=5) <= lasted < timedelta(days=5, hours=2)
    assert only(store).disabled_why.startswith("nothing was taken for 5 days, ")
    assert "HTTP 500" in only(store).disabled_why


def test_a_success_in_between_begins_the_five_days_anew(
    store: Store, receiver: Receiver, hands: Hands
) -> None:
    made(store, receiver.url)
    sender = Sender(store, line(hands))
    for day in range(12):
        receiver.answer = lambda _, day=day: 204 if day % 4 == 3 else 500
        for _ in range(6):
            record(store)
            hands.turn(3_600 * 4)
            send(sender)
    assert not only(store).disabled_at


def test_a_clock_that_jumps_ahead_is_no_five_days(
    store: Store, receiver: Receiver, hands: Hands
) -> None:
    made(store, receiver.url)
    receiver.answer = lambda _: 500
    record(store)
    sender = Sender(store, line(hands))
    send(sender)
    hands.turn(6 * 86_400)
    assert send(sender) == 1
    assert not only(store).disabled_at
    receiver.answer = lambda _: 204
    to_due(store, hands)
    assert send(sender) == 1
    assert log(store).state is MessageState.DELIVERED


def test_a_clock_that_jumps_back_loses_nothing(
    store: Store, receiver: Receiver, hands: Hands
) -> None:
    made(store, receiver.url)
    hands.turn(10 * 86_400)
    receiver.answer = lambda _: 503
    record(store, 2)
    sender = Sender(store, line(hands))
    one, _ = sender.claim(2, 2)
    sender.deliver(one)  # and the other one's worker dies
    hands.turn(-10 * 86_400)
    receiver.answer = lambda _: 204
    sender.rescue()
    while send(sender):
        pass
    ids = {each.message_id for each in receiver.came}
    assert len(receiver.came) == 3
    assert len(ids) == 2


def test_a_ping_is_sent_once_and_blames_nobody(
    store: Store, receiver: Receiver, hands: Hands
) -> None:
    endpoint, _ = made(store, receiver.url, [EventType.PUSH_READY])
    receiver.answer = lambda _: 500
    delivery = WebhookDesk(store, SECRETS, hands).test(endpoint.endpoint_id)
    sender = Sender(store, line(hands))
    assert send(sender) == 1
    assert log(store).delivery_id == delivery.delivery_id
    assert (log(store).state, log(store).event_type) == (MessageState.FAILED, EventType.PING)
    assert only(store).failing_since == ""


def test_a_lease_outlives_what_an_attempt_may_take() -> None:
    assert LEASE.total_seconds() >= line().seconds + 5
    assert LEASE.total_seconds() >= 15 + 5


def test_attempts_are_counted_before_they_are_sent(
    store: Store, receiver: Receiver, hands: Hands
) -> None:
    made(store, receiver.url)
    record(store)
    seen = []
    receiver.answer = lambda _: seen.append(log(store).attempts) or 204
    send(Sender(store, line(hands)))
    assert seen == [1]
