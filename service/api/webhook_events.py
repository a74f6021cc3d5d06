"""What OpenAPI says of the events that webhooks carry (``webhooks``), each with an example."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Body, FastAPI, Header
from fastapi.openapi.models import Example
from pydantic import Field

from matcher.types import FeedbackKind, LegalStatus, StopState
from service.api import examples
from service.api.schemas import Told
from service.store.event_types import EventType


class RoundReady(Told):
    """A push_round that can be read and sent."""

    round_id: str
    made_at: datetime
    firms: int = Field(description="firms that have items")
    patents: int = Field(description="patents that are offered")
    items: int = Field(description="pairs in all")


class Given(Told):
    """What one firm did with one slot; words and grades are not sent."""

    event_id: str = Field(description="the sender's key of the feedback event")
    list_id: str
    slot: int
    patent_id: str
    uscc: str = Field(description="empty where a list from free text knows no firm")
    at: datetime


class GivenKind(Given):
    """The same with its kind."""

    kind: FeedbackKind


class Received(Told):
    """Feedback that came in together; large batches come in several events."""

    events: list[GivenKind]


class DelistedPatent(Told):
    """One patent that may not be recommended any more."""

    patent_id: str
    legal_status: LegalStatus
    stop_state: StopState
    removed: bool = Field(description="it is gone from the catalogue altogether")


class Delisted(Told):
    """Patents delisted together."""

    patents: list[DelistedPatent]


class KnownLicence(Told):
    """One licence that the catalogue knows of."""

    patent_id: str
    kind: Literal["licence", "open_licence", "sole_licence", "exclusive_licence"]


class Licences(Told):
    """Licences that came to be known, or were withdrawn, together."""

    licences: list[KnownLicence]


class ImportEnded(Told):
    """An import job that ended; its report is at /v1/imports/{job_id}."""

    job_id: str
    what: str
    state: Literal["done", "failed", "cancelled"]
    dry_run: bool
    rows: int
    new: int
    changed: int
    unchanged: int
    refused: int


class Pinged(Told):
    """A test."""

    endpoint_id: str


class _Sent(Told):
    timestamp: datetime = Field(description="when it came about; the same over all attempts")


class PushReady(_Sent):
    """push.ready: a round was published."""

    type: Literal["push.ready"]
    data: RoundReady


class FeedbackReceived(_Sent):
    """feedback.received: firms gave feedback."""

    type: Literal["feedback.received"]
    data: Received


class ContactRequested(_Sent):
    """contact.requested: a firm took up contact (对接)."""

    type: Literal["contact.requested"]
    data: Given


class NeedDirected(_Sent):
    """need.directed: a firm sent a directed need (定向反馈合作需求)."""

    type: Literal["need.directed"]
    data: Given


class PatentDelisted(_Sent):
    """patent.delisted: patents lapsed, were stopped, or were taken out."""

    type: Literal["patent.delisted"]
    data: Delisted


class LicenceGranted(_Sent):
    """licence.granted: licences came to be known."""

    type: Literal["licence.granted"]
    data: Licences


class LicenceWithdrawn(_Sent):
    """licence.withdrawn: open licences were withdrawn."""

    type: Literal["licence.withdrawn"]
    data: Licences


class ImportFinished(_Sent):
    """import.finished: an import job ended."""

    type: Literal["import.finished"]
    data: ImportEnded


class Ping(_Sent):
    """ping: somebody tests the endpoint."""

    type: Literal["ping"]
    data: Pinged


_PATENT = examples.PATENT["patent_id"]
_GIVEN = {
    "event_id": "portal-20260131-0017",
    "list_id": examples.LIST_ID,
    "slot": 1,
    "patent_id": _PATENT,
    "uscc": examples.USCC,
    "at": "2026-01-31T08:00:00.000000+00:00",
}
_LICENCES = {"licences": [{"patent_id": _PATENT, "kind": "open_licence"}]}
_DATA: Mapping[EventType, tuple[type[_Sent], dict[str, Any]]] = {
    EventType.PUSH_READY: (
        PushReady,
        {
            "round_id": "r20260131T080000000000",
            "made_at": "2026-01-31T08:00:00+00:00",
            "firms": 450_000,
            "patents": 117_000,
            "items": 4_500_000,
        },
    ),
    EventType.FEEDBACK_RECEIVED: (FeedbackReceived, {"events": [_GIVEN | {"kind": "contact"}]}),
    EventType.CONTACT_REQUESTED: (ContactRequested, _GIVEN),
    EventType.NEED_DIRECTED: (NeedDirected, _GIVEN),
    EventType.PATENT_DELISTED: (
        PatentDelisted,
        {
            "patents": [
                {
                    "patent_id": _PATENT,
                    "legal_status": "LAPSED",
                    "stop_state": "",
                    "removed": False,
                }
            ]
        },
    ),
    EventType.LICENCE_GRANTED: (LicenceGranted, _LICENCES),
    EventType.LICENCE_WITHDRAWN: (LicenceWithdrawn, _LICENCES),
    EventType.IMPORT_FINISHED: (
        ImportFinished,
        {
            "job_id": "4f1d0c8e2b7a4d6f9a3c5e7b1d2f4a60",
            "what": "patents",
            "state": "done",
            "dry_run": False,
            "rows": 3,
            "new": 2,
            "changed": 0,
            "unchanged": 0,
            "refused": 1,
        },
    ),
    EventType.PING: (Ping, {"endpoint_id": "ep_4f1d0c8e2b7a4d6f9a3c5e7b1d2f4a60"}),
}


def example_of(kind: EventType) -> dict[str, Any]:
    """Return an example of an event's body."""
    return {
        "type": kind.value,
        "timestamp": "2026-01-31T08:00:00.000000+00:00",
        "data": _DATA[kind][1],
    }


def shape_of(kind: EventType) -> type[Told]:
    """Return the model of an event's body."""
    return _DATA[kind][0]


def tell_events(app: FastAPI) -> None:
    """Write the events into the application's OpenAPI document."""
    for kind in EventType:
        app.webhooks.add_api_route(
            kind.value,
            _receiver(kind),
            methods=["POST"],
            operation_id="on" + "".join(part.capitalize() for part in kind.value.split(".")),
            summary=(shape_of(kind).__doc__ or "").partition(": ")[2].rstrip("."),
            description=(shape_of(kind).__doc__ or ""),
            status_code=204,
            response_description="Taken: any 2xx within 15 seconds",
            responses={"default": {"description": "Not taken; sent again by the schedule"}},
            tags=["webhooks"],
        )


def _receiver(kind: EventType) -> Callable[..., None]:
    shape: Any = shape_of(kind)
    shown: dict[str, Example] = {kind.value: {"value": example_of(kind)}}

    def receive(
        event: Told,
        webhook_id: Annotated[str, Header(description="of the event, over all attempts")],
        webhook_timestamp: Annotated[str, Header(description="of the attempt, seconds")],
        webhook_signature: Annotated[
            str, Header(description="v1,BASE64; several with blanks between while a secret changes")
        ],
    ) -> None:
        """Take an event."""

    # Annotations are texts here, and a text cannot name what stands in a variable.
    receive.__annotations__["event"] = Annotated[shape, Body(openapi_examples=shown)]
    return receive
