"""A receiver of webhooks on loopback, as strict as one should be."""

from __future__ import annotations

import base64
import hmac
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = int | tuple[int, dict[str, str]]


@dataclass(frozen=True)
class Arrived:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def message_id(self) -> str:
        """The id that it carries."""
        return self.headers["webhook-id"]


@dataclass
class Receiver:
    """Everything that came, and how it is answered."""

    url: str
    came: list[Arrived] = field(default_factory=list)
    answer: Callable[[Arrived], Answer] = lambda _: 204

    def by_id(self) -> dict[str, bytes]:
        """Return what a receiver that honours the id has: the first body of each."""
        kept: dict[str, bytes] = {}
        for one in self.came:
            kept.setdefault(one.message_id, one.body)
        return kept


def verified(arrived: Arrived, key: bytes, now: float, tolerance: float = 300.0) -> bool:
    """Return whether the request was signed with the key: the check as the standard has it."""
    stamp = arrived.headers["webhook-timestamp"]
    if abs(now - int(stamp)) > tolerance:
        return False
    content = f"{arrived.message_id}.{stamp}.".encode() + arrived.body
    expected = base64.b64encode(hmac.new(key, content, "sha256").digest()).decode()
    marks = [mark.split(",", 1) for mark in arrived.headers["webhook-signature"].split()]
    return any(kind == "v1" and hmac.compare_digest(mark, expected) for kind, mark in marks)


@contextmanager
def receiving(context: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """Yield a receiver that listens; with a context it speaks TLS."""
    receiver = Receiver("")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            arrived = Arrived(self.path, headers, body)
            receiver.came.append(arrived)
            found = receiver.answer(arrived)
            status, extra = (found, {}) if isinstance(found, int) else found
            text = b"" if status == 204 else b'{"told": "seen"}'
            self.send_response(status)
            for name, value in extra.items():
                self.send_header(name, value)
            if status != 204:
                self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    receiver.url = f"http://127.0.0.1:{server.server_address[1]}/in"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
