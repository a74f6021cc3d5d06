"""``X-Request-ID``: one name for a request in answers, problems and logs. Pure ASGI."""

from __future__ import annotations

import logging
import re
import uuid
from contextvars import ContextVar

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.auth.redact import holds_secret

HEADER = b"x-request-id"
_WELL_FORMED = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._-]{7,127}")
_NOW: ContextVar[str] = ContextVar("panhuo_request_id", default="-")


class RequestIds:
    """Takes over the sender's name for a request where it is well formed, else makes one.

    Args:
        app: the application behind; it finds the name in ``state["request_id"]``.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on under the name, and tell it with the answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        name = _given(scope) or uuid.uuid4().hex
        scope["state"]["request_id"] = name

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["x-request-id"] = name
            await send(message)

        # Not set back: whoever logs behind the answer, as the access log does, does so in this
        # request's own context.
        _NOW.set(name)
        await self._app(scope, receive, told)


class RequestIdFilter(logging.Filter):
    """Gives every log record the name of the request it was written for, ``-`` outside of one."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Add ``request_id`` and let the record pass."""
        record.request_id = _NOW.get()
        return True


def _given(scope: Scope) -> str:
    found = [value for name, value in scope["headers"] if name == HEADER]
    if len(found) != 1 or not _WELL_FORMED.fullmatch(found[0]):
        return ""
    name: str = found[0].decode("ascii")
    return "" if holds_secret(name) else name
