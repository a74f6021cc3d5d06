"""Every request of a known caller is an act of the audit. Pure ASGI.

What it writes to a database takes its row along by itself (``service/audit/act.py``). Here is told
what does not: writes that are no transaction of the request, refusals, failures, and reads of
personal data. An operation is audited unless a line below says why not.
"""

from __future__ import annotations

from collections.abc import Mapping

from anyio import to_thread
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.audit.act import Act, at_work
from service.audit.desk import AuditDesk
from service.auth.caller import Caller

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
# POSTs that ask: what they record is the list itself, which names whom it was made for.
QUESTIONS: Mapping[str, str] = {
    "recommend": "asks; the list that was shown is recorded as such",
    "firmsForPatent": "asks; the list that was shown is recorded as such",
}
# GETs that tell personal data.
SENSITIVE: Mapping[str, str] = {
    "getImportErrors": "tells rows as they came, people included",
}
# Nothing was done, and nobody was refused for what he may not: the door and the rates say so in
# their own figures, and would let a stranger fill the audit.
_PASSING = frozenset({429})


class Audited:
    """Begins an act for each request, and tells its end before it is answered.

    Args:
        app: the application behind; the caller is known already.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on within an act."""
        caller: Caller | None = scope["state"].get("caller") if scope["type"] == "http" else None
        if caller is None:
            await self._app(scope, receive, send)
            return
        desk: AuditDesk = scope["state"]["audit"]
        act = desk.act(caller, scope["state"].get("request_id", ""))
        scope["state"]["act"] = act
        answered = False

        async def told(message: Message) -> None:
            nonlocal answered
            if message["type"] == "http.response.start" and not answered:
                answered = True
                await _tell(desk, act, scope, message)
            await send(message)

        done = False
        try:
            with at_work(act):
                await self._app(scope, receive, told)
            done = True
        finally:
            if not done and not answered and scope["method"] not in _SAFE:
                desk.keep(_named(act, scope).entry("failed", 500), durable=False)


async def _tell(desk: AuditDesk, act: Act, scope: Scope, start: Message) -> None:
    status: int = start["status"]
    if not _worth_telling(act, scope, status) or _is_repeated(start):
        return
    result = "done" if status < 400 else "refused" if status < 500 else "failed"
    entry = _named(act, scope).entry(result, status)
    if result == "done":
        await to_thread.run_sync(desk.keep, entry)
    else:
        desk.keep(entry, durable=False)


def _worth_telling(act: Act, scope: Scope, status: int) -> bool:
    """Return whether the act has an end that no row told yet."""
    if act.waiting:
        return True
    if scope["method"] in _SAFE:
        return act.operation in SENSITIVE and status < 400
    if status >= 400:
        return status not in _PASSING and act.operation not in QUESTIONS
    return not act.rows and act.operation not in QUESTIONS


def _is_repeated(start: Message) -> bool:
    return any(name == b"idempotency-replayed" for name, _ in start["headers"])


def _named(act: Act, scope: Scope) -> Act:
    act.operation = act.operation or f"{scope['method']} before it was routed"
    return act
