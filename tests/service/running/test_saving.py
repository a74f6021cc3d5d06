"""A backup taken while somebody writes, put back elsewhere: nothing acknowledged is missing."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from matcher.types import FeedbackEvent, FeedbackKind, ListId, PatentId, Uscc
from service.bootstrap import open_home
from service.cli import run
from service.config import Settings
from service.running.saving import BackupDamaged, check, restore, save
from service.store.engine import open_store
from service.tenancy import Tenancy
from tests.contracts.store_fixtures import PostgresServer

# `make soak` asks for more.
WRITERS = int(os.environ.get("PANHUO_BACKUP_WRITERS", "4"))
SECONDS = float(os.environ.get("PANHUO_BACKUP_SECONDS", "2"))


@pytest.fixture
def home(lsa_home: Path, tmp_path: Path) -> Path:
    folder = Path(shutil.copytree(lsa_home, tmp_path / "home"))
    (folder / "channels.toml").write_text("[channels]\n", "utf-8")
    with open_home(Settings(home=folder)) as opened:
        opened.store.tenants.register("甲", datetime.now(UTC))
        tenancy = Tenancy(opened)
        tenancy.store_of("甲").feedback.append([event("of a tenant")])
        tenancy.close()
    return folder


def event(name: str) -> FeedbackEvent:
    return FeedbackEvent(
        event_id=name, list_id=ListId("L"), slot=1, patent_id=PatentId("P"), uscc=Uscc("U"),
        kind=FeedbackKind.CLICK, at=datetime.now(UTC),
    )  # fmt: skip


def url(folder: Path) -> str:
    return f"sqlite:///{folder / 'panhuo.db'}"


def events(folder: Path) -> set[str]:
    with open_home(Settings(home=folder)) as opened:
        return {one.event_id for one in opened.store.feedback.iterate()}


def test_nothing_acknowledged_before_it_began_is_missing(home: Path, tmp_path: Path) -> None:
    acknowledged: list[tuple[float, str]] = []
    stop = threading.Event()

    def write(number: int) -> None:
        with open_store(url(home)) as store:
            turn = 0
            while not stop.is_set():
                store.feedback.append([event(f"{number}-{turn}")])
                acknowledged.append((time.monotonic(), f"{number}-{turn}"))
                turn += 1

    threads = [threading.Thread(target=write, args=(number,)) for number in range(WRITERS)]
    for thread in threads:
        thread.start()
    time.sleep(SECONDS)
    begun = time.monotonic()
    save(url(home), home, tmp_path / "backup")
    stop.set()
    for thread in threads:
        thread.join()
    before = {name for at, name in acknowledged if at < begun}
    assert len(before) > 20
    started = time.monotonic()
    restore(tmp_path / "backup", url(tmp_path / "new"), tmp_path / "new")
    assert time.monotonic() - started < 30
    found = events(tmp_path / "new")
    assert before <= found
    assert found <= {name for _, name in acknowledged}
    with sqlite3.connect(tmp_path / "new" / "panhuo.db") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


def test_all_of_a_home_comes_back(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["keys", "rotate", "--home", str(home)]) == 0
    assert run(["store", "backup", "--home", str(home), "--to", str(tmp_path / "b"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert {"panhuo.db", "key-secret", "channels.toml"} <= set(told["files"])
    assert sum(name.endswith("panhuo.db") for name in told["files"]) == 2
    assert not any(name.startswith("index") for name in told["files"])
    new = tmp_path / "new"
    assert run(["store", "restore", str(tmp_path / "b"), "--home", str(new)]) == 0
    for name in ("key-secret", "channels.toml"):
        assert (new / name).read_bytes() == (home / name).read_bytes()
    with open_home(Settings(home=new)) as opened:
        tenancy = Tenancy(opened)
        found = list(tenancy.store_of("甲").feedback.iterate())
        tenancy.close()
        assert [one.event_id for one in found] == ["of a tenant"]
    assert run(["audit", "verify", "--home", str(new)]) == 0


def test_the_index_comes_along_when_asked(home: Path, tmp_path: Path) -> None:
    save(url(home), home, tmp_path / "b", index=True)
    restore(tmp_path / "b", url(tmp_path / "new"), tmp_path / "new")
    with open_home(Settings(home=tmp_path / "new")) as opened:
        assert opened.engine().index.manifest.version


@pytest.mark.parametrize("harm", ["changed", "gone", "no manifest", "cut"])
def test_a_backup_that_is_not_whole_is_refused_before_anything_is_written(
    home: Path, tmp_path: Path, harm: str
) -> None:
    backup, new = tmp_path / "b", tmp_path / "new"
    save(url(home), home, backup)
    check(backup)
    if harm == "changed":
        raw = bytearray((backup / "panhuo.db").read_bytes())
        raw[len(raw) // 2] ^= 1
        (backup / "panhuo.db").write_bytes(raw)
    elif harm == "gone":
        (backup / "channels.toml").unlink()
    elif harm == "cut":
        os.truncate(backup / "panhuo.db", 8_192)
    else:
        (backup / "backup.json").unlink()
    with pytest.raises(BackupDamaged):
        restore(backup, url(new), new)
    assert not new.exists()


def test_nothing_is_written_over(home: Path, tmp_path: Path) -> None:
    save(url(home), home, tmp_path / "b")
    assert run(["store", "backup", "--home", str(home), "--to", str(tmp_path / "b")]) == 1
    assert run(["store", "restore", str(tmp_path / "b"), "--home", str(home)]) == 1
    assert {path.name for path in tmp_path.iterdir()} == {"home", "b"}


def test_postgresql_goes_by_its_own_programs(
    own_server: PostgresServer, home: Path, tmp_path: Path
) -> None:
    if shutil.which("pg_dump") is None or shutil.which("pg_restore") is None:
        pytest.skip("no client programs of PostgreSQL are installed")
    import psycopg

    for name in ("one", "two"):
        with psycopg.connect(own_server.address(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
    first, second = own_server.address("one"), own_server.address("two")
    with open_home(Settings(home=home, database_url=first)) as opened:
        opened.store.feedback.append([event("kept")])
        opened.store.tenants.register("甲", datetime.now(UTC))
        tenancy = Tenancy(opened)
        tenancy.store_of("甲").feedback.append([event("of a tenant")])
        tenancy.close()
    save(first, home, tmp_path / "b")
    restore(tmp_path / "b", second, tmp_path / "new")
    with open_home(Settings(home=tmp_path / "new", database_url=second)) as opened:
        assert [one.event_id for one in opened.store.feedback.iterate()] == ["kept"]
        tenancy = Tenancy(opened)
        found = list(tenancy.store_of("甲").feedback.iterate())
        tenancy.close()
    assert [one.event_id for one in found] == ["of a tenant"]
