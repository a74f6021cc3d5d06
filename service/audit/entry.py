"""One row of the audit, and what makes it tamper-evident.

Each row holds the SHA-256 of itself and of the row before, and an HMAC of that digest under the
server's secret. A row whose seal is good vouches for every row before it: a secret may be rotated
away, and what was sealed under it is still proven by the first row under the next one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Protocol

GENESIS = "0" * 64
MOST_OBJECTS = 100
_LONGEST = 200
_LONGEST_DETAIL = 8_000


class Sealer(Protocol):
    """A secret under which rows are sealed."""

    @property
    def secret_id(self) -> str:
        """Its name, which tells nothing of it."""

    def seal(self, text: str) -> str:
        """Return 64 hexadecimal digits that nobody makes without the secret."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What is told of one act, or of a part of it.

    Attributes:
        entry_id: 32 hexadecimal digits; the same entry is kept once.
        at: ISO 8601 in UTC, microseconds.
        tenant: whose data it was done for, "" for the operator's.
        actor_kind: key, firm, holder, here, user or service.
        actor: id of the key, name of the machine's user; never a key or token.
        operation: of the API (``sendFeedback``) or of the command line (``panhuo keys create``).
        objects: ids of what it was done to.
        detail: tables and rows, before and after, as JSON holds it.
        result: done, refused or failed.
        status: HTTP status or exit code, ``None`` where the row was written before there was one.
        request_id: of the request, "" outside of one.
    """

    entry_id: str
    at: str
    tenant: str
    actor_kind: str
    actor: str
    operation: str
    objects: Sequence[str] = ()
    detail: Mapping[str, Any] = field(default_factory=dict)
    result: str = "done"
    status: int | None = None
    request_id: str = ""

    def row(self) -> dict[str, Any]:
        """Return the columns, cut to what a row may hold."""
        shown = [one[:_LONGEST] for one in self.objects[:MOST_OBJECTS]]
        detail = dict(self.detail)
        if len(self.objects) > MOST_OBJECTS:
            detail["objects_in_all"] = len(self.objects)
            detail["objects_digest"] = _digest(list(self.objects))
        told = _json(detail)
        if len(told) > _LONGEST_DETAIL:
            told = _json({"cut": len(told), "digest": _digest(told), "begins": told[:1_000]})
        return {
            "entry_id": self.entry_id,
            "at": self.at,
            "tenant": self.tenant,
            "actor_kind": self.actor_kind,
            "actor": self.actor,
            "operation": self.operation,
            "objects": _json(shown),
            "detail": _encodable(told),
            "result": self.result,
            "status": self.status,
            "request_id": self.request_id,
        }


_CONTENT = (
    "seq", "entry_id", "at", "tenant", "actor_kind", "actor", "operation", "objects", "detail",
    "result", "status", "request_id", "secret_id",
)  # fmt: skip


def digest_of(previous: str, row: Mapping[str, Any]) -> str:
    """Return the digest of a row behind the one of this digest: 64 hexadecimal digits."""
    return _digest([previous, *(row[name] for name in _CONTENT)])


def head_text(head: Mapping[str, Any]) -> str:
    """Return what the seal of a chain's head is made over."""
    names = ("seq", "digest", "anchor_seq", "anchor_digest")
    return _json(["head", *(head[name] for name in names)])


def _digest(value: object) -> str:
    return sha256(_json(value).encode("utf-8", "surrogatepass")).hexdigest()


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)


def _encodable(text: str) -> str:
    # PostgreSQL takes no NUL and neither takes half a surrogate.
    return text.encode("utf-8", "backslashreplace").decode("utf-8").replace("\0", "")
