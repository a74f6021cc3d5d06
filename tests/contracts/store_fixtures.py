"""Stores to hold to the contracts: SQLite in a temporary folder, PostgreSQL on a real server.

The server is started here, once a session, on a socket in a temporary folder. PostgreSQL refuses
to run as root, so root starts it as the user ``postgres`` or ``nobody``. Without PostgreSQL the
tests on it skip; with ``PANHUO_REQUIRE=postgres`` they fail instead.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_postgresql import factories

from service.store.engine import Store, open_store
from service.store.migrate import upgrade

_FOLDER = Path(tempfile.gettempdir()) / f"panhuo-postgres-{os.getpid()}"


def _binary(name: str) -> Path | None:
    places = [Path(found)] if (found := shutil.which(name)) else []
    places += sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)
    return places[0] if places else None


def _user() -> str:
    if os.geteuid() != 0:
        return ""
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _run(*command: str | Path) -> None:
    user = _user()
    prefix = ["runuser", "-u", user, "--"] if user else []
    # The folder of the tests may be closed to that user; PostgreSQL wants to enter its own.
    # Output goes to a file: the server inherits it, and a pipe would never end.
    with (_FOLDER / "output").open("ab") as output:
        subprocess.run(
            [*prefix, *map(str, command)],
            check=True,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            timeout=120,
        )


def _missing(reason: str) -> None:
    if "postgres" in os.environ.get("PANHUO_REQUIRE", "").replace(",", " ").split():
        pytest.fail(f"PANHUO_REQUIRE=postgres, but {reason}")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Path]:
    """Run a PostgreSQL server for the session and tell where it listens."""
    initdb, pg_ctl = _binary("initdb"), _binary("pg_ctl")
    if initdb is None or pg_ctl is None:
        _missing("no PostgreSQL is installed (Debian: apt install postgresql)")
        return
    _FOLDER.mkdir(mode=0o700)
    data = _FOLDER / "data"
    try:
        if user := _user():
            shutil.chown(_FOLDER, user)
        # This locale sorts unlike bytes: the order of ids must not come out right by luck.
        locale = ("--locale=C", "--locale-provider=icu", "--icu-locale=zh")
        trust = ("-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
        _run(initdb, "-D", data, *trust, *locale)
        options = f"-k {_FOLDER} -c listen_addresses='' -c fsync=off"
        _run(pg_ctl, "-D", data, "-w", "-l", _FOLDER / "log", "-o", options, "start")
        try:
            yield _FOLDER
        finally:
            _run(pg_ctl, "-D", data, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(_FOLDER, ignore_errors=True)


def _migrate(**server: Any) -> None:
    with open_store(_address(server["dbname"])) as opened:
        upgrade(opened)


def _address(dbname: str) -> str:
    return f"postgresql://postgres@/{dbname}?host={_FOLDER}"


# Databases are copied from a template: one is empty, the other has been migrated.
_SERVER: dict[str, Any] = {"host": str(_FOLDER), "port": 5432, "user": "postgres"}
panhuo_noproc_empty = factories.postgresql_noproc(**_SERVER, dbname="empty")
panhuo_postgresql_empty = factories.postgresql("panhuo_noproc_empty")
panhuo_noproc = factories.postgresql_noproc(**_SERVER, dbname="migrated", load=[_migrate])
panhuo_postgresql = factories.postgresql("panhuo_noproc")


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a migrated SQLite file to copy."""
    path = tmp_path_factory.mktemp("store") / "panhuo.sqlite"
    with open_store(f"sqlite:///{path}") as opened:
        upgrade(opened)
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give the address of an empty database, on each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'panhuo.sqlite'}"
    return _postgres(request, "panhuo_postgresql_empty")


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give the address of a database with the schema of this release, on each kind."""
    if request.param == "sqlite":
        path = tmp_path / "panhuo.sqlite"
        shutil.copyfile(request.getfixturevalue("migrated_sqlite"), path)
        return f"sqlite:///{path}"
    return _postgres(request, "panhuo_postgresql")


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """Give an empty store, on each kind of database."""
    with open_store(store_url) as opened:
        yield opened


def _postgres(request: pytest.FixtureRequest, fixture: str) -> str:
    request.getfixturevalue("postgres_server")  # first: the next one expects it to run
    connection: Any = request.getfixturevalue(fixture)
    return _address(connection.info.dbname)
