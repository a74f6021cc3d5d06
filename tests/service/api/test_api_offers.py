"""Pools and grouped patents in lists, deregistered firms, and stock-taking at the next request."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from starlette.testclient import TestClient

from matcher.types import GroupKind, PatentGroup, PatentId, StopState, Uscc
from service.bootstrap import Home
from service.store.contacts import Contact
from tests.service.api.test_api_recommendations import FIRM, asked, ids


def grouped(home: Home, members: list[str], **values: Any) -> PatentGroup:
    stored = home.store.patents.many([PatentId(key) for key in members])
    numbers = tuple(stored[PatentId(key)].application_no for key in members)
    group = PatentGroup("G1", GroupKind.PATENT_POOL, "试验池", "描述", "某大学", numbers)
    group = replace(group, **values)
    home.store.groups.put([group])
    return group


def test_a_pool_is_one_item_with_its_members(client: TestClient, home: Home) -> None:
    before = ids(asked(client, uscc=FIRM, n=6))
    group = grouped(home, [before[2], before[1], before[4]])
    found = asked(client, uscc=FIRM, n=6)
    after = ids(found)
    # The best member leads and stands for the others.
    assert after[:2] == before[:2]
    assert before[2] not in after
    assert before[4] not in after
    item = found["items"][1]
    assert (item["group"]["group_id"], item["group"]["kind"]) == (group.group_id, "patent_pool")
    assert [member["patent_id"] for member in item["group"]["members"]] == [
        before[2],
        before[1],
        before[4],
    ]
    assert item["reasons"][0]["kind"] == "group"
    assert found["items"][0]["group"] is None


def test_a_member_that_may_not_be_recommended_is_not_shown(client: TestClient, home: Home) -> None:
    first, second, third = ids(asked(client, uscc=FIRM, n=3))
    grouped(home, [first, second, third], kind=GroupKind.GROUPED)
    patent = home.store.patents.get(PatentId(first))
    home.store.patents.upsert([replace(patent, stop_state=StopState.PRESERVED)])
    item = asked(client, uscc=FIRM, n=3)["items"][0]
    assert item["item_id"] == second
    assert [member["patent_id"] for member in item["group"]["members"]] == [second, third]


def test_a_dismissed_pool_does_not_come_back_by_another_member(
    client: TestClient, home: Home
) -> None:
    before = ids(asked(client, uscc=FIRM, n=3))
    grouped(home, before[:2])
    found = asked(client, uscc=FIRM, n=3)
    event = {
        "event_id": "e1",
        "list_id": found["list_id"],
        "slot": 1,
        "kind": "dismissal",
        "reason": "not_our_field",
    }
    assert client.post("/v1/feedback", json={"events": [event]}).status_code < 300
    assert not set(before[:2]) & set(ids(asked(client, uscc=FIRM, n=20)))
    for member in before[:2]:
        firms = client.post(f"/v1/patents/{member}/firms", json={"n": 200}).json()
        assert FIRM not in [item["item_id"] for item in firms["items"]]


def test_a_firm_that_is_no_more_gets_no_patents_pushed(client: TestClient, home: Home) -> None:
    patent = ids(asked(client, uscc=FIRM, n=1))[0]
    firms = client.post(f"/v1/patents/{patent}/firms", json={"n": 5}).json()
    first = Uscc(firms["items"][0]["item_id"])
    gone = replace(home.store.firms.get(first), registration_status="注销")
    home.store.firms.upsert([gone])
    after = client.post(f"/v1/patents/{patent}/firms", json={"n": 5}).json()
    assert first not in [item["item_id"] for item in after["items"]]


def test_no_answer_shows_personal_data(client: TestClient, home: Home) -> None:
    first = ids(asked(client, uscc=FIRM, n=1))[0]
    home.store.contacts.put([Contact(PatentId(first), "欧阳某某", "司徒某某", "13912345678")])
    answers = [
        client.post("/v1/recommendations", json={"uscc": FIRM, "n": 3}).text,
        client.get(f"/v1/patents/{first}").text,
        client.post(f"/v1/patents/{first}/firms", json={"n": 3}).text,
    ]
    for answer in answers:
        assert not any(word in answer for word in ("欧阳某某", "司徒某某", "13912345678"))
