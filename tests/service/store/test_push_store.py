"""Rounds, messages and the inbox of the push, on SQLite and PostgreSQL."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import sqlalchemy as sa

from matcher.pushed import PushMessage
from service.store.engine import Store, open_store
from service.store.migrate import HEAD, current, upgrade
from service.store.schema import metadata
from tests.contracts import store_push
from tests.contracts.store_push import LEASE, NOON, R1, drafts, published


class TestPushRounds(store_push.PushRoundLaws):
    """Rounds."""


class TestPushMessages(store_push.PushMessageLaws):
    """Messages."""


class TestPushInbox(store_push.PushInboxLaws):
    """The inbox."""


def test_no_law_escapes() -> None:
    laws = {law for name, law in vars(store_push).items() if name.endswith("Laws")}
    run = {base for test in globals().values() if isinstance(test, type) for base in test.__bases__}
    assert laws <= run


def test_the_revision_goes_down_and_up_again(empty_url: str) -> None:
    from alembic import command
    from alembic.config import Config

    import service.store.migrate as migrate

    with open_store(empty_url) as store:
        upgrade(store)
        published(store)
        config = Config()
        folder = Path(migrate.__file__).parent / "migrations"
        config.set_main_option("script_location", str(folder))
        with store.database.transaction() as connection:
            config.attributes["connection"] = connection
            command.downgrade(config, "0002")
        with store.database.reading() as connection:
            assert current(connection) == "0002"
            left = set(sa.inspect(connection).get_table_names()) - {"alembic_version"}
        pushed = {name for name in metadata.tables if name.startswith("push_")}
        assert len(pushed) == 6
        assert {"patents", "declarations", "import_jobs"} <= left
        assert left.isdisjoint(pushed)
        upgrade(store)
        with store.database.reading() as connection:
            assert current(connection) == HEAD
        assert published(store).items == 9


def test_many_claimers_get_each_message_once(store: Store) -> None:
    published(store, 200)
    store.push_messages.prepare(R1, "c", NOON)
    taken: list[PushMessage] = []

    def take() -> None:
        while found := store.push_messages.claim(R1, "c", 7, at=NOON, until=NOON + LEASE):
            taken.extend(found)

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # PostgreSQL skips what another holds at that moment: what was left is there for the next.
    take()
    assert len(taken) == 200
    assert len({message.message_id for message in taken}) == 200
    assert store.push_messages.counts(R1, "c").attempts == 200


KILLED = """
import os, signal, sys
from service.store.engine import open_store
from service.store.push_rounds import PushRounds
from tests.contracts.store_push import MADE, batch
def batches():
    yield batch(range(10_000))
    os.kill(os.getpid(), signal.SIGKILL)
with open_store(sys.argv[1]) as store:
    PushRounds(store.database, rows=20_000).publish(MADE, batches())
"""


def test_a_killed_publish_is_never_seen_and_done_again(store: Store, store_url: str) -> None:
    root = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", KILLED, store_url], cwd=root, check=False)
    assert done.returncode == -9
    assert drafts(store) == (1, 20_000)
    assert store.push_rounds.rounds() == ()
    assert published(store).items == 9
    assert drafts(store) == (1, 9)


def test_queries_use_their_indexes(tmp_path: Path) -> None:
    path = tmp_path / "panhuo.sqlite"
    with open_store(f"sqlite:///{path}") as store:
        upgrade(store)
    asked = {
        "SELECT DISTINCT uscc FROM push_items WHERE round_id = 'r' AND uscc > 'f' "
        "ORDER BY uscc LIMIT 9": "USING PRIMARY KEY",
        "SELECT score FROM push_items WHERE round_id = 'r' AND (uscc, rank) IN (SELECT uscc, rank "
        "FROM push_items WHERE round_id = 'r' AND patent_id = 'p')": "ix_push_items",
        "SELECT message_id FROM push_messages WHERE round_id = 'r' AND channel = 'c' "
        "AND state = 'pending' AND next_attempt_at <= 'x' "
        "ORDER BY next_attempt_at LIMIT 9": "ix_push_messages",
    }
    with sqlite3.connect(path) as connection:
        for query, index in asked.items():
            plan = " ".join(row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {query}"))
            assert index in plan
            assert "TEMP B-TREE" not in plan
    connection.close()
