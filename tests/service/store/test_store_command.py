"""``panhuo store copy`` as an operator types it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from service.cli import run
from service.store.engine import open_store
from service.store.migrate import upgrade
from tests.contracts.store_catalogue import FIRM, FULL
from tests.contracts.store_fixtures import PostgresServer, empty_postgres


@pytest.fixture
def home(migrated_sqlite: Path, tmp_path: Path) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    shutil.copyfile(migrated_sqlite, home / "panhuo.db")
    with open_store(f"sqlite:///{home / 'panhuo.db'}") as store:
        store.patents.upsert([FULL])
        store.firms.upsert([FIRM])
    return home


def test_a_home_goes_over_and_is_used_there(
    home: Path,
    request: pytest.FixtureRequest,
    postgres_server: PostgresServer,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    to = empty_postgres(request)
    copy = ("store", "copy", "--home", str(home), "--to")
    assert run((*copy, to.replace("postgres@", "postgres:geheim@"))) == 0
    told = capsys.readouterr()
    assert "           1  patents" in told.out
    assert "push_items" not in told.out
    assert "Set PANHUO_DATABASE_URL=postgresql://postgres:***@/" in told.out
    assert "geheim" not in told.out + told.err
    assert run((*copy, to)) == 1
    refused = capsys.readouterr().err
    assert refused.startswith("panhuo: found rows in table ")
    assert refused.endswith("; expected none; name a new, empty database.\n")
    # As an operator goes on: the setting, and back into a new home.
    monkeypatch.setenv("PANHUO_DATABASE_URL", to)
    back = home.with_name("back")
    back.mkdir()
    file = f"sqlite:///{back / 'panhuo.db'}"
    assert run(("store", "copy", "--home", str(back), "--json", "--to", file)) == 0
    rows = json.loads(capsys.readouterr().out)
    assert (rows["patents"], rows["firms"], rows["push_items"]) == (1, 1, 0)
    monkeypatch.delenv("PANHUO_DATABASE_URL")
    with open_store(file) as store:
        assert store.patents.get(FULL.patent_id) == FULL
        upgrade(store)


@pytest.mark.parametrize(
    ("to", "told"),
    [
        ("nonsense", "expected sqlite:///FILE or postgresql://"),
        ("sqlite:///x.db", "found SQLite on both sides"),
        ("postgresql://u:geheim@/x?host=/nowhere", "/nowhere"),
    ],
)
def test_a_mistake_is_a_sentence(
    home: Path, to: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(("store", "copy", "--home", str(home), "--to", to)) == 1
    said = capsys.readouterr().err
    assert said.startswith("panhuo: ")
    assert told in said
    assert "geheim" not in said


def test_no_home_no_copy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    none = tmp_path / "none"
    assert run(("store", "copy", "--home", str(none), "--to", "postgresql://h/x")) == 1
    assert "found no database at" in capsys.readouterr().err
    assert not none.exists()


def test_a_tenant_copies_nothing(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PANHUO_TENANT", "甲")
    assert run(("store", "copy", "--home", str(home), "--to", "postgresql://h/x")) == 1
    assert "unset PANHUO_TENANT" in capsys.readouterr().err
