"""One small home a session (the sample, ``lsa``), and a client of the service over a copy of it."""

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

_SAMPLE = Path(__file__).parents[3] / "service" / "sample"
_FILES = {
    "patents": "patents.ndjson",
    "firms": "firms.csv",
    "demands": "demands.ndjson",
    "relations": "relations.csv",
}


def settings_of(folder: Path) -> Settings:
    return Settings(home=folder, database_url="", encoder="lsa", policy=None, threads=1)


def app_of(settings: Settings) -> FastAPI:
    """The application as the command line starts it, with the test client for this machine."""
    return create_app(settings, trusted={"testclient"})


def build(home: Home) -> str:
    return home.build(lambda stage, done, total: None).version


@pytest.fixture(scope="session")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the sample imported and nothing built."""
    folder = tmp_path_factory.mktemp("catalogue")
    with open_home(settings_of(folder)) as home:
        for what, name in _FILES.items():
            report = import_files(home.store, what, [_SAMPLE / name])
            assert all(file.failure is None for file in report.files)
    return folder


@pytest.fixture(scope="session")
def built(catalogue: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the sample imported and indexed."""
    folder = tmp_path_factory.mktemp("built") / "home"
    shutil.copytree(catalogue, folder)
    with open_home(settings_of(folder)) as home:
        build(home)
    return folder


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
