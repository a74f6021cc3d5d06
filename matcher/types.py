"""What crosses the floors: ids, records of the catalogue, ranked lists, feedback.

Everything here is frozen and slotted. Objects live at the door; inside the engine the same facts
are arrays. ``score``: higher is better. ``rank`` and ``slot`` are 1-based.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NewType

import numpy as np
import numpy.typing as npt

from matcher.codes import DismissalReason as DismissalReason
from matcher.codes import FeedbackKind as FeedbackKind
from matcher.codes import GroupKind as GroupKind
from matcher.codes import HolderKind as HolderKind
from matcher.codes import ItemKind as ItemKind
from matcher.codes import LegalEvent as LegalEvent
from matcher.codes import LegalStatus as LegalStatus
from matcher.codes import PatentKind as PatentKind
from matcher.codes import PlaceSetting as PlaceSetting
from matcher.codes import RelationKind as RelationKind
from matcher.codes import StopState as StopState

PatentId = NewType("PatentId", str)
Uscc = NewType("Uscc", str)
DemandId = NewType("DemandId", str)
SegmentCode = NewType("SegmentCode", str)
ListId = NewType("ListId", str)

FloatArray = npt.NDArray[np.float32]
RowArray = npt.NDArray[np.int64]

_GONE = ("注销", "吊销", "撤销", "清算", "停业", "迁出")


@dataclass(frozen=True, slots=True)
class Patent:
    """One application with what is known of it; absent text is ``""``, absent dates ``None``.

    Attributes:
        checked_on: the day on which legal status and events were so.
        self_grade: the holder's own grade (专利价值分级自评), 1 to 5 stars, 0 for none.
    """

    patent_id: PatentId
    title: str
    application_no: str = ""
    publication_no: str = ""
    grant_no: str = ""
    abstract: str = ""
    first_claim: str = ""
    technical_field: str = ""
    ipc: tuple[str, ...] = ()
    industry_codes: tuple[str, ...] = ()
    kind: PatentKind = PatentKind.UNKNOWN
    filing_date: date | None = None
    publication_date: date | None = None
    legal_status: LegalStatus = LegalStatus.UNKNOWN
    stop_state: StopState = StopState.NONE
    holder: str = ""
    holder_kind: HolderKind = HolderKind.OTHER
    holder_province: str = ""
    holder_city: str = ""
    maturity: str = ""
    open_licence: bool = False
    price_band: str = ""
    family_id: str = ""
    grant_date: date | None = None
    expires_on: date | None = None
    events: tuple[LegalEvent, ...] = ()
    checked_on: date | None = None
    problems: tuple[str, ...] = ()
    effects: tuple[str, ...] = ()
    applications: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    emerging_industry: str = ""
    college: str = ""
    self_grade: int = 0

    @property
    def recommendable(self) -> bool:
        """True unless the patent is lapsed or in a stop state."""
        return self.legal_status is not LegalStatus.LAPSED and self.stop_state is StopState.NONE


@dataclass(frozen=True, slots=True)
class Firm:
    """One firm as registered, plus what it said of itself."""

    uscc: Uscc
    name: str
    business_scope: str = ""
    registered_on: date | None = None
    org_type: str = ""
    capital: str = ""
    province: str = ""
    city: str = ""
    industry_code: str = ""
    products: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    registration_status: str = ""

    @property
    def active(self) -> bool:
        """True unless the register says that the firm is no more (注销, 吊销, 撤销, 清算)."""
        return not any(word in self.registration_status for word in _GONE)


@dataclass(frozen=True, slots=True)
class Demand:
    """One technical demand (技术需求) posted by or for a firm."""

    demand_id: DemandId
    title: str
    text: str = ""
    uscc: Uscc | None = None
    industry: str = ""
    province: str = ""
    city: str = ""
    posted_on: date | None = None
    cooperation: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Relation:
    """A known link between a firm and a patent."""

    uscc: Uscc
    patent_id: PatentId
    kind: RelationKind


@dataclass(frozen=True, slots=True)
class PatentGroup:
    """Patents that are offered as one: a patent pool or a holder's grouped patents.

    ``members`` are application numbers in the holder's order; some may not be in the catalogue.
    """

    group_id: str
    kind: GroupKind
    name: str
    description: str = ""
    holder: str = ""
    members: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Offer:
    """A group as it is offered in a list.

    Attributes:
        group: the pool or the grouped patents.
        known: members that are in the catalogue, in the group's order.
        members: those of them that may be recommended today.
    """

    group: PatentGroup
    known: tuple[PatentId, ...]
    members: tuple[PatentId, ...]


@dataclass(frozen=True, slots=True)
class FirmProfile:
    """What the engine sees of a firm (or of free text): query texts and place, nothing else.

    ``items`` are the scope items, products and needs that carry content, in order, without
    boilerplate; ``item_kinds`` says what each of them is. ``excluded`` holds what must never come
    back: own, dismissed, licensed.
    """

    name_words: str
    items: tuple[str, ...]
    province: str = ""
    city: str = ""
    industry_code: str = ""
    uscc: Uscc | None = None
    own_patents: tuple[PatentId, ...] = ()
    excluded: frozenset[PatentId] = frozenset()
    item_kinds: tuple[ItemKind, ...] = ()

    @property
    def text(self) -> str:
        """All items as one text."""
        return "；".join(self.items)


@dataclass(frozen=True, slots=True)
class Hits:
    """What an index search returns; padding never shows.

    Attributes:
        rows: int64 (q, k), row positions; entries from ``counts[i]`` on are meaningless.
        scores: float32 (q, k), higher is better, descending, ties by row.
        counts: int64 (q,), how many entries of each row are real.
    """

    rows: RowArray
    scores: FloatArray
    counts: RowArray


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an item stands in a list: a machine-readable kind, the data behind it, a sentence."""

    kind: str
    text: str
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RankedItem:
    """One recommended patent (or firm, in the other direction).

    ``offer`` is the group that a patent stands for in the list, None for one by itself.
    """

    rank: int
    item_id: str
    score: float
    features: Mapping[str, float]
    segment: SegmentCode | None
    reasons: tuple[Reason, ...]
    offer: Offer | None = None


@dataclass(frozen=True, slots=True)
class Versions:
    """Which encoder, index and policy made a list."""

    encoder: str
    index: str
    policy: str


@dataclass(frozen=True, slots=True)
class RankedList:
    """An answer: items in order, with id and versions; ``notes`` say why it is short or empty."""

    list_id: ListId
    subject: str
    direction: str
    items: tuple[RankedItem, ...]
    versions: Versions
    made_at: datetime
    notes: tuple[Reason, ...] = ()
    segments: tuple[tuple[SegmentCode, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The three axes, each 1–5: 产业化前景, 技术改进需求, 产学研合作意愿."""

    prospect: int
    improvement: int
    cooperation: int


@dataclass(frozen=True, slots=True)
class FeedbackEvent:
    """One thing a firm did with one slot of one list; append-only.

    ``event_id`` is the sender's key: the same id with the same content is stored once.
    """

    event_id: str
    list_id: ListId
    slot: int
    patent_id: PatentId
    uscc: Uscc
    kind: FeedbackKind
    at: datetime
    reason: DismissalReason | None = None
    evaluation: Evaluation | None = None
    text: str = ""
