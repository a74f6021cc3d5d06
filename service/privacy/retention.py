"""What was kept long enough goes, a few thousand rows at a time, so that nobody waits for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from service.audit.act import Act, at_work
from service.auth.secret import Secrets
from service.config import Settings
from service.store import Store
from service.store.kept_answers import KEPT as ANSWER_KEPT
from service.store.manners_tables import kept_answers, list_snapshots
from service.store.push_tables import push_inbox, push_messages, push_receipts
from service.store.schema import metadata
from service.store.snapshots import KEPT as SNAPSHOT_KEPT
from service.store.stock_tables import import_jobs
from service.store.tables import feedback_events, list_slots, recommendation_lists

_AT_ONCE = 2_000
_ENDED_JOBS = ("done", "failed", "cancelled")
_ENDED_MESSAGES = ("delivered", "failed", "parked", "empty")


def sweep(store: Store, settings: Settings, secrets: Secrets, act: Act) -> dict[str, int]:
    """Delete what retention no longer keeps; return how many rows of which table.

    Args:
        store: of the operator or a tenant.
        settings: that say for how long.
        secrets: under which the audit is sealed.
        act: who does it.
    """
    now = datetime.now(UTC)
    gone: Counter[str] = Counter()
    with at_work(act):
        for table, old in _rules(settings, now):
            gone[table.name] += _delete(store, table, old)
        told = act.entry("done", None)
        gone["audit_rows"] += store.audit.prune(settings.audit_days, secrets.current(), now, told)
    return {table: rows for table, rows in gone.items() if rows}


def _rules(settings: Settings, now: datetime) -> Iterator[tuple[sa.Table, sa.ColumnElement[bool]]]:
    """Yield (table, which of its rows are old), those that refer before those referred to."""
    if days := settings.feedback_days:
        yield feedback_events, feedback_events.c.at < _before(now, days)
    yield list_snapshots, list_snapshots.c.made_at < _moment(now - SNAPSHOT_KEPT)
    yield kept_answers, kept_answers.c.created_at < _moment(now - ANSWER_KEPT)
    if days := settings.lists_days:
        lists = recommendation_lists
        old = lists.c.made_at < _before(now, days)
        yield list_slots, list_slots.c.list_id.in_(sa.select(lists.c.list_id).where(old))
        yield lists, old
    if days := settings.jobs_days:
        ended = import_jobs.c.state.in_(_ENDED_JOBS)
        yield import_jobs, sa.and_(ended, import_jobs.c.finished_at < _before(now, days))
    if days := settings.messages_days:
        yield from _messages(_before(now, days))


def _messages(border: str) -> Iterator[tuple[sa.Table, sa.ColumnElement[bool]]]:
    """Yield messages of rounds that are older than a moment, with what hangs on them."""
    rounds = metadata.tables["push_rounds"]
    old = sa.select(rounds.c.round_id).where(rounds.c.made_at < border)
    mine = sa.and_(push_messages.c.round_id.in_(old), push_messages.c.state.in_(_ENDED_MESSAGES))
    ids = sa.select(push_messages.c.message_id).where(mine)
    yield push_receipts, push_receipts.c.message_id.in_(ids)
    yield push_inbox, push_inbox.c.message_id.in_(ids)
    yield push_messages, mine


def _delete(store: Store, table: sa.Table, old: sa.ColumnElement[bool]) -> int:
    """Delete in pieces: SQLite's one writer is held for milliseconds each."""
    gone = 0
    keys = list(table.primary_key)
    columns = sa.tuple_(*keys) if len(keys) > 1 else keys[0]
    while True:
        with store.database.transaction() as connection:
            found = connection.execute(sa.select(*keys).where(old).limit(_AT_ONCE)).all()
            if not found:
                return gone
            values = [tuple(row) for row in found] if len(keys) > 1 else [row[0] for row in found]
            connection.execute(sa.delete(table).where(columns.in_(values)))
        gone += len(found)


def _before(now: datetime, days: int) -> str:
    return _moment(now - timedelta(days=days))


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")
