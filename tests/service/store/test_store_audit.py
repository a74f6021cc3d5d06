"""The audit in the store, on SQLite and PostgreSQL: whole, unbroken, and proven when it is not."""

from __future__ import annotations

import shutil
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from matcher.errors import InputError
from matcher.types import Patent, PatentId
from service.audit.act import Act, Actor, at_work, noted
from service.audit.entry import Entry
from service.auth.secret import Secret, Secrets
from service.store.audit_proof import Proof, prove
from service.store.audit_tables import audit_head, audit_rows
from service.store.audit_trail import PRUNE
from service.store.contacts import Contact
from service.store.engine import Store, open_store

SECRET = Secret.of("a secret of the tests, thirty-two and more")
OTHER = Secret.of("another secret, thirty-two characters and more")
KNOWN = {SECRET.secret_id: SECRET}
NOW = datetime.now(UTC)


class Fixed:
    def current(self) -> Secret:
        return SECRET


def act(operation: str = "test") -> Act:
    return Act(Actor("key", "k1", "甲"), Fixed(), operation, "r-1")


def entry(operation: str = "x", at: datetime = NOW, **more: Any) -> Entry:
    moment = at.isoformat(timespec="microseconds")
    return Entry(uuid.uuid4().hex, moment, "甲", "key", "k1", operation, **more)


def write(store: Store, number: int = 0) -> None:
    store.contacts.allow(f"holder {number}", "viewer", NOW)


def rows(store: Store) -> list[dict[str, Any]]:
    return list(store.audit.rows())


def proof(store: Store, known: tuple[int, str] | None = None) -> Proof:
    return prove(store.audit, KNOWN, known)


def test_a_write_takes_its_row_along(store: Store) -> None:
    with at_work(act("allow")):
        write(store)
    (row,) = rows(store)
    assert (row["seq"], row["operation"], row["actor"], row["tenant"]) == (1, "allow", "k1", "甲")
    assert (row["result"], row["request_id"]) == ("done", "r-1")
    assert row["objects"] == '["holder 0","viewer"]'
    assert '"contact_permissions":1' in row["detail"]
    assert proof(store).good


def fails(store: Store) -> None:
    with store.transaction():
        write(store, 1)
        raise InputError("found a reason to stop")


def test_nothing_is_told_without_an_act_of_a_read_or_of_what_was_rolled_back(store: Store) -> None:
    write(store)
    with at_work(act()):
        store.contacts.allowed_by("holder 0")
        with pytest.raises(InputError, match="reason"):
            fails(store)
        store.contacts.deny("nobody", "viewer")
    assert rows(store) == []


def test_a_row_and_its_write_are_one(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    class Gone:
        def current(self) -> Secret:
            raise InputError("found no secret")

    with at_work(Act(Actor("key", "k1"), Gone(), "x")), pytest.raises(InputError):
        write(store)
    assert store.contacts.allowed_by("holder 0") == ()


def test_records_are_told_by_their_digests_before_and_after(store: Store) -> None:
    store.patents.put([Patent(PatentId("CN1"), title="盘活")])
    with at_work(act()):
        store.contacts.put([Contact(PatentId("CN1"), person="王某人")])
        store.contacts.put([Contact(PatentId("CN1"), person="李某人")])
    first, second = rows(store)
    assert '"contacts:CN1"' in first["objects"]
    assert '"before"' in second["detail"]
    assert "某人" not in str(rows(store))


def test_an_act_of_a_thousand_commits_is_told_in_full_at_first_then_in_sum(store: Store) -> None:
    at = act()
    with at_work(at):
        for number in range(60):
            write(store, number)
    told = rows(store)
    assert 20 <= len(told) <= 25
    last = at.entry("done", 0)
    assert len(told) + last.detail["transactions"] - 1 >= 58
    assert proof(store).good


def test_many_writers_make_one_chain_without_a_gap(store_url: str) -> None:
    faults: list[BaseException] = []

    def run(number: int) -> None:
        try:
            with open_store(store_url) as mine:
                for turn in range(10):
                    with at_work(act(f"w{number}")):
                        write(mine, 100 * number + turn)
        except BaseException as error:
            faults.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    with open_store(store_url) as store:
        found = proof(store)
        assert (found.rows, found.last, found.faults) == (80, 80, [])
        assert [row["seq"] for row in rows(store)] == list(range(1, 81))


def test_an_entry_that_comes_twice_is_kept_once(store: Store) -> None:
    one, two = entry("one"), entry("two")
    assert store.audit.keep([one], SECRET) == 1
    assert store.audit.keep([one, two], SECRET) == 1
    assert [row["operation"] for row in rows(store)] == ["one", "two"]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_rows SET actor = 'nobody' WHERE seq = 2",
        "DELETE FROM audit_rows WHERE seq = 2",
        "DELETE FROM audit_rows",
        "DELETE FROM audit_head",
        "UPDATE audit_head SET seq = 1",
        "UPDATE audit_head SET anchor_seq = 2",
        "UPDATE audit_head SET name = 'other'",
    ],
)
def test_the_database_itself_refuses_to_change_it(store: Store, statement: str) -> None:
    store.audit.keep([entry() for _ in range(3)], SECRET)
    before = rows(store)
    with pytest.raises(DBAPIError, match="audit"), store.database.transaction() as connection:
        connection.exec_driver_sql(statement)
    assert rows(store) == before


def test_neither_replace_nor_truncate_is_a_way_round(store: Store) -> None:
    store.audit.keep([entry() for _ in range(3)], SECRET)
    statement = "TRUNCATE audit_rows"
    if store.database.dialect == "sqlite":
        statement = "INSERT OR REPLACE INTO audit_rows SELECT * FROM audit_rows WHERE seq = 2"
    with pytest.raises(DBAPIError, match="audit"), store.database.transaction() as connection:
        connection.exec_driver_sql(statement)


def undress(connection: sa.Connection) -> None:
    """Take the triggers away, as whoever owns the database can."""
    if connection.dialect.name == "postgresql":
        for table in ("audit_rows", "audit_head"):
            connection.exec_driver_sql(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
        return
    found = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'")
    for name in found.scalars().all():
        connection.exec_driver_sql(f"DROP TRIGGER {name}")


COLUMNS = [column.name for column in audit_rows.c if column.name != "seq"]


@pytest.mark.parametrize("column", COLUMNS)
def test_whoever_changes_a_row_past_the_triggers_is_found_out(store: Store, column: str) -> None:
    store.audit.keep([entry() for _ in range(5)], SECRET)
    value: object = 7 if column == "status" else "changed"
    with store.database.transaction() as connection:
        undress(connection)
        changed = sa.update(audit_rows).where(audit_rows.c.seq == 3).values({column: value})
        connection.execute(changed)
    assert not proof(store).good


@pytest.mark.parametrize("gone", [1, 3, 5])
def test_whoever_takes_a_row_away_is_found_out(store: Store, gone: int) -> None:
    store.audit.keep([entry() for _ in range(5)], SECRET)
    with store.database.transaction() as connection:
        undress(connection)
        connection.execute(sa.delete(audit_rows).where(audit_rows.c.seq == gone))
    faults = proof(store).faults
    assert any("are gone" in fault or "where the head tells" in fault for fault in faults)


def test_cutting_the_end_off_and_mending_the_head_is_found_out(store: Store) -> None:
    store.audit.keep([entry() for _ in range(5)], SECRET)
    third = rows(store)[2]
    with store.database.transaction() as connection:
        undress(connection)
        connection.execute(sa.delete(audit_rows).where(audit_rows.c.seq > 3))
        connection.execute(sa.update(audit_head).values(seq=3, digest=third["digest"]))
    assert any("head" in fault for fault in proof(store).faults)


def test_a_row_that_was_written_without_the_secret_is_found_out(store: Store) -> None:
    store.audit.keep([entry() for _ in range(3)], SECRET)
    forger = replace(OTHER, secret_id=SECRET.secret_id)
    store.audit.keep([entry("forged")], forger)
    assert "found the seal of row 4 not good: it was written without us" in proof(store).faults


def test_an_older_copy_of_all_is_found_out_by_a_head_written_down_elsewhere(store: Store) -> None:
    store.audit.keep([entry() for _ in range(3)], SECRET)
    head = store.audit.head()
    assert head is not None
    assert proof(store, (head.seq, head.digest)).good
    assert not proof(store, (9, "0" * 64)).good
    assert not proof(store, (2, "0" * 64)).good


def test_a_secret_that_was_rotated_away_leaves_all_proven(store: Store) -> None:
    store.audit.keep([entry() for _ in range(3)], OTHER)
    lost = prove(store.audit, KNOWN)
    assert not lost.good
    store.audit.keep([entry("rotated")], SECRET)
    found = proof(store)
    assert (found.good, found.vouched) == (True, 4)


def test_retention_lets_go_of_old_rows_and_what_is_left_is_proven(store: Store) -> None:
    old = [entry("old", NOW - timedelta(days=day)) for day in (400, 300, 200)]
    young = [entry("young", NOW - timedelta(days=day)) for day in (170, 1)]
    store.audit.keep([*old, *young], SECRET)
    assert store.audit.prune(365, SECRET, NOW, entry()) == 1
    assert store.audit.prune(1, SECRET, NOW, entry()) == 2  # never younger than 180 days
    told = [row["operation"] for row in rows(store)]
    assert told == ["young", "young", PRUNE, PRUNE]
    found = proof(store)
    assert (found.first, found.last, found.faults) == (4, 7, [])
    assert store.audit.prune(180, SECRET, NOW, entry()) == 0


def test_moving_the_anchor_without_a_row_that_tells_is_found_out(store: Store) -> None:
    old = [entry("old", NOW - timedelta(days=200)) for _ in range(3)]
    store.audit.keep([*old, entry("young")], SECRET)
    second = rows(store)[1]
    with store.database.transaction() as connection:
        anchor = {"anchor_seq": 2, "anchor_digest": second["digest"]}
        connection.execute(sa.update(audit_head).values(anchor))
        connection.execute(sa.delete(audit_rows).where(audit_rows.c.seq <= 2))
    assert not proof(store).good


def test_what_is_noted_outside_of_an_act_is_nobody_s(store: Store) -> None:
    noted("id", before={"a": 1})
    assert rows(store) == []


def test_appending_costs_less_than_a_millisecond(tmp_path: Path, migrated_sqlite: Path) -> None:
    shutil.copyfile(migrated_sqlite, tmp_path / "a.db")
    secrets = Secrets(tmp_path, "a secret of the tests of thirty-two and more")

    def timed(run: Callable[[], None]) -> float:
        seconds = []
        for _ in range(150):
            begun = time.perf_counter()
            run()
            seconds.append(time.perf_counter() - begun)
        return sorted(seconds)[len(seconds) // 2]

    with open_store(f"sqlite:///{tmp_path / 'a.db'}") as store:
        plain = timed(lambda: write(store))

        def audited() -> None:
            with at_work(Act(Actor("key", "k"), secrets, "x")):
                write(store)

        # Of three: a machine that is busy with something else is slow at times.
        assert min(timed(audited) - plain for _ in range(3)) < 0.001
