"""A home moved from SQLite to PostgreSQL and back: every table, all of it or nothing."""

from __future__ import annotations

import importlib
import pkgutil
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

import service.store
from matcher.errors import InputError, StateError, StoreUnavailable
from matcher.types import Firm, ListId, Uscc
from service.store.database import Database
from service.store.engine import Store, open_store
from service.store.migrate import HEAD, upgrade
from service.store.moving import copy_home
from service.store.schema import metadata
from service.store.site import own_file, own_schema
from service.store.tables import imports
from service.store.tenant_store import prepare
from service.store.tenants import Tenant
from tests.contracts.store_feedback import LIST, event
from tests.contracts.store_fixtures import empty_postgres
from tests.contracts.store_rows import content, fill, row

NOON = datetime(2026, 5, 6, 12, tzinfo=UTC)
SHARED, PRIVATE = "省平台", "己"


def silent(_stage: str, _done: int, _total: int) -> None:
    pass


@pytest.fixture
def to(request: pytest.FixtureRequest) -> str:
    """The address of an empty PostgreSQL database."""
    return empty_postgres(request)


@pytest.fixture
def home(full_home: Path, tmp_path: Path) -> Path:
    """A home with two tenants, and rows in every table of all three databases."""
    return Path(shutil.copytree(full_home, tmp_path / "home"))


@pytest.fixture(scope="module")
def full_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("full")
    with open_store(url_of(home)) as store:
        upgrade(store)
        with store.database.transaction() as connection:
            fill(connection)
            connection.execute(sa.delete(metadata.tables["tenants"]))
        tenants = [store.tenants.register(SHARED, NOON)]
        tenants.append(store.tenants.register(PRIVATE, NOON, private=True))
    for tenant in tenants:
        with own(home, tenant) as database:
            prepare(database, linked=tenant.private)
            with database.transaction() as connection:
                fill(connection, 5)
                if not tenant.private:  # it may speak of the operator's
                    stray = row(metadata.tables["relations"], 99)
                    connection.execute(sa.insert(metadata.tables["relations"]), stray)
    return home


def url_of(home: Path) -> str:
    return f"sqlite:///{home / 'panhuo.db'}"


@contextmanager
def own(home: Path, tenant: Tenant) -> Iterator[Database]:
    file = own_file(home, tenant)
    file.parent.mkdir(parents=True, exist_ok=True)
    database = Database(f"sqlite:///{file}", linked=tenant.private)
    try:
        yield database
    finally:
        database.close()


def contents(url: str, home: Path) -> dict[str, dict[str, list[str]]]:
    """Return what stands in all databases of a home."""
    with open_store(url) as store:
        with store.database.reading() as connection:
            found = {"": content(connection)}
        for tenant in store.tenants.all():
            if store.database.dialect == "postgresql":
                inside = store.database.within(own_schema(tenant))
                with inside.reading() as connection:
                    found[tenant.name] = content(connection)
                continue
            with own(home, tenant) as database, database.reading() as connection:
                found[tenant.name] = content(connection)
    return found


def names_in(url: str) -> list[str]:
    """Return the tables and the tenants' schemas that are there."""
    with open_store(url) as store, store.database.reading() as connection:
        inspector = sa.inspect(connection)
        schemas = [name for name in inspector.get_schema_names() if name.startswith("tenant_")]
        return inspector.get_table_names() + schemas


def test_every_table_of_every_tenant_arrives(home: Path, to: str) -> None:
    before = contents(url_of(home), home)
    copied = copy_home(url_of(home), home, to, silent)
    assert contents(to, home) == before
    assert all(rows for found in before.values() for rows in found.values())
    with open_store(url_of(home)) as store:
        places = {tenant.name: f"{own_schema(tenant)}." for tenant in store.tenants.all()}
    assert copied == {
        f"{places.get(name, '')}{table}": len(rows)
        for name, found in before.items()
        for table, rows in found.items()
    }


def test_no_table_escapes(home: Path, to: str) -> None:
    # Whatever a module of the store declares, and whatever the migrations made.
    for module in pkgutil.iter_modules(service.store.__path__, "service.store."):
        if not module.ispkg:
            importlib.import_module(module.name)
    copied = copy_home(url_of(home), home, to, silent)
    operator = {name for name in copied if "." not in name}
    assert operator == set(metadata.tables)
    with sqlite3.connect(home / "panhuo.db") as connection:
        made = {name for (name,) in connection.execute("SELECT name FROM pragma_table_list")}
    connection.close()
    made = {name for name in made if not name.startswith("sqlite_")}
    assert operator == made - {"alembic_version"}
    # Declared without being asked: a command imports no more than this.
    script = (
        "from service.store.moving import metadata\nprint(*sorted(metadata.tables), sep='\\n')\n"
    )
    root = Path(__file__).parents[3]
    told = subprocess.run(
        [sys.executable, "-c", script], cwd=root, check=True, capture_output=True, text=True
    )
    assert set(told.stdout.split()) == operator


def test_there_and_back_is_the_same(home: Path, to: str, tmp_path: Path) -> None:
    before = contents(url_of(home), home)
    back = tmp_path / "back"
    back.mkdir()
    copied = copy_home(url_of(home), home, to, silent)
    assert copy_home(to, back, url_of(back), silent) == copied
    assert contents(url_of(back), back) == before
    assert sorted(file.name for file in back.iterdir()) == ["panhuo.db", "tenants"]
    with pytest.raises(StateError, match=r"panhuo\.db there already"):
        copy_home(to, back, url_of(back), silent)
    (back / "panhuo.db").unlink()
    with pytest.raises(StateError, match="there already; expected no such file"):
        copy_home(to, back, url_of(back), silent)
    assert [file.name for file in back.iterdir()] == ["tenants"]


def test_counters_go_on_behind_what_came(home: Path, to: str) -> None:
    copy_home(url_of(home), home, to, silent)
    with open_store(to) as store:
        store.feedback.record_list(LIST)
        store.feedback.append([event("new")])
        events = metadata.tables["feedback_events"]
        with store.database.reading() as connection:
            newest = sa.select(events.c.event_id).order_by(events.c.arrival.desc()).limit(1)
            assert connection.execute(newest).scalar() == "new"
            last = connection.execute(sa.select(sa.func.max(events.c.arrival))).scalar()
        assert last == 7 * 11 + 2 + 1
        assert store.feedback.slots_of(ListId("l1"))


def test_a_shared_tenant_still_names_what_is_the_operator_s(home: Path, to: str) -> None:
    copy_home(url_of(home), home, to, silent)
    with open_store(to) as store:
        linked = {}
        for tenant in store.tenants.all():
            with store.database.within(own_schema(tenant)).reading() as connection:
                linked[tenant.name] = len(sa.inspect(connection).get_foreign_keys("relations"))
    assert linked == {SHARED: 0, PRIVATE: 2}


def test_an_empty_database_of_this_release_will_do(home: Path, to: str) -> None:
    with open_store(to) as store:
        upgrade(store)
    copy_home(url_of(home), home, to, silent)
    assert contents(to, home) == contents(url_of(home), home)


def test_what_is_not_empty_is_refused_and_kept(home: Path, to: str) -> None:
    with open_store(to) as store:
        upgrade(store)
        store.firms.upsert([Firm(Uscc("a"), "n")])
        before = names_in(to)
        with pytest.raises(StateError, match=r"found rows in table firms of .*; expected none"):
            copy_home(url_of(home), home, to, silent)
        assert names_in(to) == before
        assert store.firms.count() == 1
        # Stamps of what was there once are rows, too, if they count any.
        store.firms.remove([Uscc("a")])
    assert len(copy_home(url_of(home), home, to, silent)) == 3 * len(metadata.tables)


def test_a_tenant_s_leftovers_are_refused(home: Path, to: str) -> None:
    with open_store(to) as store:
        tenant = store.database.within("tenant_0123456789abcdef")
        prepare(tenant, linked=True)
        Store(tenant).firms.upsert([Firm(Uscc("a"), "n")])
        with pytest.raises(StateError, match="schema tenant_0123456789abcdef of"):
            copy_home(url_of(home), home, to, silent)
        assert Store(tenant).firms.count() == 1
        assert names_in(to) == ["tenant_0123456789abcdef"]


@pytest.mark.parametrize("side", ["source", "target"])
def test_another_revision_is_refused(home: Path, to: str, side: str) -> None:
    changed = url_of(home) if side == "source" else to
    with open_store(changed) as store:
        upgrade(store)
        with store.database.transaction() as connection:
            connection.execute(sa.text("UPDATE alembic_version SET version_num = '0004'"))
    with pytest.raises(StateError, match=f"revision 0004; expected {HEAD}"):
        copy_home(url_of(home), home, to, silent)


def test_a_stranger_s_database_is_refused(home: Path, to: str) -> None:
    with open_store(to) as store, store.database.transaction() as connection:
        connection.execute(sa.text("CREATE TABLE customers (name text)"))
    with pytest.raises(StateError, match=r"found tables in .*, 'customers' among them"):
        copy_home(url_of(home), home, to, silent)
    assert names_in(to) == ["customers"]


def test_addresses_that_lead_nowhere(home: Path, to: str, tmp_path: Path) -> None:
    for bad in ("nonsense", "mysql://x/y"):
        with pytest.raises(InputError, match="sqlite:///FILE or postgresql://"):
            copy_home(url_of(home), home, bad, silent)
    with pytest.raises(InputError, match="SQLite on both sides"):
        copy_home(url_of(home), home, f"sqlite:///{tmp_path / 'other.db'}", silent)
    with pytest.raises(InputError, match="found no database at"):
        copy_home(url_of(tmp_path / "none"), home, to, silent)
    assert not (tmp_path / "none").exists()
    with pytest.raises(StoreUnavailable) as caught:
        copy_home(url_of(home), home, f"postgresql://me:secret@/x?host={tmp_path}", silent)
    assert "secret" not in str(caught.value)


def test_what_postgres_cannot_hold_leaves_nothing(home: Path, to: str) -> None:
    # In a table near the end, of the last tenant: everything before has gone over by then.
    with open_store(url_of(home)) as store:
        last = max(store.tenants.all(), key=lambda tenant: tenant.place)
    with own(home, last) as database, database.transaction() as connection:
        changed = sa.update(imports).values(name="secret\0name").where(imports.c.import_no == 9)
        assert connection.execute(changed).rowcount == 1
    told = "found a value in imports, line 2 that PostgreSQL cannot hold"
    with pytest.raises(InputError, match=told) as caught:
        copy_home(url_of(home), home, to, silent)
    assert "secret" not in str(caught.value)
    assert names_in(to) == []


def test_what_arrives_changed_is_noticed(home: Path, to: str) -> None:
    with open_store(to) as store:
        upgrade(store)
        with store.database.transaction() as connection:
            connection.exec_driver_sql(
                "CREATE FUNCTION other() RETURNS trigger LANGUAGE plpgsql AS "
                "$$ BEGIN NEW.city := 'x'; RETURN NEW; END $$"
            )
            connection.exec_driver_sql(
                "CREATE TRIGGER other BEFORE INSERT ON firms FOR EACH ROW EXECUTE FUNCTION other()"
            )
        with pytest.raises(StateError, match="found 12 rows of firms with digest"):
            copy_home(url_of(home), home, to, silent)
        assert list(store.firms.iterate()) == []
        assert store.firms.stamp() == "0-" + "0" * 32


def test_whoever_writes_meanwhile_is_noticed(home: Path, to: str) -> None:
    with open_store(url_of(home)) as store:

        def write(stage: str, done: int, _total: int) -> None:
            if stage == SHARED and done == 0:
                store.tenants.register("新", NOON)

        with pytest.raises(StateError, match="written to while it was copied"):
            copy_home(url_of(home), home, to, write)
    assert names_in(to) == []


def test_the_source_is_only_read(home: Path, to: str) -> None:
    files = sorted(home.rglob("panhuo.db"))
    before = [file.read_bytes() for file in files]
    copy_home(url_of(home), home, to, silent)
    assert [file.read_bytes() for file in files] == before
    frozen = Database(url_of(home), frozen=True)
    with pytest.raises(StoreUnavailable, match="readonly"), frozen.transaction() as connection:
        connection.execute(sa.delete(imports))
    frozen.close()


KILLED = """
import os, signal, sys
from pathlib import Path
from service.store.moving import copy_home
def die(stage, done, total):
    if stage == sys.argv[3]:
        os.kill(os.getpid(), signal.SIGKILL)
copy_home(f"sqlite:///{sys.argv[1]}/panhuo.db", Path(sys.argv[1]), sys.argv[2], die)
"""


@pytest.mark.parametrize("stage", ["operator", SHARED, PRIVATE])
def test_a_killed_copy_leaves_nothing_and_is_done_again(home: Path, to: str, stage: str) -> None:
    root = Path(__file__).parents[3]
    arguments = [sys.executable, "-c", KILLED, str(home), to, stage]
    assert subprocess.run(arguments, cwd=root, check=False).returncode == -9
    assert names_in(to) == []
    copy_home(url_of(home), home, to, silent)
    assert contents(to, home) == contents(url_of(home), home)


def test_a_killed_copy_back_leaves_no_database(home: Path, to: str, tmp_path: Path) -> None:
    copy_home(url_of(home), home, to, silent)
    back = tmp_path / "back"
    back.mkdir()
    root = Path(__file__).parents[3]
    script = KILLED.replace('f"sqlite:///{sys.argv[1]}/panhuo.db"', f'"{to}"')
    arguments = [sys.executable, "-c", script, str(back), url_of(back), PRIVATE]
    assert subprocess.run(arguments, cwd=root, check=False).returncode == -9
    assert list(back.rglob("panhuo.db")) == []
    copy_home(to, back, url_of(back), silent)
    assert contents(url_of(back), back) == contents(to, home)
    assert [file.name for file in back.rglob("*.copying*")] == []


def test_progress_ends_where_it_said(home: Path, to: str) -> None:
    told: list[tuple[str, int, int]] = []
    copied = copy_home(url_of(home), home, to, lambda *step: told.append(step))
    for stage in ("operator", SHARED, PRIVATE):
        steps = [(done, total) for name, done, total in told if name == stage]
        assert steps == sorted(steps)
        assert steps[-1][0] == steps[-1][1]
    assert sum(copied.values()) == sum(total for _, done, total in told if done == total)
