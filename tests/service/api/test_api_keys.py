"""The door: who may come in, what each may do, and that no secret is told on the way."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from service.api import (
    catalogue,
    demands,
    feedback,
    firms,
    health,
    imports,
    metrics,
    patents,
    recommendations,
    tokens,
    webhooks,
)
from service.app import create_app
from service.auth.caller import Kind
from service.auth.issue import issue
from service.auth.keys import new_key
from service.auth.policy import LOCAL_PATHS, POLICIES
from service.auth.scopes import Scope
from service.auth.secret import Secrets
from tests.service.api.conftest import app_of, settings_of
from tests.service.api.tenants import ALL, FIRM, PATENT, World, bearer, world_over
from tests.service.api.test_api_problems import check_problem
from tests.service.auth.test_tokens import signed

ROUTERS = (
    *(recommendations, feedback, patents, firms, imports, tokens, health, metrics),
    *(catalogue, demands, webhooks),
)
HOLDER = "钱江湾理工大学"


@pytest.fixture(scope="module")
def world(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("world") / "home"
    shutil.copytree(built, folder)
    with world_over(folder) as opened:
        yield opened


def test_every_route_has_a_row_and_every_row_a_route() -> None:
    routes = [route for resource in ROUTERS for route in resource.router.routes]
    assert all(isinstance(route, APIRoute) for route in routes)
    named = {route.operation_id for route in routes if isinstance(route, APIRoute)}
    assert named == set(POLICIES)
    document = create_app().openapi()
    for path, item in document["paths"].items():
        for operation in item.values():
            policy = POLICIES[operation["operationId"]]
            assert (operation["security"] == []) == policy.public, path
            assert ("401" in operation["responses"]) == (not policy.public)
            assert ("403" in operation["responses"]) >= bool(policy.scope)
    public = {name for name, policy in POLICIES.items() if policy.public}
    assert public == {"health", "readiness"}


def test_a_route_without_a_row_is_refused(folder: Path) -> None:
    app = app_of(settings_of(folder))

    @app.get("/v1/forgotten", operation_id="forgotten")
    def forgotten() -> str:
        return "open"

    with TestClient(app) as client:
        answer = client.get("/v1/forgotten")
    assert answer.status_code == 401
    assert "open" not in answer.text


# -- before the first key ---------------------------------------------------------------------


def test_without_keys_this_machine_is_the_operator_and_nobody_else(folder: Path) -> None:
    app = create_app(settings_of(folder))
    path = f"/v1/firms/{FIRM}"
    cases: list[tuple[tuple[str, int], dict[str, str], int]] = [
        (("127.0.0.1", 5), {"host": "127.0.0.1:8000"}, 200),
        (("::1", 5), {"host": "[::1]:8000"}, 200),
        (("127.0.0.1", 5), {"host": "localhost"}, 200),
        (("10.0.0.7", 5), {"host": "127.0.0.1"}, 401),
        (("testclient", 5), {"host": "127.0.0.1"}, 401),
        (("127.0.0.1", 5), {"host": "evil.example"}, 401),
        (("127.0.0.1", 5), {"host": "127.0.0.1.evil.example:8000"}, 401),
        (("127.0.0.1", 5), {"host": "localhost", "x-forwarded-for": "127.0.0.1"}, 401),
        (("127.0.0.1", 5), {"host": "localhost", "forwarded": "for=10.0.0.7"}, 401),
        (("127.0.0.1", 5), {"host": "localhost"} | bearer(new_key()), 401),
    ]
    for client_address, headers, status in cases:
        with TestClient(app, client=client_address) as client:
            answer = client.get(path, headers=headers)
            assert answer.status_code == status, (client_address, headers)
            assert client.get("/healthz", headers=headers).status_code == 200


def test_the_first_key_closes_the_door_within_five_seconds(folder: Path) -> None:
    with TestClient(app_of(settings_of(folder))) as client:
        assert client.get(f"/v1/firms/{FIRM}").status_code == 200
        with world_over(folder) as world:
            give_up = time.monotonic() + 5
            while client.get(f"/v1/firms/{FIRM}").status_code == 200:
                assert time.monotonic() < give_up
                time.sleep(0.1)
            assert client.get(f"/v1/firms/{FIRM}", headers=bearer(world.keys["甲"])).is_success
            # And a revocation through another process's eyes.
            world.home.store.api_keys.revoke(world.ids["甲"], "2026-01-01T00:00:00+00:00")
            give_up = time.monotonic() + 5
            while client.get(f"/v1/firms/{FIRM}", headers=bearer(world.keys["甲"])).is_success:
                assert time.monotonic() < give_up
                time.sleep(0.1)


def test_no_token_is_made_before_there_is_a_key(client: TestClient) -> None:
    answer = client.post("/v1/tokens", json={"firm": FIRM})
    assert answer.status_code == 409
    assert check_problem(answer)["type"].endswith("no-key-yet")


# -- refusals ---------------------------------------------------------------------------------


def test_every_bad_credential_gets_the_same_answer(world: World) -> None:
    good = world.keys["甲"]
    typo = good[:20] + ("a" if good[20] != "a" else "b") + good[21:]
    wrong = [new_key(), typo, world.keys["expired"], world.keys["revoked"], signed(), "x", "a b"]
    answers = [world.client.get(f"/v1/firms/{FIRM}", headers=bearer(one)) for one in wrong]
    others = [
        {"authorization": f"Basic {good}"},
        {"authorization": good},
        {"authorization": "Bearer"},
        {"authorization": "Bearer "},
        {"authorization": f"Bearer {good} {good}"},
        {"authorization": "Bearer " + "x" * 9_000},
    ]
    answers += [world.client.get(f"/v1/firms/{FIRM}", headers=header) for header in others]
    twice = [("authorization", f"Bearer {good}"), ("authorization", f"Bearer {good}")]
    answers.append(world.client.get(f"/v1/firms/{FIRM}", headers=twice))
    for answer in answers:
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == 'Bearer realm="panhuo", error="invalid_token"'
        check_problem(answer)
    assert len({answer.text for answer in answers}) == 1
    none = world.client.get(f"/v1/firms/{FIRM}")
    assert none.status_code == 401
    assert none.headers["www-authenticate"] == 'Bearer realm="panhuo"'
    assert none.text == answers[0].text


def test_the_scheme_is_read_as_the_standard_says(world: World) -> None:
    for scheme in ("Bearer", "bearer", "BEARER"):
        header = {"authorization": f"{scheme} {world.keys['甲']}"}
        assert world.client.get(f"/v1/firms/{FIRM}", headers=header).status_code == 200


def test_a_missing_scope_is_named(world: World) -> None:
    answer = world.ask("reader", "POST", "/v1/feedback", json={"events": []})
    assert answer.status_code == 403
    problem = check_problem(answer)
    assert problem["type"].endswith("scope-missing")
    assert "feedback:write" in problem["detail"]
    assert "feedback:write" in problem["detail_zh"]
    challenge = answer.headers["www-authenticate"]
    assert challenge.endswith('error="insufficient_scope", scope="feedback:write"')
    chinese = {"accept-language": "zh-CN"}
    told = world.ask("reader", "GET", "/v1/imports", headers=chinese).json()
    assert (told["title"], told["status"]) == ("权限不足", 403)


def test_nobody_is_asked_for_a_body_before_he_is_known(world: World) -> None:
    answer = world.client.post("/v1/recommendations", content=b"[" * 2_000_000)
    assert answer.status_code == 401
    assert world.client.get("/v1/nothing").status_code == 401
    assert world.ask("甲", "GET", "/v1/nothing").status_code == 404
    assert world.client.get("/v1/patents/x/firms").status_code == 401
    assert world.ask("甲", "GET", "/v1/patents/x/firms").status_code == 405


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/openapi.json"])
def test_what_is_public_stays_so(world: World, path: str) -> None:
    assert world.client.get(path).status_code == 200
    assert world.client.get(path, headers=bearer(new_key())).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "//v1/firms/x", "/v1//firms/x", "/healthz/../v1/imports", "/healthz/", "/v1/imports/",
        "/V1/imports", "/v1/imports%2F", "/v1/imports;/healthz", "/healthz%2F..%2Fv1/imports",
        "/v1/imports?/healthz", "/v1/imports#/healthz",
    ],
)  # fmt: skip
@pytest.mark.parametrize("host", ["testserver", "x/openapi.json?y=", "healthz", "@127.0.0.1"])
def test_no_spelling_of_address_or_host_opens_the_door(world: World, path: str, host: str) -> None:
    answer = world.client.get(path, headers={"host": host})
    assert answer.status_code in {401, 404}
    assert "imports" not in answer.json() or answer.status_code == 401


def test_an_old_key_survives_a_rotation(world: World) -> None:
    token = world.token("甲", firm=FIRM)
    Secrets(world.folder, "").rotate()
    assert world.ask("甲", "GET", f"/v1/firms/{FIRM}").status_code == 200
    assert world.ask(token, "GET", f"/v1/firms/{FIRM}").status_code == 200
    assert world.ask(world.token("甲", firm=FIRM), "GET", f"/v1/firms/{FIRM}").is_success


# -- the oracle -------------------------------------------------------------------------------

CALLS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "recommend": ("POST", "/v1/recommendations", {"json": {"uscc": FIRM, "n": 1}}),
    "recommendForFirm": ("GET", f"/v1/firms/{FIRM}/recommendations?n=1", {}),
    "firmsForPatent": ("POST", f"/v1/patents/{PATENT}/firms", {"json": {"n": 1}}),
    "sendFeedback": ("POST", "/v1/feedback", {"json": {"events": []}}),
    # Refused for what they say, or for what is not there: a call that writes would be a race.
    "putPatent": ("PUT", "/v1/patents/P-1", {"json": {"colour": 1}}),
    "patchPatent": ("PATCH", "/v1/patents/P-1", {"json": {"title": "x"}}),
    "deletePatent": ("DELETE", "/v1/patents/P-1", {}),
    "putFirm": ("PUT", "/v1/firms/F-1", {"json": {}}),
    "patchFirm": ("PATCH", "/v1/firms/F-1", {"json": {}}),
    "deleteFirm": ("DELETE", "/v1/firms/F-1", {}),
    "getDemand": ("GET", "/v1/demands/D-1", {}),
    "putDemand": ("PUT", "/v1/demands/D-1", {"json": {}}),
    "patchDemand": ("PATCH", "/v1/demands/D-1", {"json": {}}),
    "deleteDemand": ("DELETE", "/v1/demands/D-1", {}),
    "listRelations": ("GET", f"/v1/firms/{FIRM}/relations", {}),
    "putRelation": ("PUT", "/v1/relations/F-1/owns/P-1", {}),
    "deleteRelation": ("DELETE", "/v1/relations/F-1/owns/P-1", {}),
    "getPatent": ("GET", f"/v1/patents/{PATENT}", {}),
    "getFirm": ("GET", f"/v1/firms/{FIRM}", {}),
    "importFile": ("POST", "/v1/imports", {"data": {"what": "firms"}}),
    "listImports": ("GET", "/v1/imports", {}),
    "getImport": ("GET", "/v1/imports/" + "0" * 32, {}),
    "cancelImport": ("DELETE", "/v1/imports/" + "0" * 32, {}),
    "getImportErrors": ("GET", "/v1/imports/" + "0" * 32 + "/errors.xlsx", {}),
    "createWebhook": ("POST", "/v1/webhooks", {"json": {}}),
    "listWebhooks": ("GET", "/v1/webhooks", {}),
    "getWebhook": ("GET", "/v1/webhooks/ep_0", {}),
    "changeWebhook": ("PATCH", "/v1/webhooks/ep_0", {"json": {}}),
    "deleteWebhook": ("DELETE", "/v1/webhooks/ep_0", {}),
    "testWebhook": ("POST", "/v1/webhooks/ep_0/test", {}),
    "rotateWebhookSecret": ("POST", "/v1/webhooks/ep_0/rotate-secret", {"json": {}}),
    "enableWebhook": ("POST", "/v1/webhooks/ep_0/enable", {}),
    "replayFailedDeliveries": ("POST", "/v1/webhooks/ep_0/replay", {"json": {}}),
    "listDeliveries": ("GET", "/v1/webhooks/ep_0/deliveries", {}),
    "getDelivery": ("GET", "/v1/webhooks/ep_0/deliveries/dlv_0", {}),
    "replayDelivery": ("POST", "/v1/webhooks/ep_0/deliveries/dlv_0/replay", {}),
    "createToken": ("POST", "/v1/tokens", {"json": {"firm": FIRM}}),
    "getToken": ("GET", "/v1/tokens/current", {}),
    "metrics": ("GET", "/metrics", {}),
    "health": ("GET", "/healthz", {}),
    "readiness": ("GET", "/readyz", {}),
}
KEYS = ("甲", "乙", "operator", "reader", "expired", "revoked", "none", "forged", "typo", "cut")
TOKENS = ("firm", "firm of 乙", "holder", "firm to read", "signed elsewhere", "of a revoked key")


@pytest.fixture(scope="module")
def credentials(world: World) -> dict[str, tuple[str, Kind | None, frozenset[Scope]]]:
    """Sort → (credential, kind if it is good, scopes)."""
    key, both = world.keys["甲"], frozenset({Scope.RECOMMEND, Scope.FEEDBACK})
    revoked = world.keys["revoked"]
    return {
        "甲": (key, Kind.KEY, ALL),
        "乙": (world.keys["乙"], Kind.KEY, ALL),
        "operator": (world.keys["operator"], Kind.KEY, frozenset(Scope)),
        "reader": (world.keys["reader"], Kind.KEY, frozenset({Scope.RECOMMEND})),
        "expired": (world.keys["expired"], None, frozenset()),
        "revoked": (revoked, None, frozenset()),
        "none": ("", None, frozenset()),
        "forged": (new_key(), None, frozenset()),
        "typo": (key[:-1] + ("a" if key[-1] != "a" else "b"), None, frozenset()),
        "cut": (key[:-1], None, frozenset()),
        "firm": (world.token("甲", firm=FIRM), Kind.FIRM, both),
        "firm of 乙": (world.token("乙", firm=FIRM), Kind.FIRM, both),
        "holder": (world.token("甲", holder=HOLDER), Kind.HOLDER, both),
        "firm to read": (
            world.token("reader", firm=FIRM), Kind.FIRM, frozenset({Scope.RECOMMEND})
        ),
        "signed elsewhere": (signed(), None, frozenset()),
        "of a revoked key": (_orphaned(world), None, frozenset()),
    }  # fmt: skip


def _orphaned(world: World) -> str:

    key, kept = issue("甲", ALL, Secrets(world.folder, "").current(), datetime.now(UTC))
    world.home.store.api_keys.add(kept)
    token = world.token(key, firm=FIRM)
    world.home.store.api_keys.revoke(kept.key_id, "2026-01-01T00:00:00+00:00")
    time.sleep(2.2)
    return token


def expected(operation: str, kind: Kind | None, scopes: frozenset[Scope]) -> set[int]:
    """Return what the table of rights says: 401, 403, or anything that is neither."""
    policy = POLICIES[operation]
    if policy.public:
        return set()
    if kind is None or kind not in policy.kinds:
        return {401}
    if policy.scope and not {policy.scope, Scope.ADMIN} & scopes:
        return {403}
    return set()


@given(operation=st.sampled_from(sorted(POLICIES)), sort=st.sampled_from([*KEYS, *TOKENS]))
@settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_the_answer_is_what_the_table_says(
    world: World,
    credentials: dict[str, tuple[str, Kind | None, frozenset[Scope]]],
    operation: str,
    sort: str,
) -> None:
    assert set(CALLS) == set(POLICIES)
    assert set(credentials) == {*KEYS, *TOKENS}
    credential, kind, scopes = credentials[sort]
    method, path, more = CALLS[operation]
    answer = world.client.request(method, path, headers=bearer(credential), **more)
    refused = expected(operation, kind, scopes)
    if path in LOCAL_PATHS and sort == "none":
        refused = set()  # the client stands on this machine
    assert answer.status_code < 500
    if refused:
        assert answer.status_code in refused
        assert FIRM not in answer.text.replace(path.partition("?")[0], "")
    else:
        assert answer.status_code not in {401, 403}


# -- secrets ----------------------------------------------------------------------------------


def test_no_secret_reaches_a_log_an_answer_or_the_database(
    built: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = shutil.copytree(built, tmp_path / "home")
    caplog.set_level(logging.DEBUG)
    with world_over(folder) as world:
        key, token = world.keys["甲"], world.token("甲", firm=FIRM)
        told = []
        for secret in (key, token, world.keys["revoked"]):
            encoded = f"{secret[:3]}%{ord(secret[3]):x}{secret[4:]}"
            event = {"event_id": "e", "list_id": secret, "slot": 1, "kind": "click", "text": secret}
            for who in ("甲", "", token):
                told += [
                    world.ask(who, "GET", f"/v1/firms/{FIRM}?key={secret}"),
                    world.ask(who, "GET", f"/v1/firms/{FIRM}?access_token={encoded}"),
                    world.ask(who, "GET", f"/v1/firms/{secret}"),
                    world.ask(who, "GET", f"/v1/patents/{secret}"),
                    world.ask(who, "POST", "/v1/recommendations", json={"text": secret}),
                    world.ask(who, "POST", "/v1/recommendations", json={secret: 1}),
                    world.ask(who, "POST", "/v1/feedback", json={"events": [event]}),
                    world.ask(who, "POST", "/v1/tokens", json={"holder": secret}),
                    world.ask(who, "POST", "/v1/imports", files={"file": ("a.csv", "x")},
                              data={"what": "firms", "holder": secret}),
                    world.ask(who, "POST", "/v1/imports", files={"file": (f"{secret}.csv", "x")},
                              data={"what": "firms"}),
                ]  # fmt: skip
            logging.getLogger("uvicorn.access").info("GET /v1/firms/x?key=%s", secret)
        logging.getLogger("uvicorn.access").info("of the world: %d", len(told))
    assert {400, 401, 422} >= {answer.status_code for answer in told}
    misplaced = next(answer for answer in told if answer.status_code == 400)
    assert check_problem(misplaced)["type"].endswith("secret-misplaced")
    secrets = [*world.keys.values(), token]
    assert "of the world" in caplog.text
    written = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    for secret in secrets:
        body = secret[7:37]
        assert body not in caplog.text
        assert all(body not in answer.text for answer in told)
        assert all(body not in str(dict(answer.headers)) for answer in told)
        assert all(body.encode() not in content for content in written)
