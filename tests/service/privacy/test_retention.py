"""Retention: what is old goes, what is young stays, and the audit tells of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from pydantic import ValidationError

from service.audit.act import Act, Actor
from service.auth.secret import Secrets
from service.config import Settings
from service.privacy.retention import sweep
from service.store.audit_proof import prove
from service.store.engine import Store
from service.store.schema import metadata

SECRET = "a secret of these tests of thirty-two and more"
NOW = datetime.now(UTC)


def moment(days: float) -> str:
    return (NOW - timedelta(days=days)).isoformat(timespec="microseconds")


def put(store: Store, table: str, **row: object) -> None:
    with store.database.transaction() as connection:
        connection.execute(sa.insert(metadata.tables[table]), row)


def left(store: Store, table: str, column: str) -> list[object]:
    with store.database.reading() as connection:
        query = sa.select(metadata.tables[table].c[column]).order_by(column)
        return list(connection.execute(query).scalars())


def fill(store: Store, days: float, name: str) -> None:
    at = moment(days)
    put(store, "feedback_events", event_id=name, list_id=name, slot=1, at=at)
    put(store, "recommendation_lists", list_id=name, made_at=at)
    put(store, "list_slots", list_id=name, slot=1, score=1.0)
    put(store, "list_snapshots", list_id=name, offered=b"", made_at=at)
    put(store, "kept_answers", caller=name, route="r", key_digest="k", created_at=at)
    put(store, "import_jobs", job_id=name, state="done", finished_at=at)
    put(store, "push_rounds", round_id=name, made_at=at)
    put(store, "push_messages", message_id=name, round_id=name, channel="c", state="delivered")
    put(store, "push_messages", message_id=f"{name}-waits", round_id=name, channel="d",
        state="pending")  # fmt: skip
    put(store, "push_receipts", message_id=name, attempt=1)
    put(store, "push_inbox", message_id=name, round_id=name)


def swept(store: Store, **more: int) -> dict[str, int]:
    settings = Settings(
        feedback_days=30,
        lists_days=30,
        messages_days=30,
        jobs_days=30,
        **more,  # type: ignore[arg-type]
    )
    secrets = Secrets(Path(), SECRET)
    return sweep(store, settings, secrets, Act(Actor("service", "x"), secrets, "service.sweep"))


def test_the_old_goes_and_the_young_stays(store: Store) -> None:
    fill(store, 31, "old")
    fill(store, 0.5, "young")
    gone = swept(store)
    assert gone == {
        "feedback_events": 1, "recommendation_lists": 1, "list_slots": 1, "list_snapshots": 1,
        "kept_answers": 1, "import_jobs": 1, "push_messages": 1, "push_receipts": 1,
        "push_inbox": 1,
    }  # fmt: skip
    for table, column in (("feedback_events", "event_id"), ("recommendation_lists", "list_id"),
                          ("list_snapshots", "list_id"), ("import_jobs", "job_id"),
                          ("push_inbox", "message_id")):  # fmt: skip
        assert left(store, table, column) == ["young"]
    assert left(store, "push_messages", "message_id") == ["old-waits", "young", "young-waits"]
    rows = list(store.audit.rows())
    assert {row["operation"] for row in rows} == {"service.sweep"}
    assert prove(store.audit, {one.secret_id: one for one in Secrets(Path(), SECRET).known()}).good
    assert swept(store) == {}


def test_zero_keeps_for_good(store: Store) -> None:
    fill(store, 5_000, "old")
    settings = Settings(feedback_days=0, lists_days=0, messages_days=0, jobs_days=0)
    secrets = Secrets(Path(), SECRET)
    gone = sweep(store, settings, secrets, Act(Actor("service", "x"), secrets, "s"))
    assert set(gone) == {"list_snapshots", "kept_answers"}


def test_more_than_one_piece_goes(store: Store) -> None:
    rows = [{"list_id": f"L{n}", "made_at": moment(40)} for n in range(4_500)]
    with store.database.transaction() as connection:
        connection.execute(sa.insert(metadata.tables["recommendation_lists"]), rows)
    assert swept(store) == {"recommendation_lists": 4_500}


def test_the_audit_is_never_kept_less_than_the_law_asks() -> None:
    with pytest.raises(ValidationError):
        Settings(audit_days=179)
    assert Settings(audit_days=180).audit_days == 180
