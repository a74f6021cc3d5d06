"""What place counts is asked for with each list, and told in its version."""

from __future__ import annotations

from math import exp
from typing import Any

import pytest
from starlette.testclient import TestClient

from matcher.codes import PlaceSetting
from matcher.ranking.policy_file import load_policy
from matcher.types import Uscc
from service.bootstrap import Home
from tests.service.api.test_api_recommendations import FIRM, asked

PATENT = "202119402100.4"
SETTINGS = [setting.value for setting in PlaceSetting]


def both_ways(client: TestClient, place: str | None, n: int = 50) -> dict[str, Any]:
    params = {"n": n} | ({"place": place} if place else {})
    posted = asked(client, uscc=FIRM, **params)
    got = client.get(f"/v1/firms/{FIRM}/recommendations", params=params)
    assert got.status_code == 200
    assert got.json()["items"] == posted["items"]
    assert got.json()["versions"] == posted["versions"]
    return posted


@pytest.mark.parametrize("place", SETTINGS)
def test_the_setting_asked_for_is_in_force_and_told(reader: TestClient, place: str) -> None:
    version = load_policy().placed(PlaceSetting(place)).version
    assert f"-{place}-" in version
    firms = reader.post(f"/v1/patents/{PATENT}/firms", json={"place": place})
    text = asked(reader, text="高反光金属件表面划痕检测", region="浙江省杭州市", place=place)
    for found in (both_ways(reader, place), firms.json(), text):
        assert found["versions"]["policy"] == version
        assert found["items"]
        for item in found["items"]:
            assert item["probability"] == pytest.approx(1 / (1 + exp(-item["score"])), abs=1e-7)


def test_without_one_the_policys_own_is_in_force(reader: TestClient) -> None:
    policy = load_policy()
    null = asked(reader, uscc=FIRM, n=50, place=None)
    for found in (both_ways(reader, None), both_ways(reader, policy.place.value)):
        assert found["items"] == null["items"]
        assert found["versions"]["policy"] == null["versions"]["policy"] == policy.version


def test_what_is_near_stands_higher_the_more_place_counts(reader: TestClient) -> None:
    def scores(place: str) -> dict[str, tuple[float, float]]:
        return {
            item["item_id"]: (item["score"], item["features"]["same_province"])
            for item in both_ways(reader, place, 200)["items"]
        }

    local, neutral, far = (scores(p) for p in ("local_first", "neutral", "cross_region"))
    shared = local.keys() & neutral.keys() & far.keys()
    at_home = {item for item in shared if local[item][1] == 1.0}
    assert at_home
    assert shared - at_home
    policy = load_policy()

    def gains(first: dict[str, Any], second: dict[str, Any], items: set[str]) -> set[float]:
        return {round(first[item][0] - second[item][0], 3) for item in items}

    intercepts = {s: policy.places[s].intercept for s in PlaceSetting}
    away = {item for item in shared if local[item][1] == 0.0}
    shift = intercepts[PlaceSetting.LOCAL_FIRST] - intercepts[PlaceSetting.NEUTRAL]
    for gain in gains(local, neutral, at_home):
        assert gain > shift
    assert gains(far, neutral, at_home).isdisjoint(gains(far, neutral, away))
    assert max(gains(far, neutral, at_home)) < min(gains(far, neutral, away))


@pytest.mark.parametrize("place", ["moon", "", "LOCAL_FIRST", 1])
def test_another_value_is_refused(reader: TestClient, place: object) -> None:
    answers = [
        reader.post("/v1/recommendations", json={"uscc": FIRM, "place": place}),
        reader.post("/v1/recommendations", json={"text": "轴承", "place": place}),
        reader.post(f"/v1/patents/{PATENT}/firms", json={"place": place}),
        reader.get(f"/v1/firms/{Uscc(FIRM)}/recommendations", params={"place": str(place)}),
    ]
    assert [answer.status_code for answer in answers] == [422] * 4
    for answer in answers:
        assert "place" in answer.text


def test_a_posted_demand_is_asked_for_by_its_id(client: TestClient, home: Home) -> None:
    demand = next(d for d in home.store.demands.iterate() if d.uscc)
    answer = client.post("/v1/recommendations", json={"demand_id": demand.demand_id, "n": 3})
    assert answer.status_code == 200, answer.text
    assert answer.json()["subject"] == demand.uscc
    assert 1 <= len(answer.json()["items"]) <= 3


def test_an_unknown_demand_is_a_404_in_both_languages(client: TestClient) -> None:
    answer = client.post("/v1/recommendations", json={"demand_id": "D-404"})
    assert answer.status_code == 404
    assert answer.json()["type"].endswith("demand-not-found")
    assert "D-404" in answer.json()["detail"]
