"""OpenAPI: valid, named, and every example true to its schema."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import TypeAdapter
from starlette.testclient import TestClient

from matcher.ranking.features import FEATURES
from matcher.ranking.reason_order import REASON_KINDS
from matcher.segments.taxonomy import load_taxonomy
from service.api import examples, token_schemas
from service.api.asks import FirmsRequest, RecommendRequest
from service.api.documents import Problem
from service.api.events import FeedbackRequest
from service.api.schemas import (
    FirmList,
    FirmRecord,
    PatentList,
    PatentRecord,
    Ready,
)
from service.api.token_schemas import TokenRequest, TokenStanding, TokenTold
from service.app import create_app

OPERATIONS = {
    "recommend": ("post", "/v1/recommendations"),
    "recommendForFirm": ("get", "/v1/firms/{uscc}/recommendations"),
    "firmsForPatent": ("post", "/v1/patents/{patent}/firms"),
    "sendFeedback": ("post", "/v1/feedback"),
    "getPatent": ("get", "/v1/patents/{patent}"),
    "getFirm": ("get", "/v1/firms/{uscc}"),
    "importFile": ("post", "/v1/imports"),
    "listImports": ("get", "/v1/imports"),
    "getImport": ("get", "/v1/imports/{job_id}"),
    "cancelImport": ("delete", "/v1/imports/{job_id}"),
    "getImportErrors": ("get", "/v1/imports/{job_id}/errors.xlsx"),
    "putPatent": ("put", "/v1/patents/{patent}"),
    "patchPatent": ("patch", "/v1/patents/{patent}"),
    "deletePatent": ("delete", "/v1/patents/{patent}"),
    "putFirm": ("put", "/v1/firms/{uscc}"),
    "patchFirm": ("patch", "/v1/firms/{uscc}"),
    "deleteFirm": ("delete", "/v1/firms/{uscc}"),
    "getDemand": ("get", "/v1/demands/{demand_id}"),
    "putDemand": ("put", "/v1/demands/{demand_id}"),
    "patchDemand": ("patch", "/v1/demands/{demand_id}"),
    "deleteDemand": ("delete", "/v1/demands/{demand_id}"),
    "listRelations": ("get", "/v1/firms/{uscc}/relations"),
    "putRelation": ("put", "/v1/relations/{uscc}/{kind}/{patent}"),
    "deleteRelation": ("delete", "/v1/relations/{uscc}/{kind}/{patent}"),
    "createWebhook": ("post", "/v1/webhooks"),
    "listWebhooks": ("get", "/v1/webhooks"),
    "getWebhook": ("get", "/v1/webhooks/{endpoint_id}"),
    "changeWebhook": ("patch", "/v1/webhooks/{endpoint_id}"),
    "deleteWebhook": ("delete", "/v1/webhooks/{endpoint_id}"),
    "testWebhook": ("post", "/v1/webhooks/{endpoint_id}/test"),
    "rotateWebhookSecret": ("post", "/v1/webhooks/{endpoint_id}/rotate-secret"),
    "enableWebhook": ("post", "/v1/webhooks/{endpoint_id}/enable"),
    "replayFailedDeliveries": ("post", "/v1/webhooks/{endpoint_id}/replay"),
    "listDeliveries": ("get", "/v1/webhooks/{endpoint_id}/deliveries"),
    "getDelivery": ("get", "/v1/webhooks/{endpoint_id}/deliveries/{delivery_id}"),
    "replayDelivery": ("post", "/v1/webhooks/{endpoint_id}/deliveries/{delivery_id}/replay"),
    "createToken": ("post", "/v1/tokens"),
    "getToken": ("get", "/v1/tokens/current"),
    "health": ("get", "/healthz"),
    "readiness": ("get", "/readyz"),
}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return create_app().openapi()


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield method, path, operation


def test_operations_keep_their_names(document: dict[str, Any]) -> None:
    named = {op["operationId"]: (method, path) for method, path, op in operations(document)}
    assert named == OPERATIONS


def test_every_operation_has_words_and_examples(document: dict[str, Any]) -> None:
    for _, path, operation in operations(document):
        assert operation["summary"]
        assert operation["tags"]
        assert operation["description"]
        answers = operation["responses"]
        success = next(answers[status] for status in ("200", "202", "204") if status in answers)
        if not path.endswith(".xlsx") and "204" not in answers:
            answer = success["content"]["application/json"]
            assert answer["example"]
            whole = answer["schema"].get("anyOf", [answer["schema"]])[0]
            assert "$ref" in whole, path
        for parameter in operation.get("parameters", []):
            assert parameter["examples"], parameter["name"]
        if "requestBody" in operation:
            (media,) = operation["requestBody"]["content"].values()
            assert media["examples"]


def test_every_problem_is_documented_as_one(document: dict[str, Any]) -> None:
    for _, path, operation in operations(document):
        statuses = set(operation["responses"])
        assert "422" in statuses
        if "requestBody" in operation:
            assert {"400", "413", "415"} <= statuses, path
        for status, response in operation["responses"].items():
            if status in {"200", "201", "202", "204", "304"}:
                continue
            (content,) = response["content"].items()
            assert content[0] == "application/problem+json"
            for shown in content[1]["examples"].values():
                assert Problem.model_validate(shown["value"]).status == int(status)
    assert "HTTPValidationError" not in document["components"]["schemas"]


def test_bounds_are_documented(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    for shape, field in (
        ("ForFirm", "n"),
        ("ForText", "n"),
        ("FirmsRequest", "n"),
        ("Seen", "slot"),
    ):
        told = schemas[shape]["properties"][field]
        described = told["anyOf"][0] if "anyOf" in told else told
        assert (described["minimum"], described["maximum"]) == (1, 200)
    axis = schemas["Axes"]["properties"]["prospect"]
    assert (axis["minimum"], axis["maximum"]) == (1, 5)


def test_references_lead_somewhere(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    waiting: list[Any] = [document]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            if isinstance(item.get("$ref"), str):
                assert item["$ref"].removeprefix("#/components/schemas/") in schemas
            waiting += item.values()
        elif isinstance(item, list):
            waiting += item
    assert document["openapi"].startswith("3.1")


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (PatentRecord, examples.PATENT),
        (FirmRecord, examples.FIRM),
        (PatentList, examples.PATENT_LIST),
        (FirmList, examples.FIRM_LIST),
        (Ready, examples.READY),
        *((RecommendRequest, shown["value"]) for shown in examples.ASKS.values()),
        *((FirmsRequest, shown["value"]) for shown in examples.FIRMS_ASKS.values()),
        *((FeedbackRequest, shown["value"]) for shown in examples.EVENTS.values()),
        *((TokenRequest, shown["value"]) for shown in token_schemas.ASKS.values()),
        (TokenTold, token_schemas.TOKEN),
        (TokenStanding, token_schemas.STANDING),
    ],
)
def test_examples_are_true(kind: Any, value: Any) -> None:
    TypeAdapter(kind).validate_python(value)


def test_examples_speak_as_the_code_does() -> None:
    taxonomy = load_taxonomy()
    assert len(taxonomy) == examples.SEGMENT_COUNT
    (found,), (firms,) = examples.PATENT_LIST["items"], examples.FIRM_LIST["items"]
    (searched,) = examples.PATENT_LIST["segments"]
    assert taxonomy.by_code(searched["code"]).name == searched["name"]
    assert examples.SEGMENTS["recognition"]["value"] in taxonomy
    for item in (found, firms):
        assert tuple(item["features"]) == FEATURES
        assert taxonomy.path(item["segment"]["code"]) == item["segment"]["path"]
    assert found["item_id"] == found["patent"]["patent_id"]
    assert firms["item_id"] == firms["firm"]["uscc"]
    versions = examples.PATENT_LIST["versions"]
    assert re.fullmatch(r"static-[0-9a-f]{12}", versions["encoder"])
    assert re.fullmatch(r"[a-z]+-[a-z_]+-[0-9a-f]{8}", versions["policy"])


def test_a_reason_s_detail_is_described(document: dict[str, Any]) -> None:
    reason = document["components"]["schemas"]["ReasonTold"]["properties"]
    assert set(reason) == {"kind", "text", "detail"}
    assert all(kind in reason["kind"]["description"] for kind in REASON_KINDS)
    detail = reason["detail"]["properties"]
    assert {"scored", "contribution", "features", "highlights", "effect"} <= set(detail)
    assert all(one["description"] for one in detail.values())
    for item in examples.PATENT_LIST["items"]:
        for told in item["reasons"]:
            assert set(told["detail"]["features"]) <= set(item["features"])
            for mark in told["detail"].get("highlights", ()):
                assert set(mark) == set(detail["highlights"]["items"]["properties"])
                begins, sentence = mark["start"], mark["sentence"]
                assert len(sentence) == mark["end"] - begins
                marked = {sentence[a - begins : b - begins] for a, b in mark["spans"]}
                assert marked == set(told["detail"]["terms"])


def test_the_schema_is_served(reader: TestClient, document: dict[str, Any]) -> None:
    assert reader.get("/openapi.json").json() == document


def test_the_document_is_valid_where_a_validator_is_installed(document: dict[str, Any]) -> None:
    validator = pytest.importorskip("openapi_spec_validator", reason="openapi-spec-validator")
    validator.validate(document)


def test_importing_the_service_does_nothing() -> None:
    code = (
        "import sys, threading, service.app; "
        "heavy = {'torch', 'sentence_transformers'} & set(sys.modules); "
        "assert not heavy, heavy; assert threading.active_count() == 1"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
