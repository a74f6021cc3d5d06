"""Names of requests, limits, tags, packing, parts, and pages of browsers."""

from __future__ import annotations

import gzip
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from starlette.testclient import TestClient

from matcher.errors import InputError
from service.api.origins import origins_of
from service.api.rates import Buckets
from service.api.representation import _takes_gzip, chosen, tree_of
from service.api.request_ids import RequestIdFilter
from service.bootstrap import Home
from service.cli import run
from service.config import Settings
from tests.service.api.conftest import app_of, settings_of
from tests.service.api.tenants import FIRM, PATENT, World, bearer, world_over
from tests.service.api.test_api_problems import check_problem

PORTAL, OTHER = "https://portal.example.cn", "https://evil.example"
PATENT_PATH = f"/v1/patents/{PATENT}"


@pytest.fixture
def world(folder: Path) -> Iterator[World]:
    with world_over(folder) as opened:
        yield opened


def limited(folder: Path, rate: float, burst: int) -> TestClient:
    changed = {"rate_limit": rate, "rate_burst": burst}
    return TestClient(app_of(settings_of(folder).model_copy(update=changed)))


# -- names of requests ------------------------------------------------------------------------


def test_a_name_is_taken_over_and_told_in_problems(reader: TestClient) -> None:
    answer = reader.get("/v1/patents/none", headers={"x-request-id": "portal-7.2026_01"})
    assert answer.headers["x-request-id"] == "portal-7.2026_01"
    assert check_problem(answer)["request_id"] == "portal-7.2026_01"
    assert (
        reader.get("/healthz").headers["x-request-id"]
        != reader.get("/healthz").headers["x-request-id"]
    )


@pytest.mark.parametrize(
    "name", ["short", "x" * 129, "a b c d e f", "-leading-dash", "a\\nbcdefgh"]
)
def test_a_name_that_is_none_is_made_anew(reader: TestClient, name: str) -> None:
    told = reader.get("/healthz", headers={"x-request-id": name}).headers["x-request-id"]
    assert told != name
    assert len(told) == 32


def test_a_key_is_no_name(world: World) -> None:
    answer = world.client.get("/healthz", headers={"x-request-id": world.keys["甲"]})
    assert world.keys["甲"] not in str(answer.headers)


def test_logs_know_the_request(folder: Path) -> None:
    app, names = app_of(settings_of(folder)), list[str]()

    @app.get("/logs", operation_id="getPatent")
    async def logs() -> None:
        record = logging.makeLogRecord({})
        assert RequestIdFilter().filter(record)
        names.append(record.request_id)  # type: ignore[attr-defined]

    with TestClient(app) as client:
        told = [client.get("/logs").headers["x-request-id"] for _ in range(2)]
    assert names == told


def test_a_crash_carries_its_name(folder: Path) -> None:
    app = app_of(settings_of(folder))

    @app.get("/crash", operation_id="getPatent")
    def crash() -> None:
        raise ZeroDivisionError

    with TestClient(app, raise_server_exceptions=False) as client:
        answer = client.get("/crash", headers={"x-request-id": "request-0001"})
    assert answer.headers["x-request-id"] == check_problem(answer)["request_id"] == "request-0001"


# -- limits -----------------------------------------------------------------------------------


def test_a_bucket_fills_at_its_rate() -> None:
    now = [0.0]
    buckets = Buckets(2.0, 3, lambda: now[0])
    assert [buckets.take("a") >= 0 for _ in range(5)] == [True, True, True, False, False]
    assert buckets.take("b") == 2
    now[0] = 0.4
    assert buckets.take("a") == pytest.approx(-0.2)
    now[0] = 0.5
    assert buckets.take("a") == pytest.approx(0)
    now[0] = 100.0
    assert buckets.take("a") == 2
    assert buckets.headers(2) == {"ratelimit-policy": '"key";q=3;w=2', "ratelimit": '"key";r=2;t=1'}


def test_too_much_is_429_with_the_time_to_wait(folder: Path) -> None:
    with limited(folder, 0.01, 3) as client:
        found = [client.get(PATENT_PATH) for _ in range(5)]
    assert [answer.status_code for answer in found] == [200, 200, 200, 429, 429]
    assert [answer.headers["ratelimit"].split(";")[1] for answer in found] == [
        *("r=2", "r=1", "r=0", "r=0", "r=0")
    ]
    assert found[0].headers["ratelimit-policy"] == '"key";q=3;w=300'
    assert check_problem(found[3])["type"].endswith("rate-exceeded")
    assert 1 <= int(found[3].headers["retry-after"]) <= 100


def test_what_is_open_to_all_is_not_limited(folder: Path) -> None:
    with limited(folder, 0.01, 1) as client:
        for _ in range(3):
            answer = client.get("/healthz")
            assert answer.status_code == 200
            assert "ratelimit" not in answer.headers


def test_no_limit_is_no_header(folder: Path) -> None:
    with limited(folder, 0, 1) as client:
        assert "ratelimit" not in client.get(PATENT_PATH).headers


def test_each_key_has_its_own_bucket(world: World) -> None:
    def left(who: str) -> int:
        told = world.ask(who, "GET", PATENT_PATH).headers["ratelimit"]
        return int(told.split(";")[1].removeprefix("r="))

    first = left("甲")
    # They fill up again within a moment, so only the order counts.
    assert left("乙") >= first
    assert first <= 3_999


# -- tags and packing -------------------------------------------------------------------------


def test_a_record_that_is_still_the_same_is_304(client: TestClient, home: Home) -> None:
    first = client.get(PATENT_PATH)
    tag = first.headers["etag"]
    assert tag.startswith('W/"')
    for header in (tag, f'"x", {tag}', tag.removeprefix("W/"), "*"):
        again = client.get(PATENT_PATH, headers={"if-none-match": header})
        assert (again.status_code, again.content) == (304, b""), header
        assert again.headers["etag"] == tag
        assert "content-length" not in again.headers
        assert again.headers["x-request-id"]
    assert client.get(PATENT_PATH, headers={"if-none-match": 'W/"x"'}).status_code == 200
    from dataclasses import replace

    old = home.store.patents.get(home.store.patents.resolve(PATENT))
    home.store.patents.upsert([replace(old, title="改过的题名")])
    after = client.get(PATENT_PATH, headers={"if-none-match": tag})
    assert (after.status_code, after.json()["title"]) == (200, "改过的题名")


def test_problems_and_posts_have_no_tag(client: TestClient) -> None:
    assert "etag" not in client.get("/v1/patents/none").headers
    answer = client.post("/v1/recommendations", json={"uscc": FIRM, "n": 1})
    assert "etag" not in answer.headers
    assert answer.headers["cache-control"] == "no-store"
    assert client.get(PATENT_PATH).headers["cache-control"] == "private, no-cache"


def test_large_answers_are_packed_where_that_is_wanted(client: TestClient) -> None:
    def raw(**headers: str) -> tuple[Any, bytes]:
        with client.stream("GET", "/openapi.json", headers=headers) as answer:
            return answer, b"".join(answer.iter_raw())

    packed, content = raw(**{"accept-encoding": "br, gzip;q=0.5"})
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) == len(content)
    plain, whole = raw(**{"accept-encoding": "gzip;q=0, *"})
    assert "content-encoding" not in plain.headers
    assert gzip.decompress(content) == whole
    assert len(content) < len(whole) / 4
    assert plain.headers["etag"] == packed.headers["etag"]
    for answer in (plain, packed):
        assert "Accept-Encoding" in answer.headers["vary"]
    small = client.get("/healthz", headers={"accept-encoding": "gzip"})
    assert "content-encoding" not in small.headers


@pytest.mark.parametrize(
    ("header", "takes"),
    [
        ("gzip", True),
        ("", False),
        ("GZIP;q=1.0", True),
        ("gzip; q=0.0", False),
        ("br", False),
        ("*", True),
        ("*;q=0", False),
        ("identity, gzip;q=x", False),
        ("gzipped", False),
    ],
)
def test_who_takes_gzip(header: str, takes: bool) -> None:
    assert _takes_gzip(header) is takes


# -- parts ------------------------------------------------------------------------------------


def test_fields_are_chosen(client: TestClient) -> None:
    whole = client.get(PATENT_PATH)
    part = client.get(PATENT_PATH, params={"fields": "title, holder"})
    assert part.json() == {name: whole.json()[name] for name in ("title", "holder")}
    assert part.headers["etag"] != whole.headers["etag"]
    path = f"/v1/firms/{FIRM}/recommendations"
    found = client.get(path, params={"n": 2, "fields": "list_id,items.rank,items.patent.title"})
    assert set(found.json()) == {"list_id", "items"}
    for item in found.json()["items"]:
        assert set(item) == {"rank", "patent"}
        assert set(item["patent"]) == {"title"}
    assert client.get("/v1/imports", params={"fields": "imports.job_id"}).json() == {"imports": []}


@pytest.mark.parametrize("fields", ["colour", "title,", "title.x", "items.", "__class__", " "])
def test_fields_that_there_are_not_are_refused(reader: TestClient, fields: str) -> None:
    answer = reader.get(PATENT_PATH, params={"fields": fields})
    assert answer.status_code == 422
    assert check_problem(answer)["type"].endswith("field-unknown")


@given(st.lists(st.sampled_from(["a", "a.b", "a.b.c", "d", "a.e"])))
def test_a_whole_field_holds_its_parts(names: list[str]) -> None:
    value = {"a": {"b": {"c": 1, "x": 2}, "e": 3}, "d": 4}
    found = chosen(value, tree_of(names)) if names else {}
    for name in names:
        whole: Any = value
        part: Any = found
        for step in name.split("."):
            whole, part = whole[step], part[step]
        assert part == whole


# -- browsers ---------------------------------------------------------------------------------


def preflight(client: TestClient, origin: str) -> Any:
    headers = {"origin": origin, "access-control-request-method": "POST"}
    return client.options("/v1/recommendations", headers=headers)


def test_only_a_tenant_s_own_pages_may_read(world: World) -> None:
    world.home.store.tenants.set_origins("甲", [PORTAL])
    asked = preflight(world.client, PORTAL)
    assert asked.status_code == 204
    assert asked.headers["access-control-allow-origin"] == PORTAL
    assert "Idempotency-Key" in asked.headers["access-control-allow-headers"]
    refused = preflight(world.client, OTHER)
    assert not [name for name in refused.headers if name.startswith("access-control")]

    def told(who: str, origin: str) -> str | None:
        answer = world.ask(who, "GET", PATENT_PATH, headers={"origin": origin})
        assert "Origin" in answer.headers["vary"]
        assert "access-control-allow-credentials" not in answer.headers
        found: str | None = answer.headers.get("access-control-allow-origin")
        return found

    assert told("甲", PORTAL) == PORTAL
    assert told(world.token("甲", firm=FIRM), PORTAL) == PORTAL
    assert told("乙", PORTAL) is None
    assert told("operator", PORTAL) is None
    for origin in (OTHER, "null", f"{PORTAL}.evil.example", "https://portal.example.cn:8443"):
        assert told("甲", origin) is None
    bad = world.client.get(PATENT_PATH, headers=bearer("x") | {"origin": PORTAL})
    assert (bad.status_code, bad.headers["access-control-allow-origin"]) == (401, PORTAL)


def test_the_operator_s_setting_holds_for_all(folder: Path) -> None:
    settings = settings_of(folder).model_copy(update={"cors_origins": f"{PORTAL}, {OTHER}"})
    with TestClient(app_of(settings)) as client:
        assert preflight(client, PORTAL).headers["access-control-allow-origin"] == PORTAL
        assert "access-control-allow-origin" not in preflight(client, "https://x.example").headers


@pytest.mark.parametrize(
    "text", ["*", "https://*.example.cn", "null", "example.cn", "https://a.cn/path", "file://x"]
)
def test_everywhere_is_no_origin(folder: Path, text: str) -> None:
    with pytest.raises(InputError, match="found origin"):
        origins_of([text])
    settings = settings_of(folder).model_copy(update={"cors_origins": text})
    with pytest.raises(InputError), TestClient(app_of(settings)):
        pass


def test_a_foreign_page_is_not_this_machine(client: TestClient) -> None:
    assert client.get(PATENT_PATH, headers={"origin": "http://localhost:3000"}).status_code == 200
    for origin in (
        OTHER,
        "null",
        "http://localhost.evil.example",
        "http://127.0.0.1.evil.example:80",
    ):
        answer = client.post(
            "/v1/imports",
            files={"file": ("a.csv", "x")},
            data={"what": "firms"},
            headers={"origin": origin},
        )
        assert answer.status_code == 401, origin


def test_origins_are_set_and_told_by_the_command_line(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    home = ["--home", str(world.folder)]
    assert run(["keys", "origins", "--tenant", "甲", "--allow", PORTAL, "--json", *home]) == 0
    assert json.loads(capsys.readouterr().out) == {"tenant": "甲", "origins": [PORTAL]}
    assert run(["keys", "origins", "--tenant", "甲", *home]) == 0
    assert PORTAL in capsys.readouterr().out
    assert run(["keys", "origins", "--tenant", "甲", "--allow", "*", *home]) != 0
    assert "found origin" in capsys.readouterr().err
    assert run(["keys", "origins", "--tenant", "甲", "--none", *home]) == 0
    assert world.home.store.tenants.get("甲").origins == ()
    assert run(["keys", "origins", "--tenant", "丁", *home]) != 0


def test_settings_are_checked() -> None:
    for wrong in ({"rate_limit": -1}, {"rate_burst": 0}, {"rate_limit": float("inf")}):
        with pytest.raises(ValidationError):
            Settings(**wrong)  # type: ignore[arg-type]


# -- the description --------------------------------------------------------------------------


def test_the_description_tells_all_of_it(reader: TestClient) -> None:
    document = reader.get("/openapi.json").json()
    for item in document["paths"].values():
        for method, operation in item.items():
            parameters = {one["name"] for one in operation.get("parameters", [])}
            statuses = set(operation["responses"])
            if operation["operationId"] not in {"health", "readiness"}:
                assert "429" in statuses, operation["operationId"]
            if method == "post":
                assert "Idempotency-Key" in parameters
                assert {"400", "409", "422"} <= statuses
            if method == "get" and operation["operationId"] != "getImportErrors":
                assert "If-None-Match" in parameters
                assert "304" in statuses
            for answer in operation["responses"].values():
                assert "X-Request-ID" in answer["headers"]
    wide = {"getPatent", "getFirm", "recommendForFirm", "listImports", "getImport"}
    wide |= {"getDemand", "listRelations"}
    having = {
        operation["operationId"]
        for item in document["paths"].values()
        for operation in item.values()
        if any(one["name"] == "fields" for one in operation.get("parameters", []))
    }
    assert having == wide
