"""What a key may be allowed to do."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from matcher.errors import InputError


class Scope(StrEnum):
    """One right. ``admin`` stands for all of them."""

    RECOMMEND = "recommend:read"
    FEEDBACK = "feedback:write"
    CATALOGUE = "catalogue:write"
    PUSH = "push:send"
    LICENCE = "licence:write"
    WEBHOOKS = "webhooks:write"
    ADMIN = "admin"


# What a platform may hand on to one firm or one holder.
PORTAL_SCOPES = frozenset({Scope.RECOMMEND, Scope.FEEDBACK})


def scopes_of(words: Iterable[str]) -> frozenset[Scope]:
    """Return the scopes that the words name.

    Raises:
        InputError: a word names none.

    >>> sorted(scopes_of(["push:send", "admin"]))
    [<Scope.ADMIN: 'admin'>, <Scope.PUSH: 'push:send'>]
    """
    known = {scope.value: scope for scope in Scope}
    found = []
    for word in words:
        if word not in known:
            raise InputError(
                f"found scope {word[:40]!r}", f"one of {', '.join(known)}", "correct the scope"
            )
        found.append(known[word])
    return frozenset(found)
