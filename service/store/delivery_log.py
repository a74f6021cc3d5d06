"""The log of deliveries: what was sent to an endpoint, when, and what became of it; replay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from matcher.codes import DeliveryOutcome, MessageState
from service.store.database import Database
from service.store.deliveries import moment
from service.store.event_types import EventType
from service.store.outbox import ping
from service.store.upsert import CHUNK
from service.store.webhook_tables import (
    webhook_attempts,
    webhook_deliveries,
    webhook_events,
    webhook_relays,
)

_D, _A, _V = webhook_deliveries.c, webhook_attempts.c, webhook_events.c
_ENDED = (MessageState.DELIVERED.value, MessageState.FAILED.value)


@dataclass(frozen=True, slots=True)
class Logged:
    """One attempt; ``detail`` tells the cause where it was not taken."""

    attempt: int
    at: str
    outcome: DeliveryOutcome
    status: int
    duration_ms: int
    detail: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event on its way to one endpoint; moments are ISO 8601 in UTC, "" for none.

    Attributes:
        attempts: how many began.
        due_at: of the next attempt, where one follows.
        status: of the last answer, 0 for none.
        cause: why the last attempt was not taken.
        log: the attempts that ended, oldest first.
    """

    delivery_id: str
    event_id: str
    endpoint_id: str
    event_type: EventType
    state: MessageState
    attempts: int
    created_at: str
    due_at: str
    ended_at: str
    status: int
    cause: str
    log: tuple[Logged, ...] = ()


class DeliveryLog:
    """The deliveries of one tenant as people look at them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, endpoint_id: str, delivery_id: str) -> Delivery | None:
        """Return the delivery of this endpoint, ``None`` where there is none."""
        return next(iter(self._read(_mine(endpoint_id), _D.delivery_id == delivery_id)), None)

    def latest(
        self, endpoint_id: str, most: int, before: Delivery | None, state: MessageState | None
    ) -> tuple[Delivery, ...]:
        """Return deliveries of an endpoint, newest first.

        Args:
            endpoint_id: of the endpoint.
            most: how many.
            before: only those older than this one.
            state: only those in this state.
        """
        conditions = [_mine(endpoint_id)]
        if before is not None:
            place = sa.tuple_(_D.created_at, _D.delivery_id)
            conditions.append(place < sa.tuple_(before.created_at, before.delivery_id))
        if state is not None:
            conditions.append(_D.state == state.value)
        return self._read(*conditions, most=most)

    def ping(self, endpoint_id: str) -> str:
        """Let the endpoint be sent a ping, and return the delivery's id."""
        with self._database.transaction() as connection:
            return ping(connection, endpoint_id)

    def replay(self, endpoint_id: str, delivery_id: str, at: datetime) -> bool:
        """Let a delivery begin anew; ``False`` where it is just being sent."""
        return self._again(at, _mine(endpoint_id), _D.delivery_id == delivery_id) == 1

    def replay_failed(self, endpoint_id: str, since: str, until: str, at: datetime) -> int:
        """Let the deliveries that failed begin anew; return how many.

        Args:
            endpoint_id: of the endpoint.
            since: the moment from which on they were made.
            until: the moment before which they were made, "" for none.
            at: now.
        """
        made = [_D.created_at >= since, *([_D.created_at < until] if until else [])]
        failed = _D.state == MessageState.FAILED.value
        return self._again(at, _mine(endpoint_id), failed, *made)

    def prune(self, before: datetime) -> int:
        """Forget what ended and was made before a moment; return how many deliveries that were."""
        border, gone = moment(before), 0
        old = sa.select(_D.delivery_id).where(_D.state.in_(_ENDED), _D.created_at < border)
        while ids := self._ids(old):
            with self._database.transaction() as connection:
                connection.execute(sa.delete(webhook_attempts).where(_A.delivery_id.in_(ids)))
                mine = sa.delete(webhook_deliveries).where(_D.delivery_id.in_(ids))
                connection.execute(mine)
            gone += len(ids)
        awaited = sa.exists().where(_D.event_id == _V.event_id)
        relayed = sa.exists().where(webhook_relays.c.event_id == _V.event_id)
        left = sa.select(_V.event_id).where(_V.made_at < border, ~awaited, ~relayed)
        while ids := self._ids(left):
            with self._database.transaction() as connection:
                connection.execute(sa.delete(webhook_events).where(_V.event_id.in_(ids)))
        return gone

    def _ids(self, query: sa.Select[Any]) -> Sequence[str]:
        with self._database.reading() as connection:
            return list(connection.execute(query.limit(CHUNK)).scalars())

    def _again(self, at: datetime, *conditions: sa.ColumnElement[bool]) -> int:
        values = {
            "state": MessageState.PENDING.value,
            "tries": 0,
            "verdicts": 0,
            "due_at": moment(at),
            "ended_at": "",
        }
        free = _D.state != MessageState.LEASED.value
        statement = sa.update(webhook_deliveries).where(free, *conditions).values(values)
        with self._database.transaction() as connection:
            return connection.execute(statement).rowcount

    def _read(self, *conditions: sa.ColumnElement[bool], most: int = 1) -> tuple[Delivery, ...]:
        query = sa.select(
            *(_D[name] for name in ("delivery_id", "event_id", "endpoint_id")),
            _V.type,
            *(_D[name] for name in ("state", "attempts", "created_at", "due_at", "ended_at")),
            _D.status,
            _D.cause,
        ).join(webhook_events, _V.event_id == _D.event_id)
        newest = (_D.created_at.desc(), _D.delivery_id.desc())
        with self._database.reading() as connection:
            page = query.where(*conditions).order_by(*newest).limit(most)
            rows = connection.execute(page).all()
            logs = _logs(connection, [row.delivery_id for row in rows])
        return tuple(_delivery(row, logs.get(row.delivery_id, ())) for row in rows)


def _mine(endpoint_id: str) -> sa.ColumnElement[bool]:
    return _D.endpoint_id == endpoint_id


def _logs(connection: sa.Connection, ids: Sequence[str]) -> Mapping[str, tuple[Logged, ...]]:
    query = sa.select(webhook_attempts).where(_A.delivery_id.in_(ids)).order_by(_A.attempt)
    found: dict[str, tuple[Logged, ...]] = {}
    for key, attempt, at, outcome, *rest in connection.execute(query):
        one = Logged(attempt, at, DeliveryOutcome(outcome), *rest)
        found[key] = (*found.get(key, ()), one)
    return found


def _delivery(row: Any, log: tuple[Logged, ...]) -> Delivery:
    told = dict(row._mapping)
    kind, state = EventType(told.pop("type")), MessageState(told.pop("state"))
    return Delivery(**told, event_type=kind, state=state, log=log)
