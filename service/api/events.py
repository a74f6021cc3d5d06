"""Feedback events as clients send them: one shape for each kind."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    Discriminator,
    Field,
    Tag,
    model_validator,
)
from pydantic_core import PydanticCustomError

from matcher.types import DismissalReason, FeedbackKind
from service.api.schemas import Count, Name, Sent, Told, UsccText, Whole

MOST_EVENTS = 500
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_LATEST = datetime(2200, 1, 1, tzinfo=UTC)


def _as_text(sent: Any) -> Any:
    # Pydantic would take a number for seconds or milliseconds since 1970, whichever fits.
    return sent if isinstance(sent, str) else None


def _in_range(at: datetime) -> datetime:
    # Year 1 in a zone east of us has no moment in UTC.
    if not _EARLIEST <= at < _LATEST:
        raise PydanticCustomError("moment_range", "Input should lie in the years 2000 to 2199")
    return at


Grade = Annotated[int, Field(ge=1, le=5, strict=True), Whole]
Words = Annotated[str, Field(max_length=4_000)]
Moment = Annotated[AwareDatetime, BeforeValidator(_as_text), AfterValidator(_in_range)]


class Axes(Sent):
    """The three-axis evaluation."""

    prospect: Grade = Field(description="产业化前景, 1 to 5")
    improvement: Grade = Field(description="技术改进需求, 1 to 5")
    cooperation: Grade = Field(description="产学研合作意愿, 1 to 5")


SHORT: dict[str, FeedbackKind] = {
    "dismiss": FeedbackKind.DISMISSAL,
    "need": FeedbackKind.DIRECTED_NEED,
}
"""Shorter names of kinds, taken as well."""


class Event(Sent):
    """One thing a firm did with one item of one list, named by its slot or by its patent."""

    kind: FeedbackKind | Literal["dismiss", "need"]
    event_id: Name | None = Field(
        None,
        description="the sender's key: the same event sent again counts once; left out, it is "
        "made from what the event says",
    )
    list_id: Name = Field(description="as received with the list")
    slot: Count | None = Field(None, description="slot of the item (rank); or patent_id")
    patent_id: Name | None = Field(
        None, description="patent of the item; in a list of firms with the uscc of the item"
    )
    uscc: UsccText | None = Field(
        None,
        description="who acts; the list of a firm says it already, one made from free text needs "
        "it for all but impression and click",
    )
    at: Moment | None = Field(
        None, description="when, with zone, from the year 2000 on; the time of arrival if left out"
    )
    text: Words = Field("", description="in the firm's own words")

    @model_validator(mode="after")
    def _names_an_item(self) -> Self:
        if self.slot is None and self.patent_id is None:
            raise PydanticCustomError("no_item", "slot or patent_id should name the item")
        return self

    @property
    def meant(self) -> FeedbackKind:
        """The kind under its full name."""
        return FeedbackKind(SHORT.get(self.kind, self.kind))

    @property
    def key(self) -> str:
        """The sender's key, or one that the same words give again."""
        if self.event_id:
            return self.event_id
        said = self.model_dump_json(exclude={"event_id", "kind"})
        return hashlib.sha256(f"{self.meant.value} {said}".encode()).hexdigest()[:32]


class Seen(Event):
    """Shown, opened, or contact taken up (对接)."""

    kind: Literal[FeedbackKind.IMPRESSION, FeedbackKind.CLICK, FeedbackKind.CONTACT]


class Dismissal(Event):
    """Not for us: the pair comes back neither in the firm's lists nor in the patent's."""

    kind: Literal[FeedbackKind.DISMISSAL, "dismiss"]
    reason: DismissalReason = DismissalReason.OTHER


class DirectedNeed(Event):
    """A directed need (定向反馈合作需求)."""

    kind: Literal[FeedbackKind.DIRECTED_NEED, "need"]
    text: Annotated[Words, Field(min_length=1, pattern=r"\S", description="the need")]


class Evaluated(Event):
    """The three-axis evaluation of an item."""

    kind: Literal[FeedbackKind.EVALUATION]
    evaluation: Axes


_SHAPES: dict[str, str] = {
    FeedbackKind.IMPRESSION: "as:seen",
    FeedbackKind.CLICK: "as:seen",
    FeedbackKind.CONTACT: "as:seen",
    FeedbackKind.DISMISSAL: "as:dismissal",
    FeedbackKind.DIRECTED_NEED: "as:need",
    FeedbackKind.EVALUATION: "as:evaluated",
    "dismiss": "as:dismissal",
    "need": "as:need",
}


def _shape(sent: Any) -> str | None:
    kind = sent.get("kind") if isinstance(sent, dict) else getattr(sent, "kind", None)
    return _SHAPES.get(kind) if isinstance(kind, str) else None


AnyEvent = Annotated[
    Annotated[Seen, Tag("as:seen")]
    | Annotated[Dismissal, Tag("as:dismissal")]
    | Annotated[DirectedNeed, Tag("as:need")]
    | Annotated[Evaluated, Tag("as:evaluated")],
    Discriminator(
        _shape,
        custom_error_type="unknown_kind",
        custom_error_message="kind should be impression, click, dismissal, contact, "
        "directed_need or evaluation",
    ),
]


class FeedbackRequest(Sent):
    """Events that are stored together, or not at all."""

    events: list[AnyEvent] = Field(min_length=1, max_length=MOST_EVENTS)


class FeedbackTold(Told):
    """What became of the events."""

    received: int
    new: int = Field(description="how many were not stored before")
