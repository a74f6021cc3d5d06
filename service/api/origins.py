"""From which pages a browser may ask: by tenant, and never from everywhere. Pure ASGI.

Nothing here lets anybody in; it only says whose pages may read an answer. Cookies are never asked
for, so no answer allows credentials.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping

from anyio import to_thread
from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from matcher.errors import InputError, MatcherError
from service.auth.caller import Caller
from service.store.tenants import OPERATOR, Tenants

_ORIGIN = re.compile(r"https?://(?:[a-z0-9-]+(?:\.[a-z0-9-]+)*|\[[0-9a-f:.]+\])(?::\d{1,5})?")
_KEPT_SECONDS = 2.0
_PREFLIGHT = {
    "access-control-allow-methods": "GET, POST, DELETE",
    "access-control-allow-headers": "Authorization, Content-Type, Idempotency-Key, If-None-Match, "
    "X-Request-ID",
    "access-control-max-age": "600",
}
_EXPOSED = (
    "ETag, Idempotency-Replayed, Location, RateLimit, RateLimit-Policy, Retry-After, "
    "WWW-Authenticate, X-Request-ID"
)


def origins_of(written: Iterable[str]) -> tuple[str, ...]:
    """Return the origins in small letters, each once.

    Raises:
        InputError: one of them is no origin; ``*`` and ``null`` are none.

    >>> origins_of([" https://Example.cn ", ""])
    ('https://example.cn',)
    """
    found: dict[str, None] = {}
    for text in written:
        origin = text.strip().lower()
        if not origin:
            continue
        if not _ORIGIN.fullmatch(origin):
            raise InputError(
                f"found origin {text.strip()[:60]!a}",
                "scheme, host and port of a page, such as https://portal.example.cn",
                "name each page's origin; '*' would let any page on the net read answers",
            )
        found[origin] = None
    return tuple(found)


class Origins:
    """The origins of all tenants, looked up at most every two seconds.

    Args:
        tenants: of the main store.
        given: for the operator and every tenant alike.
        ticks: the monotonic clock, seconds.
    """

    def __init__(
        self,
        tenants: Tenants,
        given: Iterable[str],
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tenants = tenants
        self._given = frozenset(given)
        self._ticks = ticks
        self._known: Mapping[str, frozenset[str]] = {}
        self._until = float("-inf")

    async def allows(self, origin: str, tenant: str | None) -> bool:
        """Return whether the tenant's answers may be read there; ``None``: anybody's."""
        if origin in self._given:
            return True
        if self._until < self._ticks():
            await to_thread.run_sync(self._look)
        if tenant is None:
            return any(origin in known for known in self._known.values())
        return origin in self._known.get(tenant or OPERATOR, ())

    def _look(self) -> None:
        until = self._ticks() + _KEPT_SECONDS
        self._known = {one.name: frozenset(one.origins) for one in self._tenants.all()}
        self._until = until


class CrossOrigin:
    """Answers what browsers ask beforehand, and tells them which pages may read an answer.

    Args:
        app: the application behind.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a preflight, or hand on."""
        origin = _header(scope, b"origin") if scope["type"] == "http" else ""
        if not origin:
            await self._app(scope, receive, send)
            return
        if scope["method"] == "OPTIONS" and _header(scope, b"access-control-request-method"):
            allowed = await _allows(scope, origin)
            headers = {"access-control-allow-origin": origin, **_PREFLIGHT} if allowed else {}
            answer = Response(status_code=204, headers={"vary": "Origin", **headers})
            await answer(scope, receive, send)
            return

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.add_vary_header("Origin")
                if await _allows(scope, origin):
                    headers["access-control-allow-origin"] = origin
                    headers["access-control-expose-headers"] = _EXPOSED
            await send(message)

        await self._app(scope, receive, told)


async def _allows(scope: Scope, origin: str) -> bool:
    origins: Origins = scope["state"]["origins"]
    caller: Caller | None = scope["state"].get("caller")
    try:
        return await origins.allows(origin, caller.tenant if caller else None)
    except MatcherError:  # the database does not answer: nobody's page, until it does
        return False


def _header(scope: Scope, name: bytes) -> str:
    found = [value for key, value in scope["headers"] if key == name]
    return found[0].decode("latin-1").lower() if len(found) == 1 else ""
