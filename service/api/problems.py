"""Errors as RFC 9457 ``application/problem+json``, in English and Chinese.

``Accept-Language`` only chooses the language of ``title`` and which sentence comes first; both are
always there. Nothing internal but the error's own fields is told.
"""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, cast
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Scope

from matcher.errors import MatcherError, StoreUnavailable
from service.api.invalid import problems_of
from service.api.refusals import RateExceeded, RequestRunning
from service.auth.redact import redacted
from service.auth.refusals import Challenged
from service.error_row import Row
from service.errors import HTTP_ZH, INTERNAL, INVALID, row_of

MEDIA_TYPE = "application/problem+json"
_PREFIX = "urn:panhuo:problem:"
_RETRY_SECONDS = "5"
_METHODS = "GET", "PUT", "POST", "PATCH", "DELETE"
_log = logging.getLogger(__name__)


def problem_of(error: MatcherError, instance: str, chinese: bool = False) -> dict[str, Any]:
    """Return the problem as a JSON object; ``chinese`` puts Chinese first."""
    fields = {"found": error.found, "expected": error.expected, "cure": error.cure}
    row = row_of(error)
    return _problem(row, str(error), row.detail_zh.format(**vars(error)), instance, chinese, fields)


def _problem(
    row: Row,
    detail: str,
    detail_zh: str,
    instance: str,
    chinese: bool,
    more: Mapping[str, Any],
) -> dict[str, Any]:
    english = {"title": row.title, "title_zh": row.title_zh, "status": row.status, "detail": detail}
    told = {"detail_zh": detail_zh}
    if chinese:
        english = {"title": row.title_zh, "title_zh": row.title_zh, "status": row.status, **told}
        told = {"detail": detail}
    extra = {name: value for name, value in more.items() if value}
    return {"type": _PREFIX + row.slug, **english, **told, "instance": instance, **extra}


def refusal(scope: Scope, error: MatcherError) -> Response:
    """Return the error as a response to the request of ``scope``."""
    if row_of(error).status >= 500:
        _log.warning("%s in request %s: %s", type(error).__name__, request_id_of(scope), error)
    if isinstance(error, StoreUnavailable):
        # Where the database stands, and under whose name, is told to the log alone.
        error = StoreUnavailable("found no answer from the database")
    problem = problem_of(error, _instance(scope), _prefers_chinese(scope))
    headers = {"retry-after": _RETRY_SECONDS} if problem["status"] == 503 else {}
    if isinstance(error, RequestRunning | RateExceeded):
        headers["retry-after"] = str(error.retry_after)
    if isinstance(error, Challenged):
        headers["www-authenticate"] = error.challenge
    return _response(scope, problem, headers)


def install(app: FastAPI) -> None:
    """Make every error of ``app`` a problem."""
    app.add_exception_handler(MatcherError, _on_matcher_error)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(Exception, _on_crash)


async def _on_matcher_error(request: Request, error: Exception) -> Response:
    # Starlette picks the handler by class.
    return refusal(request.scope, cast(MatcherError, error))


async def _on_invalid(request: Request, error: Exception) -> Response:
    found = problems_of(cast(RequestValidationError, error).errors())
    detail = f"found {len(found)} fields that do not fit; see errors and correct each."
    return _told(request.scope, INVALID, detail, {"errors": found})


async def _on_http(request: Request, error: Exception) -> Response:
    known = cast(HTTPException, error)
    phrase = HTTPStatus(known.status_code).phrase
    title_zh, detail_zh = HTTP_ZH.get(known.status_code, ("请求未能处理", "请求未能处理。"))
    slug = phrase.lower().replace(" ", "-")
    row = Row(known.status_code, slug, phrase, title_zh, detail_zh)
    detail = f"{phrase}: {request.method} on this address; see /openapi.json for what there is."
    headers = dict(known.headers or {})
    if known.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(allowed(request.scope))
    return _told(request.scope, row, detail, {}, headers)


def allowed(scope: Scope) -> list[str]:
    """Return the methods of this address: of all routes, where Starlette tells those of one."""
    routes = scope["app"].router.routes
    return [
        method
        for method in _METHODS
        if any(route.matches({**scope, "method": method})[0] is Match.FULL for route in routes)
    ]


async def _on_crash(request: Request, error: Exception) -> Response:
    request_id = request_id_of(request.scope) or uuid.uuid4().hex
    _log.error("request %s failed", request_id, exc_info=error)
    detail = "Something broke inside the service; it was logged under request_id."
    return _told(request.scope, INTERNAL, detail, {"request_id": request_id})


def _told(
    scope: Scope,
    row: Row,
    detail: str,
    more: Mapping[str, Any],
    headers: Mapping[str, str] | None = None,
) -> Response:
    chinese = _prefers_chinese(scope)
    problem = _problem(row, detail, row.detail_zh, _instance(scope), chinese, more)
    return _response(scope, problem, headers or {})


def _response(scope: Scope, problem: Mapping[str, Any], headers: Mapping[str, str]) -> Response:
    headers = {**headers}
    if name := request_id_of(scope):
        problem = {**problem, "request_id": name}
        # What broke is answered outside of everything that would add this.
        headers["x-request-id"] = name
    # Any text may stand in a field, half a surrogate too: an error page must not fail on it.
    body = redacted(json.dumps(problem, ensure_ascii=False)).encode("utf-8", "backslashreplace")
    language = "zh" if _prefers_chinese(scope) else "en"
    told = {"content-language": language, "vary": "Accept-Language", **headers}
    return Response(body, problem["status"], told, MEDIA_TYPE)


def request_id_of(scope: Scope) -> str:
    """Return the name of the request, ``""`` where it has none."""
    name: str = scope.get("state", {}).get("request_id", "")
    return name


def _instance(scope: Scope) -> str:
    # scope["path"], never request.url: that one is put together from the Host header.
    return quote(scope["path"])


def _prefers_chinese(scope: Scope) -> bool:
    header = dict(scope["headers"]).get(b"accept-language", b"").decode("latin-1").lower()
    best, chinese = 0.0, False
    for part in header.split(","):
        tag, _, parameters = part.strip().partition(";")
        weight = _weight(parameters)
        if weight > best:
            best, chinese = weight, tag.split("-")[0].strip() == "zh"
    return chinese


def _weight(parameters: str) -> float:
    try:
        return float(parameters.strip().removeprefix("q=") or 1)
    except ValueError:
        return 0.0
