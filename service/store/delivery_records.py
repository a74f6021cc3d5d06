"""What deliveries of webhooks are made of on their way through a sender."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from matcher.codes import DeliveryOutcome, MessageState
from service.store.event_types import EventType
from service.store.webhooks import Endpoint


@dataclass(frozen=True, slots=True)
class Share:
    """How much of its time a sender gives to one endpoint.

    Attributes:
        most: deliveries to claim in all.
        healthy: at work for one endpoint at once, on all machines together.
        slow: the same for one that cannot keep up.
        troubled: of ``most``, for all endpoints that fail or cannot keep up.
    """

    most: int
    healthy: int
    slow: int
    troubled: int


@dataclass(frozen=True, slots=True)
class Claimed:
    """One delivery in somebody's hands.

    Attributes:
        attempt: which one this is, from 1; counted before its work began.
        verdicts: how many before it ended with an answer, or without one in time.
        body: as it is sent.
        endpoint: as it stood when this was claimed.
    """

    delivery_id: str
    event_id: str
    event_type: EventType
    attempt: int
    verdicts: int
    claim: str
    body: bytes = field(repr=False)
    endpoint: Endpoint = field(repr=False)


@dataclass(frozen=True, slots=True)
class Attempt:
    """What became of one attempt; ``duration`` in seconds."""

    at: datetime
    outcome: DeliveryOutcome
    status: int
    duration: float
    detail: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What follows from an attempt.

    Attributes:
        state: of the delivery.
        due: when it is tried again.
        endpoint: from the endpoint as it stands to the columns of it that change.
    """

    state: MessageState
    due: datetime
    endpoint: Callable[[Endpoint], Mapping[str, str | int]]
