"""The door of the API: who asks is settled before a byte of the body is read. Pure ASGI."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated
from urllib.parse import unquote_to_bytes

from anyio import to_thread
from fastapi import Depends, Request
from starlette.types import ASGIApp, Receive, Scope, Send

from matcher.errors import MatcherError
from service.api.problems import refusal
from service.auth.caller import OPERATOR_HERE, Caller
from service.auth.gate import Gate
from service.auth.policy import LOCAL_PATHS, OPEN_PATHS, POLICIES
from service.auth.redact import holds_secret
from service.auth.refusals import KeyRefused, ScopeMissing, SecretMisplaced

LOOPBACK = frozenset({"127.0.0.1", "::1", "::ffff:127.0.0.1"})
_LOCAL_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})
_FORWARDED = frozenset({b"forwarded", b"x-forwarded-for", b"x-forwarded-host", b"x-real-ip"})
_LONGEST = 8_192


class Guard:
    """Refuses whoever has no good key or token, and remembers the caller for the others.

    Args:
        app: the application behind.
        trusted: addresses that count as this machine as long as there is no key.
    """

    def __init__(self, app: ASGIApp, trusted: Collection[str] = LOOPBACK) -> None:
        self._app = app
        self._trusted = frozenset(trusted)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or hand on with ``state["caller"]`` set."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            _check_address(scope)
            if scope["path"] not in OPEN_PATHS:
                scope["state"]["caller"] = await self._caller(scope)
        except MatcherError as error:
            await refusal(scope, error)(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _caller(self, scope: Scope) -> Caller:
        gate: Gate = scope["state"]["gate"]
        credential = _credential(scope)
        if credential is None and scope["path"] in LOCAL_PATHS and self._is_here(scope):
            return OPERATOR_HERE
        # Only a look-up in the database is worth a thread.
        if gate.at_hand(credential or ""):
            return self._known(gate, scope, credential)
        return await to_thread.run_sync(self._known, gate, scope, credential)

    def _known(self, gate: Gate, scope: Scope, credential: str | None) -> Caller:
        if credential is not None:
            return gate.caller(credential)
        if gate.locked() or not self._is_here(scope):
            raise KeyRefused(given=False)
        return OPERATOR_HERE

    def _is_here(self, scope: Scope) -> bool:
        """Return whether the request comes from this machine and was not handed on by a proxy.

        The name in Host must be ours too: a page in a browser of this machine may have a name of
        its own that leads here.
        """
        client = scope.get("client")
        if client is None or client[0] not in self._trusted:
            return False
        headers = dict(scope["headers"])
        if _FORWARDED & headers.keys():
            return False
        # A form on a foreign page may be posted here without asking first.
        origin = headers.get(b"origin", b"")
        if origin and not _is_local(origin.partition(b"://")[2]):
            return False
        return _is_local(headers.get(b"host", b"")) or client[0] not in LOOPBACK


def _is_local(named: bytes) -> bool:
    host = named.decode("latin-1").lower()
    name = host if host.endswith("]") else host.rpartition(":")[0] or host
    return name in _LOCAL_NAMES


def _check_address(scope: Scope) -> None:
    query = unquote_to_bytes(scope["query_string"]).decode("utf-8", "replace")
    if holds_secret(scope["path"]) or holds_secret(query):
        raise SecretMisplaced("address")


def _credential(scope: Scope) -> str | None:
    """Return what the one Authorization header holds, ``None`` where there is none.

    Raises:
        KeyRefused: there are two, or it is of another scheme.
    """
    found: list[bytes] = [value for name, value in scope["headers"] if name == b"authorization"]
    if not found:
        return None
    scheme, _, credential = found[0].decode("latin-1").partition(" ")
    credential = credential.strip()
    if len(found) > 1 or scheme.lower() != "bearer" or not 0 < len(credential) <= _LONGEST:
        raise KeyRefused
    return credential


async def caller_of(request: Request) -> Caller:
    """Return who asks; every operation that is not public has a caller."""
    caller: Caller = request.state.caller
    return caller


Asking = Annotated[Caller, Depends(caller_of)]


async def authorise(request: Request) -> None:
    """Hold the caller to the table; a dependency of every route.

    Raises:
        KeyRefused: the operation takes no credential of this kind, or has no row.
        ScopeMissing: the caller has not the right.
    """
    operation = request.scope["route"].operation_id or ""
    if (act := getattr(request.state, "act", None)) is not None:
        act.operation = operation
    policy = POLICIES.get(operation)
    if policy is None:
        raise KeyRefused
    if policy.public:
        return
    caller = await caller_of(request)
    if caller.kind not in policy.kinds:
        raise KeyRefused
    if policy.scope is not None and not caller.may(policy.scope):
        raise ScopeMissing([policy.scope])
