"""Connections: pragmas proven, outages told, writers that wait for each other."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from matcher.errors import InputError, StoreUnavailable
from matcher.types import Firm, Patent, PatentId, Uscc
from service.store import database as database_module
from service.store.engine import Store, open_store
from service.store.migrate import upgrade


@pytest.fixture
def sqlite_store(tmp_path: Path) -> Iterator[Store]:
    with open_store(f"sqlite:///{tmp_path / 'panhuo.sqlite'}") as store:
        upgrade(store)
        yield store


def test_pragmas_hold_on_every_pooled_connection(sqlite_store: Store) -> None:
    def pragma(connection: sa.Connection, name: str) -> object:
        return connection.exec_driver_sql(f"PRAGMA {name}").scalar()

    engine = sqlite_store.database._engine
    held = [engine.connect() for _ in range(20)]
    try:
        for connection in held:
            assert pragma(connection, "journal_mode") == "wal"
            assert pragma(connection, "foreign_keys") == 1
            assert pragma(connection, "synchronous") == 2
            assert pragma(connection, "busy_timeout") == 15_000
    finally:
        for connection in held:
            connection.close()


def test_a_database_that_refuses_wal_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # On such a file the statement succeeds and only its answer tells.
    class Cursor:
        def execute(self, _sql: str) -> "Cursor":
            return self

        def fetchone(self) -> tuple[str]:
            return ("delete",)

        def close(self) -> None:
            pass

    class Connection:
        def cursor(self) -> Cursor:
            return Cursor()

    with pytest.raises(StoreUnavailable, match="'delete'"):
        database_module._set_pragmas(Connection(), None)


@pytest.mark.parametrize("url", ["", "mysql://x/y", "sqlite://", "sqlite:///:memory:", "nonsense"])
def test_an_unknown_address_is_an_input_error(url: str) -> None:
    with pytest.raises(InputError, match="sqlite:///FILE"):
        open_store(url)


def test_no_folder_no_server_no_database(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable):
        open_store(f"sqlite:///{tmp_path / 'none' / 'x.sqlite'}")
    with pytest.raises(StoreUnavailable) as caught:
        open_store(f"postgresql://me:secret@/x?host={tmp_path}")
    assert "secret" not in str(caught.value)
    noise = tmp_path / "noise.sqlite"
    noise.write_bytes(b"no database at all" * 100)
    with pytest.raises(StoreUnavailable):
        open_store(f"sqlite:///{noise}")


def test_a_locked_database_is_unavailable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_module, "_BUSY_MS", 50)
    url = f"sqlite:///{tmp_path / 'panhuo.sqlite'}"
    with open_store(url) as one, open_store(url) as other:
        upgrade(one)
        with one.transaction():
            one.firms.upsert([Firm(Uscc("a"), "n")])
            with pytest.raises(StoreUnavailable, match="locked"):
                other.firms.upsert([Firm(Uscc("b"), "n")])
        assert other.firms.upsert([Firm(Uscc("b"), "n")]).new == 1


def test_writers_that_read_first_wait_for_each_other(store: Store) -> None:
    failures: list[Exception] = []

    def write(name: str) -> None:
        try:
            for number in range(20):
                with store.transaction():
                    assert store.patents.count() >= 0
                    store.patents.upsert([Patent(PatentId(f"{name}{number}"), "t")])
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(name,)) for name in "abcdefgh"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert store.patents.count() == 160
    assert len(list(store.patents.iterate())) == 160
    # The sum that the writers kept together is the sum of what is there.
    stamp = store.patents.stamp()
    kept = list(store.patents.iterate())
    store.patents.remove([row.patent_id for row in kept])
    store.patents.upsert(kept)
    assert store.patents.stamp() == stamp


def test_a_killed_writer_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "panhuo.sqlite"
    with open_store(f"sqlite:///{path}") as store:
        upgrade(store)
        script = (
            "import os, signal\n"
            "from matcher.types import Patent\n"
            "from service.store.engine import open_store\n"
            f"store = open_store('sqlite:///{path}')\n"
            "with store.transaction():\n"
            "    store.patents.upsert(Patent(str(n), 't') for n in range(5000))\n"
            "    os.kill(os.getpid(), signal.SIGKILL)\n"
        )
        root = Path(__file__).parents[3]
        done = subprocess.run([sys.executable, "-c", script], cwd=root, check=False)
        assert done.returncode == -9
        assert store.patents.count() == 0
        assert list(store.patents.iterate()) == []
        assert store.patents.upsert([Patent(PatentId("a"), "t")]).new == 1
