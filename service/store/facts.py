"""Facts that webhooks tell of, as their events: recorded in the transaction that writes the fact.

What is told are ids: whoever may know more asks for it with a key.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from matcher.pushed import PushRound
from matcher.types import FeedbackKind
from service.store.event_types import EventType
from service.store.outbox import parted, record_event
from service.store.stock_tables import import_jobs

_COUNTS = ("rows", "new", "changed", "unchanged", "refused")
_GIVEN = ("event_id", "kind", "list_id", "slot", "patent_id", "uscc", "at")
# Told once more, each by itself: somebody waits for an answer.
_ANSWERED = {
    FeedbackKind.CONTACT.value: EventType.CONTACT_REQUESTED,
    FeedbackKind.DIRECTED_NEED.value: EventType.NEED_DIRECTED,
}


def feedback_given(connection: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Record that these rows of ``feedback_events`` are new."""
    told = [{name: row[name] for name in _GIVEN} for row in rows]
    for part in parted(told):
        record_event(connection, EventType.FEEDBACK_RECEIVED, {"events": part})
    for one in told:
        if kind := _ANSWERED.get(one["kind"]):
            record_event(connection, kind, {name: one[name] for name in _GIVEN if name != "kind"})


def round_published(connection: sa.Connection, made: PushRound, counts: Mapping[str, int]) -> None:
    """Record that a push_round can be read.

    Args:
        connection: of the transaction that publishes it.
        made: the round.
        counts: of its firms, patents and items.
    """
    data = {"round_id": made.round_id, "made_at": made.made_at.isoformat(), **counts}
    record_event(connection, EventType.PUSH_READY, data)


def import_ended(connection: sa.Connection, job_id: str, state: str, report: str) -> None:
    """Record that an import job has ended, for whoever handed it in.

    Args:
        connection: of the transaction that ends it, in the main database.
        job_id: of the job.
        state: done, failed or cancelled.
        report: JSON report, "" for none.
    """
    query = sa.select(import_jobs.c.tenant, import_jobs.c.what).where(
        import_jobs.c.job_id == job_id
    )
    tenant, what = connection.execute(query).one()
    content = json.loads(report) if report else {}
    data = {
        "job_id": job_id,
        "what": what,
        "state": state,
        "dry_run": bool(content.get("dry_run", False)),
        **dict(_sums(content.get("files", ()))),
    }
    record_event(connection, EventType.IMPORT_FINISHED, data, tenant)


def _sums(files: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, int]]:
    for name in _COUNTS:
        yield name, sum(int(file.get(name, 0)) for file in files)
