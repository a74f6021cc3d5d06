"""What webhooks tell of."""

from __future__ import annotations

from enum import StrEnum


class EventType(StrEnum):
    """The kinds of events; ``PING`` is sent by a test alone, and nobody chooses it."""

    PUSH_READY = "push.ready"
    FEEDBACK_RECEIVED = "feedback.received"
    CONTACT_REQUESTED = "contact.requested"
    NEED_DIRECTED = "need.directed"
    PATENT_DELISTED = "patent.delisted"
    LICENCE_GRANTED = "licence.granted"
    LICENCE_WITHDRAWN = "licence.withdrawn"
    IMPORT_FINISHED = "import.finished"
    PING = "ping"


CHOOSABLE = tuple(kind for kind in EventType if kind is not EventType.PING)
