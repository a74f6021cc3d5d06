"""Acts: somebody at work, known to every transaction that is committed meanwhile.

The law: whoever opens a request or a command begins an act. Each transaction that an act commits
takes its audit row along, in the same commit: there is no write without its row and no row without
its write, and no operation has to remember to tell.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from service.audit.entry import Entry, Sealer

_NOW: ContextVar[Act | None] = ContextVar("panhuo_act", default=None)
# A command that commits a million times is told in full at first, then once a second.
_ROWS_AT_ONCE = 20
_SECONDS = 1.0
_MOST_NOTED = 1_000
_MOST_VALUES = 50


class Sealing(Protocol):
    """Where the secret in force is had from."""

    def current(self) -> Sealer:
        """Return it; make one where there is none yet."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who is at work; see ``Entry``."""

    kind: str
    name: str
    tenant: str = ""


@dataclass
class Act:
    """One request or command at work.

    Attributes:
        actor: who.
        sealing: what rows are sealed under.
        operation: what; a request learns it when it is routed.
        request_id: of a request.
        rows: how many audit rows its transactions took along.
        waiting: transactions that were committed without a row, as they came too fast.
    """

    actor: Actor
    sealing: Sealing
    operation: str = ""
    request_id: str = ""
    rows: int = 0
    waiting: int = 0
    _objects: list[str] = field(default_factory=list)
    _facts: dict[str, Any] = field(default_factory=dict)
    _tables: dict[str, int] = field(default_factory=dict)
    _told_at: float = 0.0

    def note(self, objects: Sequence[str], facts: Mapping[str, Any]) -> None:
        """Keep what the next row is to tell."""
        room = _MOST_NOTED - len(self._objects)
        self._objects += [one for one in objects[:room] if one not in self._objects]
        for name, value in facts.items():
            known = self._facts.get(name)
            if isinstance(known, dict) and isinstance(value, dict):
                value = known | value
            if isinstance(value, dict):
                value = dict(list(value.items())[:_MOST_VALUES])
            self._facts[name] = value

    def forget(self) -> None:
        """Drop what was noted since the last row: whoever is erased is not told by name."""
        self._objects, self._facts = [], {}

    def committing(self, tables: Mapping[str, int]) -> Entry | None:
        """Return the entry that goes with a commit, ``None`` where it waits for the next one."""
        for name, rows in tables.items():
            self._tables[name] = self._tables.get(name, 0) + rows
        now = time.monotonic()
        if self.rows >= _ROWS_AT_ONCE and now - self._told_at < _SECONDS:
            self.waiting += 1
            return None
        self.rows += 1
        self._told_at = now
        return self.entry("done", None)

    def entry(self, result: str, status: int | None) -> Entry:
        """Return an entry with all that was noted since the last one."""
        detail = {**self._facts}
        if self._tables:
            detail["tables"] = dict(sorted(self._tables.items()))
        if self.waiting:
            detail["transactions"] = self.waiting + 1
        objects, self._objects = self._objects, []
        self._facts, self._tables, self.waiting = {}, {}, 0
        return Entry(
            entry_id=uuid.uuid4().hex,
            at=datetime.now(UTC).isoformat(timespec="microseconds"),
            tenant=self.actor.tenant,
            actor_kind=self.actor.kind,
            actor=self.actor.name,
            operation=self.operation,
            objects=objects,
            detail=detail,
            result=result,
            status=status,
            request_id=self.request_id,
        )


def current() -> Act | None:
    """Return the act that is at work in this context."""
    return _NOW.get()


@contextmanager
def at_work(act: Act) -> Iterator[Act]:
    """Make every transaction committed inside one of this act."""
    token = _NOW.set(act)
    try:
        yield act
    finally:
        _NOW.reset(token)


def noted(*objects: str, **facts: Any) -> None:
    """Let the next row of the act at work, if there is one, tell of these ids and facts.

    Values that stand in ``before`` and ``after`` must not be personal: name their digests.
    """
    act = _NOW.get()
    if act is not None:
        act.note(objects, facts)
