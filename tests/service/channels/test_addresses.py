"""No message goes inside: whatever the address is spelled like, whatever the name resolves to."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from matcher.codes import DeliveryOutcome
from matcher.errors import InputError
from matcher.pushed import ChannelLimits, MessageId, PushMessage, Receipt, RoundId
from matcher.types import Uscc
from service.channels.addresses import Network, is_allowed, is_named, parse_network
from service.channels.post import Rules, parse_target, system_resolve
from service.channels.webhook import Webhook
from tests.contracts.webhook_receiver import receiving

MESSAGE = PushMessage(MessageId("m"), RoundId("r"), Uscc("f"), "c", 1, 0, "t", b"{}")
LOOPBACK = (parse_network("127.0.0.1/32"),)

_INSIDE = """
0.0.0.0 0.0.0.1 10.0.0.1 10.255.255.255 100.64.0.1 100.100.100.200 100.127.255.255 127.0.0.1
127.255.255.255 168.63.129.16 169.254.0.1 169.254.169.254 169.254.170.2 172.16.0.1 172.31.255.255
192.0.0.1 192.0.0.192 192.0.2.1 192.88.99.1 192.168.0.1 192.168.255.255 198.18.0.1 198.19.255.255
198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255
:: ::1 ::7f00:1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 ::ffff:6464:64c8
64:ff9b::7f00:1 64:ff9b::a00:1 64:ff9b:1::1 100::1 2001::1 2001:0:7f00:1:: 2001:db8::1 2001:10::1
2002:7f00:1:: 2002:a00:1:: 2002:a9fe:a9fe:: 3fff::1 5f00::1 fc00::1 fd00::1 fd00:ec2::254
fd20:ce::254 fe80::1 fe80::1%lo fec0::1 ff02::1 4000::1 a00::1 ::ffff:192.168.0.1 ::ffff:0.0.0.0
"""
_PUBLIC = """
1.1.1.1 8.8.8.8 100.63.255.255 100.128.0.1 172.15.0.1 172.32.0.1 223.255.255.255
2400:3200::1 2606:4700::1111 ::ffff:8.8.8.8 168.63.129.17
"""
_SPELLED = """
127.0.0.1 127.1 127.0.1 2130706433 0x7f000001 0x7f.0.0.1 0177.0.0.1 017700000001 0 0.0.0.0
[::1] [::] [::ffff:127.0.0.1] [::ffff:7f00:1] [0:0:0:0:0:0:0:1] [::127.0.0.1] [fe80::1%25lo]
localhost 10.0.0.1 169.254.169.254 0xa9fea9fe 2852039166 100.100.100.200 192.168.1.1
[fd00:ec2::254] [64:ff9b::7f00:1]
"""
INSIDE, PUBLIC, SPELLED = (text.split() for text in (_INSIDE, _PUBLIC, _SPELLED))


@dataclass
class Resolver:
    """Answers as the test says, and remembers who asked; one answer a call, the last for ever."""

    answers: list[list[str]]
    asked: list[str] = field(default_factory=list)

    def __call__(self, host: str | bytes, port: int) -> Sequence[tuple[Any, ...]]:
        self.asked.append(host if isinstance(host, str) else host.decode())
        found = self.answers[min(len(self.asked), len(self.answers)) - 1]
        return [
            (
                socket.AF_INET6 if ":" in at else socket.AF_INET,
                socket.SOCK_STREAM,
                6,
                "",
                (at, port),
            )
            for at in found
        ]


def post(
    url: str,
    resolve: Any = system_resolve,
    opened: Sequence[Network] = (),
    context: ssl.SSLContext | None = None,
) -> Receipt:
    rules = Rules(opened, 2.0, context or ssl.create_default_context(), resolve)
    limits = ChannelLimits(1, 1, 2.0, (0.0,))
    channel = Webhook(
        "c",
        parse_target(url),
        keys=[b"k" * 32],
        rules=rules,
        limits=limits,
        clock=lambda: datetime.now(UTC),
    )
    (receipt,) = channel.send([MESSAGE])
    return receipt


@contextmanager
def sentinel(host: str = "127.0.0.1", port: int = 0) -> Iterator[tuple[int, socket.socket]]:
    """Yield a port where nobody may ever knock."""
    with socket.create_server((host, port)) as listening:
        listening.setblocking(False)
        yield listening.getsockname()[1], listening
        with pytest.raises(BlockingIOError):
            listening.accept()


@pytest.mark.parametrize("address", INSIDE)
def test_what_is_inside_is_refused(address: str) -> None:
    assert not is_allowed(address, [])
    receipt = post("https://push.example.cn/", Resolver([[address.partition("%")[0]]]))
    assert receipt.outcome is DeliveryOutcome.TRY_AGAIN
    assert "not allowed" in receipt.detail


@pytest.mark.parametrize("address", PUBLIC)
def test_what_is_public_is_allowed(address: str) -> None:
    assert is_allowed(address, [])
    assert not is_named(address, [])


def test_there_are_enough_spellings() -> None:
    assert len(INSIDE) >= 60


@pytest.mark.parametrize("host", SPELLED)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_no_spelling_reaches_the_sentinel(host: str, scheme: str) -> None:
    with sentinel() as (port, _):
        try:
            receipt = post(f"{scheme}://{host}:{port}/")
        except InputError:
            return  # refused before anything is asked
        assert receipt.outcome is DeliveryOutcome.TRY_AGAIN
        assert "not allowed" in receipt.detail or "no connection" in receipt.detail


@pytest.mark.parametrize(
    "url",
    [
        "",
        "push.example.cn",
        "ftp://push.example.cn/",
        "file:///etc/passwd",
        "https://",
        "https:///path",
        "https://user:secret@push.example.cn/",
        "https://push.example.cn@10.0.0.1/",
        "https://push.example.cn/#x",
        "https://push.example.cn:99999/",
        "https://push.example.cn:x/",
        "https://推送.中国/",
        "https://①②⑦.⓪.⓪.①/",
        "https://push.example.cn/a b",
        "https://push.example.cn/\r\nx: y",
        "https://[::1/",
    ],
)
def test_urls_that_are_none_are_refused(url: str) -> None:
    with pytest.raises(InputError):
        parse_target(url)


def test_one_address_inside_spoils_them_all() -> None:
    with receiving() as receiver:
        port = receiver.url.split(":")[2].split("/")[0]
        for answers in (["127.0.0.1", "10.0.0.1"], ["10.0.0.1", "127.0.0.1"], ["127.0.0.1", "::1"]):
            receipt = post(f"http://push.test:{port}/", Resolver([answers]), LOOPBACK)
            assert receipt.outcome is DeliveryOutcome.TRY_AGAIN
        assert receiver.came == []


def test_a_name_is_resolved_once_a_post_and_that_address_is_used() -> None:
    with receiving() as receiver:
        port = int(receiver.url.split(":")[2].split("/")[0])
        with sentinel("127.0.0.2", port):
            for _ in range(20):
                resolve = Resolver([["127.0.0.1"], ["127.0.0.2"]])
                receipt = post(f"http://push.test:{port}/", resolve, LOOPBACK)
                assert receipt.outcome is DeliveryOutcome.DELIVERED
                assert resolve.asked == ["push.test"]
                # The next post asks anew, and is refused: the name points elsewhere by now.
                later = post(f"http://push.test:{port}/", resolve, LOOPBACK)
                assert "127.0.0.2, which is not allowed" in later.detail
        assert len(receiver.came) == 20
        assert {one.headers["host"] for one in receiver.came} == {f"push.test:{port}"}


def test_after_a_dead_address_the_next_is_tried() -> None:
    with receiving() as receiver:
        alive = int(receiver.url.split(":")[2].split("/")[0])
        with sentinel() as (dead, _):
            pass

        def resolve(host: str, port: int) -> Sequence[tuple[Any, ...]]:
            places = [("127.0.0.1", dead), ("127.0.0.1", port)]
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", place) for place in places]

        receipt = post(f"http://push.test:{alive}/", resolve, LOOPBACK)
    assert receipt.outcome is DeliveryOutcome.DELIVERED


def test_without_tls_only_into_networks_that_are_named() -> None:
    receipt = post("http://push.example.cn/", Resolver([["8.8.8.8"]]))
    assert "https only" in receipt.detail


@pytest.mark.parametrize("text", ["0.0.0.0/0", "::/0", "0.0.0.0/7", "2000::/3", "10.0.0.1/8", "x"])
def test_networks_that_open_everything_are_refused(text: str) -> None:
    with pytest.raises(InputError, match="network"):
        parse_network(text)


def test_a_named_network_is_opened_and_no_other() -> None:
    opened = [parse_network("10.20.0.0/16"), parse_network("fd00::/8")]
    assert is_allowed("10.20.3.4", opened)
    assert is_allowed("::ffff:10.20.3.4", opened)
    assert is_allowed("fd00::1", opened)
    assert not is_allowed("10.21.0.1", opened)
    assert not is_allowed("64:ff9b::a14:304", opened)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a certificate for push.test and its key, in one file."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl to make a certificate with")
    path = tmp_path_factory.mktemp("tls") / "push.pem"
    key = path.with_suffix(".key")
    name = ["-subj", "/CN=push.test", "-addext", "subjectAltName=DNS:push.test"]
    made = ["-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", str(key), "-out", str(path)]
    subprocess.run(["openssl", "req", "-x509", *name, *made], check=True, capture_output=True)
    path.write_text(path.read_text() + key.read_text())
    return path


def test_tls_proves_the_name_and_not_the_address(certificate: Path) -> None:
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(certificate)
    trusting = ssl.create_default_context(cafile=certificate)
    resolve = Resolver([["127.0.0.1"]])
    with receiving(serving) as receiver:
        port = receiver.url.split(":")[2].split("/")[0]

        def told(name: str, context: ssl.SSLContext | None = None) -> Receipt:
            return post(f"https://{name}:{port}/", resolve, LOOPBACK, context)

        assert told("push.test", trusting).outcome is DeliveryOutcome.DELIVERED
        other, unknown = told("other.test", trusting), told("push.test")
        assert "certificate" in other.detail
        assert "certificate" in unknown.detail
        assert len(receiver.came) == 1
