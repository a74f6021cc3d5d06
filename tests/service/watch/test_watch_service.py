"""Figures, lines and readiness of a service, asked over HTTP."""

from __future__ import annotations

import json
import logging
import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from service.app import create_app
from service.auth.issue import issue
from service.auth.scopes import Scope
from service.auth.secret import Secrets
from service.bootstrap import open_home
from service.config import Settings
from service.watch.layer import ACCESS
from service.watch.logs import JsonLines, log_config

FIRM = "91330108PH9YJRY21R"
HERE = ("127.0.0.1", 5_000)
HOST = {"host": "127.0.0.1:8000"}


@pytest.fixture
def folder(lsa_home: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(lsa_home, tmp_path / "home"))


def settings(folder: Path, **more: Any) -> Settings:
    return Settings(home=folder, database_url="", encoder="lsa", policy=None, threads=1, **more)


@pytest.fixture
def client(folder: Path) -> Iterator[TestClient]:
    app = create_app(settings(folder))
    with TestClient(app, client=HERE, base_url="http://127.0.0.1:8000") as opened:
        yield opened


def figures(client: TestClient, **more: Any) -> dict[str, float]:
    answer = client.get("/metrics", **more)
    assert answer.status_code == 200, answer.text
    lines = [line for line in answer.text.splitlines() if line and not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def key(folder: Path, scope: Scope) -> dict[str, str]:
    with open_home(settings(folder)) as home:
        made, kept = issue("", {scope}, Secrets(folder, "").current(), datetime.now(UTC))
        home.store.api_keys.add(kept)
    return {"authorization": f"Bearer {made}"}


def test_requests_are_counted_by_template_and_class(client: TestClient) -> None:
    client.get(f"/v1/firms/{FIRM}")
    client.get("/v1/firms/nonesuch")
    client.get("/v1/nonesuch/secret-words")
    found = figures(client)
    name = "panhuo_request_seconds_count"
    labels = 'method="GET",route="/v1/firms/{uscc}",status='
    assert found[f'{name}{{{labels}"2xx"}}'] == 1
    assert found[f'{name}{{{labels}"4xx"}}'] == 1
    assert found[f'{name}{{method="GET",route="none",status="4xx"}}'] == 1
    assert found["panhuo_requests_under_way"] == 1  # this one
    bucket = f'panhuo_request_seconds_bucket{{le="+Inf",{labels}"2xx"}}'
    assert found[bucket] == 1


def test_store_index_and_queues_have_figures(client: TestClient) -> None:
    found = figures(client)
    assert found["panhuo_store_up"] == found["panhuo_index_open"] == 1
    assert 0 < found["panhuo_routing_recall"] <= 1
    assert 0 <= found["panhuo_index_age_seconds"] < 3_600
    assert found["panhuo_disk_free_bytes"] > 0
    assert found["panhuo_audit_waiting"] >= 0
    text = client.get("/metrics").text
    for name in ("panhuo_import_jobs", "panhuo_push_rounds", "panhuo_push_messages"):
        assert f"# TYPE {name} gauge" in text


def test_import_jobs_are_counted_by_state(client: TestClient, folder: Path) -> None:
    from service.store.import_jobs import ImportJob

    with open_home(settings(folder)) as home:
        home.store.import_jobs.add(ImportJob("a" * 32, "elsewhere", "firms", "{}", "f", "2026"))
    assert figures(client)['panhuo_import_jobs{state="queued"}'] == 1


def test_no_label_has_an_id_or_a_word_of_a_request(client: TestClient) -> None:
    client.get(f"/v1/firms/{FIRM}")
    client.post("/v1/recommendations", json={"text": "独有的词", "n": 1})
    client.request("BREW-独有"[:4], "/v1/firms/独有的词")
    text = client.get("/metrics").text
    assert FIRM not in text
    assert "独有" not in text
    assert "BREW" not in text
    names = set(re.findall(r'(\w+)="', text))
    assert names <= {
        "method", "route", "status", "le", "state", "version", "implementation", "major", "minor",
        "patchlevel",
    }  # fmt: skip


def test_who_may_read_figures(folder: Path) -> None:
    admin, reader = key(folder, Scope.ADMIN), key(folder, Scope.RECOMMEND)
    app = create_app(settings(folder))
    cases: list[tuple[tuple[str, int], dict[str, str], int]] = [
        (HERE, HOST, 200),
        (HERE, {"host": "panhuo.example"}, 401),
        (HERE, HOST | {"x-forwarded-for": "10.0.0.9"}, 401),
        (("10.0.0.9", 1), {"host": "10.0.0.1"}, 401),
        (("10.0.0.9", 1), {"host": "10.0.0.1"} | admin, 200),
        (("10.0.0.9", 1), {"host": "10.0.0.1"} | reader, 403),
        (HERE, HOST | reader, 403),
    ]
    for address, headers, status in cases:
        with TestClient(app, client=address) as asking:
            assert asking.get("/metrics", headers=headers).status_code == status, headers


# -- lines ------------------------------------------------------------------------------------


def test_one_line_a_request_and_no_secret_in_it(
    client: TestClient, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, ACCESS):
        answer = client.get(f"/v1/firms/{FIRM}?fields=name", headers={"x-request-id": "asked-123"})
    assert answer.status_code == 200
    lines = [one for one in caplog.records if one.name == ACCESS]
    assert len(lines) == 1
    told = json.loads(JsonLines().format(lines[0]))
    assert (told["method"], told["route"], told["status"]) == ("GET", "/v1/firms/{uscc}", 200)
    assert set(told) >= {"at", "level", "ms", "tenant", "key_id", "request_id"}
    assert FIRM not in str(told)
    assert "fields" not in str(told)


def test_a_line_is_json_whatever_stands_in_it() -> None:
    record = logging.LogRecord(
        "panhuo", logging.WARNING, "x.py", 1, "line\nbreak %s \ud800", ("panhuo_" + "x" * 36,), None
    )
    line = JsonLines().format(record)
    assert "\n" not in line
    assert json.loads(line)["level"] == "warning"
    assert "x" * 36 not in line


def test_an_exception_stands_in_its_line() -> None:
    try:
        raise ValueError("panhuo_" + "y" * 36)
    except ValueError as error:
        record = logging.LogRecord(
            "panhuo", logging.ERROR, "x.py", 1, "broke", (), (ValueError, error, None)
        )
    told = json.loads(JsonLines().format(record))
    assert "ValueError" in told["exception"]
    assert "y" * 36 not in told["exception"]


@pytest.mark.parametrize("form", ["text", "json"])
def test_the_settings_of_lines_can_be_loaded(form: str) -> None:
    import logging.config

    root = logging.getLogger()
    before = root.handlers[:], root.level
    loggers = {name: logging.getLogger(name) for name in ("uvicorn", "service", "panhuo", ACCESS)}
    kept = {name: (one.handlers[:], one.level, one.propagate) for name, one in loggers.items()}
    logging.config.dictConfig(log_config(form, "warning") | {"disable_existing_loggers": False})
    assert logging.getLogger(ACCESS).level == logging.WARNING
    assert logging.getLogger("uvicorn.access").handlers == []
    for name, (handlers, level, propagate) in kept.items():
        loggers[name].handlers, loggers[name].propagate = handlers, propagate
        loggers[name].setLevel(level)
    root.handlers, _ = before


# -- readiness --------------------------------------------------------------------------------


def test_ready_without_a_concern(client: TestClient) -> None:
    told = client.get("/readyz").json()
    assert (told["status"], told["warnings"]) == ("ready", [])


def test_a_disk_that_is_nearly_full_degrades(folder: Path) -> None:
    with TestClient(create_app(settings(folder, disk_free_mb=1 << 40))) as client:
        answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["status"] == "degraded"
    (warned,) = answer.json()["warnings"]
    assert warned["code"] == "disk-nearly-full"
    assert "MiB" in warned["detail"]
    assert "磁盘" in warned["detail_zh"]


def test_an_old_index_degrades(client: TestClient, folder: Path) -> None:
    from service.store import open_store
    from service.watch.standing import Limits, Standing

    with open_store(f"sqlite:///{folder / 'panhuo.db'}") as store:
        standing = Standing(folder, store, Limits(0, 30), lambda: "v9", lambda: 5_000)
        now = datetime.now(UTC)
        young = standing.concerns(now - timedelta(days=29), now)
        old = standing.concerns(now - timedelta(days=31), now)
    assert [one.code for one in young] == ["index-refused", "audit-waiting"]
    assert [one.code for one in old] == ["index-old", "index-refused", "audit-waiting"]


def test_a_database_of_another_release_is_not_ready(client: TestClient, folder: Path) -> None:
    import sqlite3

    with sqlite3.connect(folder / "panhuo.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["type"].endswith("schema-mismatch")
