"""Every operation that is not safe leaves a row of the audit, and nothing personal or secret."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from service.api.audited import QUESTIONS, SENSITIVE
from service.app import create_app
from service.audit.spool import Spool
from service.auth.policy import POLICIES
from service.auth.secret import Secrets
from service.bootstrap import open_home
from service.store import Store
from service.store.audit_proof import prove
from service.store.audit_trail import OWN_RECORD
from service.tenancy import Tenancy
from tests.service.api.conftest import app_of, settings_of
from tests.service.api.tenants import FIRM, PATENT, World, world_over

SAFE = {"GET", "HEAD", "OPTIONS"}
CSV = b"uscc,name\n91330108PH9YJRY21R,x\n"


@pytest.fixture(scope="module")
def world(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("audited") / "home"
    shutil.copytree(built, folder)
    with world_over(folder) as opened:
        yield opened


def rows(world: World, tenant: str = "甲") -> list[dict[str, Any]]:
    """Return the tenant's rows once nothing waits on disk."""
    give_up = time.monotonic() + 5
    while Spool(world.folder).waiting() and time.monotonic() < give_up:
        time.sleep(0.02)
    tenancy = Tenancy(world.home)
    try:
        return list(tenancy.store_of(tenant).audit.rows())
    finally:
        tenancy.close()


def last(world: World, tenant: str = "甲") -> dict[str, Any]:
    return rows(world, tenant)[-1]


def feedback(world: World, **more: Any) -> Any:
    told = world.list_of("甲")
    event = {"list_id": told["list_id"], "slot": 1, "kind": "click", "event_id": "e-1", **more}
    return world.ask("甲", "POST", "/v1/feedback", json={"events": [event]})


def operations() -> list[tuple[str, str, str]]:
    """Return (operation, method, path) of everything that is described."""
    paths = create_app().openapi()["paths"]
    return [
        (one["operationId"], method.upper(), path)
        for path, item in paths.items()
        for method, one in item.items()
    ]


def test_every_operation_that_is_not_safe_leaves_a_row_or_says_why_not(world: World) -> None:
    """A new operation is audited without doing anything; this fails where that stops being so."""
    assert set(QUESTIONS) | set(SENSITIVE) <= {name for name, _, _ in operations()}
    unsafe = [one for one in operations() if one[1] not in SAFE and one[0] not in QUESTIONS]
    assert unsafe
    for name, method, path in unsafe:
        before = len(rows(world))
        world.ask("甲", method, re.sub(r"\{\w+\}", "nonesuch", path), json={})
        assert len(rows(world)) == before + 1, name


def test_questions_write_nothing_but_their_own_record(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from service.store import database

    seen: set[str] = set()
    real = database.settle

    def settle(connection: Any, touched: dict[str, int]) -> None:
        seen.update(touched)
        real(connection, touched)

    monkeypatch.setattr(database, "settle", settle)
    asked = {
        "recommend": ("/v1/recommendations", {"uscc": FIRM, "n": 2}),
        "firmsForPatent": (f"/v1/patents/{PATENT}/firms", {"n": 2}),
    }
    assert set(asked) == set(QUESTIONS)
    before = len(rows(world))
    for path, body in asked.values():
        headers = {"idempotency-key": path}
        assert world.ask("甲", "POST", path, json=body, headers=headers).status_code == 200
    assert len(rows(world)) == before
    assert seen
    assert seen <= OWN_RECORD


def test_a_write_says_who_did_what_with_what_result(world: World) -> None:
    answer = feedback(world)
    assert answer.status_code == 200, answer.text
    row = last(world)
    assert (row["actor_kind"], row["actor"], row["tenant"]) == ("key", world.ids["甲"], "甲")
    assert (row["operation"], row["result"]) == ("sendFeedback", "done")
    assert row["request_id"] == "asked-by-a-test"
    assert json.loads(row["objects"]) == ["e-1"]
    assert json.loads(row["detail"])["tables"] == {"feedback_events": 1}


def test_a_token_is_told_with_its_subject_and_its_key(world: World) -> None:
    token = world.token("甲", firm=FIRM)
    made = last(world)
    assert (made["operation"], json.loads(made["objects"])) == ("createToken", [FIRM])
    assert token not in str(made)
    told = world.ask(token, "POST", "/v1/recommendations", json={"uscc": FIRM, "n": 2}).json()
    event = {"list_id": told["list_id"], "slot": 1, "kind": "click", "event_id": "e-2"}
    assert world.ask(token, "POST", "/v1/feedback", json={"events": [event]}).is_success
    row = last(world)
    assert (row["actor_kind"], row["actor"]) == ("firm", f"{world.ids['甲']} for {FIRM}")


def test_an_upload_is_told_though_it_is_no_transaction(world: World) -> None:
    answer = world.ask(
        "甲", "POST", "/v1/imports", data={"what": "firms"}, files={"file": ("f.csv", CSV)}
    )
    assert answer.status_code == 202
    found = [row for row in rows(world) if row["operation"] == "importFile"]
    assert json.loads(found[-1]["objects"]) == [answer.json()["job_id"]]
    assert (found[-1]["result"], found[-1]["status"]) == ("done", 202)


def test_a_repeat_is_told_once(world: World) -> None:
    before = len(rows(world))
    told = world.list_of("甲")
    headers = {"idempotency-key": "k-1"}
    for _ in range(3):
        event = {"list_id": told["list_id"], "slot": 2, "kind": "click", "event_id": "e-3"}
        answer = world.ask("甲", "POST", "/v1/feedback", json={"events": [event]}, headers=headers)
        assert answer.status_code == 200
    assert len(rows(world)) == before + 1


def test_who_is_refused_is_told_and_a_stranger_is_not(world: World) -> None:
    before = len(rows(world))
    assert world.ask("reader", "POST", "/v1/feedback", json={"events": []}).status_code == 403
    row = last(world)
    assert (row["operation"], row["result"], row["status"]) == ("sendFeedback", "refused", 403)
    assert row["actor"] == world.ids["reader"]
    for who in ("none", "revoked", "expired"):
        credential = "" if who == "none" else who
        assert world.ask(credential, "POST", "/v1/feedback", json={}).status_code == 401
    assert len(rows(world)) == before + 1


def test_reads_of_rows_as_they_came_are_told_and_other_reads_are_not(world: World) -> None:
    bad = b"uscc,name\nnonesuch,x\n"
    job = world.ask(
        "甲", "POST", "/v1/imports", data={"what": "firms"}, files={"file": ("f.csv", bad)}
    ).json()
    path = f"/v1/imports/{job['job_id']}"
    give_up = time.monotonic() + 30
    while world.ask("甲", "GET", path).json()["state"] not in {"done", "failed"}:
        assert time.monotonic() < give_up
        time.sleep(0.1)
    before = len(rows(world))
    assert world.ask("甲", "GET", f"/v1/firms/{FIRM}").status_code == 200
    assert len(rows(world)) == before
    assert world.ask("甲", "GET", f"{path}/errors.xlsx").status_code == 200
    assert last(world)["operation"] == "getImportErrors"
    assert json.loads(last(world)["objects"]) == [job["job_id"]]


def test_neither_words_nor_keys_nor_another_tenant_stand_in_it(world: World) -> None:
    mark = "独有的文字标记"
    answer = feedback(world, kind="directed_need", event_id="e-9", text=mark)
    assert answer.status_code == 200, answer.text
    world.ask("乙", "POST", "/v1/feedback", json={"events": [{"text": mark}]})
    told = str(rows(world)) + str(rows(world, "乙"))
    assert mark not in told
    assert all(key not in told for key in world.keys.values())
    assert {row["tenant"] for row in rows(world)} == {"甲"}
    assert {row["tenant"] for row in rows(world, "乙")} == {"乙"}


def test_all_of_it_is_proven(world: World) -> None:
    known = {one.secret_id: one for one in Secrets(world.folder, "").known()}
    rows(world)
    tenancy = Tenancy(world.home)
    for tenant in ("甲", "乙", ""):
        store: Store = tenancy.store_of(tenant)
        assert prove(store.audit, known).faults == []
    tenancy.close()


def test_what_a_dead_process_left_on_disk_is_told_by_the_next(folder: Path) -> None:
    from service.audit.act import Act, Actor

    secrets = Secrets(folder, "")
    spool = Spool(folder)
    spool.keep("", Act(Actor("key", "k"), secrets, "left behind").entry("done", 200))
    spool.close()
    (folder / "audit" / "cut.ndjson").write_text('{"chain": "", "entr')
    with TestClient(app_of(settings_of(folder))):
        pass
    with open_home(settings_of(folder)) as home:
        told = [row["operation"] for row in home.store.audit.rows()]
    assert told == ["left behind", "service.start", "service.stop"] or set(told) == {
        "left behind", "service.start", "service.stop"
    }  # fmt: skip
    assert Spool(folder).waiting() == 0


def test_the_table_of_rights_knows_every_sensitive_read() -> None:
    assert set(SENSITIVE) <= set(POLICIES)
