"""What OpenAPI says of manners: keys of repeated requests, tags of answers, limits, parts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from matcher.errors import MatcherError, StoreUnavailable
from service.api.problems import MEDIA_TYPE, problem_of
from service.api.refusals import (
    AnswerNotKept,
    KeyMalformed,
    KeyMismatch,
    RateExceeded,
    RequestRunning,
)
from service.auth.policy import POLICIES
from service.auth.refusals import SecretMisplaced
from service.error_row import Row
from service.errors import row_of

_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "1 to 255 printable ASCII characters of the sender's own. The same key with the "
    "same body is answered as at first for 24 hours, and done once",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    "examples": {"uuid": {"value": "0f8fad5b-d9cb-469f-a165-70867728950e"}},
}
_TAG = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "ETag of an earlier answer; 304 without a body where it is still that",
    "schema": {"type": "string"},
    "examples": {"tag": {"value": 'W/"1f0c7a1e2b9d4c63a8e1d7f4"'}},
}
_REPEATS: tuple[MatcherError, ...] = (KeyMalformed(), KeyMismatch(), RequestRunning())
# Where ``service/api/repeats.py`` keeps no answer.
_SECRET_ANSWERS = frozenset({"createToken", "createWebhook", "rotateWebhookSecret"})
PART: dict[str, Any] = {
    "type": "object",
    "title": "Part",
    "description": "With ?fields=: the same answer, but for the fields that were not named",
}


def _header(description: str, kind: str = "string") -> dict[str, Any]:
    return {"description": description, "schema": {"type": kind}}


_HEADERS = {
    "X-Request-ID": _header("name of the request, the sender's own where it is well formed"),
}
_LIMITS = {
    "RateLimit-Policy": _header('requests at once and seconds: "key";q=4000;w=2'),
    "RateLimit": _header('requests left, seconds until all are: "key";r=3999;t=1'),
}
_RETRY = {"Retry-After": _header("seconds", "integer")}


def tell_manners(document: dict[str, Any]) -> None:
    """Write into the document what every operation has without saying it itself."""
    document["components"]["schemas"]["Part"] = PART
    for method, operation in _operations(document):
        policy = POLICIES.get(operation["operationId"])
        limited = policy is not None and not policy.public
        if method == "post":
            _tell_repeats(operation)
        if method == "get":
            _tell_tags(operation)
        _add(operation, SecretMisplaced("address"))
        if limited:
            _add(operation, RateExceeded(2_000, 1))
            _add(operation, StoreUnavailable("found no answer from the database"))
        for status, answer in operation["responses"].items():
            headers = answer.setdefault("headers", {})
            headers.update(_HEADERS)
            if limited:
                headers.update(_LIMITS)
            if status in {"429", "503"} or (status == "409" and method == "post"):
                headers.update(_RETRY)


def _tell_repeats(operation: dict[str, Any]) -> None:
    operation.setdefault("parameters", []).append(_KEY)
    for error in _REPEATS:
        _add(operation, error)
    if operation["operationId"] in _SECRET_ANSWERS:
        _add(operation, AnswerNotKept())
    answer = operation["responses"].get("200") or operation["responses"]["202"]
    answer.setdefault("headers", {})["Idempotency-Replayed"] = _header(
        "true where the answer is the one of an earlier request", "boolean"
    )


def _tell_tags(operation: dict[str, Any]) -> None:
    answer = operation["responses"]["200"]
    content = answer["content"].get("application/json")
    if content is None:
        return
    operation.setdefault("parameters", []).append(_TAG)
    operation["responses"]["304"] = {"description": "Not Modified"}
    for one in (answer, operation["responses"]["304"]):
        one.setdefault("headers", {})["ETag"] = _header("of the answer, weak")
    if any(one["name"] == "fields" for one in operation["parameters"]):
        whole = content["schema"]
        content["schema"] = {"anyOf": [whole, {"$ref": "#/components/schemas/Part"}]}


def _add(operation: dict[str, Any], error: MatcherError) -> None:
    row: Row = row_of(error)
    reference = {"$ref": "#/components/schemas/Problem"}
    entry = operation["responses"].setdefault(
        str(row.status),
        {
            "description": row.title,
            "content": {MEDIA_TYPE: {"schema": reference, "examples": {}}},
        },
    )
    entry["content"][MEDIA_TYPE]["examples"][row.slug] = {"value": problem_of(error, "/v1/…")}


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for item in document["paths"].values():
        yield from item.items()
