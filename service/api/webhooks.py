"""Where a tenant wants to be told of what happened, and what became of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Path, Query, Request

from matcher.codes import MessageState
from matcher.errors import StateError
from service.api import webhook_schemas as schemas
from service.api.dependencies import Home
from service.api.documents import BODY, answers
from service.api.schemas import Name
from service.api.webhook_schemas import (
    DeliveryPage,
    DeliveryTold,
    EndpointChange,
    EndpointList,
    EndpointRequest,
    EndpointSecret,
    EndpointTold,
    Replayed,
    ReplayRequest,
    RotateRequest,
    delivery_told,
    endpoint_told,
)
from service.auth.refusals import SecretUnusable
from service.store.event_types import EventType
from service.webhooks.desk import MOST_ENDPOINTS, WebhookDesk
from service.webhooks.refusals import (
    DeliveryNotFound,
    DeliveryRunning,
    EndpointDisabled,
    EndpointNotFound,
    EndpointsFull,
    TargetRefused,
)

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])


async def _desk(request: Request, home: Home) -> WebhookDesk:
    return WebhookDesk(home.opened.store, request.state.secrets)


Desk = Annotated[WebhookDesk, Depends(_desk)]
EndpointId = Annotated[Name, Path(openapi_examples=schemas.ENDPOINT_IDS)]
DeliveryId = Annotated[Name, Path(openapi_examples=schemas.DELIVERY_IDS)]
_UNKNOWN = EndpointNotFound(schemas.ENDPOINT_ID)
_UNKNOWN_DELIVERY = DeliveryNotFound(schemas.DELIVERY_ID)
_DISABLED = EndpointDisabled(schemas.ENDPOINT_ID, "the receiver answered 410 Gone")
_REFUSED = TargetRefused("10.0.0.1 leads to 10.0.0.1, which is not allowed")
_NO_SECRET = SecretUnusable("found the server's secret open to others", "mode 600", "chmod it")


def _of(example: Any, *problems: Any) -> dict[int | str, Any]:
    return answers(example, _UNKNOWN, *problems)


@router.post(
    "",
    operation_id="createWebhook",
    summary="A new endpoint",
    responses=answers(schemas.SECRET, _REFUSED, EndpointsFull(MOST_ENDPOINTS), _NO_SECRET, *BODY),
)
def create_webhook(
    ask: Annotated[EndpointRequest, Body(openapi_examples=schemas.NEW)], desk: Desk
) -> EndpointSecret:
    """Keep an endpoint and tell its secret, this once: keep it, for it verifies what is sent."""
    made, secret = desk.create(ask.url, _types(ask.events), ask.description)
    return EndpointSecret(endpoint=endpoint_told(made), secret=secret)


@router.get(
    "",
    operation_id="listWebhooks",
    summary="All endpoints",
    responses=answers({"endpoints": [schemas.ENDPOINT]}),
)
def list_webhooks(desk: Desk) -> EndpointList:
    """Return the endpoints, oldest first, without their secrets."""
    return EndpointList(endpoints=[endpoint_told(one) for one in desk.all()])


@router.get(
    "/{endpoint_id}",
    operation_id="getWebhook",
    summary="One endpoint",
    responses=_of(schemas.ENDPOINT),
)
def get_webhook(desk: Desk, endpoint_id: EndpointId) -> EndpointTold:
    """Return how an endpoint stands."""
    return endpoint_told(desk.get(endpoint_id))


@router.patch(
    "/{endpoint_id}",
    operation_id="changeWebhook",
    summary="Change an endpoint",
    responses=_of(schemas.ENDPOINT, _REFUSED, *BODY),
)
def change_webhook(
    ask: Annotated[EndpointChange, Body(openapi_examples=schemas.CHANGES)],
    desk: Desk,
    endpoint_id: EndpointId,
) -> EndpointTold:
    """Change address, events or description; what is on its way goes to the new address."""
    events = None if ask.events is None else _types(ask.events)
    changed = desk.change(endpoint_id, url=ask.url, events=events, description=ask.description)
    return endpoint_told(changed)


@router.delete(
    "/{endpoint_id}",
    operation_id="deleteWebhook",
    summary="Delete an endpoint",
    responses=_of(schemas.ENDPOINT),
)
def delete_webhook(desk: Desk, endpoint_id: EndpointId) -> EndpointTold:
    """Delete an endpoint with its log; what is on its way to it is not sent."""
    return endpoint_told(desk.remove(endpoint_id))


@router.post(
    "/{endpoint_id}/test",
    operation_id="testWebhook",
    summary="Send a ping",
    responses=_of(schemas.DELIVERY | {"event_type": "ping"}, _DISABLED),
)
def test_webhook(desk: Desk, endpoint_id: EndpointId) -> DeliveryTold:
    """Send the event ``ping``, once; ask for the delivery a moment later to see what came of it."""
    return delivery_told(desk.test(endpoint_id))


@router.post(
    "/{endpoint_id}/rotate-secret",
    operation_id="rotateWebhookSecret",
    summary="A new secret",
    responses=_of(
        schemas.SECRET,
        StateError("found the secret changed at this moment", "one who rotates it"),
        _NO_SECRET,
        *BODY,
    ),
)
def rotate_webhook_secret(
    ask: Annotated[RotateRequest, Body(openapi_examples=schemas.ROTATIONS)],
    desk: Desk,
    endpoint_id: EndpointId,
) -> EndpointSecret:
    """Put a new secret in force and tell it; until the overlap ends messages carry both signatures.

    A secret that was still in its overlap ends at once.
    """
    overlap = timedelta(seconds=ask.overlap_seconds)
    changed, secret = desk.rotate(endpoint_id, overlap)
    return EndpointSecret(endpoint=endpoint_told(changed), secret=secret)


@router.post(
    "/{endpoint_id}/enable",
    operation_id="enableWebhook",
    summary="Enable an endpoint again",
    responses=_of(schemas.ENDPOINT),
)
def enable_webhook(desk: Desk, endpoint_id: EndpointId) -> EndpointTold:
    """Send to the endpoint again, as to a new one; what failed meanwhile waits to be replayed."""
    return endpoint_told(desk.enable(endpoint_id))


@router.post(
    "/{endpoint_id}/replay",
    operation_id="replayFailedDeliveries",
    summary="Send again what failed",
    responses=_of({"replayed": 12}, _DISABLED, *BODY),
)
def replay_failed_deliveries(
    ask: Annotated[ReplayRequest, Body(openapi_examples=schemas.REPLAYS)],
    desk: Desk,
    endpoint_id: EndpointId,
) -> Replayed:
    """Let the failed deliveries of a time begin anew, each under the id that it had."""
    return Replayed(replayed=desk.replay_failed(endpoint_id, ask.since, ask.until))


@router.get(
    "/{endpoint_id}/deliveries",
    operation_id="listDeliveries",
    summary="The log of an endpoint",
    responses=_of({"deliveries": [schemas.DELIVERY], "next_cursor": None}, _UNKNOWN_DELIVERY),
)
def list_deliveries(
    desk: Desk,
    endpoint_id: EndpointId,
    state: Annotated[
        schemas.State | None, Query(openapi_examples=schemas.STATES, description="only these")
    ] = None,
    limit: Annotated[
        int, Query(ge=1, le=schemas.MOST_DELIVERIES, openapi_examples=schemas.LIMITS)
    ] = 50,
    cursor: Annotated[
        Name | None,
        Query(openapi_examples=schemas.DELIVERY_IDS, description="next_cursor of a page"),
    ] = None,
) -> DeliveryPage:
    """Return deliveries with their attempts, newest first."""
    chosen = None if state is None else MessageState(state)
    page = desk.deliveries(endpoint_id, limit, cursor or "", chosen)
    found = [delivery_told(one) for one in page.deliveries]
    return DeliveryPage(deliveries=found, next_cursor=page.next_cursor or None)


@router.get(
    "/{endpoint_id}/deliveries/{delivery_id}",
    operation_id="getDelivery",
    summary="One delivery",
    responses=_of(schemas.DELIVERY, _UNKNOWN_DELIVERY),
)
def get_delivery(desk: Desk, endpoint_id: EndpointId, delivery_id: DeliveryId) -> DeliveryTold:
    """Return a delivery with its attempts."""
    desk.get(endpoint_id)
    return delivery_told(desk.delivery(endpoint_id, delivery_id))


@router.post(
    "/{endpoint_id}/deliveries/{delivery_id}/replay",
    operation_id="replayDelivery",
    summary="Send one delivery again",
    responses=_of(
        schemas.DELIVERY, _UNKNOWN_DELIVERY, _DISABLED, DeliveryRunning(schemas.DELIVERY_ID)
    ),
)
def replay_delivery(desk: Desk, endpoint_id: EndpointId, delivery_id: DeliveryId) -> DeliveryTold:
    """Let a delivery begin anew, delivered or not; a receiver that honours the id has it once."""
    return delivery_told(desk.replay(endpoint_id, delivery_id))


def _types(names: list[schemas.EventName]) -> list[EventType]:
    return [EventType(name) for name in names]
