"""Tenants on SQLite and PostgreSQL: contracts, the revision up and down on data, schemas."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

import service.store.migrate as migrate
from service.store.database import Database
from service.store.engine import Store, open_store
from service.store.migrate import HEAD, current, upgrade
from service.store.tenant_store import TenantStore, prepare
from tests.contracts import store_tenants
from tests.contracts.store_catalogue import FIRM, FULL
from tests.contracts.store_feedback import LIST
from tests.contracts.store_jobs import JOB
from tests.contracts.store_tenants import KEY, NOON, Opener, relation


def own_database(store: Store, folder: Path, name: str) -> Database:
    if store.database.dialect == "postgresql":
        return store.database.within(f"tenant_{name}")
    return Database(f"sqlite:///{folder / name}.db", linked=False)


@pytest.fixture
def tenant(store: Store, tmp_path: Path) -> Iterator[Opener]:
    """Open the store of a tenant; the same name gives the same store."""
    opened: dict[str, TenantStore] = {}
    with ExitStack() as stack:

        def of(name: str) -> TenantStore:
            if name not in opened:
                own = own_database(store, tmp_path, name)
                stack.callback(own.close)
                prepare(own, linked=False)
                opened[name] = TenantStore(own, store)
            return opened[name]

        yield of


class TestTenants(store_tenants.TenantLaws):
    """Tenants."""


class TestApiKeys(store_tenants.ApiKeyLaws):
    """Keys."""


class TestTenantStore(store_tenants.TenantStoreLaws):
    """Views."""


def test_no_law_escapes() -> None:
    laws = {law for name, law in vars(store_tenants).items() if name.endswith("Laws")}
    run = {base for test in globals().values() if isinstance(test, type) for base in test.__bases__}
    assert laws <= run


def _to(store: Store, revision: str) -> None:
    config = Config()
    folder = Path(migrate.__file__).parent / "migrations"
    config.set_main_option("script_location", str(folder))
    with store.database.transaction() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, revision)


def test_the_revision_keeps_what_was_there(empty_url: str) -> None:
    with open_store(empty_url) as store:
        upgrade(store)
        store.firms.upsert([FIRM])
        store.patents.upsert([FULL])
        store.relations.upsert([relation(FIRM.uscc, FULL.patent_id)])
        store.feedback.record_list(LIST)
        store.import_jobs.add(JOB)
        store.tenants.register("甲", NOON)
        store.api_keys.add(KEY)
        before = [getattr(store, name).stamp() for name in ("firms", "patents", "relations")]
        _to(store, "0003")
        with store.database.reading() as connection:
            names = set(sa.inspect(connection).get_table_names())
            columns = {c["name"] for c in sa.inspect(connection).get_columns("import_jobs")}
            assert current(connection) == "0003"
        assert not names & {"tenants", "api_keys"}
        assert "tenant" not in columns
        upgrade(store)
        with store.database.reading() as connection:
            assert current(connection) == HEAD
        assert store.import_jobs.get("j1") == JOB
        assert store.feedback.slots_of(LIST.list_id) == {1: "p1", 2: "p2", 3: "p3"}
        assert [
            getattr(store, name).stamp() for name in ("firms", "patents", "relations")
        ] == before
        assert not store.api_keys.exist()


def test_a_tenant_s_database_is_prepared_again_without_change(
    store: Store, tmp_path: Path, tenant: Opener
) -> None:
    one = tenant("one")
    one.firms.upsert([FIRM])
    again = own_database(store, tmp_path, "one")
    prepare(again, linked=False)
    assert Store(again).firms.get(FIRM.uscc) == FIRM
    again.close()
    assert store.firms.count() == 0  # closing it closed nothing of the operator's


def test_a_job_s_tenant_is_asked_for(store: Store) -> None:
    store.import_jobs.add(replace(JOB, tenant="甲"))
    found = store.import_jobs.get("j1")
    assert found is not None
    assert found.tenant == "甲"
    assert store.import_jobs.latest("") == store.import_jobs.latest("乙") == ()
    assert [job.job_id for job in store.import_jobs.latest("甲")] == ["j1"]
