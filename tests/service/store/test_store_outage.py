"""A PostgreSQL that goes away and comes back: reads are asked again, everything else is told."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from matcher.errors import StoreUnavailable
from matcher.types import Firm, Uscc
from service.store.engine import Store, open_store
from service.store.migrate import upgrade
from service.store.tables import firms
from tests.contracts.store_fixtures import PostgresServer

COUNT = sa.select(sa.func.count()).select_from(firms)
ONE = Firm(Uscc("a"), "n")


@pytest.fixture
def store(own_server: PostgresServer) -> Iterator[Store]:
    with open_store(own_server.address()) as opened:
        upgrade(opened)
        yield opened


def backend(connection: sa.Connection) -> object:
    return connection.execute(sa.text("SELECT pg_backend_pid()")).scalar()


def test_a_restart_between_two_reads_is_not_noticed(
    store: Store, own_server: PostgresServer
) -> None:
    store.firms.upsert([ONE])
    own_server.restart()
    assert store.firms.get(ONE.uscc) == ONE
    own_server.restart()
    assert store.firms.upsert([ONE]).unchanged == 1


def test_a_restart_in_the_middle_of_a_read_is_not_noticed(
    store: Store, own_server: PostgresServer
) -> None:
    store.firms.upsert([ONE])
    with store.database.reading() as connection:
        before = backend(connection)
        own_server.restart()
        # The connection was looked at when it was handed out, and has died since.
        assert connection.execute(COUNT).scalar() == 1
        assert backend(connection) != before
        own_server.restart()
        # Once in a block, and no more: a server that dies at every statement is no server.
        with pytest.raises(sa.exc.DBAPIError):
            connection.execute(COUNT)
    assert store.firms.count() == 1


def test_the_schema_of_a_tenant_is_in_sight_again(store: Store, own_server: PostgresServer) -> None:
    inside = store.database.within("tenant_0")
    upgrade(Store(inside))
    Store(inside).firms.upsert([ONE])
    with inside.reading() as connection:
        assert connection.execute(COUNT).scalar() == 1
        own_server.restart()
        assert connection.execute(COUNT).scalar() == 1
    assert store.firms.count() == 0


def test_a_write_is_told_and_not_repeated(store: Store, own_server: PostgresServer) -> None:
    def write() -> None:
        with store.transaction():
            store.firms.upsert([ONE])
            own_server.restart()
            store.firms.upsert([Firm(Uscc("b"), "n")])

    with pytest.raises(StoreUnavailable):
        write()
    assert store.firms.count() == 0
    assert store.firms.upsert([ONE]).new == 1


def test_many_rows_on_their_way_are_told(store: Store, own_server: PostgresServer) -> None:
    def rows() -> Iterator[Firm]:
        for number in range(5_000):
            if number == 3_500:
                own_server.restart()
            yield Firm(Uscc(f"{number:05d}"), "n")

    with pytest.raises(StoreUnavailable):
        store.firms.upsert(rows())
    assert store.firms.count() == 0
    assert list(store.firms.iterate()) == []


def test_no_server_is_unavailable_until_it_is_back(
    store: Store, own_server: PostgresServer
) -> None:
    own_server.stop()
    for _ in range(3):
        with pytest.raises(StoreUnavailable):
            store.firms.count()
        with pytest.raises(StoreUnavailable):
            store.firms.upsert([ONE])
    own_server.start()
    assert store.firms.count() == 0
    assert store.firms.upsert([ONE]).new == 1


def test_readers_under_way_see_nothing_or_unavailable(
    store: Store, own_server: PostgresServer
) -> None:
    store.firms.upsert([ONE])
    told: list[object] = []
    ended = threading.Event()

    def read() -> None:
        while not ended.is_set():
            try:
                told.append(store.firms.get(ONE.uscc) == ONE)
            except StoreUnavailable:
                told.append("unavailable")
                time.sleep(0.02)
            except Exception as error:
                told.append(error)

    threads = [threading.Thread(target=read) for _ in range(6)]
    for thread in threads:
        thread.start()
    for _ in range(2):
        time.sleep(0.2)
        own_server.restart()
    back = time.monotonic()
    while store.firms.get(ONE.uscc) != ONE:
        assert time.monotonic() - back < 10
    ended.set()
    for thread in threads:
        thread.join()
    assert set(told) <= {True, "unavailable"}
    assert "unavailable" in told  # it really was away
    # And nothing is left lying in the pool.
    assert store.database._engine.pool.checkedout() == 0  # type: ignore[attr-defined]
    assert store.firms.get(ONE.uscc) == ONE
