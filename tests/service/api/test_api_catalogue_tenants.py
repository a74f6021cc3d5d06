"""Whose catalogue a single write changes, and who sees it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from service.auth.issue import issue
from service.auth.scopes import Scope
from service.auth.secret import Secrets
from service.tenancy import open_own_home
from tests.service.api.conftest import build, settings_of
from tests.service.api.tenants import FIRM, PATENT, World, world_over

OTHER_FIRM = "91330106MA2CFG5R4Q"
BODY = {
    "title": "一种高反光金属曲面划痕的偏振成像检测装置",
    "abstract": "针对高反光曲面五金件划痕检测时的眩光，采用分时偏振成像。",
    "ipc": ["G01N21/88", "G06T7/00"],
}
WRITES = (
    ("PUT", f"/v1/patents/{PATENT}", BODY),
    ("PATCH", f"/v1/patents/{PATENT}", {"maturity": "通过小试"}),
    ("DELETE", f"/v1/patents/{PATENT}", None),
    ("PUT", f"/v1/firms/{OTHER_FIRM}", {"name": "某公司"}),
    ("PATCH", f"/v1/firms/{FIRM}", {"tags": ["新"]}),
    ("DELETE", f"/v1/firms/{FIRM}", None),
    ("PUT", "/v1/demands/D-1", {"title": "求检测"}),
    ("PATCH", "/v1/demands/D-1", {"title": "求检测"}),
    ("DELETE", "/v1/demands/D-1", None),
    ("PUT", f"/v1/relations/{FIRM}/licensed/{PATENT}", None),
    ("DELETE", f"/v1/relations/{FIRM}/licensed/{PATENT}", None),
)


@pytest.fixture
def world(folder: Path) -> Iterator[World]:
    with world_over(folder) as opened:
        yield opened


def shown(world: World, who: str) -> list[str]:
    answer = world.ask(who, "POST", "/v1/recommendations", json={"uscc": FIRM, "n": 50})
    assert answer.status_code == 200, answer.text
    return [item["patent_id"] for item in answer.json()["items"]]


@pytest.mark.parametrize(("method", "path", "body"), WRITES)
def test_without_the_right_nothing_is_written(
    world: World, method: str, path: str, body: Any
) -> None:
    before = world.home.store.changes.moment()
    more = {} if body is None else {"json": body}
    assert world.ask("reader", method, path, **more).status_code == 403
    assert world.ask("", method, path, **more).status_code == 401
    token = world.token("甲", firm=FIRM)
    assert world.ask(token, method, path, **more).status_code == 401
    assert world.home.store.changes.moment() == before


def test_a_shared_patent_is_written_for_all(world: World) -> None:
    assert world.ask("甲", "PUT", "/v1/patents/ZZ-甲", json=BODY).status_code == 201
    for who in ("甲", "乙", "operator"):
        assert "ZZ-甲" in shown(world, who)
    delist = {"stop_state": "不适宜转化"}
    assert world.ask("operator", "PATCH", "/v1/patents/ZZ-甲", json=delist).status_code == 200
    for who in ("甲", "乙", "operator"):
        assert "ZZ-甲" not in shown(world, who)


def test_a_firm_of_a_tenant_is_its_own(world: World) -> None:
    told = {"name": "甲所说的企业", "business_scope": "水稻插秧机制造", "province": "江西"}
    assert world.ask("甲", "PUT", f"/v1/firms/{FIRM}", json=told).status_code == 200
    assert world.ask("甲", "GET", f"/v1/firms/{FIRM}").json()["name"] == "甲所说的企业"
    for who in ("乙", "operator"):
        assert world.ask(who, "GET", f"/v1/firms/{FIRM}").json()["name"] != "甲所说的企业"
    assert shown(world, "甲")[:3] != shown(world, "乙")[:3]
    # Its own telling is taken back; the shared record is not its to delete.
    assert world.ask("甲", "DELETE", f"/v1/firms/{FIRM}").status_code == 204
    assert world.ask("甲", "GET", f"/v1/firms/{FIRM}").json()["name"] != "甲所说的企业"
    refused = world.ask("甲", "DELETE", f"/v1/firms/{FIRM}")
    assert (refused.status_code, refused.json()["type"]) == (
        403,
        "urn:panhuo:problem:record-shared",
    )
    assert world.ask("operator", "GET", f"/v1/firms/{FIRM}").status_code == 200


def test_what_one_tenant_has_another_neither_sees_nor_deletes(world: World) -> None:
    assert world.ask("甲", "PUT", "/v1/demands/D-1", json={"title": "求检测"}).status_code == 201
    assert world.ask("甲", "PUT", f"/v1/firms/{OTHER_FIRM}", json={"name": "某"}).status_code == 201
    link = f"/v1/relations/{FIRM}/licensed/{PATENT}"
    assert world.ask("甲", "PUT", link).status_code == 201
    assert PATENT not in shown(world, "甲")
    for who in ("乙", "operator"):
        assert PATENT in shown(world, who)
        for path in ("/v1/demands/D-1", f"/v1/firms/{OTHER_FIRM}"):
            assert world.ask(who, "GET", path).status_code == 404
            assert world.ask(who, "PATCH", path, json={}).status_code == 404
            assert world.ask(who, "DELETE", path).status_code == 404
        assert world.ask(who, "DELETE", link).status_code == 404
    for path in ("/v1/demands/D-1", f"/v1/firms/{OTHER_FIRM}", link):
        assert world.ask("甲", "DELETE", path).status_code == 204


def test_a_private_catalogue_is_written_by_its_tenant_alone(built: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(built, tmp_path / "home")
    with world_over(folder) as world:
        now = datetime.now(UTC)
        world.home.store.tenants.register("丙", now, private=True)
        scopes = {Scope.CATALOGUE, Scope.RECOMMEND}
        key, kept = issue("丙", scopes, Secrets(folder, "").current(), now, None)
        world.home.store.api_keys.add(kept)
        answer = world.ask(key, "PUT", "/v1/patents/P-丙", json=BODY)
        assert answer.status_code == 201, answer.text
        assert world.ask(key, "GET", f"/v1/patents/{PATENT}").status_code == 404
        assert world.ask(key, "DELETE", f"/v1/patents/{PATENT}").status_code == 404
        for who in ("甲", "operator"):
            assert world.ask(who, "GET", "/v1/patents/P-丙").status_code == 404
            assert world.ask(who, "DELETE", "/v1/patents/P-丙").status_code == 404
        own = settings_of(folder).model_copy(update={"tenant": "丙"})
        with open_own_home(own) as home:
            build(home)
        assert world.ask(key, "PUT", "/v1/patents/Q-丙", json=BODY).status_code == 201
        ask = {"text": BODY["abstract"]}
        found = world.ask(key, "POST", "/v1/recommendations", json=ask).json()["items"]
        assert {item["patent_id"] for item in found} == {"P-丙", "Q-丙"}
        assert world.ask(key, "DELETE", "/v1/patents/P-丙").status_code == 204
        found = world.ask(key, "POST", "/v1/recommendations", json=ask).json()["items"]
        assert [item["patent_id"] for item in found] == ["Q-丙"]
        assert world.ask("甲", "POST", "/v1/recommendations", json=ask).json()["items"]
