"""What the API itself refuses, in the error tree: everything here is wrong input.

InputError
├── BodyTooLarge        more bytes than a request may have
├── MediaTypeRefused    a body that does not say it is JSON in UTF-8
├── MalformedBody       a body that is not strict JSON
├── UnknownRegion       a region that names no known place
├── PatentNotIndexed    a patent imported after the last build
├── SlotNotFound        a slot that the list does not have
├── FirmMismatch        feedback in the name of another firm than the list's
├── FirmMissing         feedback that needs a firm, on a list that has none
└── EventConflict       an event id that is stored with other content
"""

from __future__ import annotations

from matcher.errors import InputError


class BodyTooLarge(InputError):
    """The request body has more bytes than allowed."""

    def __init__(self, most: int) -> None:
        super().__init__(
            f"found a request body of more than {most} bytes",
            f"at most {most} bytes",
            "send the content in several requests",
        )
        self.most = most


class MediaTypeRefused(InputError):
    """The body's media type is not JSON in UTF-8."""

    def __init__(self) -> None:
        super().__init__(
            "found a request body of another media type or charset",
            "application/json in UTF-8",
            "send the header Content-Type: application/json",
        )


class MalformedBody(InputError):
    """The body is not JSON as RFC 8259 and this API want it."""

    def __init__(self, found: str, expected: str) -> None:
        super().__init__(found, expected, "correct the body and send it again")


class UnknownRegion(InputError):
    """The text names no province or city of the table."""

    def __init__(self, region: str) -> None:
        super().__init__(
            f"found region {region[:40]!r}",
            "a province, a city, or both, such as 浙江杭州",
            "correct the region or leave it out",
        )
        self.region = region[:40]


class PatentNotIndexed(InputError):
    """The patent stands in the catalogue, but not in the current index."""

    def __init__(self, patent_id: str) -> None:
        super().__init__(
            f"found patent {patent_id!r} outside the current index",
            "a patent imported before the last build",
            "ask the operator to run 'panhuo build'",
        )
        self.patent_id = patent_id


class SlotNotFound(InputError):
    """The recorded list has no such slot."""

    def __init__(self, event_id: str, slot: int, slots: int) -> None:
        super().__init__(
            f"found slot {slot} in event {event_id!r}",
            f"a slot from 1 to {slots}" if slots else "no feedback on an empty list",
            "send back the slot of the item as it was received",
        )
        self.event_id = event_id
        self.slot = slot


class FirmMismatch(InputError):
    """The event names another firm than the list does."""

    def __init__(self, event_id: str, uscc: str) -> None:
        super().__init__(
            f"found firm {uscc!r} in event {event_id!r}",
            "the firm that the list was made for or that stands in the slot",
            "leave uscc out: the list already says it",
        )
        self.event_id = event_id
        self.uscc = uscc


class FirmMissing(InputError):
    """The list was made from free text, and the event needs a firm."""

    def __init__(self, event_id: str, kind: str) -> None:
        super().__init__(
            f"found event {event_id!r} of kind {kind} without a firm on a list made from free text",
            "the uscc of a firm of the catalogue",
            "add uscc to the event",
        )
        self.event_id = event_id


class EventConflict(InputError):
    """An ``event_id`` of this call stands for another event already."""

    def __init__(self, found: str) -> None:
        super().__init__(
            found, "one event_id for one event", "send a new event under a new event_id"
        )
