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
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from pytest_postgresql import factories

from service.privacy.contact_key import ContactKeys
from service.store.engine import Store, open_store
from service.store.migrate import upgrade
from service.store.moving import copy_home

CONTACT_KEY = "a key of the tests of thirty-two and more"
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


class PostgresServer:
    """A server of its own on a socket in its folder, which goes with it.

    Args:
        folder: that is not there yet; short, for a socket's path has 107 characters at most.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __enter__(self) -> PostgresServer:
        self.folder.mkdir(mode=0o700)
        if user := _user():
            shutil.chown(self.folder, user)
        try:
            # This locale sorts unlike bytes: the order of ids must not come out right by luck.
            locale = ("--locale=C", "--locale-provider=icu", "--icu-locale=zh")
            trust = ("-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
            self._run("initdb", *trust, *locale)
            self.start()
        except BaseException:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise
        return self

    def __exit__(self, *_: object) -> None:
        try:
            if (self.folder / "data" / "postmaster.pid").exists():
                self.stop()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def start(self) -> None:
        """Start, and wait until it answers."""
        options = f"-k {self.folder} -c listen_addresses='' -c fsync=off"
        self._run("pg_ctl", "-w", "-l", self.folder / "log", "-o", options, "start")

    def stop(self) -> None:
        """Hang up on everybody at once, as a killed server does."""
        self._run("pg_ctl", "-m", "immediate", "stop")

    def restart(self) -> None:
        """Stop and start."""
        self.stop()
        self.start()

    def address(self, dbname: str = "postgres") -> str:
        """Return the address of one of its databases."""
        return f"postgresql://postgres@/{dbname}?host={self.folder}"

    def _run(self, name: str, *arguments: str | Path) -> None:
        user = _user()
        prefix = ["runuser", "-u", user, "--"] if user else []
        command = [str(_binary(name)), "-D", str(self.folder / "data"), *map(str, arguments)]
        # The folder of the tests may be closed to that user; PostgreSQL wants to enter its own.
        # Output goes to a file: the server inherits it, and a pipe would never end.
        with (self.folder / "output").open("ab") as output:
            subprocess.run(
                [*prefix, *command],
                check=True,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                timeout=120,
            )


class FolderDatabases:
    """A PostgreSQL database for each folder of a home, made when it is first asked for.

    Args:
        server: where they are made.
        sample: a home on SQLite. Folders that hold a copy of it get its rows; others are empty.
    """

    def __init__(self, server: PostgresServer, sample: Path) -> None:
        self._server = server
        self._sample = sample
        self._made: dict[Path, str] = {}

    def __len__(self) -> int:
        return len(self._made)

    def of(self, folder: Path) -> str:
        """Return the address of the folder's database."""
        if folder not in self._made:
            name = f"folder_{uuid.uuid4().hex}"
            template = self._template() if (folder / "panhuo.db").exists() else "template1"
            self._say(f"CREATE DATABASE {name} TEMPLATE {template}")
            self._made[folder] = name
        return self._server.address(self._made[folder])

    def drop(self, kept: int) -> None:
        """Drop all but the first so many."""
        for folder, name in list(self._made.items())[kept:]:
            self._say(f"DROP DATABASE {name} WITH (FORCE)")
            del self._made[folder]

    def _template(self) -> str:
        name = "folder_sample"
        known = self._say("SELECT datname FROM pg_database")
        if (name,) not in known:
            self._say(f"CREATE DATABASE {name}")
            url = f"sqlite:///{self._sample / 'panhuo.db'}"
            copy_home(url, self._sample, self._server.address(name), lambda *_: None)
        return name

    def _say(self, statement: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self._server.address(), autocommit=True) as connection:
            said = connection.execute(statement)
            return list(said) if said.description else []


def _missing(reason: str) -> None:
    if "postgres" in os.environ.get("PANHUO_REQUIRE", "").replace(",", " ").split():
        pytest.fail(f"PANHUO_REQUIRE=postgres, but {reason}")
    pytest.skip(reason)


def require_postgres() -> None:
    """Skip where no PostgreSQL is installed; fail where one is asked for."""
    if _binary("initdb") is None or _binary("pg_ctl") is None:
        _missing("no PostgreSQL is installed (Debian: apt install postgresql)")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """Run a PostgreSQL server for the session."""
    require_postgres()
    with PostgresServer(_FOLDER) as server:
        yield server


@pytest.fixture
def own_server() -> Iterator[PostgresServer]:
    """Run a PostgreSQL server for one test, which may stop it."""
    require_postgres()
    with tempfile.TemporaryDirectory(prefix="panhuo-own-") as folder:
        Path(folder).chmod(0o711)  # another user's server passes through
        with PostgresServer(Path(folder) / "pg") as server:
            yield server


def _migrate(**server: Any) -> None:
    with open_store(_address(server["dbname"])) as opened:
        upgrade(opened)


def _address(dbname: str) -> str:
    return PostgresServer(_FOLDER).address(dbname)


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
    return empty_postgres(request)


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
        opened.contacts.keys = ContactKeys(Path(), CONTACT_KEY)
        yield opened


def _postgres(request: pytest.FixtureRequest, fixture: str) -> str:
    request.getfixturevalue("postgres_server")  # first: the next one expects it to run
    connection: Any = request.getfixturevalue(fixture)
    return _address(connection.info.dbname)


def empty_postgres(request: pytest.FixtureRequest) -> str:
    """Return the address of an empty PostgreSQL database of one test."""
    return _postgres(request, "panhuo_postgresql_empty")
