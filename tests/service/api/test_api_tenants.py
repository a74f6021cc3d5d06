"""What one platform has is not found by another: lists, feedback, firms, tokens, imports, files."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from matcher.errors import ListNotFound
from matcher.types import Demand, DemandId, Firm, Uscc
from service.cli import run
from service.store.keys import check_digit
from service.tenancy import Tenancy, open_own_home
from tests.service.api.conftest import app_of, settings_of
from tests.service.api.tenants import FIRM, PATENT, World, world_over
from tests.service.api.test_api_problems import check_problem

OWN = "91120116PHXCAXM85N"  # in the shared catalogue too
ALONE = "91330108MA27XX001A"
HOLDER = "钱江湾理工大学"
SCOPE = "机器视觉检测设备制造；表面缺陷检测"


@pytest.fixture(scope="module")
def world(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("tenants") / "home"
    shutil.copytree(built, folder)
    with world_over(folder) as opened:
        for name in "甲乙":
            with _home(opened, name) as home:
                home.store.firms.upsert([firm(f"{name}的企业")])
                home.store.demands.upsert([demand(f"D-{name}", f"{name}求检测")])
        with _home(opened, "甲") as home:
            home.store.firms.upsert([replace(firm("只有甲有"), uscc=Uscc(ALONE))])
        yield opened


def _home(world: World, tenant: str) -> Any:
    return open_own_home(settings_of(world.folder).model_copy(update={"tenant": tenant}))


def firm(name: str) -> Firm:
    return Firm(Uscc(OWN), name, business_scope=SCOPE, province="浙江", city="杭州")


def demand(demand_id: str, title: str) -> Demand:
    return Demand(DemandId(demand_id), title, text="金属曲面划痕检测", uscc=Uscc(OWN))


def click(found: dict[str, Any], event_id: str = "e1", **more: Any) -> dict[str, Any]:
    event = {"event_id": event_id, "list_id": found["list_id"], "slot": 1, "kind": "click"}
    return {"events": [event | more]}


def same_404(world: World, who: str, method: str, ours: str, unknown: str, **more: Any) -> None:
    """The answer about another's id is that about an id that nobody has."""
    one, other = (world.ask(who, method, path, **more) for path in (ours, unknown))
    assert one.status_code == other.status_code == 404
    check_problem(one)
    mark = [ours.split("/")[3], unknown.split("/")[3]]
    assert one.text.replace(mark[0], "·") == other.text.replace(mark[1], "·")


# -- firms and demands ------------------------------------------------------------------------


def test_a_firm_is_told_in_the_words_of_its_tenant(world: World) -> None:
    names = {
        who: world.ask(who, "GET", f"/v1/firms/{OWN}").json()["name"]
        for who in ("甲", "乙", "operator")
    }
    assert names == {"甲": "甲的企业", "乙": "乙的企业", "operator": "天津彩汀涂料有限公司"}
    assert world.ask("甲", "GET", f"/v1/firms/{ALONE}").json()["name"] == "只有甲有"


@pytest.mark.parametrize("who", ["乙", "operator"])
def test_another_s_firm_is_unknown(world: World, who: str) -> None:
    unknown = "91330108MA27XX002B"
    for rest in ("", "/recommendations"):
        same_404(world, who, "GET", f"/v1/firms/{ALONE}{rest}", f"/v1/firms/{unknown}{rest}")
    answers = [
        world.ask(who, "POST", "/v1/recommendations", json={"uscc": uscc})
        for uscc in (ALONE, unknown)
    ]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].text.replace(ALONE, "·") == answers[1].text.replace(unknown, "·")
    assert world.ask(who, "POST", "/v1/tokens", json={"firm": ALONE}).status_code == 404


def test_each_is_recommended_what_its_own_record_says(world: World) -> None:
    found = {who: world.list_of(who, uscc=OWN, n=5) for who in ("甲", "operator")}
    titles = {who: [item["patent"]["title"] for item in one["items"]] for who, one in found.items()}
    assert titles["甲"] != titles["operator"]
    assert any("检测" in title for title in titles["甲"])
    assert world.list_of("甲", uscc=ALONE)["items"]


def test_another_s_demand_is_unknown(world: World) -> None:
    assert world.list_of("甲", demand_id="D-甲")["items"]
    answers = [
        world.ask("甲", "POST", "/v1/recommendations", json={"demand_id": name})
        for name in ("D-乙", "D-丙")
    ]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].text.replace("D-乙", "·") == answers[1].text.replace("D-丙", "·")


def test_firms_for_a_patent_are_told_in_the_tenant_s_words(world: World) -> None:
    marks = {"甲": "乙的企业", "乙": "甲的企业", "operator": "的企业"}
    for who, foreign in marks.items():
        answer = world.ask(who, "POST", f"/v1/patents/{PATENT}/firms", json={"n": 200})
        assert answer.status_code == 200
        assert answer.json()["items"]
        assert foreign not in answer.text


# -- lists and feedback -----------------------------------------------------------------------


def test_feedback_on_another_s_list_is_feedback_on_no_list(world: World) -> None:
    ours = world.list_of("甲")
    for who in ("乙", "operator"):
        for sent in (ours, {"list_id": "0" * 32}):
            answer = world.ask(who, "POST", "/v1/feedback", json=click(sent, "x1"))
            assert answer.status_code == 404
            assert check_problem(answer)["type"].endswith("list-not-found")
    assert world.ask("甲", "POST", "/v1/feedback", json=click(ours)).json()["new"] == 1
    # One bad event among good ones takes nothing in.
    theirs = world.list_of("乙")
    both = {"events": click(theirs, "m1")["events"] + click(ours, "m2")["events"]}
    assert world.ask("乙", "POST", "/v1/feedback", json=both).status_code == 404
    assert world.ask("乙", "POST", "/v1/feedback", json=click(theirs, "m1")).json()["new"] == 1


def test_event_ids_of_two_tenants_do_not_meet(world: World) -> None:
    ours, theirs = world.list_of("甲"), world.list_of("乙")
    assert world.ask("甲", "POST", "/v1/feedback", json=click(ours, "same")).json()["new"] == 1
    other = click(theirs, "same", kind="impression")
    assert world.ask("乙", "POST", "/v1/feedback", json=other).json()["new"] == 1
    conflict = world.ask("甲", "POST", "/v1/feedback", json=click(ours, "same", slot=2))
    assert conflict.status_code == 409


def test_a_dismissal_counts_for_its_tenant_alone(world: World) -> None:
    found = world.list_of("甲", uscc=FIRM, n=1)
    patent = found["items"][0]["item_id"]
    sent = click(found, "d1", kind="dismissal", reason="not_our_field")
    assert world.ask("甲", "POST", "/v1/feedback", json=sent).status_code == 200
    ids = {
        who: [item["item_id"] for item in world.list_of(who, uscc=FIRM, n=5)["items"]]
        for who in ("甲", "乙", "operator")
    }
    assert patent not in ids["甲"]
    assert patent in ids["乙"]
    assert patent in ids["operator"]


def test_each_log_holds_its_own(world: World) -> None:
    homes = Tenancy(world.home)
    for who in "甲乙":
        listed = world.list_of(who)["list_id"]
        assert homes.of(who).store.feedback.subject_of(listed)
        for other in {"甲", "乙", ""} - {who}:
            with pytest.raises(ListNotFound):
                homes.of(other).store.feedback.subject_of(listed)
    homes.close()


# -- tokens -----------------------------------------------------------------------------------


def test_a_firm_s_token_sees_one_firm(world: World) -> None:
    token = world.token("甲", firm=OWN)
    assert world.ask(token, "GET", f"/v1/firms/{OWN}").json()["name"] == "甲的企业"
    same_404(world, token, "GET", f"/v1/firms/{FIRM}", "/v1/firms/91330108MA27XX002B")
    assert world.ask(token, "GET", f"/v1/firms/{ALONE}/recommendations").status_code == 404
    assert world.ask(token, "GET", f"/v1/firms/{OWN}/recommendations").json()["items"]
    for body, status in (
        ({"uscc": OWN}, 200),
        ({"uscc": FIRM}, 404),
        ({"demand_id": "D-甲"}, 200),
        ({"demand_id": "D-乙"}, 404),
        ({"text": "检测"}, 403),
    ):
        answer = world.ask(token, "POST", "/v1/recommendations", json=body)
        assert answer.status_code == status, body
    told = world.ask(token, "GET", "/v1/tokens/current").json()
    assert (told["kind"], told["subject"]) == ("firm", OWN)


def test_a_firm_s_token_gives_feedback_on_its_firm_s_lists_alone(world: World) -> None:
    token = world.token("甲", firm=OWN)
    mine = world.list_of(token, uscc=OWN)
    assert world.ask(token, "POST", "/v1/feedback", json=click(mine, "t1")).json()["new"] == 1
    patent_side = world.ask("甲", "POST", f"/v1/patents/{PATENT}/firms", json={}).json()
    for other in (
        world.list_of("甲", uscc=FIRM),
        world.list_of("甲", text="检测"),
        world.list_of("乙", uscc=OWN),
        patent_side,
    ):
        answer = world.ask(token, "POST", "/v1/feedback", json=click(other, "t2"))
        assert answer.status_code == 404, other["list_id"]
    named = world.ask(token, "POST", "/v1/feedback", json=click(mine, "t3", uscc=FIRM))
    assert named.status_code == 422


def test_the_same_firm_s_token_of_another_platform_is_another_token(world: World) -> None:
    mine = world.list_of(world.token("甲", firm=OWN), uscc=OWN)
    theirs = world.token("乙", firm=OWN)
    assert world.ask(theirs, "GET", f"/v1/firms/{OWN}").json()["name"] == "乙的企业"
    answer = world.ask(theirs, "POST", "/v1/feedback", json=click(mine, "o1"))
    assert answer.status_code == 404


def test_a_holder_s_token_sees_its_patents(world: World) -> None:
    token = world.token("甲", holder=HOLDER)
    other = next(
        patent for patent in world.home.store.patents.iterate() if HOLDER not in patent.holder
    )
    assert world.ask(token, "GET", f"/v1/patents/{PATENT}").status_code == 200
    mine = world.ask(token, "POST", f"/v1/patents/{PATENT}/firms", json={"n": 3})
    assert mine.json()["items"]
    same_404(world, token, "GET", f"/v1/patents/{other.patent_id}", "/v1/patents/CN0")
    path = f"/v1/patents/{other.patent_id}/firms"
    same_404(world, token, "POST", path, "/v1/patents/CN0/firms", json={})
    assert world.ask(token, "POST", "/v1/feedback", json=click(mine.json(), "h1")).is_success
    theirs = world.ask("甲", "POST", path, json={}).json()
    assert world.ask(token, "POST", "/v1/feedback", json=click(theirs, "h2")).status_code == 404
    lists = click(world.list_of("甲", uscc=FIRM), "h3")
    assert world.ask(token, "POST", "/v1/feedback", json=lists).status_code == 404


def test_a_token_hands_on_no_more_than_its_key_has(world: World) -> None:
    refused = world.ask(
        "reader", "POST", "/v1/tokens", json={"firm": OWN, "scope": ["feedback:write"]}
    )
    assert refused.status_code == 403
    assert "feedback:write" in check_problem(refused)["detail"]
    answer = world.ask("reader", "POST", "/v1/tokens", json={"firm": OWN, "seconds": 60}).json()
    assert answer["scope"] == ["recommend:read"]
    assert answer["expires_in"] == 60
    found = world.list_of(answer["token"], uscc=OWN)
    sent = world.ask(answer["token"], "POST", "/v1/feedback", json=click(found, "r1"))
    assert sent.status_code == 403


@pytest.mark.parametrize(
    "body",
    [
        {"firm": OWN, "seconds": 3_601}, {"firm": OWN, "seconds": 0}, {"firm": OWN, "scope": []},
        {"firm": OWN, "scope": ["catalogue:write"]}, {"firm": OWN, "scope": ["admin"]},
        {"firm": OWN, "holder": "x"}, {}, {"holder": ""}, {"firm": OWN, "tenant": "乙"},
    ],
)  # fmt: skip
def test_a_token_for_more_is_refused(world: World, body: dict[str, Any]) -> None:
    answer = world.ask("甲", "POST", "/v1/tokens", json=body)
    assert answer.status_code == 422
    check_problem(answer)


# -- imports ----------------------------------------------------------------------------------


def upload(world: World, who: str, content: str, what: str = "firms", name: str = "a.csv") -> str:
    answer = world.ask(
        who, "POST", "/v1/imports", files={"file": (name, content)}, data={"what": what}
    )
    assert answer.status_code == 202, answer.text
    return str(answer.json()["job_id"])


def ended(world: World, who: str, job_id: str) -> dict[str, Any]:
    give_up = time.monotonic() + 90
    while True:
        found: dict[str, Any] = world.ask(who, "GET", f"/v1/imports/{job_id}").json()
        if found["state"] not in {"queued", "running"}:
            return found
        assert time.monotonic() < give_up
        time.sleep(0.1)


def test_an_import_and_its_report_are_its_tenant_s(world: World) -> None:
    code = "91330108PH00000001"
    head = "企业名称,统一社会信用代码,经营范围\n"
    shared = next(f for f in world.home.store.firms.iterate() if f.uscc not in {OWN, FIRM})
    job = upload(world, "甲", f"{head}甲改写,{shared.uscc},传感器\n坏行标记,{code},x\n")
    for method in ("GET", "DELETE"):
        same_404(world, "乙", method, f"/v1/imports/{job}", f"/v1/imports/{'0' * 32}")
        same_404(world, "operator", method, f"/v1/imports/{job}", f"/v1/imports/{'0' * 32}")
    done = ended(world, "甲", job)
    assert done["state"] == "done", done
    assert done["report"]["files"][0]["new"] == 1
    listed = {
        who: [one["job_id"] for one in world.ask(who, "GET", "/v1/imports").json()["imports"]]
        for who in ("甲", "乙", "operator")
    }
    assert listed["甲"][0] == job
    assert job not in listed["乙"] + listed["operator"]
    path = f"/v1/imports/{job}/errors.xlsx"
    assert world.ask("甲", "GET", path).status_code == 200
    same_404(world, "乙", "GET", path, f"/v1/imports/{'0' * 32}/errors.xlsx")
    names = {
        who: world.ask(who, "GET", f"/v1/firms/{shared.uscc}").json()["name"]
        for who in ("甲", "乙", "operator")
    }
    assert names == {"甲": "甲改写", "乙": shared.name, "operator": shared.name}


def test_patents_of_a_shared_catalogue_are_everybody_s(world: World) -> None:
    number = f"202119402199.{check_digit('202119402199')}"
    row = json.dumps({"application_no": number, "title": "一种共享装置"}, ensure_ascii=False)
    done = ended(world, "甲", upload(world, "甲", row + "\n", "patents", "a.ndjson"))
    assert done["report"]["files"][0]["new"] == 1, done
    for who in ("甲", "乙", "operator"):
        answer = world.ask(who, "GET", f"/v1/patents/{number}")
        assert answer.json()["title"] == "一种共享装置"


# -- files and the command line ---------------------------------------------------------------


def test_an_export_holds_its_tenant_s_words_alone(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = {}
    for who in ("甲", "乙", "operator"):
        monkeypatch.setenv("PANHUO_TENANT", who)
        out = tmp_path / f"{who}.ndjson"
        home = ("--home", str(world.folder), "--quiet")
        monkeypatch.setenv("PANHUO_DATABASE_URL", settings_of(world.folder).database_url)
        assert run(("export", "firms", "--out", str(out), "--format", "ndjson", *home)) == 0
        told[who] = out.read_text("utf-8")
        lists = tmp_path / f"{who}-lists.ndjson"
        asked = ("--uscc", OWN, "-n", "2", "--out", str(lists), "--format", "ndjson")
        assert run(("export", "recommendations", *asked, *home)) == 0
        told[who] += lists.read_text("utf-8")
    assert "甲的企业" in told["甲"]
    assert "只有甲有" in told["甲"]
    assert "乙的企业" in told["乙"]
    assert not [mark for mark in ("乙的企业", "D-乙") if mark in told["甲"]]
    assert not [mark for mark in ("甲的企业", "只有甲有", "甲改写") if mark in told["乙"]]
    assert "的企业" not in told["operator"]


def test_what_works_on_all_of_a_home_refuses_a_tenant(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home = ("--home", str(world.folder))
    monkeypatch.setenv("PANHUO_DATABASE_URL", settings_of(world.folder).database_url)
    monkeypatch.setenv("PANHUO_TENANT", "甲")
    for verb in (("build",), ("serve",)):
        assert run((*verb, *home)) == 1
        assert "PANHUO_TENANT" in capsys.readouterr().err
    monkeypatch.setenv("PANHUO_TENANT", "丙")
    assert run(("export", "firms", "--out", "/tmp/never.csv", *home)) == 1
    assert "found no tenant '丙'" in capsys.readouterr().err


def test_a_private_catalogue_is_a_home_of_its_own(
    catalogue: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    folder = shutil.copytree(catalogue, tmp_path / "home")
    home = ("--home", str(folder), "--quiet")
    monkeypatch.setenv("PANHUO_DATABASE_URL", settings_of(folder).database_url)
    sample = Path(__file__).parents[3] / "service" / "sample"
    scopes = ("--scope", "recommend:read", "catalogue:write")
    assert run(("keys", "create", "--tenant", "己", "--private", *scopes, "--json", *home)) == 0
    key = json.loads(capsys.readouterr().out)["key"]
    monkeypatch.setenv("PANHUO_TENANT", "己")
    patents = (sample / "patents.ndjson").read_text("utf-8").splitlines()[:60]
    (tmp_path / "p.ndjson").write_text("\n".join(patents) + "\n", "utf-8")
    assert run(("import", "patents", str(tmp_path / "p.ndjson"), *home)) == 0
    assert run(("import", "firms", str(sample / "firms.csv"), *home)) == 0
    assert run(("build", "--encoder", "lsa", *home)) == 0
    monkeypatch.delenv("PANHUO_TENANT")
    with TestClient(app_of(settings_of(folder))) as client:
        bearer = {"authorization": f"Bearer {key}"}
        ids = {"CN" + json.loads(line)["application_no"] for line in patents}
        answer = client.post(
            "/v1/recommendations",
            json={"text": json.loads(patents[0])["title"], "n": 20},
            headers=bearer,
        )
        assert answer.status_code == 200
        found = {item["item_id"] for item in answer.json()["items"]}
        assert found
        assert len(ids) > 50
        assert found <= ids
        # The operator's home has no index: theirs is another.
        assert client.get("/readyz").status_code == 503
