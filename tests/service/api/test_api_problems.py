"""Problems: every one in two languages, none an accident of the server."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

import matcher.errors
from matcher.errors import InputError, MatcherError, StoreUnavailable
from service.api import refusals
from service.api.invalid import _CHINESE
from service.api.problems import problem_of
from service.api.refusals import MalformedBody
from service.api.strict_json import check_json, shape
from service.auth import refusals as door
from service.bootstrap import Home
from service.errors import TABLE
from tests.service.api.conftest import app_of, settings_of

CHINESE = re.compile("[一-鿿]")
JSON = {"content-type": "application/json"}

BAD_BODIES = {
    "nan": b'{"text": "x", "n": NaN}',
    "infinity": b'{"text": "x", "n": Infinity}',
    "minus infinity": b'{"text": "x", "n": -Infinity}',
    "beyond float64": b'{"text": "x", "n": 1e999}',
    "nan as text": b'{"text": "x", "n": "NaN"}',
    "half surrogate": b'{"text": "\\ud800"}',
    "half surrogate in a name": b'{"text": "x", "\\udfff": 1}',
    "NUL": b'{"text": "a\\u0000b"}',
    "raw NUL": b'{"text": "a\x00b"}',
    "20,000 deep": b"[" * 20_000,
    "20,000 deep and closed": b'{"text":' + b"[" * 20_000 + b"]" * 20_000 + b"}",
    "101 deep": b'{"text":' + b"[" * 100 + b"]" * 100 + b"}",
    "10 MB string": b'{"text": "' + b"a" * 10_000_000 + b'"}',
    "a name twice": b'{"text": "x", "text": "y"}',
    "a name twice, spelled otherwise": b'{"text": "x", "te\\u0078t": "y"}',
    "byte order mark": b'\xef\xbb\xbf{"text": "x"}',
    "UTF-16": '{"text": "x"}'.encode("utf-16"),
    "UTF-16 without mark": '{"text": "x"}'.encode("utf-16-le"),
    "GBK": '{"text": "检测"}'.encode("gbk"),
    "overlong UTF-8": b'{"text": "\xc0\x80"}',
    "surrogate in UTF-8": b'{"text": "\xed\xa0\x80"}',
    "integer of 5,000 digits": b'{"text": "x", "n": ' + b"9" * 5_000 + b"}",
    "huge integer": b'{"text": "x", "n": ' + b"9" * 300 + b"}",
    "unclosed string of escapes": b'{"text": "' + b'\\"' * 400_000,
    "unclosed string, lone backslash": b'{"text": "' + b'\\"' * 400_000 + b"\\",
    "half a million arrays": b'{"text": [' + b"[]," * 300_000 + b"[]]}",
    "comment": b'{"text": "x"} // y',
    "trailing comma": b'{"text": "x",}',
    "array": b"[]",
    "null": b"null",
    "number": b"3",
    "empty": b"",
    "blank": b"  ",
    "both": b'{"text": "x", "uscc": "y"}',
    "neither": b"{}",
    "unknown field": b'{"text": "x", "prvoince": "y"}',
    "boolean for a number": b'{"text": "x", "n": true}',
    "too many": b'{"text": "x", "n": 201}',
    "none": b'{"text": "x", "n": 0}',
    "blank text": '{"text": " \\t　"}'.encode(),
    "long text": json.dumps({"text": "长" * 10_001}).encode(),
    "unknown region": '{"text": "x", "region": "亚特兰蒂斯"}'.encode(),
    "unknown segment": b'{"text": "x", "segment": "99.99"}',
    "unknown firm": b'{"uscc": "91330108PH00000000"}',
}


def check_problem(answer: Any) -> dict[str, Any]:
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["status"] == answer.status_code
    assert problem["type"].startswith("urn:panhuo:problem:")
    assert problem["title"]
    assert CHINESE.search(problem["title_zh"])
    assert CHINESE.search(problem["detail_zh"])
    assert problem["detail"]
    assert problem["instance"].startswith("/")
    for entry in problem.get("errors", []):
        assert entry["problem"]
        assert CHINESE.search(entry["problem_zh"])
    return problem


@pytest.mark.parametrize("name", BAD_BODIES)
def test_a_bad_body_is_always_the_senders_fault(reader: TestClient, name: str) -> None:
    begun = time.perf_counter()
    answer = reader.post("/v1/recommendations", content=BAD_BODIES[name], headers=JSON)
    seconds = time.perf_counter() - begun
    assert 400 <= answer.status_code < 500
    check_problem(answer)
    # 200 ms is the figure on an idle machine; a test must not fail because a neighbour works.
    assert seconds < 2


@pytest.mark.parametrize("path", ["/v1/feedback", "/v1/patents/202119402100.4/firms"])
@pytest.mark.parametrize("name", ["nan", "half surrogate", "20,000 deep", "10 MB string", "array"])
def test_every_post_refuses_them(reader: TestClient, path: str, name: str) -> None:
    answer = reader.post(path, content=BAD_BODIES[name], headers=JSON)
    assert 400 <= answer.status_code < 500
    check_problem(answer)


@pytest.mark.parametrize(
    "media",
    ["", "text/plain", "application/json; charset=gbk", "application/json; charset=no-such"],
)
def test_another_media_type_is_415(reader: TestClient, media: str) -> None:
    answer = reader.post(
        "/v1/recommendations", content=b'{"text": "x"}', headers={"content-type": media}
    )
    assert answer.status_code == 415
    check_problem(answer)


def test_chunks_are_counted_as_they_come(reader: TestClient) -> None:
    taken = []

    def chunks() -> Iterator[bytes]:
        yield b'{"text": "'
        for number in range(100):
            taken.append(number)
            yield b"a" * 65_536
        yield b'"}'

    answer = reader.post("/v1/recommendations", content=chunks(), headers=JSON)
    assert answer.status_code == 413
    assert check_problem(answer)["type"].endswith("body-too-large")


def test_deep_but_allowed(reader: TestClient) -> None:
    assert shape(b'{"a": "[[[", "b": [{}]}') == (3, 3)
    assert shape(b'"\\"[[["') == (0, 0)
    check_json(b"[" + b"[]," * 9_998 + b"[]]")
    with pytest.raises(MalformedBody):
        check_json(b"[" + b"[]," * 9_999 + b"[]]")
    check_json(b"[" * 100 + b"]" * 100)
    with pytest.raises(MalformedBody):
        check_json(b"[" * 101 + b"]" * 101)


@given(st.recursive(st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(), st.lists))
@settings(max_examples=50, deadline=None)
def test_honest_json_passes(value: Any) -> None:
    body = json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
    try:
        check_json(body)
    except MalformedBody:
        assert b"\\u0000" in body


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/firms/91330108PH00000000", 404),
        ("GET", "/v1/firms/91330108PH00000000/recommendations", 404),
        ("GET", "/v1/firms/91330108PH9YJRY21R/recommendations?n=0", 422),
        ("GET", "/v1/firms/91330108PH9YJRY21R/recommendations?n=NaN", 422),
        ("GET", "/v1/firms/91330108PH9YJRY21R/recommendations?segment=%00", 422),
        ("GET", "/v1/firms/91330108PH9YJRY21R/recommendations?segment=99", 422),
        ("GET", "/v1/firms/%00", 422),
        ("GET", "/v1/firms/%ED%A0%80", 404),
        ("GET", "/v1/firms/" + "9" * 5_000, 422),
        ("GET", "/v1/patents/nothing", 404),
        ("GET", "/v1/patents/%00", 422),
        ("GET", "/v1/patents/../../etc/passwd", 404),
        ("GET", "/v1/patents/a%2Fb", 404),
        ("GET", "/v1/patents/202119402100.4/firms", 405),
        ("POST", "/v1/patents/nothing/firms", 404),
        ("GET", "/v1/recommendations", 405),
        ("DELETE", "/v1/feedback", 405),
        ("GET", "/", 404),
        ("GET", "//v1/firms/x", 404),
        ("GET", "/healthz/", 404),
        ("GET", "/docs", 404),
    ],
)
def test_addresses(reader: TestClient, method: str, path: str, status: int) -> None:
    answer = reader.request(method, path)
    assert answer.status_code == status
    problem = check_problem(answer)
    if status == 405:
        # Every method of the address, whichever route has it.
        told = reader.get("/openapi.json").json()["paths"]
        here = {"/v1/recommendations": "POST", "/v1/feedback": "POST"}
        allowed = answer.headers["allow"].split(", ")
        assert here.get(path, "POST") in allowed
        assert method not in allowed
        if path in told:
            assert {name.upper() for name in told[path]} == set(allowed)
    if status == 404 and "/v1/firms/9" in path:
        assert problem["cure"]


def test_the_host_header_says_nothing_in_a_problem(reader: TestClient) -> None:
    answer = reader.get("/v1/patents/nothing", headers={"host": "x/openapi.json?y="})
    assert answer.status_code == 404
    assert check_problem(answer)["instance"] == "/v1/patents/nothing"


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en-GB,en;q=0.9,zh;q=0.5", "en"),
        ("en;q=0.3, zh-Hans", "zh"),
        ("*;q=x,,;", "en"),
    ],
)
def test_language_chooses_title_and_order(reader: TestClient, header: str, language: str) -> None:
    answer = reader.get("/v1/patents/nothing", headers={"accept-language": header})
    problem = check_problem(answer)
    assert answer.headers["content-language"] == language
    keys = list(problem)
    assert bool(CHINESE.search(problem["title"])) == (language == "zh")
    assert (keys.index("detail_zh") < keys.index("detail")) == (language == "zh")


def test_what_was_sent_does_not_come_back(reader: TestClient) -> None:
    answer = reader.post("/v1/recommendations", json={"text": "x", "n": "Geheimnis"})
    assert "Geheimnis" not in answer.text
    assert check_problem(answer)["errors"][0]["field"] == "body.n"


def test_a_crash_is_told_by_its_number_alone(
    app: FastAPI, caplog: pytest.LogCaptureFixture
) -> None:
    @app.get("/crash", operation_id="getPatent")  # one that has a row in the table of rights
    def crash() -> None:
        raise ZeroDivisionError("a secret")

    with TestClient(app, raise_server_exceptions=False) as client:
        answer = client.get("/crash")
    problem = check_problem(answer)
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert problem["request_id"] in caplog.text
    assert "ZeroDivisionError" in caplog.text


def test_a_store_that_does_not_answer_is_503(
    app: FastAPI, caplog: pytest.LogCaptureFixture
) -> None:
    @app.get("/locked", operation_id="getPatent")
    def locked() -> None:
        raise StoreUnavailable("postgresql://panhuo@db.inside/x: connection refused")

    with TestClient(app) as client:
        answer = client.get("/locked")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
    check_problem(answer)
    assert "db.inside" not in answer.text
    assert "db.inside" in caplog.text


def test_a_damaged_index_is_503(folder: Path, home: Home) -> None:
    version = home.engine().index.folder
    (version / "manifest.json").write_text("{}", "utf-8")
    with TestClient(app_of(settings_of(folder))) as client:
        answer = client.get("/readyz")
    assert answer.status_code == 503
    assert check_problem(answer)["type"].endswith("index-stale")


def _classes(module: Any) -> list[type[MatcherError]]:
    found = vars(module).values()
    return [kind for kind in found if isinstance(kind, type) and issubclass(kind, MatcherError)]


def test_every_error_has_a_row_near_it_and_every_row_fills() -> None:
    # These three say all in their own fields; the row of the class above them is right.
    general = {"BadVectors", "ExtraMissing"}
    named = {*_classes(matcher.errors), *_classes(refusals), *_classes(door)} - {door.Challenged}
    assert {kind.__name__ for kind in named - set(TABLE)} <= general
    slugs = [row.slug for row in TABLE.values()]
    assert len(slugs) == len(set(slugs))
    for kind, row in TABLE.items():
        names = set(re.findall(r"{(\w+)}", row.detail_zh))
        blank = kind.__new__(kind)
        InputError.__init__(blank, "found x", "y", "z")  # type: ignore[arg-type]
        vars(blank).update(dict.fromkeys(names, "值"))
        problem = problem_of(blank, "/")
        assert CHINESE.search(problem["detail_zh"])
        assert "{" not in problem["detail_zh"]
    assert all(CHINESE.search(text) for text in _CHINESE.values())
