"""What the API itself refuses, in the error tree: everything here is wrong input.

InputError
├── BodyTooLarge        more bytes than a request may have
├── MediaTypeRefused    a body that does not say it is JSON in UTF-8
├── MalformedBody       a body that is not strict JSON
├── UnknownRegion       a region that names no known place
├── PatentNotIndexed    a patent that waits for the next index version
├── SlotNotFound        a slot that the list does not have
├── FirmMismatch        feedback in the name of another firm than the list's
├── FirmMissing         feedback that needs a firm, on a list that has none
├── CursorDamaged      a cursor that is none
├── CursorNotFound     a cursor of somebody else, or over a day old
├── CursorMismatch     a cursor that goes with another question
├── KeyMalformed       an Idempotency-Key that cannot be one
├── KeyMismatch        an Idempotency-Key that stands for another request
├── RequestRunning     the first request of an Idempotency-Key is at work
├── AnswerNotKept      a repeated request whose answer was a secret
├── RateExceeded       more requests than the key may send
├── PreconditionFailed what is written is not what the writer has seen
├── NameMismatch       the record names itself otherwise than its address
├── RecordShared       a record of the shared catalogue, which a tenant does not own
├── RelationNotFound   no such link
├── FieldUnknown       ?fields= names what the answer does not have
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
            "a patent that the index, or what is kept beside it, has taken in",
            "try again in a moment; after a very large import, with the next index version",
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


class ItemNotFound(InputError):
    """The recorded list has no such item, or another one in that slot."""

    def __init__(self, event_id: str, patent_id: str) -> None:
        super().__init__(
            f"found patent {patent_id!r} in event {event_id!r}",
            "a patent of that list, in the slot that is named",
            "send back patent_id, or rank as slot, as they were received",
        )
        self.event_id = event_id
        self.patent_id = patent_id


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


class CursorDamaged(InputError):
    """The cursor is not one that was handed out."""

    def __init__(self) -> None:
        super().__init__(
            "found a cursor that is none",
            "next_cursor of an answer, as it was received",
            "begin anew without a cursor",
        )


class CursorNotFound(InputError):
    """The cursor belongs to somebody else, or its list cannot be read on any more."""

    def __init__(self) -> None:
        super().__init__(
            "found no list to read on by this cursor",
            "a cursor that this key or token received in the last 24 hours",
            "begin anew without a cursor",
        )


class CursorMismatch(InputError):
    """The cursor belongs to another question."""

    def __init__(self) -> None:
        super().__init__(
            "found another question than the one that the cursor belongs to",
            "the same question, with another n at most, or the cursor alone",
            "send the cursor with the question it was received for, or begin anew without it",
        )


class KeyMalformed(InputError):
    """The header Idempotency-Key cannot be a key."""

    def __init__(self) -> None:
        super().__init__(
            "found an Idempotency-Key that cannot be one",
            "one header of 1 to 255 printable ASCII characters",
            "send a random UUID",
        )


class KeyMismatch(InputError):
    """The key stands for a request with another body."""

    def __init__(self) -> None:
        super().__init__(
            "found an Idempotency-Key that stands for another request",
            "the same body as at first, or a key of its own",
            "send a new request under a new key",
        )


class RequestRunning(InputError):
    """The first request under the key is not answered yet."""

    retry_after = 1

    def __init__(self) -> None:
        super().__init__(
            "found the first request under this Idempotency-Key still at work",
            "its answer, in a moment",
            "send the request again after Retry-After seconds",
        )


class AnswerNotKept(InputError):
    """The request was answered, and its answer was a secret that nobody keeps."""

    def __init__(self) -> None:
        super().__init__(
            "found an Idempotency-Key whose request was answered with a secret, which is not kept",
            "a new key for a new secret",
            "send the request under a new Idempotency-Key",
        )


class RateExceeded(InputError):
    """The key has sent more requests than it may."""

    def __init__(self, rate: float, retry_after: int) -> None:
        super().__init__(
            f"found more than {rate:g} requests a second",
            f"at most {rate:g} a second in the long run",
            "send the request again after Retry-After seconds",
        )
        self.rate = f"{rate:g}"
        self.retry_after = retry_after


class FieldUnknown(InputError):
    """The answer has no such field."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"found {name[:60]!a} in fields",
            "names of the answer's fields, with commas between, such as patent_id,title",
            "see /openapi.json for the fields of this answer",
        )
        self.name = name[:60]


class EventConflict(InputError):
    """An ``event_id`` of this call stands for another event already."""

    def __init__(self, found: str) -> None:
        super().__init__(
            found, "one event_id for one event", "send a new event under a new event_id"
        )


class PreconditionFailed(InputError):
    """The record is not as If-Match or If-None-Match want it."""

    def __init__(self, header: str) -> None:
        super().__init__(
            f"found another record than {header} names",
            "the record as it was read",
            "read it again, and send the write with its ETag",
        )
        self.header = header


class NameMismatch(InputError):
    """The body names another record than the address."""

    def __init__(self, field: str, sent: str) -> None:
        super().__init__(
            f"found {field} {sent[:64]!a} in the body",
            "the record that the address names",
            f"leave {field} out of the body, or correct one of them",
        )
        self.field, self.sent = field, sent[:64]


class RecordShared(InputError):
    """The record belongs to the catalogue that all tenants share."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"found {name[:128]!a} in the shared catalogue",
            "a record of the tenant's own",
            "ask the operator of the shared catalogue",
        )
        self.name = name[:128]


class RelationNotFound(InputError):
    """No such link is known."""

    def __init__(self, uscc: str, kind: str, patent: str) -> None:
        super().__init__(
            f"found no relation {kind} of firm {uscc!a} and patent {patent!a}",
            "one that GET /v1/firms/{uscc}/relations tells",
            "correct firm, kind or patent",
        )
        self.uscc, self.kind, self.patent = uscc, kind, patent
