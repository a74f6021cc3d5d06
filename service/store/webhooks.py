"""Endpoints of webhooks: where to, for which events, and how they stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa

from service.store.database import Database
from service.store.event_types import EventType
from service.store.pages import list_text, list_values
from service.store.webhook_tables import (
    webhook_attempts,
    webhook_deliveries,
    webhook_endpoints,
    webhook_networks,
)

_E = webhook_endpoints.c
_HEALTHY: dict[str, Any] = {
    "disabled_at": "",
    "disabled_why": "",
    "failing_since": "",
    "failures": 0,
    "slow_steps": 0,
    "held_until": "",
}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One endpoint; moments are ISO 8601 in UTC, "" for those that never came.

    Attributes:
        events: types that it chose.
        secret: encrypted; ``old_secret`` signs beside it until ``old_until``.
        disabled_why: a few words, "" while it is enabled.
        failing_since: moment of the first failure after the last delivery that was taken.
        failures: attempts since then.
        slow_steps: how often in a row it could not keep up.
        held_until: nothing is sent before.
    """

    endpoint_id: str
    url: str
    description: str
    events: tuple[EventType, ...]
    secret: str
    created_at: str
    old_secret: str = ""
    old_until: str = ""
    disabled_at: str = ""
    disabled_why: str = ""
    failing_since: str = ""
    failures: int = 0
    slow_steps: int = 0
    held_until: str = ""


class Webhooks:
    """The endpoints of one tenant."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, endpoint: Endpoint, most: int) -> bool:
        """Keep a new endpoint; ``False`` where there are as many already as there may be."""
        row = asdict(endpoint) | {"events": _events_text(endpoint.events)}
        count = sa.select(sa.func.count()).select_from(webhook_endpoints)
        with self._database.transaction() as connection:
            if connection.dialect.name == "postgresql":  # two at once must not both count the same
                connection.exec_driver_sql("LOCK TABLE webhook_endpoints IN EXCLUSIVE MODE")
            if int(connection.execute(count).scalar_one()) >= most:
                return False
            connection.execute(sa.insert(webhook_endpoints), row)
        return True

    def get(self, endpoint_id: str) -> Endpoint | None:
        """Return the endpoint, ``None`` where there is none."""
        query = sa.select(webhook_endpoints).where(_E.endpoint_id == endpoint_id)
        with self._database.reading() as connection:
            row = connection.execute(query).mappings().first()
        return endpoint_of(row) if row is not None else None

    def all(self) -> tuple[Endpoint, ...]:
        """Return every endpoint, oldest first."""
        query = sa.select(webhook_endpoints).order_by(_E.created_at, _E.endpoint_id)
        with self._database.reading() as connection:
            return tuple(map(endpoint_of, connection.execute(query).mappings()))

    def change(
        self,
        endpoint_id: str,
        *,
        url: str | None = None,
        events: Sequence[EventType] | None = None,
        description: str | None = None,
    ) -> bool:
        """Change what is given; ``False`` where there is no such endpoint.

        Under another URL it is as new: whether it failed before is forgotten.
        """
        values: dict[str, Any] = {}
        if events is not None:
            values["events"] = _events_text(events)
        if description is not None:
            values["description"] = description
        with self._database.transaction() as connection:
            same = sa.select(_E.url).where(_E.endpoint_id == endpoint_id).with_for_update()
            found = connection.execute(same).first()
            if found is None:
                return False
            if url is not None and url != found.url:
                values |= {"url": url, "failing_since": "", "failures": 0, "slow_steps": 0}
                values["held_until"] = ""
            if values:
                connection.execute(_update(endpoint_id).values(values))
        return True

    def enable(self, endpoint_id: str) -> bool:
        """Send to it again, as to a new one; ``False`` where there is no such endpoint."""
        return self._write(endpoint_id, _HEALTHY)

    def rotate(self, before: Endpoint, secret: str, old_until: str) -> bool:
        """Put a new secret in force beside the one before; ``False`` where it is another by now."""
        values = {"secret": secret, "old_secret": before.secret, "old_until": old_until}
        with self._database.transaction() as connection:
            mine = _update(before.endpoint_id).where(_E.secret == before.secret)
            return connection.execute(mine.values(values)).rowcount == 1

    def reseal(self, before: Endpoint, secret: str, old_secret: str) -> bool:
        """Keep the same secrets encrypted otherwise; ``False`` where they are others by now."""
        values = {"secret": secret, "old_secret": old_secret}
        mine = _update(before.endpoint_id).where(
            _E.secret == before.secret, _E.old_secret == before.old_secret
        )
        with self._database.transaction() as connection:
            return connection.execute(mine.values(values)).rowcount == 1

    def remove(self, endpoint_id: str) -> bool:
        """Delete the endpoint with its deliveries; ``False`` where there is none."""
        mine = webhook_deliveries.c.endpoint_id == endpoint_id
        ids = sa.select(webhook_deliveries.c.delivery_id).where(mine)
        with self._database.transaction() as connection:
            gone = sa.delete(webhook_endpoints).where(_E.endpoint_id == endpoint_id)
            if connection.execute(gone).rowcount != 1:
                return False
            attempts = sa.delete(webhook_attempts)
            connection.execute(attempts.where(webhook_attempts.c.delivery_id.in_(ids)))
            connection.execute(sa.delete(webhook_deliveries).where(mine))
        return True

    def networks(self) -> tuple[str, ...]:
        """Return the networks that are open beside public addresses, in order."""
        query = sa.select(webhook_networks.c.network).order_by(webhook_networks.c.network)
        with self._database.reading() as connection:
            return tuple(connection.execute(query).scalars())

    def set_networks(self, networks: Sequence[str]) -> None:
        """Open these networks in place of those before."""
        rows = [{"network": one} for one in sorted(set(networks))]
        with self._database.transaction() as connection:
            connection.execute(sa.delete(webhook_networks))
            if rows:
                connection.execute(sa.insert(webhook_networks), rows)

    def _write(self, endpoint_id: str, values: dict[str, Any]) -> bool:
        with self._database.transaction() as connection:
            return connection.execute(_update(endpoint_id).values(values)).rowcount == 1


def endpoint_of(row: sa.RowMapping) -> Endpoint:
    """Return the endpoint that stands in a row."""
    return Endpoint(**{**row, "events": tuple(map(EventType, list_values(row["events"])))})


def _update(endpoint_id: str) -> sa.Update:
    return sa.update(webhook_endpoints).where(_E.endpoint_id == endpoint_id)


def _events_text(events: Sequence[EventType]) -> str:
    return list_text(tuple(event.value for event in events))
