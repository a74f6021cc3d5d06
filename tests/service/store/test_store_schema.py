"""The schema: reached by migration, the same as the tables say, once and for all."""

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from service.store.engine import Store, open_store
from service.store.migrate import HEAD, current, upgrade
from service.store.schema import metadata
from service.store.tables import AGGREGATES


def _differences(connection: sa.Connection) -> list[object]:
    options = {"compare_type": True, "compare_server_default": False}
    return compare_metadata(MigrationContext.configure(connection, opts=options), metadata)


def test_migrations_reach_the_schema_of_the_tables(empty_url: str) -> None:
    with open_store(empty_url) as store:
        with store.database.reading() as connection:
            assert current(connection) is None
            assert len(_differences(connection)) > 0
        upgrade(store)
        with store.database.reading() as connection:
            assert current(connection) == HEAD
            assert _differences(connection) == []


def test_upgrade_again_changes_nothing(empty_url: str) -> None:
    with open_store(empty_url) as store:
        upgrade(store)
        before = store.patents.stamp()
        upgrade(store)
        assert store.patents.stamp() == before
        assert store.patents.count() == 0


def test_every_aggregate_has_a_stamp_from_the_start(empty_url: str) -> None:
    with open_store(empty_url) as store:
        upgrade(store)
        for name in AGGREGATES:
            assert getattr(store, name).stamp() == "0-" + "0" * 32


def test_an_upgrade_that_breaks_leaves_an_empty_database(
    empty_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from alembic import command

    real = command.upgrade

    def breaks(*args: object) -> None:
        real(*args)
        raise RuntimeError("cut")

    monkeypatch.setattr(command, "upgrade", breaks)
    with open_store(empty_url) as store:
        with pytest.raises(RuntimeError, match="cut"):
            upgrade(store)
        with store.database.reading() as connection:
            assert sa.inspect(connection).get_table_names() == []


def test_every_constraint_has_a_name(store: Store) -> None:
    with store.database.reading() as connection:
        inspector = sa.inspect(connection)
        for table in metadata.tables:
            assert inspector.get_pk_constraint(table)["name"] == f"pk_{table}"
            assert all(key["name"] for key in inspector.get_foreign_keys(table))
