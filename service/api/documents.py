"""What OpenAPI says of answers and problems, with an example of each."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel, Field

from matcher.errors import MatcherError
from service.api.documents_manners import tell_manners
from service.api.limits import MOST_BYTES
from service.api.problems import MEDIA_TYPE, problem_of
from service.api.refusals import BodyTooLarge, MalformedBody, MediaTypeRefused
from service.auth.caller import Kind
from service.auth.policy import POLICIES
from service.auth.refusals import KeyRefused, ScopeMissing, SecretMisplaced
from service.errors import row_of

BODY: tuple[MatcherError, ...] = (
    BodyTooLarge(MOST_BYTES),
    MediaTypeRefused(),
    MalformedBody("found NaN", "finite numbers"),
    SecretMisplaced("body"),
)
_INVALID: dict[str, Any] = {
    "type": "urn:panhuo:problem:invalid-request",
    "title": "Invalid request",
    "title_zh": "请求字段有误",
    "status": 422,
    "detail": "found 1 field(s) that do not fit; see errors and correct each.",
    "detail_zh": "请求中有字段不符合要求，逐项说明见 errors。",
    "instance": "/v1/recommendations",
    "errors": [
        {
            "field": "body.n",
            "problem": "Input should be less than or equal to 200",
            "problem_zh": "不得大于200",
        }
    ],
}
_INTERNAL: dict[str, Any] = {
    "type": "urn:panhuo:problem:internal-error",
    "title": "Internal error",
    "title_zh": "服务内部错误",
    "status": 500,
    "detail": "Something broke inside the service; it was logged under request_id.",
    "detail_zh": "服务内部出错，已记录；反馈问题时请附上 request_id。",
    "instance": "/v1/recommendations",
    "request_id": "5f0c7a1e2b9d4c63a8e1d7f4b6a90c21",
}
_SCHEMES = {
    "key": {
        "type": "http",
        "scheme": "bearer",
        "description": "API key of a platform, from 'panhuo keys create'",
    },
    "token": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "short-lived token for one firm or one holder, from POST /v1/tokens",
    },
}
_REFERENCE = {"$ref": "#/components/schemas/Problem"}


class FieldProblem(BaseModel):
    """One field that does not fit."""

    field: str
    problem: str
    problem_zh: str


class Problem(BaseModel):
    """RFC 9457 problem, in English and Chinese."""

    type: str = Field(description="urn:panhuo:problem:<slug>")
    title: str = Field(description="in the language of Accept-Language")
    title_zh: str
    status: int
    detail: str = Field(description="English sentence")
    detail_zh: str = Field(description="Chinese sentence")
    instance: str = Field(description="path of the request")
    found: str = Field("", description="what was met")
    expected: str = Field("", description="what would have been right")
    cure: str = Field("", description="what can be done now")
    errors: list[FieldProblem] = Field([], description="fields that do not fit")
    request_id: str = Field("", description="name of the request, as logged")


class Application(FastAPI):
    """FastAPI whose OpenAPI knows ``Problem``."""

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document; it is made once."""
        if self.openapi_schema is None:
            document = super().openapi()
            schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas = document.setdefault("components", {}).setdefault("schemas", {})
            schemas |= {**schema.pop("$defs"), "Problem": schema}
            _tell_who_may(document)
            tell_manners(document)
        return self.openapi_schema or {}


def _tell_who_may(document: dict[str, Any]) -> None:
    """Write the table of rights into the document: what to send, and how it is refused."""
    document["components"]["securitySchemes"] = _SCHEMES
    for item in document["paths"].values():
        for operation in item.values():
            policy = POLICIES.get(operation["operationId"])
            if policy is None or policy.public:
                operation["security"] = []
                continue
            scopes = [policy.scope.value] if policy.scope else []
            kinds = {"key" if kind is Kind.KEY else "token" for kind in policy.kinds}
            operation["security"] = [{name: scopes} for name in sorted(kinds)]
            refused: list[tuple[str, MatcherError]] = [("key-refused", KeyRefused())]
            if policy.scope:
                refused.append(("scope-missing", ScopeMissing([policy.scope])))
            for slug, error in refused:
                problem = problem_of(error, "/v1/…")
                entry = operation["responses"].setdefault(
                    str(problem["status"]), _problem_entry(int(problem["status"]))
                )
                entry["content"][MEDIA_TYPE]["examples"][slug] = {"value": problem}


def answers(example: Any, *problems: MatcherError) -> dict[int | str, dict[str, Any]]:
    """Return the ``responses`` of a route: its answer's example, and an example of each problem."""
    told: dict[int | str, dict[str, Any]] = {
        200: {"description": "OK", "content": {"application/json": {"example": example}}}
    }
    shown = [(row_of(error).slug, problem_of(error, "/v1/…")) for error in problems]
    for slug, problem in [*shown, ("invalid-request", _INVALID), ("internal-error", _INTERNAL)]:
        status = int(problem["status"])
        entry = told.setdefault(status, _problem_entry(status))
        entry["content"][MEDIA_TYPE]["examples"][slug] = {"value": problem}
    return told


def _problem_entry(status: int) -> dict[str, Any]:
    content = {MEDIA_TYPE: {"schema": _REFERENCE, "examples": {}}}
    return {"description": HTTPStatus(status).phrase, "content": content}
