"""Every request counted, timed and told in one line. Pure ASGI, outside of all but its name."""

from __future__ import annotations

import logging
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.auth.caller import Caller
from service.watch.measures import Measures

ACCESS = "panhuo.access"
# What was refused before it was routed, and what is no address of ours: never the address itself,
# which anyone may write.
_NO_ROUTE = "none"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_LOG = logging.getLogger(ACCESS)


class Watched:
    """Times a request from its first byte to the last of its answer.

    Args:
        app: the application behind.
        measures: of this process.
    """

    def __init__(self, app: ASGIApp, measures: Measures) -> None:
        self._app = app
        self._measures = measures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on, and tell what became of it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = time.perf_counter()
        status = 500

        async def told(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        self._measures.under_way.inc()
        try:
            await self._app(scope, receive, told)
        finally:
            self._measures.look()
            self._measures.under_way.dec()
            self._tell(scope, status, time.perf_counter() - begun)

    def _tell(self, scope: Scope, status: int, seconds: float) -> None:
        method = scope["method"] if scope["method"] in _METHODS else "other"
        route = route_of(scope)
        self._measures.seconds.labels(method, route, f"{status // 100}xx").observe(seconds)
        if not _LOG.isEnabledFor(logging.INFO):
            return
        caller: Caller | None = scope["state"].get("caller")
        facts = {
            "method": method,
            "route": route,
            "status": status,
            "ms": round(seconds * 1_000, 1),
            "tenant": caller.tenant if caller else "",
            "key_id": caller.key_id if caller else "",
        }
        _LOG.info("%(method)s %(route)s %(status)s %(ms)s ms", facts, extra={"facts": facts})


def route_of(scope: Scope) -> str:
    """Return the template of the address that was routed to, such as ``/v1/firms/{uscc}``."""
    return str(getattr(scope.get("route"), "path_format", _NO_ROUTE))
