"""``Idempotency-Key``: a POST that is sent again is answered again, and not done again. Pure ASGI.

One row of the tenant's own database stands for a key (``service/store/kept_answers.py``), so that
it holds over workers, replicas and restarts.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from anyio import to_thread
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from matcher.errors import MatcherError
from service.api.limits import STREAMED, replayed
from service.api.problems import refusal
from service.api.refusals import AnswerNotKept, KeyMalformed, KeyMismatch, RequestRunning
from service.api.replayed import shown_now
from service.auth.caller import Caller
from service.auth.redact import holds_secret
from service.auth.refusals import SecretMisplaced
from service.store.kept_answers import KeptAnswer, KeptAnswers, Slot

HEADER = b"idempotency-key"
# Whatever stands in the database can be read there: what is a secret is answered once.
SECRET_ANSWERS = re.compile(r"/v1/(tokens|webhooks|webhooks/[^/]+/rotate-secret)")
_PRINTABLE = re.compile(rb"[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?")
_KEPT_HEADERS = ("content-type", "content-language", "location", "vary")
# What may well be answered otherwise in a moment, or before another door.
_PASSING = frozenset({401, 403, 408, 409, 425, 429})
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Repeat:
    """One request under a key.

    Attributes:
        answers: of the caller's tenant.
        slot: where its answer is kept.
        secret: its answer must not be kept.
    """

    answers: KeptAnswers
    slot: Slot
    secret: bool = False

    async def begin(self, fingerprint: str) -> str | Response:
        """Return a claim on the key, or the answer that was given before.

        Raises:
            KeyMismatch: the key stands for another request.
            RequestRunning: the first request is still at work.
            AnswerNotKept: it was answered, and the answer was a secret.
            StoreUnavailable: the database does not answer.
        """
        now = datetime.now(UTC)
        found = await to_thread.run_sync(self.answers.claim, self.slot, fingerprint, now)
        return found if isinstance(found, str) else _again(found, fingerprint)

    async def end(self, claim: str, answer: Response) -> None:
        """Keep the answer, or free the key where the request may be tried again."""
        status, body = answer.status_code, bytes(answer.body)
        if status >= 500 or status in _PASSING or (self.secret and status >= 400):
            await self.free(claim)
            return
        headers = {name: answer.headers[name] for name in _KEPT_HEADERS if name in answer.headers}
        kept = None if self.secret else body
        try:
            await to_thread.run_sync(self.answers.finish, self.slot, claim, status, headers, kept)
        except MatcherError as error:
            # It is done: better told without being kept than told to have failed.
            _LOG.warning("an answer could not be kept under its key: %s", error)

    async def free(self, claim: str) -> None:
        """Give the key up: nothing was done."""
        try:
            await to_thread.run_sync(self.answers.release, self.slot, claim)
        except MatcherError as error:
            _LOG.warning("a key stays taken until its lease ends: %s", error)


class Repeats:
    """Answers repeated POSTs; what reads its own body finds ``state["repeat"]`` instead.

    Args:
        app: the application behind; the body was read and found good before.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or hand on."""
        keys = _keys(scope)
        if not keys:
            await self._app(scope, receive, send)
            return
        try:
            repeat = await _repeat(scope, keys)
            if (scope["method"], scope["path"]) in STREAMED:
                scope["state"]["repeat"] = repeat
                await self._app(scope, receive, send)
                return
            event = await receive()
            body: bytes = event.get("body", b"")
            begun = await repeat.begin(_fingerprint(scope, body))
            if isinstance(begun, Response):
                begun = await shown_now(scope, begun)
        except MatcherError as error:
            await refusal(scope, error)(scope, receive, send)
            return
        if isinstance(begun, Response):
            await begun(scope, receive, send)
            return
        answer = await self._answer(scope, replayed(body, receive), repeat, begun)
        await answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, repeat: Repeat, claim: str) -> Response:
        heard: list[Message] = []

        async def hear(message: Message) -> None:
            heard.append(message)

        done = False
        try:
            await self._app(scope, receive, hear)
            done = True
        finally:
            if not done:
                await repeat.free(claim)
        answer = _response(heard)
        await repeat.end(claim, answer)
        return answer


def _keys(scope: Scope) -> list[bytes]:
    if scope["type"] != "http" or scope["method"] != "POST" or "caller" not in scope["state"]:
        return []
    return [value for name, value in scope["headers"] if name == HEADER]


async def _repeat(scope: Scope, keys: list[bytes]) -> Repeat:
    key = keys[0]
    if len(keys) > 1 or not _PRINTABLE.fullmatch(key):
        raise KeyMalformed
    if holds_secret(key.decode("ascii")):
        raise SecretMisplaced("Idempotency-Key")
    caller: Caller = scope["state"]["caller"]
    homes = scope["state"]["homes"]
    home = homes.at_hand(caller.tenant) or await to_thread.run_sync(homes.of, caller.tenant)
    # Who has other rights is somebody else: an answer is not a way round them.
    whose = f"{caller.kind}:{caller.subject}:{' '.join(sorted(caller.scopes))}"
    slot = Slot(whose, f"POST {scope['path']}", sha256(key).hexdigest())
    is_secret = SECRET_ANSWERS.fullmatch(scope["path"]) is not None
    return Repeat(home.store.kept_answers, slot, is_secret)


def _fingerprint(scope: Scope, body: bytes) -> str:
    return sha256(scope["query_string"] + b"\0" + body).hexdigest()


def _again(kept: KeptAnswer, fingerprint: str) -> Response:
    if kept.fingerprint != fingerprint:
        raise KeyMismatch
    if not kept.status:
        raise RequestRunning
    if kept.body is None:
        raise AnswerNotKept
    return Response(kept.body, kept.status, {**kept.headers, "idempotency-replayed": "true"})


def _response(heard: list[Message]) -> Response:
    begun = heard[0]
    body = b"".join(message.get("body", b"") for message in heard[1:])
    answer = Response(body, begun["status"])
    answer.raw_headers = list(begun["headers"])
    return answer
