"""The webhook: what counts as taken, what is signed, how long and how much is listened."""

from __future__ import annotations

import base64
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from matcher.codes import DeliveryOutcome
from matcher.errors import InputError
from matcher.pushed import ChannelLimits, MessageId, PushMessage, RoundId
from matcher.types import Uscc
from service.channels.addresses import parse_network
from service.channels.post import Rules, parse_target, system_resolve
from service.channels.signatures import parse_secret, sign
from service.channels.webhook import SCHEDULE, Webhook, retry_after
from tests.contracts.webhook_receiver import Arrived, Receiver, receiving, verified

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
OLD = parse_secret("whsec_" + base64.b64encode(b"o" * 32).decode(), "OLD")
NEW = parse_secret("whsec_" + base64.b64encode(bytes(range(64))).decode(), "NEW")
LOOPBACK = (parse_network("127.0.0.0/8"),)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


class Ticking:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.at = NOON

    def __call__(self) -> datetime:
        return self.at


def hook(
    url: str,
    keys: Sequence[bytes] = (NEW,),
    *,
    seconds: float = 5.0,
    clock: Callable[[], datetime] = lambda: NOON,
    resolve: Any = system_resolve,
) -> Webhook:
    rules = Rules(LOOPBACK, seconds, ssl.create_default_context(), resolve)
    limits = ChannelLimits(1, 8, seconds, SCHEDULE)
    return Webhook("c", parse_target(url), keys=keys, rules=rules, limits=limits, clock=clock)


def message(attempt: int = 1, body: bytes = '{"题":"轴承"}'.encode()) -> PushMessage:
    key = MessageId("5b1c2f0e-6f0a-5f7e-9a53-8d1f0b6c7e42")
    return PushMessage(key, RoundId("r"), Uscc("f"), "c", attempt, attempt - 1, "t", body)


def test_the_published_schedule_lasts_more_than_a_day() -> None:
    assert SCHEDULE == (0, 5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 10 * 3600)
    assert sum(SCHEDULE) == 27 * 3600 + 35 * 60 + 5


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, DeliveryOutcome.DELIVERED),
        (202, DeliveryOutcome.DELIVERED),
        (204, DeliveryOutcome.DELIVERED),
        (301, DeliveryOutcome.TRY_AGAIN),
        (302, DeliveryOutcome.TRY_AGAIN),
        (304, DeliveryOutcome.TRY_AGAIN),
        (400, DeliveryOutcome.TRY_AGAIN),
        (404, DeliveryOutcome.TRY_AGAIN),
        (410, DeliveryOutcome.GONE),
        (429, DeliveryOutcome.TRY_AGAIN),
        (500, DeliveryOutcome.TRY_AGAIN),
        (503, DeliveryOutcome.TRY_AGAIN),
    ],
)
def test_only_2xx_is_taken(receiver: Receiver, status: int, outcome: DeliveryOutcome) -> None:
    receiver.answer = lambda _: (status, {"location": receiver.url + "/elsewhere"})
    (receipt,) = hook(receiver.url).send([message()])
    assert (receipt.outcome, receipt.status) == (outcome, status)
    assert [one.path for one in receiver.came] == ["/in"]  # no redirect is followed
    if status == 500:
        assert receipt.detail == 'HTTP 500: {"told": "seen"}'


def test_what_is_sent_is_as_the_standard_has_it(receiver: Receiver) -> None:
    clock = Ticking()
    channel = hook(receiver.url + "?a=1", clock=clock)
    for attempt in (1, 2, 3):
        channel.send([message(attempt)])
        clock.at += timedelta(minutes=5)
    assert {one.path for one in receiver.came} == {"/in?a=1"}
    assert {one.message_id for one in receiver.came} == {message().message_id}
    assert {one.body for one in receiver.came} == {message().body}
    stamps = [int(one.headers["webhook-timestamp"]) for one in receiver.came]
    assert stamps == [int(NOON.timestamp()) + 300 * at for at in range(3)]
    assert len({one.headers["webhook-signature"] for one in receiver.came}) == 3
    for one, stamp in zip(receiver.came, stamps, strict=True):
        assert verified(one, NEW, stamp)
        assert one.headers["content-type"] == "application/json"
        assert one.headers["host"] == receiver.url.split("/")[2]


def test_both_secrets_verify_while_they_change(receiver: Receiver) -> None:
    for keys in ([OLD], [NEW, OLD], [NEW]):
        hook(receiver.url, keys).send([message()])
    now = NOON.timestamp()
    found = [(verified(one, OLD, now), verified(one, NEW, now)) for one in receiver.came]
    assert found == [(True, False), (True, True), (False, True)]


def test_a_changed_request_does_not_verify(receiver: Receiver) -> None:
    hook(receiver.url).send([message()])
    (one,) = receiver.came
    now = NOON.timestamp()
    assert not verified(one, NEW, now + 301)
    assert not verified(one, OLD, now)
    for changed in (
        Arrived(one.path, one.headers, one.body + b" "),
        Arrived(one.path, one.headers | {"webhook-id": "other"}, one.body),
        Arrived(one.path, one.headers | {"webhook-timestamp": str(int(now) + 1)}, one.body),
    ):
        assert not verified(changed, NEW, now)


# Computed with: printf '%s' "$ID.$TIME.$BODY" | openssl dgst -sha256 -mac HMAC -macopt
# hexkey:$KEY -binary | base64. The first is the example of the standard's own libraries.
VECTORS = [
    (
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    ),
    (
        "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        "m1",
        1735689600,
        b"{}",
        "v1,aB/rOsTBdjSWpk9b121j2A1eLmWakHiudWl9xbRDFLY=",
    ),
    (
        "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        "m2",
        1735689600,
        '{"题":"轴承"}'.encode(),
        "v1,v7fJSR4gHhDTh3uj3f6PNumyzq67xopktT3Qo9AQwlU=",
    ),
]


@pytest.mark.parametrize(("secret", "key", "stamp", "body", "expected"), VECTORS)
def test_signatures_by_vectors(
    secret: str, key: str, stamp: int, body: bytes, expected: str
) -> None:
    assert sign([parse_secret(secret, "x")], key, stamp, body) == expected


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "whsec_",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS",
        "whsec_轴承",
        "whsec_" + base64.b64encode(b"x" * 23).decode(),
        "whsec_" + base64.b64encode(b"x" * 65).decode(),
    ],
)
def test_weak_or_wrong_secrets_are_refused_and_not_told(secret: str) -> None:
    with pytest.raises(InputError, match="A_SECRET") as caught:
        parse_secret(secret, "A_SECRET")
    assert not secret.removeprefix("whsec_") or secret not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120", 120.0),
        (" 0 ", 0.0),
        ("999999999999999", 86_400.0),
        ("Thu, 01 Jan 2026 12:10:00 GMT", 600.0),
        ("Thu, 01 Jan 2026 11:00:00 GMT", 0.0),
        ("Fri, 01 Jan 2027 12:00:00 GMT", 86_400.0),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        ("٣", None),
    ],
)
def test_both_forms_of_retry_after(receiver: Receiver, text: str, seconds: float | None) -> None:
    assert retry_after(text, NOON) == seconds
    if text.isascii():
        receiver.answer = lambda _: (503, {"retry-after": text})
        (receipt,) = hook(receiver.url).send([message()])
        assert receipt.retry_after == seconds


@contextmanager
def raw(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """Yield the URL of a server that says whatever it likes."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listening.accept()
                with connection, suppress(OSError):
                    connection.recv(65_536)
                    answer(connection)

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
    finally:
        with suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)
        listening.close()


def drip(connection: socket.socket) -> None:
    for mark in b"HTTP/1.1 200 OK\r\n" + b"x-y: z\r\n" * 200:
        connection.sendall(bytes([mark]))
        time.sleep(0.05)


def test_a_receiver_that_drips_gets_so_much_time_and_no_more() -> None:
    with raw(drip) as url:
        begun = time.monotonic()
        (receipt,) = hook(url, seconds=0.5).send([message()])
        assert time.monotonic() - begun < 1.5
    assert (receipt.outcome, receipt.status) == (DeliveryOutcome.TRY_AGAIN, 0)
    assert "no answer within 0.5 s" in receipt.detail


def test_a_receiver_that_says_nothing_gets_so_much_time_and_no_more() -> None:
    with raw(lambda _: time.sleep(2)) as url:
        begun = time.monotonic()
        (receipt,) = hook(url, seconds=0.3).send([message()])
        assert time.monotonic() - begun < 1.0
    assert receipt.outcome is DeliveryOutcome.TRY_AGAIN


@pytest.mark.parametrize(
    "head", [b"", b"content-length: 1073741824\r\n", b"content-encoding: gzip\r\n"]
)
def test_of_a_giant_answer_little_is_read(head: bytes) -> None:
    sent = 0

    def flood(connection: socket.socket) -> None:
        nonlocal sent
        connection.sendall(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n")
        connection.settimeout(3)
        for _ in range(16_384):
            sent += connection.send(b"\x1f\x8b" * 32_768)

    with raw(flood) as url:
        begun = time.monotonic()
        (receipt,) = hook(url).send([message()])
        assert time.monotonic() - begun < 3
    assert receipt.outcome is DeliveryOutcome.DELIVERED  # the status was heard
    assert sent < 64 << 20  # what fitted into the buffers of the system, not a gigabyte


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200",
        b"HTTP/1.1 200 OK\r\n" + b"x: " + b"y" * 100_000,
        b"HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 轴承\r\n\r\n".encode(),
    ],
)
def test_what_is_no_http_is_no_answer(answer: bytes) -> None:
    with raw(lambda connection: connection.sendall(answer)) as url:
        (receipt,) = hook(url).send([message()])
    assert (receipt.outcome, receipt.status) == (DeliveryOutcome.TRY_AGAIN, 0)
    assert receipt.detail


def test_interim_answers_are_passed_over() -> None:
    told = b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"
    with raw(lambda connection: connection.sendall(told)) as url:
        (receipt,) = hook(url).send([message()])
    assert receipt.outcome is DeliveryOutcome.DELIVERED


def test_nobody_listening_is_no_answer() -> None:
    with raw(lambda _: None) as url:
        pass
    (receipt,) = hook(url).send([message()])
    assert receipt.outcome is DeliveryOutcome.TRY_AGAIN
    assert "refused" in receipt.detail.lower()


def test_a_resolver_that_hangs_is_not_waited_for() -> None:
    def hang(host: str, port: int) -> Sequence[tuple[Any, ...]]:
        time.sleep(3)
        return []

    begun = time.monotonic()
    (receipt,) = hook("http://push.test/", seconds=0.3, resolve=hang).send([message()])
    assert time.monotonic() - begun < 1
    assert receipt.outcome is DeliveryOutcome.TRY_AGAIN


def test_the_environment_s_proxy_is_not_used(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    (receipt,) = hook(receiver.url).send([message()])
    assert receipt.outcome is DeliveryOutcome.DELIVERED


def test_the_address_tells_no_token(receiver: Receiver) -> None:
    assert hook(receiver.url + "?token=x").address == receiver.url
