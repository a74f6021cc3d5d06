"""Migrations over rows: down step by step and up again, on both, and nothing but what must goes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from service.store import migrate
from service.store.engine import Store, open_store
from service.store.migrate import HEAD, current, upgrade
from service.store.schema import metadata
from tests.contracts.store_rows import fill, named_content

Content = dict[str, list[Any]]


def config() -> Config:
    made = Config()
    made.set_main_option("script_location", str(Path(migrate.__file__).parent / "migrations"))
    return made


def revisions() -> list[str]:
    """Return every revision, the newest first."""
    return [one.revision for one in ScriptDirectory.from_config(config()).walk_revisions()]


def down(store: Store, revision: str) -> None:
    chosen = config()
    with store.database.transaction() as connection:
        chosen.attributes["connection"] = connection
        command.downgrade(chosen, revision)


def up(store: Store, revision: str) -> None:
    chosen = config()
    with store.database.transaction() as connection:
        chosen.attributes["connection"] = connection
        command.upgrade(chosen, revision)


def content(store: Store) -> Content:
    with store.database.reading() as connection:
        return named_content(connection)


def kept(older: Content, newer: Content) -> Content:
    """Return what the older schema can hold of the newer content."""
    return {
        name: sorted(({column: row[column] for column in rows[0]} for row in newer[name]), key=repr)
        for name, rows in older.items()
    }


def sound(store: Store) -> bool:
    if store.database.dialect != "sqlite":
        return True
    with store.database.reading() as connection:
        return not connection.exec_driver_sql("PRAGMA foreign_key_check").all()


@pytest.fixture
def filled(empty_url: str) -> Store:
    store = open_store(empty_url)
    upgrade(store)
    with store.database.transaction() as connection:
        fill(connection)
    return store


def test_the_head_is_the_newest() -> None:
    assert revisions()[0] == HEAD


def test_down_to_the_first_and_up_again(filled: Store) -> None:
    steps = revisions()
    before = content(filled)
    assert set(before) == set(metadata.tables)
    seen = {steps[0]: before}
    for newer, older in pairwise(steps):
        down(filled, older)
        with filled.database.reading() as connection:
            assert current(connection) == older
        seen[older] = content(filled)
        assert seen[older]
        assert seen[older] == kept(seen[older], seen[newer])
        assert sound(filled)
    for older in reversed(steps[:-1]):
        up(filled, older)
        assert kept(seen[steps[-1]], content(filled)) == seen[steps[-1]]
        assert sound(filled)
    after = content(filled)
    assert {name: len(rows) for name, rows in after.items()} == {
        name: len(before[name]) if name in seen[steps[-1]] else 0 for name in before
    }
    filled.close()


def test_down_to_nothing(filled: Store) -> None:
    down(filled, "base")
    assert content(filled) == {}
    upgrade(filled)
    assert {name for name, rows in content(filled).items() if rows} == {"state"}
    filled.close()


@pytest.mark.parametrize("revision", revisions()[1:])
def test_an_upgrade_that_breaks_keeps_the_old_revision_and_its_rows(
    filled: Store, revision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = command.upgrade

    def breaks(*args: Any) -> None:
        real(*args)
        raise RuntimeError("cut")

    down(filled, revision)
    before = content(filled)
    monkeypatch.setattr(command, "upgrade", breaks)
    with pytest.raises(RuntimeError, match="cut"):
        upgrade(filled)
    assert content(filled) == before
    with filled.database.reading() as connection:
        assert current(connection) == revision
    monkeypatch.undo()
    upgrade(filled)
    assert kept(before, content(filled)) == before
    filled.close()


def test_both_databases_end_with_one_schema(store: Store) -> None:
    with store.database.reading() as connection:
        inspector = sa.inspect(connection)
        for name, table in metadata.tables.items():
            columns = {(one["name"], one["nullable"]) for one in inspector.get_columns(name)}
            assert columns == {(one.name, bool(one.nullable)) for one in table.c}
            found = {str(one["name"]) for one in inspector.get_indexes(name)}
            assert {str(one.name) for one in table.indexes} <= found
            unique = {str(one["name"]) for one in inspector.get_unique_constraints(name)}
            assert unique == {
                str(one.name) for one in table.constraints if isinstance(one, sa.UniqueConstraint)
            }


def test_databases_of_several_tenants_are_migrated_at_once(tmp_path: Path) -> None:
    stores = [open_store(f"sqlite:///{tmp_path / f'{number}.db'}") for number in range(6)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(upgrade, stores))
    for store in stores:
        assert set(content(store)) == set(metadata.tables)
        store.close()
