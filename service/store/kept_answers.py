"""Answers kept for requests that are sent again: one row a key, claimed before the work begins.

A row is free, at work under a lease, or done. Whoever finishes names the claim it holds: a worker
that froze past its lease changes nothing of what another did since.
"""

from __future__ import annotations

import json
import uuid
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from service.store.database import Database
from service.store.manners_tables import kept_answers
from service.store.upsert import ignoring

KEPT = timedelta(hours=24)
LEASE = timedelta(seconds=60)
_PRUNED_AT_ONCE = 200
_C = kept_answers.c


@dataclass(frozen=True, slots=True)
class Slot:
    """Where one answer is kept: whose, for which address, under which key (its digest)."""

    caller: str
    route: str
    key_digest: str


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """An answer as it was given; ``status`` 0 while the request is at work.

    Attributes:
        fingerprint: of the request that was answered.
        leased_until: when a request at work is given up, ISO 8601 in UTC.
        body: ``None`` for an answer that was not kept.
    """

    fingerprint: str
    status: int
    headers: Mapping[str, str]
    body: bytes | None
    leased_until: str


class KeptAnswers:
    """The kept answers of one tenant."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def claim(self, slot: Slot, fingerprint: str, now: datetime) -> str | KeptAnswer:
        """Return a claim on the slot, or what stands there.

        A row older than a day is as none; one whose lease ran out without an answer is taken over
        by a request of the same fingerprint.
        """
        claim = uuid.uuid4().hex
        row = {
            "caller": slot.caller,
            "route": slot.route,
            "key_digest": slot.key_digest,
            "fingerprint": fingerprint,
            "claim": claim,
            "leased_until": _moment(now + LEASE),
            "created_at": _moment(now),
        }
        with self._database.transaction() as connection:
            self._prune(connection, now)
            connection.execute(
                sa.delete(kept_answers).where(_at(slot), _C.created_at < _moment(now - KEPT))
            )
            connection.execute(ignoring(connection, kept_answers), [row])
            dead = sa.update(kept_answers).where(
                _at(slot),
                _C.status == 0,
                _C.leased_until < _moment(now),
                _C.fingerprint == fingerprint,
            )
            connection.execute(dead.values(claim=claim, leased_until=row["leased_until"]))
            found = connection.execute(sa.select(kept_answers).where(_at(slot)))
            stored = found.mappings().first()
        if stored is None:  # freed at this moment: as good as at work, and soon to be asked again
            return KeptAnswer(fingerprint, 0, {}, None, _moment(now))
        return claim if stored["claim"] == claim else _answer(stored)

    def finish(
        self,
        slot: Slot,
        claim: str,
        status: int,
        headers: Mapping[str, str],
        body: bytes | None,
    ) -> bool:
        """Keep the answer; ``False`` if the claim is held no longer."""
        done = sa.update(kept_answers).where(_at(slot), _C.claim == claim, _C.status == 0)
        values = {
            "status": status,
            "headers": json.dumps(dict(headers)),
            "body": None if body is None else zlib.compress(body, 1),
        }
        with self._database.transaction() as connection:
            return connection.execute(done.values(values)).rowcount == 1

    def release(self, slot: Slot, claim: str) -> None:
        """Free the slot, so that the request can be sent again under its key."""
        mine = sa.delete(kept_answers).where(_at(slot), _C.claim == claim, _C.status == 0)
        with self._database.transaction() as connection:
            connection.execute(mine)

    def _prune(self, connection: sa.Connection, now: datetime) -> None:
        # As many as two hundred requests bring in: the table stays a day long, at no great cost.
        old = sa.select(_C.created_at).where(_C.created_at < _moment(now - KEPT))
        last = old.order_by(_C.created_at).offset(_PRUNED_AT_ONCE).limit(1).scalar_subquery()
        bound = sa.func.coalesce(last, _moment(now - KEPT))
        connection.execute(sa.delete(kept_answers).where(_C.created_at < bound))


def _at(slot: Slot) -> sa.ColumnElement[bool]:
    return sa.and_(
        _C.caller == slot.caller, _C.route == slot.route, _C.key_digest == slot.key_digest
    )


def _answer(row: sa.RowMapping) -> KeptAnswer:
    body = row["body"]
    return KeptAnswer(
        fingerprint=row["fingerprint"],
        status=row["status"],
        headers=json.loads(row["headers"] or "{}"),
        body=None if body is None else zlib.decompress(body),
        leased_until=row["leased_until"],
    )


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")
