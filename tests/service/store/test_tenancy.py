"""Homes of tenants on SQLite and PostgreSQL: shared and private, apart, and found again."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from matcher.errors import FirmNotFound, PatentNotFound, StateError
from matcher.types import ListId, PatentId
from service.bootstrap import Home, open_home
from service.config import Settings
from service.jobs.child import environment
from service.store.tenants import TenantNotFound
from service.tenancy import Tenancy, open_own_home
from tests.contracts.store_catalogue import FIRM, FULL, patent
from tests.contracts.store_feedback import LIST

NOW = datetime(2026, 5, 6, tzinfo=UTC)


@pytest.fixture
def settings(empty_url: str, tmp_path: Path) -> Settings:
    url = "" if empty_url.startswith("sqlite") else empty_url
    return Settings(home=tmp_path / "home", database_url=url, encoder="lsa", threads=1)


@pytest.fixture
def operator(settings: Settings) -> Iterator[Home]:
    with open_home(settings) as home:
        home.store.tenants.register("甲", NOW)
        home.store.tenants.register("乙", NOW)
        home.store.tenants.register("己", NOW, private=True)
        yield home


def of(settings: Settings, tenant: str) -> Settings:
    return settings.model_copy(update={"tenant": tenant})


def test_tenants_are_apart_whatever_opens_them(operator: Home, settings: Settings) -> None:
    homes = Tenancy(operator)
    operator.store.patents.upsert([FULL])
    homes.of("甲").store.firms.upsert([FIRM])
    with open_own_home(of(settings, "甲")) as again:
        assert again.store.firms.get(FIRM.uscc) == FIRM
        assert again.readers.patents.get(FULL.patent_id) == FULL
    for other in ("乙", "己", ""):
        with pytest.raises(FirmNotFound):
            homes.of(other).readers.firms.get(FIRM.uscc)
    homes.of("甲").store.feedback.record_list(LIST)
    assert homes.of("甲").readers.feedback.slots_of(ListId("l1"))
    assert homes.of("甲") is homes.at_hand("甲")
    homes.close()


def test_a_private_catalogue_shares_nothing(operator: Home, settings: Settings) -> None:
    homes = Tenancy(operator)
    operator.store.patents.upsert([FULL])
    operator.store.firms.upsert([FIRM])
    private = homes.of("己")
    private.store.patents.upsert([patent("own")])
    with pytest.raises(PatentNotFound):
        private.readers.patents.get(FULL.patent_id)
    with pytest.raises(FirmNotFound):
        private.readers.firms.get(FIRM.uscc)
    for other in ("", "甲"):
        with pytest.raises(PatentNotFound):
            homes.of(other).readers.patents.get(PatentId("own"))
    # Its settings alone lead there, as a process that plans a push opens it.
    with open_home(private.settings) as again:
        assert again.store.patents.get(PatentId("own")) == patent("own")
        assert again.store.patents.count() == 1
    assert private.settings.index_root != operator.settings.index_root
    homes.close()


def test_many_may_ask_at_first_at_once(operator: Home, settings: Settings) -> None:
    found: list[object] = []

    def ask() -> None:
        with open_own_home(of(settings, "甲")) as home:
            home.store.firms.upsert([replace(FIRM, name=threading.current_thread().name)])
            found.append(home.store.firms.count())

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [1] * 6


def test_each_has_its_own_revision(operator: Home) -> None:
    homes = Tenancy(operator)
    for tenant in ("甲", "己"):
        database = homes.of(tenant).store.database
        with database.reading() as connection:
            tables = set(sa.inspect(connection).get_table_names())
            assert {"firms", "alembic_version", "feedback_events"} <= tables | {
                row[0]
                for row in connection.execute(
                    sa.text("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
                    if database.dialect == "postgresql"
                    else sa.text("SELECT name FROM sqlite_master")
                )
            }
    homes.close()


def test_who_is_unknown_has_no_home(operator: Home, settings: Settings) -> None:
    with pytest.raises(TenantNotFound, match="'丙'"):
        Tenancy(operator).of("丙")
    with pytest.raises(TenantNotFound, match="'丙'"), open_own_home(of(settings, "丙")):
        pass
    assert not (settings.home / "tenants").exists()


def test_the_operator_s_home_refuses_a_tenant(operator: Home, settings: Settings) -> None:
    with pytest.raises(StateError, match="PANHUO_TENANT='甲'"), open_home(of(settings, "甲")):
        pass
    with open_own_home(of(settings, "operator")) as home:
        assert home.store.tenants.get("甲")
    with (
        open_own_home(of(settings, "甲")) as home,
        pytest.raises(StateError, match="the index that all tenants share"),
    ):
        home.build(lambda stage, done, total: None)


def test_a_child_gets_the_tenant_and_what_it_seals_with(settings: Settings, tmp_path: Path) -> None:
    chosen = Settings(home=settings.home, tenant="甲", key_secret="s" * 40)  # type: ignore[arg-type]
    told = environment(chosen, tmp_path, "import job 1")
    assert told["PANHUO_TENANT"] == "甲"
    # Without it the rows of its audit would be sealed under a secret that nobody knows.
    assert told.pop("PANHUO_KEY_SECRET") == "s" * 40
    assert "s" * 40 not in str(told)
    assert told["PANHUO_ACT_FOR"] == "import job 1"
    assert "s" * 40 not in repr(chosen)
