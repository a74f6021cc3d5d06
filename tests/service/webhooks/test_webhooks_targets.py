"""No webhook goes inside, whatever its address is spelled like, whenever it is looked at."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from matcher.codes import MessageState
from service.store.engine import Store
from service.store.event_types import CHOOSABLE
from service.webhooks.desk import WebhookDesk
from service.webhooks.refusals import TargetRefused
from service.webhooks.sender import Sender
from tests.contracts.webhook_receiver import receiving
from tests.service.channels.test_addresses import INSIDE, SPELLED, sentinel
from tests.service.webhooks.lines import SECRETS, Hands, Names, line, made, record, send

pytestmark = pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
# Every spelling of an address, and every address that is inside, in a URL.
HOSTS = sorted(
    {
        *SPELLED,
        *(f"[{one.partition('%')[0]}]" if ":" in one else one for one in INSIDE),
        *("LOCALHOST", "localhost.", "a.localhost", "127.0.0.1.", "127.000.000.001", "0x7F.1"),
    }
)


def test_there_are_enough_spellings(store: Store) -> None:
    assert len(HOSTS) >= 80


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_no_spelling_can_be_set_up(store: Store, scheme: str) -> None:
    desk = WebhookDesk(store, SECRETS)
    good, _ = desk.create("https://hook.example.cn/", CHOOSABLE)
    with sentinel() as (port, _):
        for host in HOSTS:
            for work in (
                lambda url: desk.create(url, CHOOSABLE),
                lambda url: desk.change(good.endpoint_id, url=url),
            ):
                with pytest.raises(TargetRefused):
                    work(f"{scheme}://{host}:{port}/in?token=geheim")
    assert desk.all() == (good,)


def test_no_spelling_that_stands_there_is_sent_to(store: Store) -> None:
    """An address may have become one of the inside since: it is looked at with each attempt."""
    desk, sender = WebhookDesk(store, SECRETS), Sender(store, line())
    endpoint, _ = desk.create("https://hook.example.cn/", CHOOSABLE)
    with sentinel() as (port, _):
        for host in HOSTS:
            store.webhooks.change(endpoint.endpoint_id, url=f"https://{host}:{port}/")
            desk.test(endpoint.endpoint_id)
            assert send(sender) == 1
            (last,) = store.delivery_log.latest(endpoint.endpoint_id, 1, None, None)
            assert last.state is MessageState.FAILED
            refused = ("not allowed", "no connection", "found url")
            assert any(word in last.cause for word in refused), (host, last.cause)


def test_the_refusal_repeats_no_address(store: Store) -> None:
    with pytest.raises(TargetRefused) as caught:
        WebhookDesk(store, SECRETS).create("https://user:geheim@hook.example.cn/", CHOOSABLE)
    assert "geheim" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_what_the_operator_opens_is_open_for_this_tenant(store: Store) -> None:
    desk = WebhookDesk(store, SECRETS)
    with receiving() as receiver:
        with pytest.raises(TargetRefused):
            desk.create(receiver.url, CHOOSABLE)
        with pytest.raises(TargetRefused):
            desk.create("http://hook.example.cn/", CHOOSABLE)
        store.webhooks.set_networks(["127.0.0.0/8"])
        desk.create(receiver.url, CHOOSABLE)
        with pytest.raises(TargetRefused):
            desk.create("https://10.0.0.1/", CHOOSABLE)
        record(store)
        assert send(Sender(store, line(Hands()))) == 1
        assert len(receiver.came) == 1
        # Closed again, the next message does not leave.
        store.webhooks.set_networks([])
        record(store)
        send(Sender(store, line(Hands())))
        assert len(receiver.came) == 1


def test_a_name_is_resolved_once_an_attempt(store: Store) -> None:
    with receiving() as receiver:
        port = int(receiver.url.split(":")[2].split("/")[0])
        made(store, f"http://hook.test:{port}/in")
        store.webhooks.set_networks(["127.0.0.1/32"])
        with sentinel("127.0.0.2", port):
            for turn in range(1, 1_001):
                names = Names(["127.0.0.1"], ["127.0.0.2"])
                record(store)
                assert send(Sender(store, line(Hands(), resolve=names))) == 1
                assert names.asked == 1
                assert len(receiver.came) == turn
        names = Names(["127.0.0.1", "10.0.0.1"])  # one inside spoils them all
        record(store)
        send(Sender(store, line(Hands(), resolve=names)))
        assert len(receiver.came) == 1_000


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
        listening.close()


def drip(connection: socket.socket) -> None:
    for mark in b"HTTP/1.1 200 OK\r\n" + b"x-y: z\r\n" * 300:
        connection.sendall(bytes([mark]))
        time.sleep(0.02)


SENT = [0]


def flood(head: bytes) -> Callable[[socket.socket], None]:
    def answer(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 500 No\r\n" + head + b"\r\n")
        connection.settimeout(3)
        for _ in range(16_384):  # a gigabyte
            SENT[0] += connection.send(b"\x1f\x8b\x08" + b"x" * 65_533)

    return answer


@pytest.mark.parametrize(
    "answer",
    [
        drip,
        lambda _: time.sleep(3),
        flood(b""),
        flood(b"content-length: 1073741824\r\n"),
        flood(b"content-encoding: gzip\r\n"),
    ],
    ids=["drips", "silent", "endless", "1 GB", "gzip bomb"],
)
def test_a_receiver_gets_so_much_time_and_so_many_bytes(
    store: Store, answer: Callable[[socket.socket], None]
) -> None:
    SENT[0] = 0
    with raw(answer) as url:
        endpoint, _ = made(store, url)
        record(store)
        begun = time.monotonic()
        assert send(Sender(store, line(Hands(), seconds=1.0))) == 1
        assert time.monotonic() - begun < 4.0
    (found,) = store.delivery_log.latest(endpoint.endpoint_id, 9, None, None)
    assert found.state is MessageState.PENDING
    assert len(found.cause) <= 300
    assert SENT[0] < 64 << 20  # what fits into buffers of the system
    assert found.log[0].duration_ms < 4_000
