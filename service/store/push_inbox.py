"""The inbox of a portal: which firms have something of which push_round.

Entries name a round, they do not copy its items: whoever shows them reads the items when they are
shown, and what may no longer be recommended by then is not shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from matcher.pushed import MessageId, PushMessage, RoundId
from matcher.types import Uscc
from service.store.database import Database
from service.store.push_tables import push_inbox
from service.store.upsert import ignoring


@dataclass(frozen=True, slots=True)
class InboxEntry:
    """One message in the inbox of a firm; ``arrived_at`` is ISO 8601 in UTC."""

    message_id: MessageId
    round_id: RoundId
    uscc: Uscc
    channel: str
    arrived_at: str


class PushInbox:
    """The inboxes of a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, messages: Sequence[PushMessage], at: datetime) -> None:
        """Store the messages; one that is there already stays as it is."""
        rows = [
            {
                "message_id": message.message_id,
                "round_id": message.round_id,
                "uscc": message.uscc,
                "channel": message.channel,
                "arrived_at": at.isoformat(timespec="microseconds"),
            }
            for message in messages
        ]
        with self._database.transaction() as connection:
            if rows:
                connection.execute(ignoring(connection, push_inbox), rows)

    def of_firm(self, channel: str, uscc: Uscc) -> tuple[InboxEntry, ...]:
        """Return the firm's entries, newest first."""
        table = push_inbox
        query = sa.select(table).where(table.c.channel == channel, table.c.uscc == uscc)
        newest = (table.c.arrived_at.desc(), table.c.message_id)
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(*newest)).mappings()
            return tuple(InboxEntry(**row) for row in rows)
