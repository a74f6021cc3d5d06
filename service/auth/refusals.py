"""What the door refuses, in the error tree.

InputError
├── KeyRefused      no key, or none that is good here; one sentence for all causes
├── ScopeMissing    a good key or token without the right that this needs
├── NotTheirs       a token asks beyond its firm
└── SecretMisplaced a key or a token where logs and databases would keep it
StateError
├── NoKeyYet        tokens are asked for before there is a key to make them
└── SecretUnusable  the server's secret is gone, open to others, or too short
"""

from __future__ import annotations

from collections.abc import Sequence

from matcher.errors import InputError, StateError
from service.auth.scopes import Scope

_REALM = 'Bearer realm="panhuo"'


class Challenged(InputError):
    """A refusal that tells by a header what would have been right.

    Attributes:
        challenge: value of ``WWW-Authenticate``.
    """

    challenge = _REALM


class KeyRefused(Challenged):
    """No key, or one that is unknown, expired, revoked, or of the wrong kind for this address.

    Which of these it was is not told: that would help whoever tries keys.

    Args:
        given: a credential was sent.
    """

    def __init__(self, *, given: bool = True) -> None:
        super().__init__(
            "found no key or token that is good here",
            "the header Authorization: Bearer KEY with a key in force",
            "ask the operator for a key ('panhuo keys create')",
        )
        self.challenge = f'{_REALM}, error="invalid_token"' if given else _REALM


class ScopeMissing(Challenged):
    """The key or token lacks a right."""

    def __init__(self, scopes: Sequence[Scope]) -> None:
        names = " ".join(sorted(scopes))
        super().__init__(
            f"found a key or token without {names}",
            f"one with {names}",
            "ask the operator for a key with this scope",
        )
        self.scope = names
        self.challenge = f'{_REALM}, error="insufficient_scope", scope="{names}"'


class NotTheirs(InputError):
    """A token for one firm asks for something else."""

    def __init__(self) -> None:
        super().__init__(
            "found a token for one firm, and a question that is not about this firm",
            "the uscc of the token's firm, or one of its demands",
            "ask with the platform's key",
        )


class SecretMisplaced(InputError):
    """A key or token stands in the address or in the body."""

    def __init__(self, place: str) -> None:
        super().__init__(
            f"found a key or token in the {place} of the request; nothing of it was kept",
            "keys and tokens in the header Authorization alone",
            "have the key revoked ('panhuo keys revoke ID'): others may have read it on its way",
        )
        self.place = place


class NoKeyYet(StateError):
    """A token is asked for, and there is no key that could make it."""

    def __init__(self) -> None:
        super().__init__(
            "found no key yet", "a token made with a key", "run 'panhuo keys create' first"
        )


class SecretUnusable(StateError):
    """The secret under which keys are recognised cannot be used."""
