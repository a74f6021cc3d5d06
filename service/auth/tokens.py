"""Short-lived signed tokens (JWT, HS256): one firm or one holder, for portals and widgets.

After RFC 8725: one algorithm, named here and not by the token; issuer, audience, type, lifetime and
key id are all looked at, and what is not understood is refused.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import jwt

from service.auth.caller import Kind
from service.auth.scopes import PORTAL_SCOPES, Scope
from service.auth.secret import Secret

MOST_SECONDS = 3_600
_ALGORITHM = "HS256"
_TYPE = "panhuo-portal+jwt"
_ISSUER = "urn:panhuo:service"
_AUDIENCE = "urn:panhuo:portal"
_REQUIRED = ["iss", "aud", "sub", "iat", "exp", "jti", "key", "scope"]
_HEADER = {"alg", "kid", "typ"}
_LONGEST = 4_096
_SKEW_SECONDS = 30
_PORTALS = {Kind.FIRM.value: Kind.FIRM, Kind.HOLDER.value: Kind.HOLDER}


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says.

    Attributes:
        kind: of its subject.
        subject: USCC, or the holder's name.
        key_id: of the key that made it; once that is revoked the token is no good.
        expires_at: seconds since 1970.
    """

    key_id: str
    kind: Kind
    subject: str
    scopes: frozenset[Scope]
    expires_at: int


class _Refused(Exception):
    """No error of its own: ``read`` tells all causes alike."""


def mint(secret: Secret, claims: Claims, now: int) -> str:
    """Return the token that says this, signed, issued ``now`` (seconds since 1970)."""
    told = {
        "iss": _ISSUER,
        "aud": _AUDIENCE,
        "sub": f"{claims.kind}:{claims.subject}",
        "iat": now,
        "exp": claims.expires_at,
        "jti": uuid.uuid4().hex,
        "key": claims.key_id,
        "scope": " ".join(sorted(claims.scopes)),
    }
    header = {"typ": _TYPE, "kid": secret.secret_id}
    return jwt.encode(told, secret.signing, algorithm=_ALGORITHM, headers=header)


def read(text: str, secrets: Sequence[Secret], now: int) -> Claims | None:
    """Return what a good token says, ``None`` for every other text.

    Args:
        text: as it came.
        secrets: that may have signed it.
        now: seconds since 1970; clocks may differ by half a minute.
    """
    try:
        return _claims(_verified(text, secrets, now))
    except (jwt.PyJWTError, _Refused, ValueError):
        return None


def is_token(text: str) -> bool:
    """Return whether the text has the shape of a token, good or not."""
    return text.count(".") == 2 and text.startswith("eyJ")


def _verified(text: str, secrets: Sequence[Secret], now: int) -> dict[str, Any]:
    if len(text) > _LONGEST or not text.isascii():
        raise _Refused
    header = jwt.get_unverified_header(text)
    signed = {secret.secret_id: secret for secret in secrets}.get(header.get("kid", ""))
    if set(header) != _HEADER or header["typ"] != _TYPE or signed is None:
        raise _Refused
    # Times are looked at here: the library goes by its own clock.
    found: dict[str, Any] = jwt.decode(
        text,
        signed.signing,
        algorithms=[_ALGORITHM],
        audience=_AUDIENCE,
        issuer=_ISSUER,
        options={
            "require": _REQUIRED,
            "strict_aud": True,
            "verify_exp": False,
            "verify_iat": False,
            "verify_nbf": False,
        },
    )
    _check_times(found, now)
    return found


def _check_times(found: dict[str, Any], now: int) -> None:
    issued, expires, begins = found["iat"], found["exp"], found.get("nbf", found["iat"])
    if any(type(moment) is not int for moment in (issued, expires, begins)):
        raise _Refused
    if not now < expires + _SKEW_SECONDS or max(issued, begins) > now + _SKEW_SECONDS:
        raise _Refused
    if not 0 < expires - issued <= MOST_SECONDS:
        raise _Refused


def _claims(found: dict[str, Any]) -> Claims:
    texts = [found[name] for name in ("key", "sub", "scope")]
    if not all(isinstance(text, str) for text in texts):
        raise _Refused
    key_id, subject, scope = texts
    kind, _, name = subject.partition(":")
    if kind not in _PORTALS or not name or not key_id:
        raise _Refused
    scopes = frozenset(map(Scope, scope.split()))
    if not scopes <= PORTAL_SCOPES:
        raise _Refused
    return Claims(key_id, _PORTALS[kind], name, scopes, found["exp"])


def portal_scopes(asked: Iterable[Scope] | None, had: Iterable[Scope]) -> frozenset[Scope]:
    """Return the scopes of a new token: those asked for, or all that may be handed on."""
    if asked is not None:
        return frozenset(asked)
    held = frozenset(had)
    return PORTAL_SCOPES if Scope.ADMIN in held else PORTAL_SCOPES & held
