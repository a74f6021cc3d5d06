"""Webhooks as tenants set them up, and as they are told."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi.openapi.models import Example
from pydantic import AfterValidator, Field

from matcher.codes import DeliveryOutcome, MessageState
from service.api.events import Moment
from service.api.schemas import Sent, Told, Whole
from service.store.delivery_log import Delivery
from service.store.event_types import CHOOSABLE, EventType
from service.store.webhooks import Endpoint
from service.webhooks.desk import LONGEST_URL, OVERLAP

MOST_DELIVERIES = 100
_LONGEST_OVERLAP = int(timedelta(days=7).total_seconds())

Url = Annotated[
    str,
    Field(
        min_length=1,
        max_length=LONGEST_URL,
        pattern=r"^[\x21-\x7e]+$",
        description="https://HOST/PATH; http only into networks that the operator opened",
    ),
]
Words = Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]


def _once(events: list[str]) -> list[str]:
    return list(dict.fromkeys(events))


EventName = Literal[
    "push.ready",
    "feedback.received",
    "contact.requested",
    "need.directed",
    "patent.delisted",
    "licence.granted",
    "licence.withdrawn",
    "import.finished",
]
Events = Annotated[
    list[EventName],
    Field(min_length=1, max_length=len(CHOOSABLE), description="types of events that are sent"),
    AfterValidator(_once),
]
State = Literal["pending", "leased", "delivered", "failed"]


class EndpointRequest(Sent):
    """A new endpoint."""

    url: Url
    events: Events
    description: Words = Field("", description="for people")


class EndpointChange(Sent):
    """What is to change; what is left out stays."""

    url: Url | None = None
    events: Events | None = None
    description: Words | None = None


class RotateRequest(Sent):
    """A new secret."""

    overlap_seconds: Annotated[int, Field(ge=0, le=_LONGEST_OVERLAP, strict=True), Whole] = Field(
        int(OVERLAP.total_seconds()),
        description="for how long the old secret signs beside the new one",
    )


class ReplayRequest(Sent):
    """Deliveries that failed, by the time at which their event came about."""

    since: Moment = Field(description="from this moment on, with zone")
    until: Moment | None = Field(None, description="before this moment; open if left out")


class EndpointTold(Told):
    """One endpoint; its secret is told once, when it is made or rotated."""

    endpoint_id: str
    url: str
    events: list[EventType]
    description: str
    created_at: datetime
    enabled: bool
    disabled_at: datetime | None
    disabled_why: str = Field(description="empty while it is enabled")
    failing_since: datetime | None = Field(
        description="first failure after the last delivery that was taken"
    )
    held_until: datetime | None = Field(description="nothing is sent to it before")
    old_secret_until: datetime | None = Field(
        description="until then the secret before signs beside the one in force"
    )


class EndpointSecret(Told):
    """An endpoint with its secret, which is told this once."""

    endpoint: EndpointTold
    secret: str = Field(description="whsec_ and base64, as Standard Webhooks has it")


class EndpointList(Told):
    """The endpoints, oldest first."""

    endpoints: list[EndpointTold]


class AttemptTold(Told):
    """One attempt that ended."""

    attempt: int
    at: datetime
    outcome: DeliveryOutcome
    status: int = Field(description="status of the answer, 0 for none")
    duration_ms: int
    detail: str = Field(description="why it was not taken")


class DeliveryTold(Told):
    """One event on its way to one endpoint."""

    delivery_id: str
    event_id: str = Field(description="webhook-id of every attempt")
    event_type: EventType
    state: State
    attempts: int = Field(description="how many began")
    created_at: datetime
    next_attempt_at: datetime | None
    ended_at: datetime | None
    status: int = Field(description="status of the last answer, 0 for none")
    cause: str = Field(description="why the last attempt was not taken")
    log: list[AttemptTold] = Field(description="attempts that ended, oldest first")


class DeliveryPage(Told):
    """Deliveries, newest first."""

    deliveries: list[DeliveryTold]
    next_cursor: str | None = Field(description="leads to older ones")


class Replayed(Told):
    """How many deliveries begin anew."""

    replayed: int


def endpoint_told(found: Endpoint) -> EndpointTold:
    """Return an endpoint as it is told, without its secrets."""
    return EndpointTold(
        endpoint_id=found.endpoint_id,
        url=found.url,
        events=list(found.events),
        description=found.description,
        created_at=datetime.fromisoformat(found.created_at),
        enabled=not found.disabled_at,
        disabled_at=_moment(found.disabled_at),
        disabled_why=found.disabled_why,
        failing_since=_moment(found.failing_since),
        held_until=_moment(found.held_until),
        old_secret_until=_moment(found.old_until),
    )


def delivery_told(found: Delivery) -> DeliveryTold:
    """Return a delivery as it is told."""
    waits = found.state is MessageState.PENDING
    return DeliveryTold.model_validate(
        {
            **{name: getattr(found, name) for name in _SAME},
            "state": found.state.value,
            "next_attempt_at": _moment(found.due_at) if waits else None,
            "ended_at": _moment(found.ended_at),
            "log": [AttemptTold.model_validate(one) for one in found.log],
        }
    )


_SAME = (
    *("delivery_id", "event_id", "event_type", "attempts", "created_at"),
    *("status", "cause"),
)


def _moment(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


ENDPOINT_ID = "ep_4f1d0c8e2b7a4d6f9a3c5e7b1d2f4a60"
DELIVERY_ID = "dlv_0b9e6c1f4a8d4f0ea6c2d7b53e1f9a84"
ENDPOINT: dict[str, Any] = {
    "endpoint_id": ENDPOINT_ID,
    "url": "https://platform.example.cn/panhuo",
    "events": ["patent.delisted", "import.finished"],
    "description": "省平台生产环境",
    "created_at": "2026-01-31T08:00:00.000000Z",
    "enabled": True,
    "disabled_at": None,
    "disabled_why": "",
    "failing_since": None,
    "held_until": None,
    "old_secret_until": None,
}
SECRET: dict[str, Any] = {
    "endpoint": ENDPOINT,
    "secret": "whsec_(32 random bytes in base64)",
}
DELIVERY: dict[str, Any] = {
    "delivery_id": DELIVERY_ID,
    "event_id": "evt_7c2a9d1e5b3f4c8093e6a1d4f2b7c5e8",
    "event_type": "import.finished",
    "state": "pending",
    "attempts": 1,
    "created_at": "2026-01-31T08:00:04.000000Z",
    "next_attempt_at": "2026-01-31T08:00:10.100000Z",
    "ended_at": None,
    "status": 503,
    "cause": "HTTP 503",
    "log": [
        {
            "attempt": 1,
            "at": "2026-01-31T08:00:05.000000Z",
            "outcome": "try_again",
            "status": 503,
            "duration_ms": 87,
            "detail": "HTTP 503",
        }
    ],
}
_NEW = {name: ENDPOINT[name] for name in ("url", "events", "description")}
NEW: dict[str, Example] = {"new": {"summary": "A new endpoint", "value": _NEW}}
CHANGES: dict[str, Example] = {
    "events": {"summary": "Other events", "value": {"events": ["push.ready"]}}
}
ROTATIONS: dict[str, Example] = {"hour": {"value": {"overlap_seconds": 3_600}}}
REPLAYS: dict[str, Example] = {"day": {"value": {"since": "2026-01-30T08:00:00+08:00"}}}
ENDPOINT_IDS: dict[str, Example] = {"endpoint": {"value": ENDPOINT_ID}}
DELIVERY_IDS: dict[str, Example] = {"delivery": {"value": DELIVERY_ID}}
STATES: dict[str, Example] = {"failed": {"value": "failed"}}
LIMITS: dict[str, Example] = {"some": {"value": 20}}
