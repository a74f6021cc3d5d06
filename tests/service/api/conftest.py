"""One small home a session (the sample, ``lsa``), and a client of the service over a copy of it.

Every test here runs twice, on SQLite and on PostgreSQL. On PostgreSQL each folder has a database of
its own, which ``settings_of`` makes when it is first asked for: a copy of the sample where the
folder holds the sample, an empty one elsewhere. The whole set is run on both: it costs about two
minutes, and of these tests those that neither write nor page are the cheap ones.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from service.app import create_app
from service.bootstrap import Home, open_home
from service.config import Settings
from service.ingest.importer import import_files
from tests.contracts import store_fixtures
from tests.contracts.store_fixtures import FolderDatabases, PostgresServer
from tests.service.api.documented import Documented

_SAMPLE = Path(__file__).parents[3] / "service" / "sample"
_FILES = {
    "patents": "patents.ndjson",
    "firms": "firms.csv",
    "demands": "demands.ndjson",
    "relations": "relations.csv",
}


# None on SQLite.
_databases: FolderDatabases | None = None


def settings_of(folder: Path) -> Settings:
    url = _databases.of(folder) if _databases else ""
    return Settings(home=folder, database_url=url, encoder="lsa", policy=None, threads=1)


def pytest_configure(config: pytest.Config) -> None:
    """Register the fixtures of the stores once, whoever asks first."""
    if not config.pluginmanager.has_plugin("panhuo-store"):
        config.pluginmanager.register(store_fixtures, "panhuo-store")


def app_of(settings: Settings) -> FastAPI:
    """The application as the command line starts it, with the test client for this machine."""
    app = create_app(settings, trusted={"testclient"})
    app.add_middleware(Documented)
    return app


def build(home: Home) -> str:
    return home.build(lambda stage, done, total: None).version


@pytest.fixture(scope="module", params=["sqlite", "postgresql"], autouse=True)
def kind(request: pytest.FixtureRequest, sample: Path) -> Iterator[str]:
    """The kind of database that ``settings_of`` tells until the module ends."""
    global _databases
    if request.param == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres_server")
        _databases = FolderDatabases(server, sample)
    yield request.param
    if _databases:
        _databases.drop(0)
    _databases = None


@pytest.fixture(autouse=True)
def forgotten(kind: str) -> Iterator[None]:
    """Drop the databases of the test's own folders after it."""
    before = len(_databases) if _databases else 0
    yield
    if _databases:
        _databases.drop(before)


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("catalogue")
    settings = Settings(home=folder, database_url="", encoder="lsa", policy=None, threads=1)
    with open_home(settings) as home:
        for what, name in _FILES.items():
            report = import_files(home.store, what, [_SAMPLE / name])
            assert all(file.failure is None for file in report.files)
    return folder


@pytest.fixture(scope="session")
def sample_built(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built") / "home"
    shutil.copytree(sample, folder)
    settings = Settings(home=folder, database_url="", encoder="lsa", policy=None, threads=1)
    with open_home(settings) as home:
        build(home)
    return folder


# Of a module, so that what stands on them is made anew for the other database.
@pytest.fixture(scope="module")
def catalogue(sample: Path, kind: str) -> Path:
    """A home with the sample imported and nothing built."""
    return sample


@pytest.fixture(scope="module")
def built(sample_built: Path, kind: str) -> Path:
    """A home with the sample imported and indexed."""
    return sample_built


@pytest.fixture
def folder(built: Path, tmp_path: Path) -> Path:
    """A copy of the built home for one test."""
    shutil.copytree(built, tmp_path / "home")
    return tmp_path / "home"


@pytest.fixture
def home(folder: Path) -> Iterator[Home]:
    """The same home as the client's, opened beside the service as the command line would."""
    with open_home(settings_of(folder)) as opened:
        yield opened


@pytest.fixture
def app(folder: Path) -> FastAPI:
    return app_of(settings_of(folder))


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app) as opened:
        yield opened


@pytest.fixture(scope="module")
def reader(built: Path) -> Iterator[TestClient]:
    """A client for tests that change nothing but the log of lists."""
    with TestClient(app_of(settings_of(built)), raise_server_exceptions=False) as opened:
        yield opened
