"""What all writes to the catalogue share: who writes, what is refused, how it is documented."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from fastapi.exceptions import RequestValidationError

from matcher.errors import MatcherError
from service.api.catalogue_schemas import told
from service.api.documents import BODY, answers
from service.api.refusals import NameMismatch, PreconditionFailed
from service.api.schemas import Sent
from service.audit.act import noted
from service.auth.caller import Caller
from service.ingest.cures import cure_zh
from service.ingest.problems import BadValue, shown
from service.ingest.records import FileContext
from service.ingest.single import FAMILY, Given, RecordRefused
from service.store import Store

_CHINA = timezone(timedelta(hours=8))


def context_of(caller: Caller) -> FileContext:
    """Return what history tells of a single write: by which key, and when."""
    now = datetime.now(UTC)
    return FileContext(
        family=FAMILY,
        name=f"API {caller.key_id}".strip(),
        sha256="",
        checked_on=now.astimezone(_CHINA).date(),
        at=now.isoformat(timespec="seconds"),
    )


def given_of(sent: Sent, key: str, name: str, *, whole: bool) -> Given:
    """Return what is written; raise ``NameMismatch`` where the body names another record.

    Args:
        sent: the body.
        key: its field that names the record.
        name: the record's.
        whole: it is to be as sent.
    """
    own = getattr(sent, key)
    if own is not None and own != name:
        raise NameMismatch(key, own)
    cells, cleared = told(sent, key)
    return Given(cells, frozenset() if whole else cleared, whole)


@contextmanager
def writing(store: Store, aggregate: str, name: str, key: str) -> Iterator[None]:
    """Make the block one transaction that writes one record, and its refusals a problem.

    Args:
        store: that the record belongs to.
        aggregate: nobody else writes it meanwhile.
        name: of the record, for the audit.
        key: the field that the address gives.

    Raises:
        RequestValidationError: an import would refuse the record or leave something of it out.
    """
    try:
        with store.transaction():
            store.hold(aggregate)
            noted(name)
            yield
    except RecordRefused as refused:
        raise RequestValidationError([_finding(bad, key) for bad in refused.found]) from refused


def write_answers(
    example: Mapping[str, Any], *problems: MatcherError, created: bool
) -> dict[int | str, dict[str, Any]]:
    """Return the ``responses`` of a write that answers with the record."""
    found = answers(example, *problems, PreconditionFailed("If-Match"), *BODY)
    headers = {"ETag": {"description": "of the record, weak", "schema": {"type": "string"}}}
    found[200]["headers"] = headers
    if created:
        content = {"application/json": {"example": example}}
        found[201] = {"description": "Created", "content": content, "headers": dict(headers)}
    return found


def removal_answers(*problems: MatcherError) -> dict[int | str, dict[str, Any]]:
    """Return the ``responses`` of a DELETE, which answers with nothing."""
    found = answers(None, *problems, PreconditionFailed("If-Match"))
    del found[200]
    return {204: {"description": "Deleted"}, **found}


def _finding(bad: BadValue, key: str) -> dict[str, Any]:
    chinese = cure_zh(bad.problem, bad.field, shown(bad.value), bad.row) or "内容不符合要求。"
    place = "path" if bad.field == key else "body"
    field = "events" if bad.field == "legal_events" else bad.field
    return {
        "type": "record",
        "loc": (place, field),
        "msg": bad.cure,
        "ctx": {"cure_zh": chinese},
    }
