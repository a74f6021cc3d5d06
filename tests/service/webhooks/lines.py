"""What a webhook goes out through in tests: a clock that the test turns, secrets, loopback."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from matcher.push.send import Clockwork
from service.auth.secret import Secrets
from service.channels.post import system_resolve
from service.channels.signatures import parse_secret
from service.store.engine import Store
from service.store.event_types import CHOOSABLE, EventType
from service.store.outbox import record_event
from service.store.webhooks import Endpoint
from service.webhooks.desk import WebhookDesk
from service.webhooks.sender import Line, Sender

SECRETS = Secrets(Path("unused"), "a server secret of thirty-two characters and more")
LOOPBACK = "127.0.0.0/8"
_CONTEXT = ssl.create_default_context()


class Hands:
    """A clock that stands still until the test turns it; it begins a moment from now."""

    def __init__(self) -> None:
        self.at = datetime.now(UTC) + timedelta(seconds=2)

    def __call__(self) -> datetime:
        return self.at

    def turn(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class Names:
    """A resolver that counts; it knows its names as text and as bytes."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self._answers = answers
        self.asked = 0

    def __call__(self, host: str | bytes, port: int) -> list[tuple[Any, ...]]:
        assert (host if isinstance(host, str) else host.decode()) == "hook.test"
        found = self._answers[min(self.asked, len(self._answers) - 1)]
        self.asked += 1
        family = {True: socket.AF_INET6, False: socket.AF_INET}
        return [(family[":" in at], socket.SOCK_STREAM, 6, "", (at, port)) for at in found]


def line(
    hands: Hands | None = None,
    *,
    resolve: Any = system_resolve,
    seconds: float = 5.0,
    jitter: float = 0.0,
    secrets: Secrets = SECRETS,
) -> Line:
    clock = hands or (lambda: datetime.now(UTC))
    clockwork = Clockwork(clock, lambda _: None, lambda: jitter)
    return Line(secrets, _CONTEXT, resolve, clockwork, seconds)


def made(
    store: Store, url: str, events: Sequence[EventType] = CHOOSABLE, hands: Hands | None = None
) -> tuple[Endpoint, bytes]:
    """Return a new endpoint on loopback, and the key that its receiver has."""
    store.webhooks.set_networks([LOOPBACK])
    desk = WebhookDesk(store, SECRETS, hands) if hands else WebhookDesk(store, SECRETS)
    endpoint, secret = desk.create(url, events)
    return endpoint, parse_secret(secret, "the answer")


def record(store: Store, count: int = 1, kind: EventType = EventType.PUSH_READY) -> None:
    for number in range(count):
        with store.database.transaction() as connection:
            record_event(connection, kind, {"number": number})


def send(sender: Sender) -> int:
    """Send what is due, one after the other; return how many attempts that were."""
    claimed = sender.claim(100, 100)
    for one in claimed:
        assert sender.deliver(one)
    return len(claimed)
