"""What the receivers of channels asked for: to be left alone until a moment, or for good."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from matcher.pushed import ChannelStanding
from service.store.database import Database
from service.store.push_tables import push_channels
from service.store.upsert import ignoring

_C = push_channels.c


def mark(database: Database, channel: str, address: str, **values: str) -> None:
    """Set columns of a channel; what was known of another address is forgotten."""
    mine = _C.channel == channel
    with database.transaction() as connection:
        connection.execute(sa.delete(push_channels).where(mine, _C.address != address))
        row = {"channel": channel, "address": address}
        connection.execute(ignoring(connection, push_channels), row)
        connection.execute(sa.update(push_channels).where(mine).values(**values))


def standing(database: Database, channel: str, address: str) -> ChannelStanding:
    """Return what the receiver at this address asked for."""
    query = sa.select(_C.closed_why, _C.held_until)
    query = query.where(_C.channel == channel, _C.address == address)
    with database.reading() as connection:
        row = connection.execute(query).first()
    if row is None:
        return ChannelStanding()
    held = datetime.fromisoformat(row.held_until) if row.held_until else None
    return ChannelStanding(row.closed_why, held)


def forget(connection: sa.Connection, channel: str) -> None:
    """Forget what was asked for: the channel is open."""
    connection.execute(sa.delete(push_channels).where(_C.channel == channel))
