"""Lists that were handed out and what firms did with them: ``FeedbackLog``, append-only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from matcher.errors import InputError, ListNotFound
from matcher.types import (
    DismissalReason,
    Evaluation,
    FeedbackEvent,
    FeedbackKind,
    ListId,
    PatentId,
    RankedList,
    Uscc,
)
from matcher.wanted import OfferedList
from service.audit.act import noted
from service.store.database import Database
from service.store.facts import feedback_given
from service.store.pages import pages
from service.store.snapshots import keep
from service.store.tables import feedback_events, list_slots, recommendation_lists
from service.store.upsert import chunks

_MOST_TOLD = 20
_EVENT = tuple(column for column in feedback_events.c if column.name != "arrival")


class Feedback:
    """The feedback log; implements ``matcher.ports.FeedbackLog``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record_list(self, ranked: RankedList) -> None:
        """Keep a handed-out list; the same ``list_id`` again is stored once.

        Raises:
            InputError: a text that no database stores, or a time without a zone.
        """
        head = {
            "list_id": ranked.list_id,
            "subject": ranked.subject,
            "direction": ranked.direction,
            "encoder": ranked.versions.encoder,
            "index_version": ranked.versions.index,
            "policy": ranked.versions.policy,
            "made_at": _moment(ranked.made_at),
        }
        slots = [
            {
                "list_id": ranked.list_id,
                "slot": item.rank,
                "item_id": item.item_id,
                "score": float(item.score),
            }
            for item in ranked.items
        ]
        _check_texts(head)
        with self._database.transaction() as connection:
            is_new = _insert_once(connection, recommendation_lists, head)
            if is_new and slots:
                connection.execute(sa.insert(list_slots), slots)
            if is_new and isinstance(ranked, OfferedList):
                keep(connection, ranked)

    def slots_of(self, list_id: ListId) -> dict[int, str]:
        """Return slot (1-based) → item id of a recorded list; raise ``ListNotFound``."""
        query = (
            sa.select(list_slots.c.slot, list_slots.c.item_id)
            .where(list_slots.c.list_id == list_id)
            .order_by(list_slots.c.slot)
        )
        with self._database.reading() as connection:
            slots = {int(row[0]): str(row[1]) for row in connection.execute(query)}
        if not slots:
            # An empty list was handed out too: only an unknown id is an error.
            self.subject_of(list_id)
        return slots

    def subject_of(self, list_id: ListId) -> tuple[str, str]:
        """Return (subject, direction) of a recorded list; raise ``ListNotFound``."""
        lists = recommendation_lists.c
        query = sa.select(lists.subject, lists.direction).where(lists.list_id == list_id)
        with self._database.reading() as connection:
            row = connection.execute(query).first()
        if row is None:
            raise ListNotFound(list_id)
        return str(row[0]), str(row[1])

    def append(self, events: Iterable[FeedbackEvent]) -> int:
        """Append events in one transaction and return how many were new.

        Raises:
            InputError: an ``event_id`` is stored (or stands in this call) with other content, a
                time has no zone, or a text cannot be stored; nothing is written then.
        """
        rows: dict[str, dict[str, Any]] = {}
        for event in events:
            row = _row(event)
            _refuse_other(rows.setdefault(event.event_id, row), row)
        added: list[dict[str, Any]] = []
        noted(*rows, lists=sorted({str(row["list_id"]) for row in rows.values()})[:_MOST_TOLD])
        with self._database.transaction() as connection:
            for chunk in chunks(rows):
                stored = self._stored(connection, chunk)
                for event_id, row in stored.items():
                    _refuse_other(row, rows[event_id])
                new = [rows[event_id] for event_id in chunk if event_id not in stored]
                added += [row for row in new if self._insert(connection, row)]
            feedback_given(connection, added)
        return len(added)

    def of_firm(self, uscc: Uscc) -> tuple[FeedbackEvent, ...]:
        """Return the firm's events, oldest first; ties in the order of arrival."""
        events = feedback_events.c
        query = sa.select(*_EVENT).where(events.uscc == uscc).order_by(events.at, events.arrival)
        with self._database.reading() as connection:
            return tuple(_event(row) for row in connection.execute(query))

    def dismissed_by(self, usccs: Sequence[Uscc]) -> dict[Uscc, tuple[PatentId, ...]]:
        """Return what each firm dismissed, in the order of ids; firms without are left out."""
        events = feedback_events.c
        query = sa.select(events.uscc, events.patent_id).distinct()
        query = query.where(events.kind == FeedbackKind.DISMISSAL.value)
        found: dict[Uscc, list[PatentId]] = {}
        with self._database.reading() as connection:
            for chunk in chunks(usccs):
                for uscc, patent in connection.execute(query.where(events.uscc.in_(chunk))):
                    found.setdefault(Uscc(uscc), []).append(PatentId(patent))
        return {uscc: tuple(sorted(patents)) for uscc, patents in found.items()}

    def iterate(self) -> Iterator[FeedbackEvent]:
        """Yield every event in the order of arrival."""
        query = sa.select(feedback_events.c.arrival, *_EVENT)
        rows = pages(self._database, query, (feedback_events.c.arrival,))
        return (_event(row[1:]) for row in rows)

    def count(self) -> int:
        """Return how many events there are."""
        with self._database.reading() as connection:
            query = sa.select(sa.func.count()).select_from(feedback_events)
            return int(connection.execute(query).scalar_one())

    def _stored(
        self, connection: sa.Connection, event_ids: Iterable[str]
    ) -> dict[str, dict[str, Any]]:
        query = sa.select(*_EVENT).where(feedback_events.c.event_id.in_(list(event_ids)))
        return {row[0]: dict(row._mapping) for row in connection.execute(query)}

    def _insert(self, connection: sa.Connection, row: dict[str, Any]) -> bool:
        # PostgreSQL lets another writer store the same id after our look; the constraint decides.
        if _insert_once(connection, feedback_events, row):
            return True
        _refuse_other(self._stored(connection, [row["event_id"]])[row["event_id"]], row)
        return False


def _insert_once(connection: sa.Connection, table: sa.Table, row: dict[str, Any]) -> bool:
    """Insert the row unless its key is there; return whether it was inserted."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(table).values(row).on_conflict_do_nothing()
    # RETURNING, not rowcount: psycopg tells -1 for an insert that met a conflict.
    returned = statement.returning(next(iter(table.primary_key)))
    return connection.execute(returned).first() is not None


def _refuse_other(stored: dict[str, Any], sent: dict[str, Any]) -> None:
    if stored != sent:
        different = sorted(name for name in sent if stored[name] != sent[name])
        raise InputError(
            f"found event {sent['event_id']!r} stored with other {', '.join(different)}",
            "one event_id for one event",
            "send a new event under a new event_id",
        )


def _moment(at: datetime) -> str:
    if at.tzinfo is None:
        raise InputError(f"found the time {at.isoformat()} without a zone", "a time with its zone")
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _check_texts(row: dict[str, Any]) -> None:
    """Refuse what only one of the two databases would take, so that both refuse it."""
    for name, value in row.items():
        if isinstance(value, str) and ("\0" in value or not _encodes(value)):
            raise InputError(f"found {name} {value[:40]!a}", "text without NUL and half surrogates")


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _row(event: FeedbackEvent) -> dict[str, Any]:
    axes = event.evaluation
    row = {
        "event_id": event.event_id,
        "list_id": event.list_id,
        "slot": event.slot,
        "patent_id": event.patent_id,
        "uscc": event.uscc,
        "kind": event.kind.value,
        "at": _moment(event.at),
        "reason": event.reason.value if event.reason else "",
        "prospect": axes.prospect if axes else None,
        "improvement": axes.improvement if axes else None,
        "cooperation": axes.cooperation if axes else None,
        "text": event.text,
    }
    _check_texts(row)
    return row


def _event(row: Sequence[Any]) -> FeedbackEvent:
    return FeedbackEvent(
        event_id=row[0],
        list_id=ListId(row[1]),
        slot=row[2],
        patent_id=PatentId(row[3]),
        uscc=Uscc(row[4]),
        kind=FeedbackKind(row[5]),
        at=datetime.fromisoformat(row[6]),
        reason=DismissalReason(row[7]) if row[7] else None,
        evaluation=None if row[8] is None else Evaluation(*row[8:11]),
        text=row[11],
    )
