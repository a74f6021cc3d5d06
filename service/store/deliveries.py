"""Deliveries of webhooks on their way: one event to one endpoint, under a lease of its own.

The law is that of the push ledger: every change names the state it expects and the claim that
holds the delivery, in the WHERE of its UPDATE; attempts are counted before their work begins.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from matcher.codes import DeliveryOutcome, MessageState
from service.store.database import Database
from service.store.delivery_records import Attempt, Claimed, Share, Verdict
from service.store.event_types import EventType
from service.store.outbox import DISABLED
from service.store.upsert import CHUNK
from service.store.webhook_tables import (
    webhook_attempts,
    webhook_deliveries,
    webhook_endpoints,
    webhook_events,
)
from service.store.webhooks import Endpoint, endpoint_of

_D, _E = webhook_deliveries.c, webhook_endpoints.c
_LONGEST = 300
# A moment further ahead than any pause can be was set by a clock that went wrong.
_FARTHEST = timedelta(hours=25)
_LONGEST_LEASE = timedelta(minutes=10)
_DIED = "no answer before the lease ran out"


class Deliveries:
    """The deliveries of one tenant."""

    def __init__(
        self, database: Database, new_claim: Callable[[], str] = lambda: uuid.uuid4().hex
    ) -> None:
        self._database = database
        self._new_claim = new_claim

    def claim(self, share: Share, at: datetime, until: datetime) -> tuple[Claimed, ...]:
        """Take due deliveries, of each endpoint the longest due; count the attempts.

        What is claimed shares nothing but the commit: each delivery has its own claim and lease.
        """
        ready = self._ready(at)
        if not ready or share.most < 1:
            return ()
        fair = max(1, share.most // len(ready))
        left, troubled = share.most, share.troubled
        taken: list[tuple[str, str]] = []
        with self._database.transaction() as connection:
            for endpoint_id, failures, slow in ready:
                room = min(fair, share.slow if slow else share.healthy, left)
                room = min(room, troubled) if failures else room
                ids = _free(
                    connection, endpoint_id, at, room, share.slow if slow else share.healthy
                )
                left -= len(ids)
                troubled -= len(ids) if failures else 0
                taken += [(one, self._new_claim()) for one in ids]
            _lease(connection, taken, until)
            return _claimed(connection, taken)

    def settle(self, one: Claimed, attempt: Attempt, verdict: Verdict) -> bool:
        """Keep what became of an attempt; a claim that is held no longer keeps nothing."""
        ended = verdict.state is not MessageState.PENDING
        bad = attempt.outcome is not DeliveryOutcome.DELIVERED
        mine = sa.update(webhook_deliveries).where(
            _D.delivery_id == one.delivery_id,
            _D.state == MessageState.LEASED.value,
            _D.claim == one.claim,
        )
        values = {
            "state": verdict.state.value,
            "claim": "",
            "lease_until": "",
            "verdicts": _D.verdicts + 1,
            "due_at": moment(verdict.due),
            "ended_at": moment(attempt.at) if ended else "",
            "status": attempt.status,
            "cause": attempt.detail[:_LONGEST] if bad else "",
        }
        row = {
            "delivery_id": one.delivery_id,
            "attempt": one.attempt,
            "at": moment(attempt.at),
            "outcome": attempt.outcome.value,
            "status": attempt.status,
            "duration_ms": round(1_000 * attempt.duration),
            "detail": attempt.detail[:_LONGEST],
        }
        with self._database.transaction() as connection:
            # The endpoint first, as everybody who locks both does.
            endpoint = _locked(connection, one)
            if connection.execute(mine.values(values)).rowcount != 1:
                return False
            connection.execute(sa.insert(webhook_attempts), row)
            if endpoint is not None:
                _tell_endpoint(connection, endpoint, verdict, attempt.at)
        return True

    def rescue(self, at: datetime, most_deaths: int) -> int:
        """Give up leases that ran out: failed at ``most_deaths``, due now below it."""
        far = moment(at + _LONGEST_LEASE)
        out = sa.and_(
            _D.state == MessageState.LEASED.value,
            sa.or_(_D.lease_until <= moment(at), _D.lease_until > far),
        )
        page = sa.select(_D.delivery_id).where(out).limit(CHUNK)
        with self._database.reading() as connection:  # most of the time there is none
            if connection.execute(page).first() is None:
                return 0
        with self._database.transaction() as connection:
            ids = connection.execute(page.with_for_update(skip_locked=True)).scalars().all()
            these = _D.delivery_id.in_(ids)
            died = sa.select(
                _D.delivery_id,
                _D.attempts,
                sa.literal(moment(at)),
                sa.literal(DeliveryOutcome.DIED.value),
                sa.literal(_DIED),
            )
            columns = ["delivery_id", "attempt", "at", "outcome", "detail"]
            told = sa.insert(webhook_attempts).from_select(columns, died.where(these))
            connection.execute(told)
            given_up = sa.update(webhook_deliveries).values(claim="", lease_until="", cause=_DIED)
            often = these & (_D.tries - _D.verdicts >= most_deaths)
            state, now = MessageState.FAILED.value, moment(at)
            connection.execute(given_up.where(often).values(state=state, ended_at=now))
            again = these & (_D.tries - _D.verdicts < most_deaths)
            state = MessageState.PENDING.value
            connection.execute(given_up.where(again).values(state=state, due_at=now))
        return len(ids)

    def _ready(self, at: datetime) -> list[tuple[str, int, int]]:
        """Return (endpoint, failures, slow steps) of those with something due, healthy first."""
        due = sa.exists().where(_D.endpoint_id == _E.endpoint_id, *_due(at))
        query = sa.select(_E.endpoint_id, _E.failures, _E.slow_steps).where(
            _E.disabled_at == "", _past(_E.held_until, at), due
        )
        with self._database.reading() as connection:
            found = [(str(a), int(b), int(c)) for a, b, c in connection.execute(query)]
        random.shuffle(found)  # where there is not room for all, each gets its turn
        return sorted(found, key=lambda one: (one[1] > 0, one[2]))


def _due(at: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return _D.state == MessageState.PENDING.value, _past(_D.due_at, at)


def _past(column: sa.Column[str], at: datetime) -> sa.ColumnElement[bool]:
    return sa.or_(column <= moment(at), column > moment(at + _FARTHEST))


def _free(
    connection: sa.Connection, endpoint_id: str, at: datetime, room: int, parallel: int
) -> list[str]:
    """Return deliveries of the endpoint that may be taken now; no other sender takes of it then."""
    if room < 1:
        return []
    lock = sa.select(_E.endpoint_id).where(_E.endpoint_id == endpoint_id, _E.disabled_at == "")
    if connection.execute(lock.with_for_update(skip_locked=True)).first() is None:
        return []
    leased = sa.select(sa.func.count()).where(
        _D.endpoint_id == endpoint_id, _D.state == MessageState.LEASED.value
    )
    room = min(room, parallel - int(connection.execute(leased).scalar_one()))
    query = sa.select(_D.delivery_id).where(_D.endpoint_id == endpoint_id, *_due(at))
    query = query.order_by(_D.due_at, _D.created_at).limit(max(room, 0))
    return list(connection.execute(query.with_for_update(skip_locked=True)).scalars())


def _lease(connection: sa.Connection, taken: list[tuple[str, str]], until: datetime) -> None:
    if taken:
        statement = sa.update(webhook_deliveries).where(_D.delivery_id == sa.bindparam("key"))
        changed = statement.values(
            state=MessageState.LEASED.value,
            claim=sa.bindparam("new_claim"),
            lease_until=moment(until),
            attempts=_D.attempts + 1,
            tries=_D.tries + 1,
        )
        connection.execute(changed, [{"key": key, "new_claim": claim} for key, claim in taken])


def _claimed(connection: sa.Connection, taken: list[tuple[str, str]]) -> tuple[Claimed, ...]:
    query = sa.select(
        _D.delivery_id,
        _D.attempts,
        _D.verdicts,
        _D.claim,
        _D.endpoint_id,
        webhook_events.c.event_id,
        webhook_events.c.type,
        webhook_events.c.body,
    ).join(webhook_events, webhook_events.c.event_id == _D.event_id)
    rows = connection.execute(query.where(_D.delivery_id.in_([key for key, _ in taken]))).all()
    wanted = _E.endpoint_id.in_({row.endpoint_id for row in rows})
    endpoints = connection.execute(sa.select(webhook_endpoints).where(wanted)).mappings()
    known = {one.endpoint_id: one for one in map(endpoint_of, endpoints)}
    return tuple(
        Claimed(
            delivery_id=row.delivery_id,
            event_id=row.event_id,
            event_type=EventType(row.type),
            attempt=row.attempts,
            verdicts=row.verdicts,
            claim=row.claim,
            body=row.body.encode(),
            endpoint=known[row.endpoint_id],
        )
        for row in rows
    )


def _locked(connection: sa.Connection, one: Claimed) -> Endpoint | None:
    """Return the endpoint as it stands now; one that has moved since is another one."""
    same = sa.and_(_E.endpoint_id == one.endpoint.endpoint_id, _E.url == one.endpoint.url)
    query = sa.select(webhook_endpoints).where(same).with_for_update()
    found = connection.execute(query).mappings().first()
    return None if found is None else endpoint_of(found)


def _tell_endpoint(
    connection: sa.Connection, endpoint: Endpoint, verdict: Verdict, at: datetime
) -> None:
    values = dict(verdict.endpoint(endpoint))
    if not values:
        return
    mine = sa.update(webhook_endpoints).where(_E.endpoint_id == endpoint.endpoint_id)
    connection.execute(mine.values(values))
    if values.get("disabled_at"):
        waiting = sa.update(webhook_deliveries).where(
            _D.endpoint_id == endpoint.endpoint_id, _D.state == MessageState.PENDING.value
        )
        state, now = MessageState.FAILED.value, moment(at)
        connection.execute(waiting.values(state=state, ended_at=now, cause=DISABLED))


def moment(at: datetime) -> str:
    """Return a moment as it is kept: ISO 8601 in UTC, sorted as text as in time."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")
