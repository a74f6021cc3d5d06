"""Lists over HTTP: whole, as the engine ranks them, true to the catalogue as it is now."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from matcher.ranking.policy_file import policy_text
from matcher.types import LegalStatus, PatentId, RelationKind, StopState, Uscc
from service.api import dependencies
from service.bootstrap import Home, open_home
from service.cli import run
from tests.service.api.conftest import app_of, build, settings_of

FIRM = Uscc("91330108PH9YJRY21R")
RESTAURANT_WORDS = "餐饮"


def asked(client: TestClient, **body: Any) -> dict[str, Any]:
    answer = client.post("/v1/recommendations", json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def ids(found: dict[str, Any]) -> list[str]:
    return [item["patent"]["patent_id"] for item in found["items"]]


def test_a_list_says_what_made_it_and_each_item_why(client: TestClient, home: Home) -> None:
    found = asked(client, uscc=FIRM, n=5)
    manifest = home.engine().index.manifest
    assert found["versions"] == {
        "encoder": manifest.encoder.version,
        "index": manifest.version,
        "policy": home.policy.version,
    }
    assert (found["subject"], found["direction"]) == (FIRM, "patents")
    assert [item["rank"] for item in found["items"]] == [1, 2, 3, 4, 5]
    assert [item["slot"] for item in found["items"]] == [1, 2, 3, 4, 5]
    scores = [item["score"] for item in found["items"]]
    assert scores[0] == max(scores)
    assert all(item["reasons"] and item["features"] for item in found["items"])
    assert found["segments"]
    assert all(segment["name"] for segment in found["segments"])
    patent = home.store.patents.get(PatentId(ids(found)[0]))
    assert found["items"][0]["patent"]["title"] == patent.title
    assert "inventor" not in found["items"][0]["patent"]


def test_without_spread_the_list_follows_the_engines_ranking(folder: Path, home: Home) -> None:
    policy = folder / "policy.json"
    policy.write_text(policy_text(replace(home.policy, diversity=0.0)), "utf-8")
    engine = home.engine()
    profile = home.recommender().profile(FIRM)
    ranked = engine.rank_many(engine.queries([profile]))[0]
    order = [str(name) for name in engine.index.patents.ids.ids_at(ranked.rows)]
    scores = dict(zip(order, ranked.scores.tolist(), strict=True))
    with TestClient(app_of(settings_of(folder).model_copy(update={"policy": policy}))) as client:
        found = asked(client, uscc=FIRM, n=20)
    places = [order.index(patent_id) for patent_id in ids(found)]
    assert places == sorted(places)
    assert [item["score"] for item in found["items"]] == pytest.approx(
        [scores[patent_id] for patent_id in ids(found)], abs=1e-6
    )


def test_both_routes_for_a_firm_give_one_list(client: TestClient) -> None:
    posted = asked(client, uscc=FIRM, n=7)
    got = client.get(f"/v1/firms/{FIRM}/recommendations", params={"n": 7}).json()
    assert got["items"] == posted["items"]
    assert got["list_id"] != posted["list_id"]


def test_the_command_line_gives_the_same_lists(
    client: TestClient, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def printed(*arguments: str) -> dict[str, Any]:
        assert run([*arguments, "-n", "3", "--json", "--home", str(folder)]) == 0
        found: dict[str, Any] = json.loads(capsys.readouterr().out)
        return found

    patents = asked(client, uscc=FIRM, n=3)
    firms = client.post(f"/v1/patents/{ids(patents)[0]}/firms", json={"n": 3}).json()
    for over_http, on_paper in (
        (patents, printed("recommend", "--uscc", FIRM)),
        (firms, printed("firms-for", ids(patents)[0])),
    ):
        assert list(on_paper) == list(over_http)
        for content in (over_http, on_paper):
            del content["list_id"], content["made_at"]
            content.pop("next_cursor", None)  # paper cannot be read on
        assert on_paper == over_http
        for item in over_http["items"]:
            assert item["item_id"] in {
                item.get("patent", {}).get("patent_id"), item.get("firm", {}).get("uscc")
            }  # fmt: skip


def test_free_text_with_a_region(client: TestClient) -> None:
    found = asked(client, text="高反光金属件表面划痕检测", region="浙江省杭州市", n=3)
    assert found["subject"] == ""
    assert found["items"][0]["patent"]["holder_city"] == "杭州"
    kinds = {reason["kind"] for reason in found["items"][0]["reasons"]}
    assert {"shared_terms", "place"} <= kinds


def test_one_segment_alone(client: TestClient, home: Home) -> None:
    code = asked(client, uscc=FIRM, n=1)["items"][0]["segment"]["code"]
    found = asked(client, uscc=FIRM, n=5, segment=code)
    assert [segment["code"] for segment in found["segments"]] == [code]


def test_an_empty_list_says_why(client: TestClient, home: Home) -> None:
    hopeless = next(f for f in home.store.firms.iterate() if RESTAURANT_WORDS in f.name)
    found = asked(client, uscc=hopeless.uscc, n=200)
    assert len(found["items"]) < 200
    (note,) = found["notes"]
    assert note["kind"] in {"short", "empty"}
    assert "件" in note["text"]
    assert note["detail"]["refused"]["floor"] > 0


@pytest.mark.parametrize(
    "change",
    [{"legal_status": LegalStatus.LAPSED}, {"stop_state": StopState.OWNERSHIP_DISPUTE}],
    ids=["lapsed", "stopped"],
)
def test_a_patent_that_ends_is_gone_at_the_next_request(
    client: TestClient, home: Home, change: dict[str, Any]
) -> None:
    first = PatentId(ids(asked(client, uscc=FIRM, n=5))[0])
    home.store.patents.upsert([replace(home.store.patents.get(first), **change)])
    after = ids(asked(client, uscc=FIRM, n=5))
    assert after
    assert first not in after
    firms = client.post(f"/v1/patents/{first}/firms", json={"n": 5}).json()
    assert firms["items"] == []
    assert firms["notes"][0]["kind"] == "empty"


def test_no_list_shows_a_firm_its_own_patents(reader: TestClient, built: Path) -> None:
    from service.bootstrap import open_home

    with open_home(settings_of(built)) as home:
        owned = list(home.store.relations.iterate(RelationKind.OWNS))
    assert owned
    for relation in owned:
        assert relation.patent_id not in ids(asked(reader, uscc=relation.uscc, n=200))


def test_firms_for_a_patent_by_any_of_its_numbers(client: TestClient, home: Home) -> None:
    patent = home.store.patents.get(PatentId(ids(asked(client, uscc=FIRM, n=1))[0]))
    lists = [
        client.post(f"/v1/patents/{name}/firms", json={"n": 3}).json()
        for name in (patent.patent_id, patent.application_no[2:], patent.publication_no.lower())
    ]
    assert lists[0]["items"] == lists[1]["items"] == lists[2]["items"]
    first = lists[0]["items"][0]
    assert lists[0]["direction"] == "firms"
    assert lists[0]["subject"] == patent.patent_id
    assert first["firm"]["uscc"] == FIRM
    pair = asked(client, uscc=FIRM, n=1)["items"][0]
    assert first["score"] == pytest.approx(pair["score"], abs=1e-5)


def test_firms_without_a_body_are_twenty_at_most(client: TestClient) -> None:
    patent_id = ids(asked(client, uscc=FIRM, n=1))[0]
    answer = client.post(f"/v1/patents/{patent_id}/firms")
    assert answer.status_code == 200
    assert 1 <= len(answer.json()["items"]) <= 20


def test_records(client: TestClient, home: Home) -> None:
    firm = client.get(f"/v1/firms/{FIRM.lower()}").json()
    assert firm["name"] == home.store.firms.get(FIRM).name
    assert firm["registered_on"] == "2016-05-18"
    patent = client.get("/v1/patents/ZL 2021 1 9402100.4").json()
    assert patent["publication_no"].startswith("CN199558380")
    assert patent["legal_status"] == "IN_FORCE"


def test_a_patent_beyond_what_is_kept_beside_the_index_has_no_firms_yet(folder: Path) -> None:
    settings = settings_of(folder).model_copy(update={"delta_rows": 0})
    with open_home(settings) as home:
        old = next(iter(home.store.patents.iterate()))
        late = replace(old, patent_id=PatentId("PCT/CN2030/1"), family_id="")
        home.store.patents.upsert([late])
        many = (PatentId(f"P{number}") for number in range(64))
        home.store.patents.upsert(replace(late, patent_id=name) for name in many)
    with TestClient(app_of(settings)) as client:
        assert client.get("/v1/patents/PCT%2FCN2030%2F1").status_code == 200
        assert client.post("/v1/patents/P7/firms", json={}).status_code == 200
        answer = client.post("/v1/patents/PCT/CN2030/1/firms", json={})
        assert answer.status_code == 409
        assert answer.json()["type"].endswith("patent-not-indexed")


def test_without_an_index(catalogue: Path, tmp_path: Path) -> None:
    import shutil

    from service.bootstrap import open_home

    shutil.copytree(catalogue, tmp_path / "home")
    settings = settings_of(tmp_path / "home")
    with TestClient(app_of(settings)) as client:
        assert client.get("/healthz").json() == {"status": "ok"}
        for answer in (
            client.get("/readyz"),
            client.post("/v1/recommendations", json={"uscc": FIRM}),
            client.post("/v1/patents/202119402100.4/firms", json={}),
        ):
            assert answer.status_code == 503
            assert answer.json()["type"].endswith("index-missing")
            assert "panhuo build" in answer.json()["cure"]
        assert client.get(f"/v1/firms/{FIRM}").status_code == 200
        with open_home(settings) as beside:
            version = build(beside)
        assert client.get("/readyz").json()["versions"]["index"] == version
        assert ids(asked(client, uscc=FIRM))


def test_a_new_index_is_used_at_the_next_request(client: TestClient, home: Home) -> None:
    before = asked(client, uscc=FIRM)
    version = build(home)
    after = asked(client, uscc=FIRM)
    assert before["versions"]["index"] != version
    assert after["versions"]["index"] == version
    assert client.get("/readyz").json()["versions"]["index"] == version


def test_many_threads_open_one_index_and_agree(app: FastAPI, folder: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with TestClient(app) as client:
        wanted = ids(asked(client, uscc=FIRM))
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: ids(asked(client, uscc=FIRM)), range(24)))
    assert all(answer == wanted for answer in answers)


def test_a_request_searches_on_one_thread(app: FastAPI) -> None:
    @app.get("/threads", operation_id="getPatent")  # one that has a row in the table of rights
    def threads(home: dependencies.Home) -> int:
        dependencies.recommender_of(home)
        return int(faiss.omp_get_max_threads())

    with TestClient(app) as client:
        assert client.get("/threads").json() == 1


def test_ready_counts(client: TestClient) -> None:
    ready = client.get("/readyz").json()
    assert (ready["patents"], ready["firms"]) == (289, 129)
    assert (ready["indexed_patents"], ready["indexed_firms"]) == (289, 129)
    assert np.char.isnumeric(ready["built_at"][:4])
