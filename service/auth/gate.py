"""Credentials to callers: looked up at most every two seconds, so that a revocation counts soon."""

from __future__ import annotations

import hmac
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, TypeVar

from matcher.errors import MatcherError
from service.auth import tokens
from service.auth.caller import Caller
from service.auth.keys import is_key
from service.auth.refusals import KeyRefused, SecretUnusable
from service.auth.scopes import Scope
from service.auth.secret import Secret, Secrets
from service.store.api_keys import ApiKey, ApiKeys, KeyUse

KEPT_SECONDS = 2.0
_MOST_KEPT = 10_000
_WRITE_EVERY_SECONDS = 30.0
_WORDS = {scope.value: scope for scope in Scope}
_LOG = logging.getLogger("panhuo.keys")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Kept(Generic[T]):
    """A finding and until when it may be used, on the monotonic clock."""

    found: T
    until: float


class Gate:
    """Tells who sent a credential.

    Safe from many threads. Nothing is written during a request: when keys were last used is kept
    here and written now and then.

    Args:
        keys: of the main store.
        secrets: under which keys are recognised and tokens signed.
        clock: seconds since 1970.
        ticks: the monotonic clock, seconds.
    """

    def __init__(
        self,
        keys: ApiKeys,
        secrets: Secrets,
        clock: Callable[[], float] = time.time,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self._keys = keys
        self._secrets = secrets
        self._clock = clock
        self._ticks = ticks
        self._found: dict[str, _Kept[ApiKey | None]] = {}
        self._locked = _Kept(found=False, until=0.0)
        self._uses: dict[str, KeyUse] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="panhuo-keys", daemon=True)

    def locked(self) -> bool:
        """Return whether any key was ever made; from then on every request needs one.

        Raises:
            StoreUnavailable: the database does not answer.
        """
        kept = self._locked
        if not kept.found and kept.until < self._ticks():
            kept = self._locked = _Kept(self._keys.exist(), self._ticks() + KEPT_SECONDS)
        return kept.found

    def at_hand(self, credential: str) -> bool:
        """Return whether ``caller`` would answer without asking the database."""
        if not credential:
            kept = self._locked
            return kept.found or kept.until >= self._ticks()
        if is_key(credential):
            return self._kept(self._digests(credential)[0]) is not None
        claims = tokens.read(credential, self._secrets.known(), int(self._clock()))
        return claims is None or self._kept(claims.key_id) is not None

    def caller(self, credential: str) -> Caller:
        """Return who sent the credential.

        Raises:
            KeyRefused: it is no key and no token, or none that is in force.
            SecretUnusable: there are keys, and the secret they were made under is gone.
            StoreUnavailable: the database does not answer.
        """
        if is_key(credential):
            return self._by_key(credential)
        claims = tokens.read(credential, self._secrets.known(), int(self._clock()))
        made_by = self._look(claims.key_id, self._keys.get) if claims else None
        if claims is None or made_by is None or not self._in_force(made_by):
            raise KeyRefused
        return Caller(
            tenant=made_by.tenant,
            # A key that lost a scope since (they never do today) hands on no more than it has.
            scopes=frozenset(scope for scope in claims.scopes if _caller(made_by).may(scope)),
            kind=claims.kind,
            key_id=claims.key_id,
            subject=claims.subject,
            expires_at=claims.expires_at,
        )

    def sign(self, claims: tokens.Claims) -> str:
        """Return the token that says this, signed under the secret in force."""
        return tokens.mint(self._known()[0], claims, int(self._clock()))

    def now(self) -> int:
        """Return the moment, seconds since 1970."""
        return int(self._clock())

    def start(self) -> None:
        """Begin to write, now and then, when keys were used."""
        self._thread.start()

    def stop(self) -> None:
        """Write what is left and end."""
        self._stopping.set()
        self._thread.join(5.0)
        self.write_uses()

    def write_uses(self) -> None:
        """Write when keys were used since the last time; what cannot be written waits."""
        uses, self._uses = self._uses, {}
        if not uses:
            return
        try:
            self._keys.used(uses.values())
        except MatcherError as error:
            _LOG.warning("when keys were used waits to be written: %s", error)
            self._uses = uses | self._uses

    def _run(self) -> None:
        while not self._stopping.wait(_WRITE_EVERY_SECONDS):
            self.write_uses()

    def _by_key(self, key: str) -> Caller:
        digests = self._digests(key)
        found = self._look(digests[0], lambda _: self._keys.find(digests))
        # The look-up goes by digest; compared once more in constant time, whatever the database
        # and its collations take for equal.
        same = found is not None and any(hmac.compare_digest(found.digest, d) for d in digests)
        if found is None or not same or not self._in_force(found):
            raise KeyRefused
        now = datetime.fromtimestamp(self._clock(), UTC).isoformat(timespec="seconds")
        current = self._known()[0].secret_id
        self._uses[found.key_id] = KeyUse(found.key_id, now, digests[0], current)
        return _caller(found)

    def _digests(self, key: str) -> list[str]:
        return [secret.digest(key) for secret in self._known()]

    def _known(self) -> tuple[Secret, ...]:
        known = self._secrets.known()
        if not known:
            if not self.locked():
                raise KeyRefused
            raise SecretUnusable(
                "found keys in the database and no secret to recognise them by",
                "the secret they were made under",
                "put it back (PANHUO_KEY_SECRET, or key-secret in the home), or make new keys",
            )
        return known

    def _in_force(self, key: ApiKey) -> bool:
        if key.revoked_at:
            return False
        ends = key.expires_at
        return not ends or self._clock() < datetime.fromisoformat(ends).timestamp()

    def _kept(self, name: str) -> _Kept[ApiKey | None] | None:
        kept = self._found.get(name)
        return kept if kept is not None and kept.until >= self._ticks() else None

    def _look(self, name: str, read: Callable[[str], ApiKey | None]) -> ApiKey | None:
        if (kept := self._kept(name)) is not None:
            return kept.found
        until = self._ticks() + KEPT_SECONDS  # from before the look: it may take a while
        found = read(name)
        if len(self._found) >= _MOST_KEPT:
            self._found = {}
        self._found[name] = _Kept(found, until)
        return found


def _caller(key: ApiKey) -> Caller:
    scopes = frozenset(_WORDS[word] for word in key.scopes if word in _WORDS)
    return Caller(key.tenant, scopes, key_id=key.key_id)
