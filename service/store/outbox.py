"""The outbox of webhooks: an event is recorded in the transaction of the fact that it tells of.

With the event goes one delivery for each endpoint that chose its type. What nobody waits for is
not recorded. A fact of the main database may be of concern to tenants, whose endpoints stand in
databases of their own: for them the event waits in ``webhook_relays`` (``relays.py``).
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from matcher.codes import MessageState
from service.store.event_types import EventType
from service.store.pages import list_text
from service.store.tenant_tables import tenants
from service.store.upsert import ignoring
from service.store.webhook_tables import (
    webhook_deliveries,
    webhook_endpoints,
    webhook_events,
    webhook_relays,
)

DISABLED = "the endpoint was disabled"
# Standard Webhooks asks for bodies below 20 kB; what is around the items takes less than one.
_MOST_BYTES = 16_000


@dataclass(frozen=True, slots=True)
class Event:
    """One event as it stands in a database: its body never changes."""

    event_id: str
    type: EventType
    made_at: str
    body: str


def record_event(
    connection: sa.Connection, kind: EventType, data: Mapping[str, Any], tenant: str = ""
) -> None:
    """Record an event in the transaction that is open, for the endpoints that chose its type.

    Args:
        connection: of ``Database.transaction``, the one that writes the fact.
        kind: type of the event.
        data: what it tells: ids, no personal data; a few kilobytes of JSON at most.
        tenant: whose fact it is, where it stands in the main database; "" for the owner of the
            database.
    """
    wanting = [] if tenant else _wanting(connection, kind)
    if wanting or tenant:
        event = _event(kind, data)
        _keep(connection, event, wanting)
        if tenant:
            connection.execute(
                sa.insert(webhook_relays), {"tenant": tenant, "event_id": event.event_id}
            )


def record_shared(
    connection: sa.Connection, kind: EventType, name: str, items: Iterable[Mapping[str, Any]]
) -> None:
    """Record what happened to records of a catalogue, for its owner and all who share it.

    Args:
        connection: as for ``record_event``.
        kind: type of the events.
        name: of the list in their data.
        items: entries of the list; as many as fit go into one event.
    """
    if not has_audience(connection):
        return
    sharing = sa.select(tenants.c.name).where(tenants.c.private.is_(sa.false()))
    wanting, others = _wanting(connection, kind), connection.execute(sharing).scalars().all()
    for part in parted(items):
        event = _event(kind, {name: part})
        _keep(connection, event, wanting)
        if others:
            rows = [{"tenant": other, "event_id": event.event_id} for other in others]
            connection.execute(sa.insert(webhook_relays), rows)


def has_audience(connection: sa.Connection) -> bool:
    """Return whether anybody could want events of this database: endpoints, or tenants."""
    for column in (webhook_endpoints.c.endpoint_id, tenants.c.name):
        if connection.execute(sa.select(column).limit(1)).first() is not None:
            return True
    return False


def take_over(connection: sa.Connection, events: Sequence[Event]) -> None:
    """Record events of another database; those that are here already stay as they are."""
    for event in events:
        _keep(connection, event, _wanting(connection, event.type))


def ping(connection: sa.Connection, endpoint_id: str) -> str:
    """Record a ping for one endpoint and return the delivery's id."""
    event = _event(EventType.PING, {"endpoint_id": endpoint_id})
    (delivery_id,) = _keep(connection, event, [(endpoint_id, False)])
    return delivery_id


def parted(items: Iterable[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    """Yield the items in lists that fit into one event each."""
    part: list[Mapping[str, Any]] = []
    size = 0
    for item in items:
        more = len(_json(item).encode())
        if part and size + more > _MOST_BYTES:
            yield part
            part, size = [], 0
        part.append(item)
        size += more + 1
    if part:
        yield part


def _wanting(connection: sa.Connection, kind: EventType) -> list[tuple[str, bool]]:
    """Return (endpoint, is it disabled) of those that chose the type."""
    chosen = webhook_endpoints.c
    query = sa.select(chosen.endpoint_id, chosen.events, chosen.disabled_at)
    rows = connection.execute(query.order_by(chosen.endpoint_id)).all()
    mark = list_text((kind.value,))[1:-1]  # as it stands in a list: no type is part of another
    return [(key, bool(off)) for key, events, off in rows if mark in events]


def _event(kind: EventType, data: Mapping[str, Any]) -> Event:
    now = datetime.now(UTC).isoformat(timespec="microseconds")
    told = {"type": kind.value, "timestamp": now, "data": data}
    return Event(f"evt_{uuid.uuid4().hex}", kind, now, _json(told))


def _keep(
    connection: sa.Connection, event: Event, wanting: Sequence[tuple[str, bool]]
) -> list[str]:
    row = {
        "event_id": event.event_id,
        "type": event.type.value,
        "made_at": event.made_at,
        "body": event.body,
    }
    connection.execute(ignoring(connection, webhook_events), [row])
    now = datetime.now(UTC).isoformat(timespec="microseconds")
    rows = [_delivery(event, endpoint_id, now, off=off) for endpoint_id, off in wanting]
    if rows:
        connection.execute(ignoring(connection, webhook_deliveries), rows)
    return [str(one["delivery_id"]) for one in rows]


def _delivery(event: Event, endpoint_id: str, now: str, *, off: bool) -> dict[str, Any]:
    # For an endpoint that is disabled it has failed at once: replayed, it is not lost.
    state = MessageState.FAILED if off else MessageState.PENDING
    return {
        "delivery_id": f"dlv_{uuid.uuid4().hex}",
        "event_id": event.event_id,
        "endpoint_id": endpoint_id,
        "state": state.value,
        "due_at": now,
        "created_at": now,
        "ended_at": now if off else "",
        "cause": DISABLED if off else "",
    }


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
