"""Webhooks over HTTP: set up, tested, rotated, replayed; one platform's are no other's."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from matcher.types import PatentId
from service.api import webhook_events, webhook_schemas
from service.app import create_app
from service.channels.signatures import parse_secret
from service.store.event_types import CHOOSABLE, EventType
from service.tenancy import open_own_home
from tests.contracts.webhook_receiver import Receiver, receiving, verified
from tests.service.api.conftest import settings_of
from tests.service.api.tenants import FIRM, World, world_over
from tests.service.api.test_api_problems import check_problem
from tests.service.channels.test_addresses import SPELLED, sentinel

ALL = [kind.value for kind in CHOOSABLE]
PUBLIC = "https://hook.example.cn/in"
UNKNOWN = "ep_" + "0" * 32


@pytest.fixture(scope="module")
def world(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("webhooks") / "home"
    shutil.copytree(built, folder)
    with world_over(folder) as opened:
        for name in ("甲", "operator"):
            tenant = "" if name == "operator" else name
            own = settings_of(folder).model_copy(update={"tenant": tenant})
            with open_own_home(own) as home:
                home.store.webhooks.set_networks(["127.0.0.0/8"])
        yield opened


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


def create(world: World, who: str, url: str = PUBLIC, events: Any = None) -> tuple[str, str]:
    answer = world.ask(who, "POST", "/v1/webhooks", json={"url": url, "events": events or ALL})
    assert answer.status_code == 200, answer.text
    found = answer.json()
    return found["endpoint"]["endpoint_id"], found["secret"]


@pytest.fixture(autouse=True)
def swept(world: World) -> Iterator[None]:
    """Leave no endpoint behind: there may be twenty."""
    yield
    for who in ("甲", "乙", "operator"):
        for one in world.ask(who, "GET", "/v1/webhooks").json()["endpoints"]:
            world.ask(who, "DELETE", f"/v1/webhooks/{one['endpoint_id']}")


def until(world: World, who: str, path: str, state: str) -> dict[str, Any]:
    give_up = time.monotonic() + 20
    while True:
        found: dict[str, Any] = world.ask(who, "GET", path).json()
        if found["state"] == state:
            return found
        assert time.monotonic() < give_up, found
        time.sleep(0.05)


def arrived(receiver: Receiver, count: int) -> list[dict[str, Any]]:
    give_up = time.monotonic() + 20
    while len(receiver.came) < count:
        assert time.monotonic() < give_up, receiver.came
        time.sleep(0.05)
    return [json.loads(one.body) for one in receiver.came]


def test_the_life_of_an_endpoint(world: World) -> None:
    sent = {"url": PUBLIC, "events": ["push.ready", "push.ready"], "description": "生产"}
    answer = world.ask("甲", "POST", "/v1/webhooks", json=sent)
    told, secret = answer.json()["endpoint"], answer.json()["secret"]
    assert len(parse_secret(secret, "x")) == 32
    assert (told["url"], told["events"], told["enabled"]) == (PUBLIC, ["push.ready"], True)
    path = f"/v1/webhooks/{told['endpoint_id']}"
    assert world.ask("甲", "GET", path).json() == told
    listed = world.ask("甲", "GET", "/v1/webhooks")
    assert listed.json() == {"endpoints": [told]}
    assert secret not in listed.text
    changed = world.ask("甲", "PATCH", path, json={"events": ["import.finished"]}).json()
    assert changed == told | {"events": ["import.finished"]}
    assert world.ask("甲", "PATCH", path, json={}).json() == changed
    assert world.ask("甲", "DELETE", path).json() == changed
    for method, rest in (("GET", ""), ("DELETE", ""), ("POST", "/test"), ("GET", "/deliveries")):
        assert world.ask("甲", method, path + rest).status_code == 404
    assert world.ask("甲", "GET", "/v1/webhooks").json() == {"endpoints": []}


def test_a_test_arrives_signed(world: World, receiver: Receiver) -> None:
    endpoint_id, secret = create(world, "甲", receiver.url, ["push.ready"])
    queued = world.ask("甲", "POST", f"/v1/webhooks/{endpoint_id}/test").json()
    assert (queued["event_type"], queued["state"]) == ("ping", "pending")
    path = f"/v1/webhooks/{endpoint_id}/deliveries/{queued['delivery_id']}"
    done = until(world, "甲", path, "delivered")
    (attempt,) = done["log"]
    assert (attempt["status"], attempt["outcome"], done["attempts"]) == (204, "delivered", 1)
    assert 0 <= attempt["duration_ms"] < 15_000
    (one,) = receiver.came
    assert one.message_id == done["event_id"]
    assert verified(one, parse_secret(secret, "x"), time.time())
    assert json.loads(one.body)["data"] == {"endpoint_id": endpoint_id}


def test_feedback_is_told_to_its_platform(world: World, receiver: Receiver) -> None:
    create(world, "甲", receiver.url)
    found = world.list_of("甲", uscc=FIRM, n=1)
    event = {"event_id": "w1", "list_id": found["list_id"], "slot": 1, "kind": "contact"}
    theirs = world.list_of("乙", uscc=FIRM, n=1)
    other = event | {"list_id": theirs["list_id"]}
    assert world.ask("乙", "POST", "/v1/feedback", json={"events": [other]}).status_code == 200
    assert world.ask("甲", "POST", "/v1/feedback", json={"events": [event]}).status_code == 200
    told = {one["type"]: one["data"] for one in arrived(receiver, 2)}
    assert set(told) == {"feedback.received", "contact.requested"}
    assert told["contact.requested"]["uscc"] == FIRM
    time.sleep(1.2)
    assert len(receiver.came) == 2
    for one in receiver.came:
        kind = EventType(json.loads(one.body)["type"])
        TypeAdapter(webhook_events.shape_of(kind)).validate_json(one.body)


def test_an_import_and_a_delisting_are_told(world: World, receiver: Receiver) -> None:
    create(world, "甲", receiver.url, ["import.finished", "patent.delisted"])
    patent = next(one for one in world.home.store.patents.iterate() if one.recommendable)
    row = {
        "application_no": patent.application_no,
        "legal_status": "失效",
        "checked_on": "2030-01-01",
    }
    upload = {"files": {"file": ("a.ndjson", json.dumps(row))}, "data": {"what": "patents"}}
    job = world.ask("甲", "POST", "/v1/imports", **upload).json()["job_id"]
    told = {one["type"]: one["data"] for one in arrived(receiver, 2)}
    assert told["import.finished"]["job_id"] == job
    assert (told["import.finished"]["state"], told["import.finished"]["changed"]) == ("done", 1)
    (one,) = told["patent.delisted"]["patents"]
    assert (one["patent_id"], one["legal_status"]) == (patent.patent_id, "LAPSED")
    assert not world.home.store.patents.get(PatentId(patent.patent_id)).recommendable


def test_a_deleted_patent_is_told(world: World, receiver: Receiver) -> None:
    create(world, "operator", receiver.url, ["patent.delisted"])
    patent = [one for one in world.home.store.patents.iterate() if one.recommendable][-1]
    answer = world.ask("operator", "DELETE", f"/v1/patents/{patent.patent_id}")
    assert answer.status_code in {200, 204}, answer.text
    (told,) = arrived(receiver, 1)
    assert told["data"]["patents"][0]["removed"] is True


def test_rotation_shows_a_new_secret_once(world: World, receiver: Receiver) -> None:
    endpoint_id, old = create(world, "甲", receiver.url)
    path = f"/v1/webhooks/{endpoint_id}"
    answer = world.ask("甲", "POST", f"{path}/rotate-secret", json={"overlap_seconds": 60}).json()
    new = answer["secret"]
    assert new != old
    ends = datetime.fromisoformat(answer["endpoint"]["old_secret_until"])
    assert timedelta(seconds=50) < ends - datetime.now(UTC) <= timedelta(seconds=60)
    world.ask("甲", "POST", f"{path}/test")
    arrived(receiver, 1)
    for secret in (old, new):
        assert verified(receiver.came[0], parse_secret(secret, "x"), time.time())
    for text in (new, old):
        assert text not in world.ask("甲", "GET", path).text


def test_failures_are_logged_and_replayed(world: World, receiver: Receiver) -> None:
    endpoint_id, _ = create(world, "甲", receiver.url, ["contact.requested"])
    path = f"/v1/webhooks/{endpoint_id}"
    receiver.answer = lambda _: 410
    before = datetime.now(UTC).isoformat()
    ping = world.ask("甲", "POST", f"{path}/test").json()
    failed = until(world, "甲", f"{path}/deliveries/{ping['delivery_id']}", "failed")
    assert failed["cause"].startswith("HTTP 410")
    stands = world.ask("甲", "GET", path).json()
    assert (stands["enabled"], stands["disabled_why"]) == (False, "the receiver answered 410 Gone")
    for rest, body in (("/test", None), ("/replay", {"since": before})):
        answer = world.ask("甲", "POST", path + rest, json=body)
        assert answer.status_code == 409
        assert check_problem(answer)["type"].endswith("endpoint-disabled")
    assert world.ask("甲", "POST", f"{path}/enable").json()["enabled"] is True
    receiver.answer = lambda _: 204
    replayed = world.ask("甲", "POST", f"{path}/replay", json={"since": before}).json()
    assert replayed == {"replayed": 1}
    done = until(world, "甲", f"{path}/deliveries/{ping['delivery_id']}", "delivered")
    assert [one["outcome"] for one in done["log"]] == ["gone", "delivered"]
    assert len({one.message_id for one in receiver.came}) == 1
    # One that was delivered may be sent again as well.
    again = f"{path}/deliveries/{ping['delivery_id']}/replay"
    assert world.ask("甲", "POST", again).json()["state"] in {"pending", "leased"}
    arrived(receiver, 3)


def test_the_log_is_read_page_by_page(world: World, receiver: Receiver) -> None:
    endpoint_id, _ = create(world, "甲", receiver.url)
    path = f"/v1/webhooks/{endpoint_id}"
    made = [world.ask("甲", "POST", f"{path}/test").json()["delivery_id"] for _ in range(5)]
    seen, cursor = [], ""
    while True:
        page = world.ask("甲", "GET", f"{path}/deliveries?limit=2{cursor}").json()
        seen += [one["delivery_id"] for one in page["deliveries"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == made[::-1]
    unknown = world.ask("甲", "GET", f"{path}/deliveries?cursor=dlv_x")
    assert check_problem(unknown)["type"].endswith("delivery-not-found")
    until(world, "甲", f"{path}/deliveries/{made[0]}", "delivered")
    found = world.ask("甲", "GET", f"{path}/deliveries?state=failed").json()
    assert found == {"deliveries": [], "next_cursor": None}


# -- tenants ----------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["乙", "operator"])
def test_another_s_endpoint_is_unknown(world: World, receiver: Receiver, who: str) -> None:
    endpoint_id, secret = create(world, "甲", receiver.url)
    ping = world.ask("甲", "POST", f"/v1/webhooks/{endpoint_id}/test").json()["delivery_id"]
    calls: list[tuple[str, str, Any]] = [
        ("GET", "", None),
        ("PATCH", "", {"url": "https://evil.example.cn/"}),
        ("DELETE", "", None),
        ("POST", "/test", None),
        ("POST", "/rotate-secret", {"overlap_seconds": 0}),
        ("POST", "/enable", None),
        ("POST", "/replay", {"since": "2026-01-01T00:00:00Z"}),
        ("GET", "/deliveries", None),
        ("GET", f"/deliveries/{ping}", None),
        ("POST", f"/deliveries/{ping}/replay", None),
    ]
    for method, rest, body in calls:
        ours, none = (
            world.ask(who, method, f"/v1/webhooks/{name}{rest}", json=body)
            for name in (endpoint_id, UNKNOWN)
        )
        assert ours.status_code == none.status_code == 404, (method, rest)
        assert ours.text.replace(endpoint_id, "·") == none.text.replace(UNKNOWN, "·")
    listed = world.ask(who, "GET", "/v1/webhooks").text
    assert endpoint_id not in listed
    assert secret not in listed
    # Of two endpoints of one platform, each has its own log.
    other, _ = create(world, "甲")
    mine = world.ask("甲", "GET", f"/v1/webhooks/{other}/deliveries/{ping}")
    assert mine.status_code == 404


def test_a_network_is_open_for_the_tenant_it_was_opened_for(
    world: World, receiver: Receiver
) -> None:
    answer = world.ask("乙", "POST", "/v1/webhooks", json={"url": receiver.url, "events": ALL})
    assert answer.status_code == 422
    assert check_problem(answer)["type"].endswith("target-refused")
    assert receiver.url not in answer.text


# -- what is refused --------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_no_spelling_of_an_address_inside_is_taken(world: World, scheme: str) -> None:
    endpoint_id, _ = create(world, "乙")
    with sentinel() as (port, _):
        for host in SPELLED:
            url = f"{scheme}://{host}:{port}/"
            made = world.ask("乙", "POST", "/v1/webhooks", json={"url": url, "events": ALL})
            path = f"/v1/webhooks/{endpoint_id}"
            changed = world.ask("乙", "PATCH", path, json={"url": url})
            assert made.status_code == changed.status_code == 422, host


@pytest.mark.parametrize(
    "body",
    [
        {"events": ALL}, {"url": PUBLIC}, {"url": PUBLIC, "events": []}, {"url": "", "events": ALL},
        {"url": PUBLIC, "events": ["ping"]}, {"url": PUBLIC, "events": ["*"]},
        {"url": "ftp://x.example.cn/", "events": ALL}, {"url": "x", "events": ALL},
        {"url": "https://u:p@x.example.cn/", "events": ALL},
        {"url": "https://x.example.cn/" + "a" * 2_000, "events": ALL},
        {"url": PUBLIC, "events": ALL, "secret": "x"},
        {"url": PUBLIC, "events": ALL, "description": "x" * 201},
    ],
)  # fmt: skip
def test_bad_endpoints_are_refused(world: World, body: dict[str, Any]) -> None:
    answer = world.ask("乙", "POST", "/v1/webhooks", json=body)
    assert answer.status_code == 422
    check_problem(answer)


def test_there_is_an_end_to_endpoints(world: World) -> None:
    for _ in range(20):
        create(world, "乙")
    answer = world.ask("乙", "POST", "/v1/webhooks", json={"url": PUBLIC, "events": ALL})
    assert answer.status_code == 409
    assert check_problem(answer)["type"].endswith("endpoints-full")


def test_a_right_of_its_own_is_needed(world: World) -> None:
    answer = world.ask("reader", "POST", "/v1/webhooks", json={"url": PUBLIC, "events": ALL})
    assert answer.status_code == 403
    assert "webhooks:write" in check_problem(answer)["detail"]
    token = world.token("甲", firm=FIRM)
    assert world.ask(token, "GET", "/v1/webhooks").status_code == 401


def test_a_repeated_request_shows_no_secret_again(world: World) -> None:
    header = {"idempotency-key": "k1"}
    body = {"url": PUBLIC, "events": ALL}
    first = world.ask("乙", "POST", "/v1/webhooks", json=body, headers=header)
    again = world.ask("乙", "POST", "/v1/webhooks", json=body, headers=header)
    assert (first.status_code, again.status_code) == (200, 409)
    assert check_problem(again)["type"].endswith("answer-not-kept")
    path = f"/v1/webhooks/{first.json()['endpoint']['endpoint_id']}/rotate-secret"
    kept = [world.ask("乙", "POST", path, json={}, headers={"idempotency-key": "k2"}) for _ in "ab"]
    assert [one.status_code for one in kept] == [200, 409]
    assert len(world.ask("乙", "GET", "/v1/webhooks").json()["endpoints"]) == 1
    secret = first.json()["secret"]
    sent = {"url": PUBLIC, "events": ALL, "description": secret}
    misplaced = world.ask("乙", "POST", "/v1/webhooks", json=sent)
    assert check_problem(misplaced)["type"].endswith("secret-misplaced")
    assert secret not in misplaced.text


# -- the description --------------------------------------------------------------------------


def test_every_event_is_described_with_a_true_example() -> None:
    document = create_app().openapi()
    assert set(document["webhooks"]) == {kind.value for kind in EventType}
    for kind in EventType:
        operation = document["webhooks"][kind.value]["post"]
        headers = {one["name"] for one in operation["parameters"]}
        assert headers == {"webhook-id", "webhook-timestamp", "webhook-signature"}
        content = operation["requestBody"]["content"]["application/json"]
        shown = content["examples"][kind.value]["value"]
        assert shown == webhook_events.example_of(kind)
        TypeAdapter(webhook_events.shape_of(kind)).validate_python(shown)
        assert len(json.dumps(shown).encode()) < 20_000


@pytest.mark.parametrize(
    ("shape", "value"),
    [
        (webhook_schemas.EndpointTold, webhook_schemas.ENDPOINT),
        (webhook_schemas.EndpointSecret, webhook_schemas.SECRET),
        (webhook_schemas.DeliveryTold, webhook_schemas.DELIVERY),
        *((webhook_schemas.EndpointRequest, one["value"]) for one in webhook_schemas.NEW.values()),
        *((webhook_schemas.EndpointChange, x["value"]) for x in webhook_schemas.CHANGES.values()),
        *((webhook_schemas.RotateRequest, x["value"]) for x in webhook_schemas.ROTATIONS.values()),
        *((webhook_schemas.ReplayRequest, x["value"]) for x in webhook_schemas.REPLAYS.values()),
    ],
)
def test_examples_are_true(shape: Any, value: Any) -> None:
    TypeAdapter(shape).validate_python(value)
