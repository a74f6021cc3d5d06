"""How many requests a key may send: a bucket for each, filled at a steady rate. Pure ASGI.

The buckets are of this process: with four workers a key may send four times as much.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.problems import refusal
from service.api.refusals import RateExceeded
from service.auth.caller import Caller

_MOST_BUCKETS = 10_000


class Buckets:
    """One bucket a caller.

    Args:
        rate: requests a second in the long run; 0 for no limit.
        burst: requests at once.
        ticks: the monotonic clock, seconds.
    """

    def __init__(
        self, rate: float, burst: int, ticks: Callable[[], float] = time.monotonic
    ) -> None:
        self.rate = rate
        self.burst = burst
        self._ticks = ticks
        self._left: dict[str, tuple[float, float]] = {}

    def take(self, name: str) -> float:
        """Return what is left after this request, negative where it may not be sent."""
        now = self._ticks()
        left, at = self._left.pop(name, (float(self.burst), now))
        left = min(self.burst, left + (now - at) * self.rate)
        taken = left >= 1
        if len(self._left) >= _MOST_BUCKETS:
            # The one that was used least lately has most likely filled up since.
            self._left.pop(next(iter(self._left)))
        self._left[name] = (left - 1 if taken else left, now)
        return left - 1

    def headers(self, left: float) -> dict[str, str]:
        """Return ``RateLimit-Policy`` and ``RateLimit`` (draft-ietf-httpapi-ratelimit-headers)."""
        window = max(1, math.ceil(self.burst / self.rate))
        full = math.ceil((self.burst - max(left, 0.0)) / self.rate)
        return {
            "ratelimit-policy": f'"key";q={self.burst};w={window}',
            "ratelimit": f'"key";r={max(0, math.floor(left))};t={full}',
        }


class Rates:
    """Refuses what is too much for its key, and tells the others what is left.

    Args:
        app: the application behind.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or hand on."""
        caller: Caller | None = scope["state"].get("caller") if scope["type"] == "http" else None
        buckets: Buckets | None = scope["state"]["buckets"] if caller else None
        if caller is None or buckets is None or not buckets.rate:
            await self._app(scope, receive, send)
            return
        left = buckets.take(f"{caller.key_id}:{caller.kind}:{caller.subject}")
        headers = buckets.headers(left)

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(headers)
            await send(message)

        if left < 0:
            wait = max(1, math.ceil(-left / buckets.rate))
            await refusal(scope, RateExceeded(buckets.rate, wait))(scope, receive, told)
            return
        await self._app(scope, receive, told)
