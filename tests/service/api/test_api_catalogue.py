"""Single writes: the checks and laws of an import, and answers that the next request knows of."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from matcher.types import PatentId
from service.bootstrap import Home

FIRM = "91330108PH9YJRY21R"
PATENT = "CN202119402100.4"
NEW = "CN202210000001.0"
OTHER_FIRM = "91330106MA2CFG5R4Q"
BODY = {
    "title": "一种高反光金属曲面划痕的偏振成像检测装置",
    "abstract": "针对高反光曲面五金件划痕检测时的眩光，采用分时偏振成像。",
    "ipc": ["G01N21/88", "G06T7/00"],
    "holder": "钱江湾理工大学",
    "holder_province": "浙江省",
    "legal_status": "有效",
}


def shown(client: TestClient, **more: Any) -> list[str]:
    answer = client.post("/v1/recommendations", json={"uscc": FIRM, "n": 50, **more})
    assert answer.status_code == 200, answer.text
    return [item["patent_id"] for item in answer.json()["items"]]


def told_firms(client: TestClient, patent: str) -> list[str]:
    answer = client.post(f"/v1/patents/{patent}/firms", json={"n": 50})
    assert answer.status_code == 200, answer.text
    return [item["item_id"] for item in answer.json()["items"]]


def test_a_patent_is_written_found_corrected_and_deleted(client: TestClient) -> None:
    assert NEW not in shown(client)
    made = client.put(f"/v1/patents/{NEW}", json=BODY)
    assert made.status_code == 201, made.text
    assert made.json()["application_no"] == NEW
    assert (made.json()["holder_province"], made.json()["holder_kind"]) == ("浙江", "university")
    assert made.json()["legal_status"] == "IN_FORCE"
    read = client.get(f"/v1/patents/{NEW}")
    assert read.json() == made.json()
    assert read.headers["etag"] == made.headers["etag"]
    assert NEW in shown(client)
    assert FIRM in told_firms(client, NEW)
    again = client.put(f"/v1/patents/{NEW}", json=read.json())
    assert (again.status_code, again.json()) == (
        200,
        read.json() | {"checked_on": again.json()["checked_on"]},
    )
    less = client.patch(
        f"/v1/patents/{NEW}", json={"holder_province": None, "maturity": "已有样品"}
    )
    assert less.json() == read.json() | {"holder_province": "", "maturity": "已有样品"}
    gone = client.delete(f"/v1/patents/{NEW}")
    assert (gone.status_code, gone.content) == (204, b"")
    assert NEW not in shown(client)
    assert client.get(f"/v1/patents/{NEW}").status_code == 404
    assert client.delete(f"/v1/patents/{NEW}").status_code == 404
    assert client.patch(f"/v1/patents/{NEW}", json={"title": "x"}).status_code == 404


def test_a_changed_text_is_searched_by_and_the_old_one_no_longer(client: TestClient) -> None:
    assert shown(client)[0] == PATENT
    other = {"title": "一种水稻插秧机", "abstract": "水稻插秧机的秧爪。", "ipc": ["A01C11/02"]}
    cleared: dict[str, Any] = {"technical_field": None, "first_claim": None, "problems": []}
    cleared |= {"effects": [], "applications": [], "topics": [], "industry_codes": []}
    assert client.patch(f"/v1/patents/{PATENT}", json=other | cleared).status_code == 200
    assert shown(client)[0] != PATENT
    rice = client.post("/v1/recommendations", json={"text": "水稻插秧机秧爪", "n": 5}).json()
    assert PATENT in [item["patent_id"] for item in rice["items"]]


@pytest.mark.parametrize(
    "body", [{"stop_state": "权属纠纷"}, {"legal_status": "失效"}, {"events": ["dispute"]}]
)
def test_a_delisted_patent_is_shown_nowhere(client: TestClient, body: dict[str, Any]) -> None:
    first = client.post("/v1/recommendations", json={"uscc": FIRM, "n": 2}).json()
    later = first["items"][0]["patent_id"], shown(client)[2]
    for patent in later:
        assert client.patch(f"/v1/patents/{patent}", json=body).status_code == 200
        assert patent not in shown(client)
        assert told_firms(client, patent) == []
        text = client.post("/v1/recommendations", json={"text": BODY["abstract"], "n": 50})
        assert patent not in text.text
    page = client.post("/v1/recommendations", json={"cursor": first["next_cursor"], "n": 50})
    assert later[1] not in page.text


def test_a_repeated_question_does_not_bring_a_delisted_patent_back(client: TestClient) -> None:
    key = {"idempotency-key": "one"}
    ask = {"uscc": FIRM, "n": 3}
    first = client.post("/v1/recommendations", json=ask, headers=key).json()
    gone, kept = (first["items"][place]["patent_id"] for place in (0, 1))
    client.patch(f"/v1/patents/{gone}", json={"stop_state": "不适宜转化"})
    client.delete(f"/v1/patents/{first['items'][2]['patent_id']}")
    again = client.post("/v1/recommendations", json=ask, headers=key)
    assert again.headers["idempotency-replayed"] == "true"
    assert [item["patent_id"] for item in again.json()["items"]] == [kept]
    assert again.json()["list_id"] == first["list_id"]


def test_the_stop_of_another_file_is_not_lifted_by_silence_or_word(
    client: TestClient, home: Home
) -> None:
    from datetime import date

    from matcher.types import StopState
    from service.store.statuses import Status

    stop = Status(
        PatentId(PATENT), "panhuo-template", date(2026, 1, 1), stop_state=StopState.PRESERVED
    )
    home.store.statuses.upsert([stop])
    answer = client.patch(f"/v1/patents/{PATENT}", json={"stop_state": "正常", "title": "一种装置"})
    assert answer.json()["stop_state"] == "preserved"
    assert PATENT not in shown(client)


def test_history_tells_who_changed_what(client: TestClient, home: Home) -> None:
    client.patch(f"/v1/patents/{PATENT}", json={"price_band": "50-100万"})
    (last,) = [
        one for one in home.store.history.of_patent(PatentId(PATENT)) if one.field == "price_band"
    ]
    assert (last.after, last.source_file) == ("50-100万", "API")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"title": ""}, "body.title"),
        ({"application_no": "12"}, "body.application_no"),
        ({"filing_date": "2026-02-31"}, "body.filing_date"),
        ({"ipc": ["nonsense"]}, "body.ipc"),
        ({"legal_status": "也许"}, "body.legal_status"),
        ({"events": ["sneezed"]}, "body.events"),
        ({"colour": "red"}, "body.colour"),
        ({"open_licence": 1}, "body.open_licence"),
    ],
)
def test_what_an_import_refuses_is_refused_whole(
    client: TestClient, body: dict[str, Any], field: str
) -> None:
    before = client.get(f"/v1/patents/{PATENT}").json()
    answer = client.patch(f"/v1/patents/{PATENT}", json=body)
    assert answer.status_code == 422
    (found,) = answer.json()["errors"]
    assert found["field"] == field
    assert found["problem"]
    assert found["problem_zh"]
    assert client.get(f"/v1/patents/{PATENT}").json() == before


def test_preconditions(client: TestClient) -> None:
    read = client.get(f"/v1/patents/{PATENT}")
    tag = {"if-match": read.headers["etag"]}
    first = client.patch(f"/v1/patents/{PATENT}", json={"maturity": "通过小试"}, headers=tag)
    assert first.status_code == 200
    second = client.patch(f"/v1/patents/{PATENT}", json={"maturity": "通过中试"}, headers=tag)
    assert (second.status_code, second.json()["type"]) == (
        412,
        "urn:panhuo:problem:precondition-failed",
    )
    assert client.delete(f"/v1/patents/{PATENT}", headers=tag).status_code == 412
    only_new = {"if-none-match": "*"}
    assert client.put(f"/v1/patents/{PATENT}", json=BODY, headers=only_new).status_code == 412
    assert client.put(f"/v1/patents/{NEW}", json=BODY, headers={"if-match": "*"}).status_code == 412
    assert client.put(f"/v1/patents/{NEW}", json=BODY, headers=only_new).status_code == 201
    last = {"if-match": f'"x", {first.headers["etag"]}'}
    assert client.delete(f"/v1/patents/{PATENT}", headers=last).status_code == 204


def test_a_body_that_names_another_record(client: TestClient) -> None:
    answer = client.put(f"/v1/patents/{NEW}", json=BODY | {"patent_id": PATENT})
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:panhuo:problem:name-mismatch")


def test_a_firm_is_written_found_and_deleted(client: TestClient, home: Home) -> None:
    firm = home.store.firms.get(FIRM)  # type: ignore[arg-type]
    body = {
        "name": "杭州某某视觉有限公司",
        "business_scope": firm.business_scope,
        "province": "浙江",
        "city": "杭州市",
        "needs": list(firm.needs),
    }
    assert OTHER_FIRM not in told_firms(client, PATENT)
    made = client.put(f"/v1/firms/{OTHER_FIRM}", json=body)
    assert (made.status_code, made.json().get("city")) == (201, "杭州"), made.text
    assert client.get(f"/v1/firms/{OTHER_FIRM}").json() == made.json()
    assert OTHER_FIRM in told_firms(client, PATENT)
    assert client.post("/v1/recommendations", json={"uscc": OTHER_FIRM}).json()["items"]
    gone = client.patch(f"/v1/firms/{OTHER_FIRM}", json={"registration_status": "注销"})
    assert gone.status_code == 200
    assert OTHER_FIRM not in told_firms(client, PATENT)
    client.patch(f"/v1/firms/{OTHER_FIRM}", json={"registration_status": None})
    assert OTHER_FIRM in told_firms(client, PATENT)
    assert client.delete(f"/v1/firms/{OTHER_FIRM}").status_code == 204
    assert OTHER_FIRM not in told_firms(client, PATENT)
    assert client.get(f"/v1/firms/{OTHER_FIRM}").status_code == 404
    wrong = client.put("/v1/firms/91330106MA2CFG5R41", json=body)
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "path.uscc")


def test_a_demand_is_written_asked_with_and_deleted(client: TestClient) -> None:
    body = {"title": "高反光曲面划痕检测", "uscc": FIRM, "posted_on": "2026-01-05"}
    made = client.put("/v1/demands/D-1", json=body)
    assert (made.status_code, made.json()["posted_on"]) == (201, "2026-01-05")
    assert client.get("/v1/demands/D-1").json() == made.json()
    assert client.post("/v1/recommendations", json={"demand_id": "D-1"}).json()["items"]
    corrected = client.patch("/v1/demands/D-1", json={"text": "要快"})
    assert corrected.json() == made.json() | {"text": "要快"}
    assert client.put("/v1/demands/D-1", json={"title": "另一个"}).json()["uscc"] is None
    assert client.delete("/v1/demands/D-1").status_code == 204
    assert client.get("/v1/demands/D-1").status_code == 404


def test_a_link_is_written_excludes_and_is_deleted(client: TestClient) -> None:
    place = f"/v1/relations/{FIRM}/licensed/{PATENT}"
    assert shown(client)[0] == PATENT
    assert client.put(place).status_code == 201
    assert client.put(place).status_code == 200
    assert PATENT not in shown(client)
    links = client.get(f"/v1/firms/{FIRM}/relations").json()["relations"]
    assert {"uscc": FIRM, "patent_id": PATENT, "kind": "licensed"} in links
    assert client.delete(place).status_code == 204
    assert client.delete(place).status_code == 404
    assert shown(client)[0] == PATENT
    assert client.put(f"/v1/relations/{FIRM}/licensed/nothing").status_code == 404
    assert client.put(f"/v1/relations/{FIRM}/likes/{PATENT}").status_code == 422


def test_filters_know_what_was_just_written(client: TestClient) -> None:
    narrow = {"filters": {"maturity": ["批量生产、成熟应用阶段"]}}
    before = shown(client, **narrow)
    client.put(f"/v1/patents/{NEW}", json=BODY | {"maturity": "批量生产、成熟应用阶段"})
    assert set(shown(client, **narrow)) == {*before, NEW}
    client.patch(f"/v1/patents/{NEW}", json={"maturity": "通过小试"})
    assert shown(client, **narrow) == before
