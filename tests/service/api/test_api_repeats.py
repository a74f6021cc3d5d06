"""Idempotency-Key: sent again, answered again, done once."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from starlette.testclient import TestClient

from matcher.errors import StoreUnavailable
from service.bootstrap import Home
from service.store.kept_answers import Slot
from service.store.manners_tables import kept_answers, list_snapshots
from service.store.tables import list_slots, recommendation_lists
from tests.service.api.conftest import app_of, settings_of
from tests.service.api.tenants import FIRM, PATENT, World, world_over

ASK = {"uscc": FIRM, "n": 2}
PATH = "/v1/recommendations"
CSV = "企业名称,统一社会信用代码\n杭州澄锋视觉检测技术有限公司,91330108PH9YJRY21R\n"


@pytest.fixture
def world(folder: Path) -> Iterator[World]:
    with world_over(folder) as opened:
        yield opened


def key() -> dict[str, str]:
    return {"idempotency-key": uuid.uuid4().hex}


@pytest.fixture(autouse=True)
def empty_log(request: pytest.FixtureRequest) -> None:
    """Begin without lists: those that readers of the same home left are none of ours."""
    if "home" in request.fixturenames:
        home: Home = request.getfixturevalue("home")
        with home.store.database.transaction() as connection:
            for table in (list_slots, list_snapshots, recommendation_lists):
                connection.execute(sa.delete(table))


def lists(home: Home) -> int:
    with home.store.database.reading() as connection:
        query = sa.select(sa.func.count()).select_from(recommendation_lists)
        return int(connection.execute(query).scalar_one())


def test_sent_again_it_is_answered_again(client: TestClient, home: Home) -> None:
    under = key()
    first = client.post(PATH, json=ASK, headers=under)
    again = client.post(PATH, json=ASK, headers=under)
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.content == again.content
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert again.headers["content-type"] == first.headers["content-type"]
    assert lists(home) == 1
    other = client.post(PATH, json=ASK, headers=key())
    assert other.json()["list_id"] != first.json()["list_id"]


def test_another_body_is_422_and_changes_nothing(client: TestClient, home: Home) -> None:
    under = key()
    first = client.post(PATH, json=ASK, headers=under)
    other = client.post(PATH, json=ASK | {"n": 3}, headers=under)
    assert other.status_code == 422
    assert other.json()["type"].endswith("idempotency-key-reused")
    assert client.post(PATH, json=ASK, headers=under).content == first.content
    assert lists(home) == 1


def test_fifty_at_once_are_done_once(client: TestClient, home: Home) -> None:
    under = key()
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda _: client.post(PATH, json=ASK, headers=under), range(50)))
    statuses = Counter(answer.status_code for answer in found)
    assert set(statuses) <= {200, 409}
    assert lists(home) == 1
    assert len({answer.content for answer in found if answer.status_code == 200}) == 1
    for answer in found:
        if answer.status_code == 409:
            assert answer.headers["retry-after"] == "1"
            assert answer.json()["type"].endswith("request-running")
    assert sum("idempotency-replayed" in answer.headers for answer in found) == statuses[200] - 1


def test_it_holds_over_a_restart_and_in_two_workers(folder: Path) -> None:
    under = key()
    with (
        TestClient(app_of(settings_of(folder))) as one,
        TestClient(app_of(settings_of(folder))) as two,
    ):
        first = one.post(PATH, json=ASK, headers=under)
        assert two.post(PATH, json=ASK, headers=under).content == first.content
    with TestClient(app_of(settings_of(folder))) as after:
        assert after.post(PATH, json=ASK, headers=under).content == first.content


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (f"/v1/patents/{PATENT}/firms", {"n": 2}),
        ("/v1/recommendations", {"text": "光谱仪", "n": 1}),
    ],
)
def test_every_post_takes_one(client: TestClient, path: str, body: Any) -> None:
    under = key()
    first = client.post(path, json=body, headers=under)
    assert client.post(path, json=body, headers=under).content == first.content
    assert client.post(path, json=body | {"n": 3}, headers=under).status_code == 422


def test_feedback_is_counted_as_at_first(client: TestClient) -> None:
    list_id = client.post(PATH, json=ASK).json()["list_id"]
    event = {"event_id": "e", "list_id": list_id, "slot": 1, "kind": "click"}
    under = key()
    for _ in range(2):
        told = client.post("/v1/feedback", json={"events": [event]}, headers=under)
        assert told.json() == {"received": 1, "new": 1}
    assert client.post("/v1/feedback", json={"events": [event]}).json()["new"] == 0


def test_a_refusal_of_the_content_is_kept_too(client: TestClient) -> None:
    under = key()
    body = {"uscc": "91330108PH00000000"}
    first = client.post(PATH, json=body, headers=under)
    again = client.post(PATH, json=body, headers=under)
    assert (first.status_code, again.status_code) == (404, 404)
    assert again.headers["idempotency-replayed"] == "true"
    assert again.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("text", ["", " ", "x" * 256, "é", "a\tb", " x"])
def test_what_cannot_be_a_key_is_400(client: TestClient, home: Home, text: str) -> None:
    headers = [("idempotency-key", text.encode("latin-1")), ("content-type", "application/json")]
    answer = client.post(PATH, json=ASK, headers=headers)
    # Blanks around a value are no part of it (RFC 9110); whether the server strips them is its own.
    assert answer.status_code == 400
    assert answer.json()["type"].endswith("idempotency-key-malformed")
    twice = [("idempotency-key", "a"), ("idempotency-key", "a")]
    assert client.post(PATH, json=ASK, headers=twice).status_code == 400
    assert lists(home) == 0


def test_a_long_key_is_taken(client: TestClient) -> None:
    assert client.post(PATH, json=ASK, headers={"idempotency-key": "~" * 255}).status_code == 200


def test_what_broke_can_be_tried_again(app: FastAPI) -> None:
    tries: list[int] = []

    @app.post("/breaks", operation_id="getPatent")
    def breaks() -> dict[str, int]:
        tries.append(1)
        if len(tries) == 1:
            raise ZeroDivisionError
        if len(tries) == 2:
            raise StoreUnavailable("gone")
        return {"tries": len(tries)}

    under = key()
    with TestClient(app, raise_server_exceptions=False) as client:
        found = [client.post("/breaks", json={}, headers=under) for _ in range(4)]
    assert [answer.status_code for answer in found] == [500, 503, 200, 200]
    assert found[3].json() == {"tries": 3}


def test_a_worker_that_died_holds_its_key_for_a_lease(client: TestClient, home: Home) -> None:
    under = key()
    digest = sha256(under["idempotency-key"].encode()).hexdigest()
    slot = Slot("key::admin", f"POST {PATH}", digest)
    body = b'{"uscc": "91330108PH9YJRY21R", "n": 2}'
    home.store.kept_answers.claim(slot, sha256(b"\0" + body).hexdigest(), datetime.now(UTC))
    headers = under | {"content-type": "application/json"}
    running = client.post(PATH, content=body, headers=headers)
    assert (running.status_code, running.headers["retry-after"]) == (409, "1")
    with home.store.database.transaction() as connection:
        connection.execute(sa.update(kept_answers).values(leased_until="2000"))
    assert client.post(PATH, content=body, headers=headers).status_code == 200
    assert lists(home) == 1


def test_keys_of_others_are_others(world: World) -> None:
    under = key()
    answers = {
        who: world.ask(who, "POST", PATH, json=ASK, headers=under).json()["list_id"]
        for who in ("甲", "乙", "operator", "reader", world.token("甲", firm=FIRM))
    }
    assert len(set(answers.values())) == 5
    again = world.ask("甲", "POST", PATH, json=ASK, headers=under)
    assert again.json()["list_id"] == answers["甲"]


def test_an_answer_is_no_way_round_a_right(world: World) -> None:
    under = key()
    list_id = world.list_of("甲", uscc=FIRM, n=1)["list_id"]
    event = {"event_id": "e", "list_id": list_id, "slot": 1, "kind": "click"}
    body = {"events": [event]}
    for _ in range(2):
        refused = world.ask("reader", "POST", "/v1/feedback", json=body, headers=under)
        assert refused.status_code == 403
        assert "idempotency-replayed" not in refused.headers
    assert world.ask("甲", "POST", "/v1/feedback", json=body, headers=under).json()["new"] == 1
    assert world.ask("reader", "POST", "/v1/feedback", json=body, headers=under).status_code == 403


def test_tokens_are_not_kept(world: World) -> None:
    under = key()
    body = {"firm": FIRM, "seconds": 600}
    first = world.ask("甲", "POST", "/v1/tokens", json=body, headers=under)
    assert first.status_code == 200
    again = world.ask("甲", "POST", "/v1/tokens", json=body, headers=under)
    assert again.status_code == 409
    assert again.json()["type"].endswith("answer-not-kept")
    other = world.ask("甲", "POST", "/v1/tokens", json=body | {"seconds": 1}, headers=under)
    assert other.status_code == 422
    token = first.json()["token"].encode()
    for place in world.folder.rglob("panhuo.db*"):
        assert token not in place.read_bytes()
    missing = {"firm": "91330108PH00000000"}
    for _ in range(2):
        refused = world.ask("甲", "POST", "/v1/tokens", json=missing, headers=key())
        assert refused.status_code == 404


def test_a_key_that_is_a_secret_is_refused(world: World) -> None:
    answer = world.ask("甲", "POST", PATH, json=ASK, headers={"idempotency-key": world.keys["乙"]})
    assert answer.status_code == 400
    assert answer.json()["type"].endswith("secret-misplaced")


def test_an_upload_is_told_by_its_content(client: TestClient) -> None:
    def post(content: str, under: dict[str, str], **fields: str) -> Any:
        files = {"file": ("企业.csv", content)}
        return client.post(
            "/v1/imports", files=files, data={"what": "firms"} | fields, headers=under
        )

    under = key()
    first, again = post(CSV, under), post(CSV, under)  # each with a boundary of its own
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json()["job_id"] == again.json()["job_id"]
    assert again.headers["location"] == first.headers["location"]
    assert again.headers["idempotency-replayed"] == "true"
    assert post(CSV + "\n", under).status_code == 422
    assert post(CSV, under, dry_run="true").status_code == 422
    assert len(client.get("/v1/imports").json()["imports"]) == 1
    bad = key()
    assert (
        client.post(
            "/v1/imports", files={"file": ("x.pdf", b"x")}, data={"what": "firms"}, headers=bad
        ).status_code
        == 415
    )
    assert post(CSV, bad).status_code == 202  # nothing had been begun under it


def test_gets_take_no_key(client: TestClient) -> None:
    under = key()
    first = client.get(f"/v1/firms/{FIRM}/recommendations", headers=under)
    again = client.get(f"/v1/firms/{FIRM}/recommendations", headers=under)
    assert first.json()["list_id"] != again.json()["list_id"]
