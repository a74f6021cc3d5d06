"""Holds every answer of the tests to the description: a status it does not name is an error."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.app import create_app


class Undocumented(AssertionError):
    """An answer came that the description does not know."""


class Documented:
    """Outermost layer of an application under test; routes that a test adds are let pass."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def checked(message: Message) -> None:
            if message["type"] == "http.response.start":
                _check(scope, message["status"])
            await send(message)

        await self._app(scope, receive, checked)


@cache
def _templates() -> list[tuple[str, dict[str, Any]]]:
    paths = create_app().openapi()["paths"]
    # The longest template first: /v1/patents/{patent}/firms is no patent's name.
    order = sorted(paths, key=len, reverse=True)
    return [(re.sub(r"\\\{\w+\\\}", ".+", re.escape(name)), paths[name]) for name in order]


def _check(scope: Scope, status: int) -> None:
    for template, item in _templates():
        if re.fullmatch(template, scope["path"]):
            operation = item.get(scope["method"].lower())
            if operation and str(status) not in operation["responses"]:
                raise Undocumented(f"{operation['operationId']} answered {status}")
            return
