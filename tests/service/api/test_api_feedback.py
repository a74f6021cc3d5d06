"""Feedback over HTTP: tied to list and slot, stored once, all or nothing."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from matcher.types import Evaluation, FeedbackKind, Uscc
from service.bootstrap import Home

FIRM = Uscc("91330108PH9YJRY21R")
OTHER = Uscc("91330206PHQ35KGF04")
NEED = "高反光金属件表面划痕检测"
AT = "2026-01-31T08:00:00+08:00"


@pytest.fixture
def shown(client: TestClient) -> dict[str, Any]:
    found: dict[str, Any] = client.post("/v1/recommendations", json={"uscc": FIRM, "n": 5}).json()
    return found


@pytest.fixture
def nameless(client: TestClient) -> dict[str, Any]:
    found: dict[str, Any] = client.post("/v1/recommendations", json={"text": "表面检测"}).json()
    return found


def event(found: dict[str, Any], event_id: str, kind: str, slot: int = 1, **more: Any) -> Any:
    return {
        "event_id": event_id, "list_id": found["list_id"], "slot": slot, "kind": kind, **more
    }  # fmt: skip


def send(client: TestClient, *events: Any) -> tuple[int, dict[str, Any]]:
    answer = client.post("/v1/feedback", json={"events": list(events)})
    return answer.status_code, answer.json()


def test_every_kind_is_stored_with_patent_and_firm_of_the_list(
    client: TestClient, home: Home, shown: dict[str, Any]
) -> None:
    axes = {"prospect": 4, "improvement": 3, "cooperation": 5}
    sent = [
        event(shown, "e1", "impression", 2, at=AT),
        event(shown, "e2", "click", 2, at=AT),
        event(shown, "e3", "dismissal", 3, at=AT, reason="too_dear"),
        event(shown, "e4", "contact", 1, at=AT),
        event(shown, "e5", "directed_need", 1, at=AT, text="适配三毫米轴"),
        event(shown, "e6", "evaluation", 1, at=AT, evaluation=axes, uscc=FIRM),
    ]
    assert send(client, *sent) == (200, {"received": 6, "new": 6})
    stored = list(home.store.feedback.iterate())
    names = [item["patent"]["patent_id"] for item in shown["items"]]
    assert [(e.event_id, e.patent_id, e.slot) for e in stored] == [
        ("e1", names[1], 2),
        ("e2", names[1], 2),
        ("e3", names[2], 3),
        ("e4", names[0], 1),
        ("e5", names[0], 1),
        ("e6", names[0], 1),
    ]
    assert {e.uscc for e in stored} == {FIRM}
    assert stored[4].text == "适配三毫米轴"
    assert stored[5].evaluation == Evaluation(4, 3, 5)
    assert stored[0].at.isoformat() == "2026-01-31T00:00:00+00:00"


def test_an_item_may_be_named_by_its_patent_and_kinds_by_their_short_names(
    client: TestClient, home: Home, shown: dict[str, Any]
) -> None:
    named = {
        "list_id": shown["list_id"],
        "patent_id": shown["items"][2]["patent_id"],
    }
    sent = [
        {**named, "kind": "click"},
        {**named, "kind": "dismiss"},
        {**named, "kind": "need", "text": "小一号的"},
    ]
    assert send(client, *sent) == (200, {"received": 3, "new": 3})
    assert send(client, *sent) == (200, {"received": 3, "new": 0})
    stored = list(home.store.feedback.iterate())
    assert {(e.patent_id, e.slot) for e in stored} == {(named["patent_id"], 3)}
    assert {e.kind for e in stored} == {
        FeedbackKind.CLICK,
        FeedbackKind.DISMISSAL,
        FeedbackKind.DIRECTED_NEED,
    }
    assert len({e.event_id for e in stored}) == 3
    other = {**named, "kind": "need", "text": "大一号的"}
    assert send(client, other) == (200, {"received": 1, "new": 1})


def test_in_a_list_of_firms_patent_and_firm_name_the_item(client: TestClient, home: Home) -> None:
    path = "/v1/patents/CN202119402100.4/firms"
    found = client.post(path, json={"n": 3}).json()
    firm = found["items"][1]["firm"]["uscc"]
    event_ = {"list_id": found["list_id"], "patent_id": "CN202119402100.4", "kind": "click"}
    assert send(client, {**event_, "uscc": firm})[0] == 200
    (stored,) = home.store.feedback.iterate()
    assert (stored.slot, stored.uscc) == (2, firm)
    status, problem = send(client, event_)
    assert (status, problem["type"].rsplit(":", 1)[1]) == (422, "item-not-found")


@pytest.mark.parametrize(
    ("change", "slug"),
    [
        ({"patent_id": "CN209999999999.9"}, "item-not-found"),
        ({"patent_id": "CN209999999999.9", "slot": 1}, "item-not-found"),
        ({}, "invalid-request"),
    ],
)
def test_an_item_that_is_not_there(
    client: TestClient, shown: dict[str, Any], change: dict[str, Any], slug: str
) -> None:
    status, problem = send(client, {"list_id": shown["list_id"], "kind": "click", **change})
    assert (status, problem["type"].rsplit(":", 1)[1]) == (422, slug)


@pytest.mark.parametrize("at", [{"at": AT}, {}], ids=["with a time", "without"])
def test_the_same_event_again_is_stored_once(
    client: TestClient, home: Home, shown: dict[str, Any], at: dict[str, str]
) -> None:
    sent = [event(shown, "e1", "click", **at), event(shown, "e1", "click", **at)]
    assert send(client, *sent) == (200, {"received": 2, "new": 1})
    more = event(shown, "e2", "contact", **at)
    assert send(client, *sent, more) == (200, {"received": 3, "new": 1})
    assert home.store.feedback.count() == 2


@pytest.mark.parametrize("at", [{"at": AT}, {}], ids=["with a time", "without"])
def test_one_id_for_two_events_is_a_conflict_and_nothing_is_stored(
    client: TestClient, home: Home, shown: dict[str, Any], at: dict[str, str]
) -> None:
    send(client, event(shown, "e1", "click", **at))
    status, problem = send(
        client, event(shown, "e2", "click", **at), event(shown, "e1", "contact", **at)
    )
    assert (status, problem["type"]) == (409, "urn:panhuo:problem:event-conflict")
    assert home.store.feedback.count() == 1


def test_a_dismissed_patent_does_not_come_back(client: TestClient, shown: dict[str, Any]) -> None:
    gone = shown["items"][0]["patent"]["patent_id"]
    send(client, event(shown, "e1", "dismissal", reason="not_our_field"))
    after = client.post("/v1/recommendations", json={"uscc": FIRM, "n": 200}).json()
    assert gone not in [item["patent"]["patent_id"] for item in after["items"]]
    firms = client.post(f"/v1/patents/{gone}/firms", json={"n": 200}).json()
    assert FIRM not in [item["firm"]["uscc"] for item in firms["items"]]
    other = client.post("/v1/recommendations", json={"text": NEED, "region": "杭州"}).json()
    assert gone in [item["patent"]["patent_id"] for item in other["items"]]


def test_a_list_of_firms_says_patent_by_subject_and_firm_by_slot(
    client: TestClient, home: Home, shown: dict[str, Any]
) -> None:
    patent_id = shown["items"][0]["patent"]["patent_id"]
    firms = client.post(f"/v1/patents/{patent_id}/firms", json={"n": 2}).json()
    last = firms["items"][-1]
    assert send(client, event(firms, "e1", "contact", last["slot"])) == (
        200,
        {"received": 1, "new": 1},
    )
    (stored,) = home.store.feedback.iterate()
    assert (stored.patent_id, stored.uscc) == (patent_id, last["firm"]["uscc"])
    assert stored.kind is FeedbackKind.CONTACT


def test_a_list_from_text_takes_looks_from_nobody_and_deeds_from_a_firm(
    client: TestClient, home: Home, nameless: dict[str, Any]
) -> None:
    assert send(client, event(nameless, "e1", "impression"))[0] == 200
    assert send(client, event(nameless, "e1", "impression")) == (200, {"received": 1, "new": 0})
    status, problem = send(client, event(nameless, "e2", "contact"))
    assert (status, problem["type"]) == (422, "urn:panhuo:problem:firm-missing")
    assert send(client, event(nameless, "e2", "contact", uscc=OTHER))[0] == 200
    assert [e.uscc for e in home.store.feedback.iterate()] == ["", OTHER]
    unknown = event(nameless, "e3", "contact", uscc="91330108PH00000000")
    assert send(client, unknown)[0] == 404


@pytest.mark.parametrize(
    ("change", "status", "slug"),
    [
        ({"slot": 6}, 422, "slot-not-found"),
        ({"slot": 0}, 422, "invalid-request"),
        ({"slot": True}, 422, "invalid-request"),
        ({"list_id": "nowhere"}, 404, "list-not-found"),
        ({"uscc": OTHER}, 422, "firm-mismatch"),
        ({"kind": "dismissal", "reason": "no"}, 422, "invalid-request"),
        ({"kind": "evaluation"}, 422, "invalid-request"),
        ({"kind": "evaluation", "evaluation": {"prospect": 3}}, 422, "invalid-request"),
        ({"kind": "directed_need"}, 422, "invalid-request"),
        ({"kind": "directed_need", "text": " \t"}, 422, "invalid-request"),
        ({"kind": "liked"}, 422, "invalid-request"),
        ({"kind": ["click"]}, 422, "invalid-request"),
        ({"at": "2026-01-31T08:00:00"}, 422, "invalid-request"),
        ({"at": 1700000000}, 422, "invalid-request"),
        ({"at": "0001-01-01T00:00:00+14:00"}, 422, "invalid-request"),
        ({"patent_id": "x"}, 422, "item-not-found"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_whole_call(
    client: TestClient,
    home: Home,
    shown: dict[str, Any],
    change: dict[str, Any],
    status: int,
    slug: str,
) -> None:
    bad = {**event(shown, "e2", "click"), **change}
    answered, problem = send(client, event(shown, "e1", "click"), bad)
    assert (answered, problem["type"]) == (status, f"urn:panhuo:problem:{slug}"), problem
    assert home.store.feedback.count() == 0


def test_five_hundred_events_at_most(client: TestClient, shown: dict[str, Any]) -> None:
    events = [event(shown, f"e{number}", "impression") for number in range(501)]
    assert send(client, *events[:500]) == (200, {"received": 500, "new": 500})
    assert send(client, *events)[0] == 422
    assert send(client)[0] == 422
