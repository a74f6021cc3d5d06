"""What firms did with the items of their lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Body

from matcher.errors import FirmNotFound, InputError, ListNotFound
from matcher.types import FeedbackEvent, Uscc
from service.api import examples
from service.api.dependencies import Home, SeenHome
from service.api.documents import BODY, answers
from service.api.events import Event, FeedbackRequest, FeedbackTold
from service.api.refusals import (
    EventConflict,
    FirmMismatch,
    FirmMissing,
    ItemNotFound,
    SlotNotFound,
)
from service.api.ties import Ties, event_of

router = APIRouter(prefix="/v1", tags=["feedback"])


@router.post(
    "/feedback",
    operation_id="sendFeedback",
    summary="Events on slots of lists",
    responses=answers(
        {"received": 2, "new": 2},
        ListNotFound(examples.LIST_ID),
        FirmNotFound(examples.USCC),
        EventConflict("found event 'e-1' stored with other kind"),
        SlotNotFound("e-1", 21, 20),
        ItemNotFound("e-1", examples.PATENT_ID),
        FirmMismatch("e-1", examples.USCC),
        FirmMissing("e-1", "contact"),
        *BODY,
    ),
)
def send_feedback(
    sent: Annotated[FeedbackRequest, Body(openapi_examples=examples.EVENTS)], home: Home
) -> FeedbackTold:
    """Store the events, all or none; an event that is stored already counts as received."""
    ties = Ties(home.readers.feedback)
    now = datetime.now(UTC)
    events = [event_of(event, ties, event.at or now) for event in sent.events]
    _check_firms(home, sent.events)
    return FeedbackTold(received=len(events), new=_append(home, sent.events, events))


def _check_firms(home: SeenHome, sent: Sequence[Event]) -> None:
    named = list(dict.fromkeys(Uscc(event.uscc) for event in sent if event.uscc))
    stored = home.readers.firms.many(named) if named else {}
    for uscc in named:
        if uscc not in stored:
            raise FirmNotFound(uscc)


def _append(home: SeenHome, sent: Sequence[Event], events: Sequence[FeedbackEvent]) -> int:
    log = home.readers.feedback
    try:
        return log.append(events)
    except InputError as conflict:
        # An event without a time got one at its first arrival: sent again, it means that time.
        first = _first_times(home, sent, events)
        if not first:
            raise EventConflict(conflict.found) from conflict
        again = [_at(event, first) for event in events]
    try:
        return log.append(again)
    except InputError as conflict:
        raise EventConflict(conflict.found) from conflict


def _first_times(
    home: SeenHome, sent: Sequence[Event], events: Sequence[FeedbackEvent]
) -> Mapping[str, datetime]:
    timeless = {event.key for event in sent if event.at is None}
    usccs = {event.uscc for event in events if event.event_id in timeless}
    return {
        stored.event_id: stored.at
        for uscc in sorted(usccs)
        for stored in home.readers.feedback.of_firm(uscc)
        if stored.event_id in timeless
    }


def _at(event: FeedbackEvent, times: Mapping[str, datetime]) -> FeedbackEvent:
    return replace(event, at=times.get(event.event_id, event.at))
