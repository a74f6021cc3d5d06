"""The contract of lists: filters, exclusions, and pages that neither repeat nor leave gaps."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from matcher.codes import LicenceKind
from matcher.push.campaign import OTHER_STAGES
from matcher.types import LegalStatus, PatentId, StopState
from service.api.asks import Stage
from service.bootstrap import Home
from service.ingest.codes import MATURITIES
from service.store import snapshots
from service.store.declarations import Declaration, Willingness
from service.store.manners_tables import list_snapshots
from tests.service.api.tenants import FIRM, World, world_over

TEXT = "表面缺陷检测、机器视觉、光谱仪、传感器、电池材料"


@pytest.fixture
def world(folder: Path) -> Any:
    with world_over(folder) as opened:
        yield opened


def asked(client: TestClient, **body: Any) -> dict[str, Any]:
    answer = client.post("/v1/recommendations", json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def ids(found: dict[str, Any]) -> list[str]:
    return [item["patent_id"] for item in found["items"]]


def read_all(client: TestClient, n: int, **body: Any) -> list[dict[str, Any]]:
    pages = [asked(client, n=n, **body)]
    while cursor := pages[-1]["next_cursor"]:
        pages.append(asked(client, cursor=cursor, n=n))
    return pages


def test_the_contract_of_the_answer(reader: TestClient) -> None:
    body = {"firm": {"uscc": FIRM}, "n": 4, "filters": {}, "exclude": [], "cursor": None}
    found = asked(reader, **body)
    assert {"list_id", "items", "next_cursor", "empty_reason", "versions"} <= set(found)
    assert found["empty_reason"] is None
    for item in found["items"]:
        assert item["patent_id"] == item["item_id"] == item["patent"]["patent_id"]
        told = [reason for reason in item["reasons"] if reason["kind"] == "missing"]
        assert item["missing"] == told
    assert ids(found) == ids(asked(reader, uscc=FIRM, n=4))
    by_text = asked(reader, firm={"text": TEXT, "region": "浙江杭州"}, n=4)
    assert ids(by_text) == ids(asked(reader, text=TEXT, region="浙江杭州", n=4))


FILTERS: dict[str, tuple[dict[str, Any], Any]] = {
    "regions": ({"regions": ["浙江"]}, lambda p: p["holder_province"] == "浙江"),
    "maturity": (
        {"maturity": ["批量生产、成熟应用阶段"]},
        lambda p: p["maturity"] == "批量生产、成熟应用阶段",
    ),
    "licence_kinds": ({"licence_kinds": ["open_licence"]}, lambda p: p["open_licence"]),
    "price_band": ({"price_band": {"most": 10}}, lambda p: p["price_band"] == "0-10万"),
    "negotiable": (
        {"price_band": {"least": 100, "negotiable": True}},
        lambda p: p["price_band"] in {"具体面议", "100万以上"},
    ),
    "holder_kinds": ({"holder_kinds": ["institute"]}, lambda p: p["holder_kind"] == "institute"),
    "legal_status": ({"legal_status": ["PENDING"]}, lambda p: p["legal_status"] == "PENDING"),
    "life_years": ({"life_years": 15}, lambda p: p["filing_date"] > "2021"),
}


@pytest.mark.parametrize("name", FILTERS)
def test_a_filter_comes_before_the_cut(reader: TestClient, name: str) -> None:
    filters, fits = FILTERS[name]
    everything = [item for page in read_all(reader, 100, text=TEXT) for item in page["items"]]
    wanted = [item["patent_id"] for item in everything if fits(item["patent"])]
    found = asked(reader, text=TEXT, n=5, filters=filters)
    assert all(fits(item["patent"]) for item in found["items"])
    # Full when enough exists; the caps may let others come up than those of the whole list.
    assert len(found["items"]) >= min(5, len(wanted))
    assert wanted, "the sample shows nothing here"


def test_filters_of_segments_look_there_and_keep_scores(reader: TestClient) -> None:
    plain = asked(reader, text=TEXT, n=20)
    scores = {item["patent_id"]: item["score"] for item in plain["items"]}
    code = plain["items"][0]["segment"]["code"]
    found = asked(reader, text=TEXT, n=20, filters={"segments": [code]})
    assert {item["segment"]["code"] for item in found["items"]} == {code}
    both = set(ids(found)) & set(scores)
    assert both
    assert all(
        i["score"] == scores[i["patent_id"]] for i in found["items"] if i["patent_id"] in both
    )
    assert [one["code"] for one in found["segments"]] == [code]


def test_a_filter_that_nothing_fits_says_so(reader: TestClient) -> None:
    found = asked(reader, text=TEXT, filters={"price_band": {"least": 9_000_000, "most": 1}})
    assert (found["items"], found["empty_reason"], found["next_cursor"]) == ([], "filters", None)
    assert found["notes"][0]["text"] == "没有符合筛选条件的专利"
    silent = asked(reader, text="？？？")
    assert silent["empty_reason"] == "no_text"
    restaurant = {"uscc": "91510105PHQPTC3N2W", "filters": {"price_band": {"least": 100}}}
    assert asked(reader, **restaurant)["empty_reason"] == "floor"
    everything = [name for page in read_all(reader, 200, text=TEXT) for name in ids(page)]
    some = asked(reader, text=TEXT, n=200, filters={"legal_status": ["PENDING"]})
    body = {"filters": {"legal_status": ["PENDING"]}, "exclude": [*everything, *ids(some)]}
    left = asked(reader, text=TEXT, **body)
    assert left["empty_reason"] in {"excluded", "floor"}


@pytest.mark.parametrize(
    "filters",
    [
        {"segments": ["Z99"]},
        {"regions": ["亚特兰蒂斯"]},
        {"maturity": ["成熟"]},
        {"holder_kinds": "university"},
        {"legal_status": ["LAPSED"]},
        {"price_band": {"most": -1}},
        {"life_years": 21},
        {"colour": ["red"]},
    ],
)
def test_a_filter_that_cannot_be_is_refused(reader: TestClient, filters: dict[str, Any]) -> None:
    answer = reader.post("/v1/recommendations", json={"text": TEXT, "filters": filters})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


def test_stages_are_those_of_the_workbook_and_the_campaigns() -> None:
    assert get_args(Stage) == (*MATURITIES, *OTHER_STAGES)


def test_what_a_holder_declared_is_a_licence_kind(client: TestClient, home: Home) -> None:
    found = ids(asked(client, text=TEXT, n=3))
    wanted = {"licence_kinds": [LicenceKind.ASSIGNMENT.value]}
    assert asked(client, text=TEXT, filters=wanted)["empty_reason"] == "filters"
    told = Declaration(PatentId(found[1]), willingness=(Willingness("拟转让", "拟转让"),))
    home.store.declarations.put([told])
    patent = home.store.patents.get(PatentId(found[1]))
    home.store.patents.upsert([replace(patent, college="x")])  # as an import would
    client.get("/healthz")
    _rest()
    assert ids(asked(client, text=TEXT, filters=wanted)) == [found[1]]


def test_a_change_since_the_table_was_read_counts(client: TestClient, home: Home) -> None:
    wanted = {"holder_kinds": ["university"]}
    first = asked(client, text=TEXT, n=3, filters=wanted)
    one = home.store.patents.get(PatentId(ids(first)[0]))
    home.store.patents.upsert([replace(one, holder_kind=type(one.holder_kind)("firm"))])
    again = asked(client, text=TEXT, n=3, filters=wanted)  # within the rest: the table is older
    assert ids(first)[0] not in ids(again)
    assert ids(again)[:2] == ids(first)[1:]


def _rest() -> None:
    import time

    time.sleep(2.1)


def test_excluded_patents_do_not_come_and_the_list_is_full(reader: TestClient) -> None:
    first = asked(reader, text=TEXT, n=5)
    rest = asked(reader, text=TEXT, n=5, exclude=[*ids(first), "no such id"])
    assert len(rest["items"]) == 5
    assert not set(ids(first)) & set(ids(rest))


def test_pages_neither_repeat_nor_leave_gaps(client: TestClient, home: Home) -> None:
    pages = read_all(client, 7, text=TEXT)
    assert len(pages) > 3
    found = [item for page in pages for item in page["items"]]
    assert [item["rank"] for item in found] == list(range(1, len(found) + 1))
    names = [item["patent_id"] for item in found]
    assert len(names) == len(set(names))
    assert {page["list_id"] for page in pages} == {pages[0]["list_id"]}
    assert {str(page["versions"]) for page in pages} == {str(pages[0]["versions"])}
    # The pages are what one look would have shown, but for the reach of the spread.
    whole = [item for page in read_all(client, 100, text=TEXT) for item in page["items"]]
    assert {item["patent_id"] for item in whole} == set(names)
    assert home.store.feedback.slots_of(pages[0]["list_id"]) == dict(enumerate(names, start=1))
    assert all(item["reasons"] for item in found)


def test_feedback_goes_to_slots_of_later_pages(client: TestClient) -> None:
    first = asked(client, uscc=FIRM, n=2)
    event = {"event_id": "e", "list_id": first["list_id"], "slot": 3, "kind": "click"}
    assert client.post("/v1/feedback", json={"events": [event]}).status_code == 422
    asked(client, cursor=first["next_cursor"], n=2)
    assert client.post("/v1/feedback", json={"events": [event]}).status_code == 200


def test_a_page_asked_again_is_the_same(client: TestClient) -> None:
    first = asked(client, text=TEXT, n=5)
    second = asked(client, cursor=first["next_cursor"], n=5)
    with ThreadPoolExecutor(8) as pool:
        body = {"cursor": second["next_cursor"], "n": 5}
        thirds = list(pool.map(lambda _: asked(client, **body), range(16)))
    assert all(third == thirds[0] for third in thirds)
    assert asked(client, cursor=first["next_cursor"], n=5) == second
    longer = asked(client, cursor=first["next_cursor"], n=10)
    assert ids(longer) == ids(second) + ids(thirds[0])


def test_pages_of_a_list_that_changes_under_way(client: TestClient, home: Home) -> None:
    first = asked(client, text=TEXT, n=5)
    second = asked(client, cursor=first["next_cursor"], n=5)
    coming = asked(client, cursor=second["next_cursor"], n=5)
    for name, change in (
        (ids(second)[1], {"legal_status": LegalStatus.LAPSED}),
        (ids(coming)[2], {"stop_state": StopState.PRESERVED}),
    ):
        home.store.patents.upsert([replace(home.store.patents.get(PatentId(name)), **change)])
    home.store.patents.remove([PatentId(ids(coming)[4])])
    again = asked(client, cursor=first["next_cursor"], n=5)
    assert ids(again) == [name for name in ids(second) if name != ids(second)[1]]
    assert [item["rank"] for item in again["items"]] == [6, 8, 9, 10]
    assert again["notes"][0]["detail"] == {"left_out": 1}
    later = asked(client, cursor=second["next_cursor"], n=5)
    assert ids(later) == [n for n in ids(coming) if n not in {ids(coming)[2], ids(coming)[4]}]
    assert later["notes"][0]["detail"] == {"left_out": 2}
    after = asked(client, cursor=coming["next_cursor"], n=5)
    assert not set(ids(after)) & {*ids(first), *ids(second), *ids(coming)}


def test_what_is_delisted_before_its_page_never_comes(client: TestClient, home: Home) -> None:
    body = {"text": TEXT, "n": 5}
    whole = ids(asked(client, cursor=asked(client, **body)["next_cursor"], n=5))
    first = asked(client, **body)
    gone = home.store.patents.get(PatentId(whole[0]))
    home.store.patents.upsert([replace(gone, legal_status=LegalStatus.LAPSED)])
    second = asked(client, cursor=first["next_cursor"], n=5)
    assert gone.patent_id not in ids(second)
    assert len(second["items"]) == 5
    assert second["notes"][0]["detail"] == {"left_out": 1}


def test_a_new_index_does_not_break_a_cursor(client: TestClient, home: Home) -> None:
    first = asked(client, text=TEXT, n=5)
    home.build(lambda stage, done, total: None)
    pages = [first]
    while cursor := pages[-1]["next_cursor"]:
        pages.append(asked(client, cursor=cursor, n=20))
    names = [name for page in pages for name in ids(page)]
    assert len(names) == len(set(names)) > 20
    assert all(page["versions"] == first["versions"] for page in pages)


def test_a_cursor_belongs_to_its_question(client: TestClient) -> None:
    first = asked(client, firm={"uscc": FIRM}, n=3)
    body = {"uscc": FIRM, "cursor": first["next_cursor"], "n": 4}
    assert len(asked(client, **body)["items"]) == 4
    for other in (
        body | {"exclude": ["x"]},
        {"text": TEXT, "cursor": first["next_cursor"]},
        body | {"filters": {"life_years": 1}},
    ):
        answer = client.post("/v1/recommendations", json=other)
        assert answer.status_code == 422
        assert answer.json()["type"].endswith("cursor-mismatch")


def test_damaged_cursors_are_refused_with_a_sentence(client: TestClient) -> None:
    cursor = asked(client, text=TEXT, n=3)["next_cursor"]
    for at in range(len(cursor)):
        other = "A" if cursor[at] != "A" else "B"
        damaged = cursor[:at] + other + cursor[at + 1 :]
        answer = client.post("/v1/recommendations", json={"cursor": damaged})
        assert answer.status_code in {404, 422}, damaged
        assert answer.json()["cure"]
    for text in (cursor[:-1], cursor + "AAAA", "", "x" * 200, "é", 7):
        answer = client.post("/v1/recommendations", json={"cursor": text})
        assert answer.status_code == 422, text
    assert asked(client, cursor=cursor)["items"]


def test_a_cursor_is_good_for_a_day(
    client: TestClient, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    cursor = asked(client, text=TEXT, n=3)["next_cursor"]
    monkeypatch.setattr(snapshots, "KEPT", timedelta(0))
    answer = client.post("/v1/recommendations", json={"cursor": cursor})
    assert answer.status_code == 404
    assert answer.json()["type"].endswith("cursor-not-found")
    asked(client, text=TEXT, n=3)  # a new list sweeps the old ones out
    with home.store.database.reading() as connection:
        kept = connection.execute(sa.select(sa.func.count()).select_from(list_snapshots))
        assert kept.scalar_one() == 1


def test_cursors_of_others_are_not_found(world: World) -> None:
    cursor = world.list_of("甲", uscc=FIRM, n=3)["next_cursor"]
    token = world.token("甲", firm=FIRM)
    for who in ("乙", "operator", token):
        answer = world.ask(who, "POST", "/v1/recommendations", json={"cursor": cursor})
        assert answer.status_code == 404, who
        assert answer.json()["type"].endswith("cursor-not-found")
    own = world.list_of(token, uscc=FIRM, n=3)["next_cursor"]
    for who, sent, status in (("甲", own, 404), (token, own, 200), ("reader", cursor, 200)):
        answer = world.ask(who, "POST", "/v1/recommendations", json={"cursor": sent})
        assert answer.status_code == status
