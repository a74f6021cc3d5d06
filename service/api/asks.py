"""What a client asks: for whom, how many, with which filters, and where to read on."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, TypeAdapter

from matcher.codes import HolderKind, LegalStatus, LicenceKind, PlaceSetting
from service.api.schemas import Count, Name, Sent, UsccText

MOST_EXCLUDED = 1_000
_PLACE = "what place counts: near first, nothing, or far first (跨区域); null for the policy's own"
_SEGMENT = "look in this 产业细分领域 alone, by its code"
_TEXT = "products or a technical need"
_REGION = "province and city as written: 浙江杭州"

# The four stages of the 盘活 workbook, and those of other files, as patents state them.
Stage = Literal[
    "样品、实验阶段",
    "试生产、应用开发阶段",
    "小批量生产、工程应用阶段",
    "批量生产、成熟应用阶段",
    "技术构思",
    "正在研发",
    "已有样品",
    "通过小试",
    "通过中试",
    "可以量产",
]
Standing = Literal[LegalStatus.IN_FORCE, LegalStatus.PENDING, LegalStatus.UNKNOWN]
CursorText = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[\w-]+$")]
Words = Annotated[str, Field(min_length=1, max_length=10_000, pattern=r"\S", description=_TEXT)]


class PriceBand(Sent):
    """Intended prices (意向价格) in 万元 that overlap this range."""

    least: float = Field(default=0, ge=0, le=1e9)
    most: float | None = Field(default=None, ge=0, le=1e9, description="null for no upper end")
    negotiable: bool = Field(default=False, strict=True, description="具体面议 counts too")


class Filters(Sent):
    """Which patents; what is not known of a patent fits no filter that asks for it.

    Of each list one entry must fit; an empty list asks nothing.
    """

    segments: list[Name] = Field(default=[], max_length=100, description="产业细分领域, by code")
    regions: list[Name] = Field(
        default=[], max_length=50, description="where the holder sits: 浙江, 江苏苏州"
    )
    maturity: list[Stage] = Field(default=[], max_length=10, description="技术成熟度")
    licence_kinds: list[LicenceKind] = Field(
        default=[], max_length=5, description="what the holder offers (转化意愿): 许可 or 转让"
    )
    price_band: PriceBand | None = None
    holder_kinds: list[HolderKind] = Field(default=[], max_length=5, description="who holds it")
    legal_status: list[Standing] = Field(default=[], max_length=3, description="有效 / 审中 / 未知")
    life_years: float | None = Field(
        default=None, ge=0, le=20, description="years of protection that must be left at least"
    )


class Asked(Sent):
    """What may be asked with every question for patents."""

    n: Count = Field(default=20, description="how many items at most")
    place: PlaceSetting | None = Field(default=None, description=_PLACE)
    filters: Filters | None = None
    exclude: list[Name] = Field(
        default=[], max_length=MOST_EXCLUDED, description="patent ids that must not come"
    )
    cursor: CursorText | None = Field(
        default=None, description="next_cursor of the page before, with the same question"
    )


class ForFirm(Asked):
    """Patents for a firm of the catalogue."""

    uscc: UsccText = Field(description="统一社会信用代码 of a firm in the catalogue")
    segment: Name | None = Field(default=None, description=_SEGMENT)


class ForText(Asked):
    """Patents for products or a need in words, and a place."""

    text: Words
    region: Name | None = Field(default=None, description=_REGION)
    segment: Name | None = Field(default=None, description=_SEGMENT)


class ForDemand(Asked):
    """Patents for one posted demand (技术需求) of the catalogue."""

    demand_id: Name = Field(description="id of a demand in the catalogue")


class FirmByUscc(Sent):
    """A firm of the catalogue."""

    uscc: UsccText = Field(description="统一社会信用代码 of a firm in the catalogue")


class FirmByText(Sent):
    """A firm in words."""

    text: Words
    region: Name | None = Field(default=None, description=_REGION)


def _teller(sent: Any) -> str:
    by_uscc = isinstance(sent, FirmByUscc) or (isinstance(sent, dict) and "uscc" in sent)
    return "as:by_uscc" if by_uscc else "as:by_text"


AskingFirm = Annotated[
    Annotated[FirmByUscc, Tag("as:by_uscc")] | Annotated[FirmByText, Tag("as:by_text")],
    Discriminator(_teller),
]


class ForAsker(Asked):
    """Patents for a firm of the catalogue, or for one in words."""

    firm: AskingFirm

    def flat(self) -> ForFirm | ForText:
        """Return the same question in the other form."""
        more: dict[str, Any] = {name: getattr(self, name) for name in Asked.model_fields}
        if isinstance(self.firm, FirmByUscc):
            return ForFirm(uscc=self.firm.uscc, segment=None, **more)
        return ForText(text=self.firm.text, region=self.firm.region, segment=None, **more)


class NextPage(Sent):
    """The next part of a list, by its cursor alone."""

    cursor: CursorText = Field(description="next_cursor of the page before")
    n: Count = Field(default=20, description="how many items at most")


_KINDS = (
    (ForFirm, "uscc", "as:firm"),
    (ForDemand, "demand_id", "as:demand"),
    (ForAsker, "firm", "as:asker"),
    (ForText, "text", "as:text"),
    (NextPage, "cursor", "as:page"),
)


def _asker(sent: Any) -> str:
    for kind, key, tag in _KINDS:
        if isinstance(sent, kind) or (isinstance(sent, dict) and sent.get(key) is not None):
            return tag
    return "as:text"


RecommendRequest = Annotated[
    Annotated[ForFirm, Tag("as:firm")]
    | Annotated[ForDemand, Tag("as:demand")]
    | Annotated[ForAsker, Tag("as:asker")]
    | Annotated[ForText, Tag("as:text")]
    | Annotated[NextPage, Tag("as:page")],
    Discriminator(_asker),
]

Question = ForFirm | ForText | ForDemand
_QUESTIONS: TypeAdapter[Question] = TypeAdapter(
    Annotated[
        Annotated[ForFirm, Tag("as:firm")]
        | Annotated[ForDemand, Tag("as:demand")]
        | Annotated[ForText, Tag("as:text")],
        Discriminator(_asker),
    ]
)


def question_text(asked: Question) -> str:
    """Return what was asked as JSON, without number and cursor; equal questions give equal text."""
    return asked.model_dump_json(exclude={"n", "cursor"}, exclude_defaults=True)


def question_of(text: str) -> Question:
    """Return what ``question_text`` wrote."""
    return _QUESTIONS.validate_json(text)


class FirmsRequest(Sent):
    """How many firms for a patent."""

    n: Count = Field(default=20, description="how many items at most")
    place: PlaceSetting | None = Field(default=None, description=_PLACE)
