"""What a request may carry: so many bytes, and JSON that means one thing. Pure ASGI."""

from __future__ import annotations

from email.message import Message

from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.types import Message as Event

from matcher.errors import InputError
from service.api.problems import allowed, refusal
from service.api.refusals import BodyTooLarge, MediaTypeRefused
from service.api.strict_json import check_json
from service.auth.redact import holds_secret
from service.auth.refusals import SecretMisplaced

MOST_BYTES = 1 << 20
# What reads its own body, piece by piece and under a limit of its own (service/api/imports.py).
STREAMED = {("POST", "/v1/imports")}


class _Gone(Exception):
    """No error: the client went away."""


class BodyLimits:
    """Reads the body before the application does, and refuses what it may not be.

    The bytes are counted as they arrive: a chunked body says no length beforehand, and a length
    that is said need not be true.

    Args:
        app: the application behind.
        most_bytes: of one body.
    """

    def __init__(self, app: ASGIApp, most_bytes: int = MOST_BYTES) -> None:
        self._app = app
        self._most = most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or hand on with the body read."""
        if scope["type"] != "http" or (scope["method"], scope["path"]) in STREAMED:
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        try:
            body = await self._read(headers.get(b"content-length", b""), receive)
            if body:
                _check_media_type(headers.get(b"content-type", b""))
                check_json(body)
                if holds_secret(body.decode("utf-8", "replace")):
                    raise SecretMisplaced("body")
        except InputError as error:
            # What is wrong with a body says nothing where nobody would have read it.
            here = allowed(scope)
            if here and scope["method"] not in here:
                await self._app(scope, replayed(b"", receive), send)
            else:
                await refusal(scope, error)(scope, receive, send)
        except _Gone:
            return
        else:
            await self._app(scope, replayed(body, receive), send)

    async def _read(self, length: bytes, receive: Receive) -> bytes:
        if length.isdigit() and int(length[:20]) > self._most:
            raise BodyTooLarge(self._most)
        chunks: list[bytes] = []
        size = 0
        while True:
            event = await receive()
            if event["type"] == "http.disconnect":
                raise _Gone
            chunk: bytes = event.get("body", b"")
            size += len(chunk)
            if size > self._most:
                raise BodyTooLarge(self._most)
            chunks.append(chunk)
            if not event.get("more_body", False):
                return b"".join(chunks)


def _check_media_type(header: bytes) -> None:
    message = Message()
    message["content-type"] = header.decode("latin-1")
    kind = message.get_content_type() if header else ""
    charset = message.get_content_charset("utf-8")
    main, _, sub = kind.partition("/")
    is_json = main == "application" and (sub == "json" or sub.endswith("+json"))
    if not is_json or charset not in {"utf-8", "utf8", "us-ascii"}:
        raise MediaTypeRefused


def replayed(body: bytes, receive: Receive) -> Receive:
    """Return a ``receive`` that tells the body once more, and then what follows it."""
    events: list[Event] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Event:
        return events.pop() if events else await receive()

    return replay
