"""Events of the main database on their way to the tenants that they are for.

An event is copied under its own id, then crossed off: a crash in between copies it once more, and
the id keeps the second copy out.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from service.store.database import Database
from service.store.event_types import EventType
from service.store.outbox import Event, take_over
from service.store.webhook_tables import webhook_events, webhook_relays

_AT_ONCE = 500
_R = webhook_relays.c


class Relays:
    """What waits in one database for others."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def waiting(self) -> tuple[str, ...]:
        """Return the tenants for whom events wait, in the order of names."""
        query = sa.select(_R.tenant).distinct().order_by(_R.tenant)
        with self._database.reading() as connection:
            return tuple(connection.execute(query).scalars())

    def events_for(self, tenant: str) -> tuple[Event, ...]:
        """Return events that wait for a tenant, the oldest first, some hundreds at most."""
        columns = (webhook_events.c[name] for name in ("event_id", "type", "made_at", "body"))
        query = (
            sa.select(*columns)
            .join(webhook_relays, _R.event_id == webhook_events.c.event_id)
            .where(_R.tenant == tenant)
            .order_by(webhook_events.c.made_at, webhook_events.c.event_id)
            .limit(_AT_ONCE)
        )
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        return tuple(Event(key, EventType(kind), at, body) for key, kind, at, body in rows)

    def take_over(self, events: Sequence[Event]) -> None:
        """Record events that came from another database, each once."""
        with self._database.transaction() as connection:
            take_over(connection, events)

    def cross_off(self, tenant: str, events: Sequence[Event]) -> None:
        """Forget that these events wait for a tenant."""
        ids = [event.event_id for event in events]
        mine = sa.delete(webhook_relays).where(_R.tenant == tenant, _R.event_id.in_(ids))
        with self._database.transaction() as connection:
            connection.execute(mine)

    def forget(self, tenant: str) -> None:
        """Forget all that waits for a tenant that is no more."""
        with self._database.transaction() as connection:
            connection.execute(sa.delete(webhook_relays).where(_R.tenant == tenant))
