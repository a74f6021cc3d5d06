"""Who asks: a tenant by its key, one firm or one holder by a token, or this machine."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from service.auth.scopes import Scope


class Kind(StrEnum):
    """By what a caller is known."""

    KEY = "key"
    FIRM = "firm"
    HOLDER = "holder"


@dataclass(frozen=True, slots=True)
class Caller:
    """One caller and what it may do.

    Attributes:
        tenant: whose data it works on, "" for the operator's.
        scopes: its rights.
        kind: by what it is known; whoever asks from this machine before there is any key counts as
            the holder of one.
        key_id: of its key, or of the key that made its token; "" where there is no key at all.
        subject: the USCC or the holder's name that a token is for, "" for a key.
        expires_at: of a token, seconds since 1970; 0 for a key.
    """

    tenant: str
    scopes: frozenset[Scope]
    kind: Kind = Kind.KEY
    key_id: str = ""
    subject: str = ""
    expires_at: int = 0

    def may(self, scope: Scope) -> bool:
        """Return whether the caller has this right."""
        return scope in self.scopes or Scope.ADMIN in self.scopes

    def lacks(self, asked: Iterable[Scope]) -> tuple[Scope, ...]:
        """Return those of the rights that the caller does not have."""
        return tuple(scope for scope in asked if not self.may(scope))


# Before the first key is made, this machine is the operator's.
OPERATOR_HERE = Caller("", frozenset({Scope.ADMIN}))
