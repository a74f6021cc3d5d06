"""What goes in and what comes out: lists and records. Feedback is in ``events.py``.

``service/lists.py`` fills the lists, for the API and for the command line's ``--json`` alike.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
)

from matcher.recommend import MOST_ITEMS
from matcher.types import (
    GroupKind,
    HolderKind,
    LegalEvent,
    LegalStatus,
    PatentKind,
    StopState,
)
from service.api.reason_schema import ReasonTold
from service.store.keys import compact

_VISIBLE = r"^[^\x00-\x1f\x7f]+$"


def _whole(sent: Any) -> Any:
    # JSON knows one kind of number: 20.0 is 20. But "20" and true are none.
    return int(sent) if isinstance(sent, float) and sent.is_integer() else sent


Name = Annotated[str, Field(min_length=1, max_length=128, pattern=_VISIBLE)]
UsccText = Annotated[
    str, Field(min_length=1, max_length=64, pattern=_VISIBLE), AfterValidator(compact)
]
Whole = BeforeValidator(_whole)
Count = Annotated[int, Field(ge=1, le=MOST_ITEMS, strict=True), Whole]


class Sent(BaseModel):
    """What a client sends: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Told(BaseModel):
    """What a client gets."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


class PatentRecord(Told):
    """One patent of the catalogue; what is not known is empty or null."""

    patent_id: str = Field(description="id in the catalogue")
    title: str
    application_no: str = Field(description="申请号")
    publication_no: str = Field(description="公开号")
    grant_no: str = Field(description="授权公告号")
    abstract: str
    first_claim: str = Field(description="first claim (权利要求1)")
    technical_field: str = Field(description="技术领域 of the description")
    ipc: list[str] = Field(description="IPC symbols, main one first")
    industry_codes: list[str] = Field(description="GB/T 4754-2017 codes")
    kind: PatentKind = Field(description="发明 / 实用新型 / 外观设计")
    filing_date: date | None
    publication_date: date | None
    legal_status: LegalStatus = Field(description="有效 / 审中 / 失效")
    stop_state: StopState = Field(description="why it is not recommended, empty for none")
    holder: str = Field(description="专利权人")
    holder_kind: HolderKind
    holder_province: str
    holder_city: str
    maturity: str = Field(description="技术成熟度, as stated")
    open_licence: bool = Field(description="the holder declared an open licence (开放许可)")
    price_band: str = Field(description="intended price, as stated")
    family_id: str
    grant_date: date | None
    expires_on: date | None = Field(description="end of the term, as stated")
    events: list[LegalEvent] = Field(description="legal events, as last checked")
    checked_on: date | None = Field(description="the day on which status and events were so")
    problems: list[str] = Field(description="技术问题")
    effects: list[str] = Field(description="技术功效")
    applications: list[str] = Field(description="应用领域")
    topics: list[str] = Field(description="技术主题")
    emerging_industry: str = Field(description="战略性新兴产业, as stated")
    college: str = Field(description="所属学院")
    self_grade: int = Field(description="the holder's own grade, 1 to 5 stars, 0 for none")


class FirmRecord(Told):
    """One firm of the catalogue, as registered and as it describes itself."""

    uscc: str = Field(description="统一社会信用代码")
    name: str
    business_scope: str = Field(description="经营范围")
    registered_on: date | None
    org_type: str
    capital: str = Field(description="registered capital, as stated")
    province: str
    city: str
    industry_code: str = Field(description="GB/T 4754-2017 code")
    products: list[str]
    needs: list[str] = Field(description="技术需求")
    tags: list[str] = Field(description="专精特新 and the like")
    registration_status: str = Field(description="登记状态, as stated")


class VersionsTold(Told):
    """What made the list."""

    encoder: str
    index: str
    policy: str


class SegmentTold(Told):
    """A segment that was searched."""

    code: str
    name: str = Field(description="Chinese name; empty for a code no longer in use")
    confidence: float


class SegmentPlace(Told):
    """The segment an item belongs to."""

    code: str
    path: str = Field(description="group › name; empty for a code no longer in use")


class ItemTold(Told):
    """What every item of a list has."""

    rank: int = Field(ge=1, description="1 is best")
    slot: int = Field(ge=1, description="the place to name in feedback; equals rank")
    item_id: str = Field(description="patent id, or USCC of the firm")
    score: float = Field(description="log-odds of a link; higher is better")
    probability: float = Field(
        ge=0, le=1, description="the score as share of such pairs that were linked in its data"
    )
    segment: SegmentPlace | None
    reasons: list[ReasonTold]
    missing: list[ReasonTold] = Field(
        description="what is not known or not said, which a reader would look for; of ``reasons``"
    )
    features: dict[str, float] = Field(description="what the score was made of")


class MemberTold(Told):
    """A member of a group."""

    patent_id: str
    application_no: str
    title: str


class GroupTold(Told):
    """The patent pool (专利池) or the grouped patents (组合专利) that an item stands for."""

    group_id: str
    kind: GroupKind
    name: str
    description: str
    holder: str
    members: list[MemberTold] = Field(description="members that may be recommended today")


class PatentItem(ItemTold):
    """A recommended patent; with ``group``, the group that it leads is the item."""

    patent_id: str = Field(description="equals item_id")
    patent: PatentRecord
    group: GroupTold | None = Field(description="null for a patent by itself")


class FirmItem(ItemTold):
    """A recommended firm."""

    firm: FirmRecord


EmptyReason = Literal[
    "no_text",
    "unrouted",
    "filters",
    "floor",
    "excluded",
    "stopped",
    "left_out",
    "nothing_left",
]
"""Why a list has no item: nothing to match with, no segment, no patent fits the filters, all below
the relevance floor, all known to the firm or excluded, all stopped, the page's items are no longer
to be shown, the list ended before."""


class ListTold(Told):
    """What every list has."""

    list_id: str = Field(description="name it in feedback")
    direction: Literal["patents", "firms"]
    subject: str = Field(description="USCC or patent id the list is for; empty for free text")
    versions: VersionsTold
    made_at: datetime
    segments: list[SegmentTold] = Field(description="where it was searched")
    notes: list[ReasonTold] = Field(description="why the list is short or empty")
    empty_reason: EmptyReason | None = Field(description="why there is no item; null where one is")


class PatentList(ListTold):
    """Patents for a firm or for free text."""

    items: list[PatentItem]
    next_cursor: str | None = Field(
        None, description="where to read on, for 24 hours; null where nothing follows"
    )


class FirmList(ListTold):
    """Firms for a patent."""

    items: list[FirmItem]


class Alive(Told):
    """The process answers."""

    status: Literal["ok"]


class Warned(Told):
    """Something to look at, though requests are answered."""

    code: str = Field(description="disk-nearly-full, index-old and the like")
    detail: str = Field(description="English sentence")
    detail_zh: str = Field(description="Chinese sentence")


class Ready(Told):
    """Store and index answer."""

    status: Literal["ready", "degraded"] = Field(
        description="degraded: requests are answered, and warnings tell what to look at"
    )
    warnings: list[Warned]
    versions: VersionsTold
    built_at: datetime = Field(description="when the index was built")
    patents: int = Field(description="patents in the catalogue")
    firms: int = Field(description="firms in the catalogue")
    indexed_patents: int
    indexed_firms: int
