"""The real PostgreSQL goes away between two requests and comes back; nobody touches the service."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from service.app import create_app
from service.config import Settings
from service.store.moving import copy_home
from tests.contracts.store_fixtures import PostgresServer

FIRM = "91330108PH9YJRY21R"
PATH = f"/v1/firms/{FIRM}"


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
def test_a_server_that_goes_and_comes_back(
    sample_built: Path, tmp_path: Path, own_server: PostgresServer
) -> None:
    folder, url = shutil.copytree(sample_built, tmp_path / "home"), own_server.address()
    copy_home(f"sqlite:///{folder / 'panhuo.db'}", folder, url, lambda *_: None)
    settings = Settings(home=folder, database_url=url, encoder="lsa", policy=None, threads=1)
    with TestClient(
        create_app(settings, trusted={"testclient"}), raise_server_exceptions=False
    ) as client:
        asked = {"uscc": FIRM, "n": 3}
        assert client.get(PATH).status_code == 200
        own_server.restart()
        assert client.get(PATH).status_code == 200
        own_server.restart()
        assert client.post("/v1/recommendations", json=asked).status_code == 200
        own_server.stop()
        for answer in (client.get(PATH), client.post("/v1/recommendations", json=asked)):
            assert answer.status_code == 503
            assert answer.json()["type"].endswith("store-unavailable")
            assert int(answer.headers["retry-after"]) >= 1
        assert client.get("/healthz").status_code == 200
        assert client.get("/readyz").status_code == 503
        own_server.start()
        assert client.get("/readyz").status_code == 200
        assert client.get(PATH).status_code == 200
        assert client.post("/v1/recommendations", json=asked).status_code == 200
