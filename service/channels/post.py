"""One POST to an address that was looked at first, within a time and so many bytes.

Standard clients follow proxies of the environment, know no total time limit and resolve the name a
second time when they connect. Here the name is resolved once, all its addresses are judged, and
the socket is opened to one of those very addresses; TLS still proves the name.
"""

from __future__ import annotations

import queue
import socket
import ssl
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import h11

from matcher.errors import InputError
from service.channels.addresses import Network, is_allowed, is_named

MOST_BYTES = 65_536
_EXCERPT = 200
_CHUNK = 8_192
# An answer's status is all that counts; its body is read so that the receiver is not cut off.
_REST_SECONDS = 2.0

Resolve = Callable[[str, int], Sequence[tuple[Any, ...]]]
"""Gives what ``socket.getaddrinfo`` gives for a TCP connection."""


class PostFailed(Exception):
    """There was no answer; the text says why."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where to post.

    Attributes:
        host: name or address, an IPv6 address without its brackets.
        path: path and query.
    """

    secure: bool
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """The value of the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.secure else 80) else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a receiver said; ``retry_after`` is the header's text, "" for none."""

    status: int
    retry_after: str = ""
    excerpt: str = ""


@dataclass(frozen=True, slots=True)
class Rules:
    """Under which rules a message is posted.

    Attributes:
        opened: networks that are allowed beside public addresses, and without TLS.
        seconds: for everything from the name to the answer.
        context: how TLS proves the receiver.
        resolve: asked once a post.
    """

    opened: Sequence[Network]
    seconds: float
    context: ssl.SSLContext
    resolve: Resolve


def system_resolve(host: str, port: int) -> Sequence[tuple[Any, ...]]:
    """Return the addresses of a name, as the system knows them."""
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)


def parse_target(url: str) -> Target:
    """Return where a URL leads.

    >>> parse_target("https://push.example.cn/in?x=1")
    Target(secure=True, host='push.example.cn', port=443, path='/in?x=1')

    Raises:
        InputError: it is no http(s) URL, or carries a user name or a fragment.
    """
    expected = "https://HOST/PATH without user name and fragment"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise InputError(f"found url {url!r} ({error})", expected) from error
    plain = url.isascii() and url.isprintable() and " " not in url
    if (
        parts.scheme not in {"http", "https"}
        or not parts.hostname
        or "@" in parts.netloc
        or parts.fragment
        or not plain
    ):
        raise InputError(f"found url {url!r}", expected)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    secure = parts.scheme == "https"
    return Target(secure, parts.hostname, port or (443 if secure else 80), path)


def refusal_of(target: Target, opened: Sequence[Network]) -> str:
    """Return why nothing may be sent there, "" where that is not known before the name is resolved.

    An address is an address however it is spelled: what the system takes for one is judged.
    """
    name = target.host.partition("%")[0].rstrip(".").lower()  # a zone is no part of it
    if name == "localhost" or name.endswith(".localhost"):
        found = ["127.0.0.1"]
    else:
        try:
            numeric = socket.AI_NUMERICHOST
            told = socket.getaddrinfo(name, target.port, type=socket.SOCK_STREAM, flags=numeric)
            found = [str(address[0]) for *_, address in told]
        except (OSError, UnicodeError):
            found = []
    try:
        _judge(target, found, opened)
    except PostFailed as refused:
        return str(refused)
    return (
        "" if target.secure or opened else f"{target.host} is outside of open networks: https only"
    )


def post(target: Target, headers: Mapping[str, str], body: bytes, rules: Rules) -> Answer:
    """Return the receiver's answer, whatever its status; redirects are answers too.

    Raises:
        PostFailed: no answer in time, an address that is not allowed, no connection, no HTTP.
    """
    end = monotonic() + rules.seconds
    try:
        with _connected(target, rules, end) as connection:
            return _exchange(connection, _request(target, headers, body), end)
    except TimeoutError as error:
        raise PostFailed(f"no answer within {rules.seconds:g} s") from error
    except ssl.SSLCertVerificationError as error:
        raise PostFailed(f"the certificate does not prove it: {error.verify_message}") from error
    except OSError as error:
        raise PostFailed(f"no connection: {error.strerror or error}") from error
    except h11.RemoteProtocolError as error:
        raise PostFailed(f"the answer is no HTTP: {error}") from error


def _connected(target: Target, rules: Rules, end: float) -> socket.socket:
    found = _resolved(target, rules, end)
    _judge(target, [str(address[0]) for *_, address in found], rules.opened)
    problem: OSError = OSError("the name has no address")
    for at, (family, kind, protocol, _, address) in enumerate(found):
        bare = socket.socket(family, kind, protocol)
        try:
            # A fair share of the time: an address that swallows everything leaves some to the next.
            bare.settimeout(_left(end) / (len(found) - at))
            bare.connect(address)
            return _proven(bare, target, rules, end) if target.secure else bare
        except OSError as error:
            bare.close()
            if isinstance(error, ssl.SSLError):
                raise
            problem = error
    raise problem


def _judge(target: Target, addresses: Sequence[str], opened: Sequence[Network]) -> None:
    # One inside among public ones is enough: it is how names are made to point inside.
    for address in addresses:
        if not is_allowed(address, opened):
            raise PostFailed(f"{target.host} leads to {address}, which is not allowed")
        if not target.secure and not is_named(address, opened):
            raise PostFailed(f"{target.host} is outside of allow_networks: https only")


def _proven(bare: socket.socket, target: Target, rules: Rules, end: float) -> ssl.SSLSocket:
    bare.settimeout(_left(end))
    return rules.context.wrap_socket(bare, server_hostname=target.host)


def _resolved(target: Target, rules: Rules, end: float) -> Sequence[tuple[Any, ...]]:
    """Resolve in a thread: the system's resolver knows no time limit."""
    answers: queue.SimpleQueue[Sequence[tuple[Any, ...]] | OSError] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(rules.resolve(target.host, target.port))
        except (OSError, UnicodeError) as error:
            answers.put(error if isinstance(error, OSError) else OSError(str(error)))

    threading.Thread(target=ask, daemon=True, name="resolve").start()
    try:
        found = answers.get(timeout=_left(end))
    except queue.Empty:
        raise TimeoutError from None
    if isinstance(found, OSError):
        raise found
    return found


def _request(target: Target, headers: Mapping[str, str], body: bytes) -> tuple[Any, bytes]:
    connection = h11.Connection(h11.CLIENT)
    lines = {
        "host": target.authority,
        "content-length": str(len(body)),
        "accept-encoding": "identity",
        "connection": "close",
        **headers,
    }
    head = h11.Request(method="POST", target=target.path, headers=list(lines.items()))
    events = (head, h11.Data(data=body), h11.EndOfMessage())
    return connection, b"".join(connection.send(event) or b"" for event in events)


def _exchange(connection: socket.socket, request: tuple[Any, bytes], end: float) -> Answer:
    state, data = request
    connection.settimeout(_left(end))
    connection.sendall(data)
    reader = _Reader(connection, state, end)
    head = reader.head()
    headers = {name.decode(): value.decode("latin-1") for name, value in head.headers}
    excerpt = reader.excerpt() if not 200 <= head.status_code < 300 else reader.drained()
    return Answer(head.status_code, headers.get("retry-after", ""), excerpt)


class _Reader:
    """Reads an answer, so many bytes at most and until a moment."""

    def __init__(self, connection: socket.socket, state: Any, end: float) -> None:
        self._connection = connection
        self._state = state
        self._end = end
        self._left = MOST_BYTES

    def head(self) -> h11.Response:
        """Return status and headers; interim answers are skipped."""
        while True:
            event = self._next()
            if isinstance(event, h11.Response):
                return event
            if not isinstance(event, h11.InformationalResponse):
                raise h11.RemoteProtocolError("the connection was closed without an answer")

    def excerpt(self) -> str:
        """Return the first characters of the body as far as it comes, on one line."""
        text = self._body().decode("utf-8", "replace")
        return "".join(mark if mark.isprintable() else " " for mark in text)[:_EXCERPT].strip()

    def drained(self) -> str:
        """Read the body away; return nothing of it."""
        self._body()
        return ""

    def _body(self) -> bytes:
        self._end = min(self._end, monotonic() + _REST_SECONDS)
        first = b""
        with suppress(OSError, h11.RemoteProtocolError):
            while isinstance(event := self._next(), h11.Data):
                first += bytes(event.data)[: 4 * _EXCERPT - len(first)]
        return first

    def _next(self) -> Any:
        while (event := self._state.next_event()) is h11.NEED_DATA:
            if self._left <= 0:
                raise h11.RemoteProtocolError(f"more than {MOST_BYTES} bytes")
            self._connection.settimeout(_left(self._end))
            data = self._connection.recv(min(_CHUNK, self._left))
            self._left -= len(data)
            self._state.receive_data(data)
        return event


def _left(end: float) -> float:
    """Return the seconds until the moment; raise ``TimeoutError`` when it has passed."""
    seconds = end - monotonic()
    if seconds <= 0:
        raise TimeoutError
    return seconds
