"""What a client writes into the catalogue, and the records that only this part tells."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from pydantic import Field

from matcher.codes import RelationKind
from service.api.schemas import Name, Sent, Told, Whole

_DAY = r"^\d{4}-\d{2}-\d{2}$"
Day = Annotated[str, Field(pattern=_DAY, json_schema_extra={"format": "date"})]
Line = Annotated[str, Field(max_length=500)]
Word = Annotated[str, Field(max_length=64)]
Text = Annotated[str, Field(max_length=200_000)]
Parts = Annotated[list[Annotated[str, Field(max_length=2_000)]], Field(max_length=200)]
Symbols = Annotated[list[Word], Field(max_length=200)]


class PatentWrite(Sent):
    """Fields of a patent; words are understood as in an import. Null or empty clears a field."""

    patent_id: Name | None = Field(None, description="the id, as in the address")
    title: Line | None = None
    application_no: Word | None = Field(None, description="申请号")
    publication_no: Word | None = Field(None, description="公开号")
    grant_no: Word | None = Field(None, description="授权公告号")
    abstract: Text | None = None
    first_claim: Text | None = Field(None, description="first claim (权利要求1)")
    technical_field: Text | None = Field(None, description="技术领域 of the description")
    ipc: Symbols | None = Field(None, description="IPC symbols, main one first")
    industry_codes: Symbols | None = Field(None, description="GB/T 4754-2017 codes")
    kind: Word | None = Field(None, description="发明, INVENTION; 实用新型; 外观设计")
    filing_date: Day | None = None
    publication_date: Day | None = None
    legal_status: Word | None = Field(None, description="有效, IN_FORCE; 审中; 失效, LAPSED")
    stop_state: Word | None = Field(None, description="why it is not to be recommended; 正常")
    holder: Line | None = Field(None, description="专利权人")
    holder_kind: Word | None = Field(None, description="university, 高校, …")
    holder_province: Word | None = None
    holder_city: Word | None = None
    maturity: Line | None = Field(None, description="技术成熟度, as stated")
    open_licence: Annotated[bool, Field(strict=True)] | None = Field(None, description="开放许可")
    price_band: Line | None = Field(None, description="intended price, as stated")
    family_id: Line | None = None
    grant_date: Day | None = None
    expires_on: Day | None = Field(None, description="end of the term, as stated")
    events: Symbols | None = Field(None, description="legal events: grant, 授权, …")
    checked_on: Day | None = Field(None, description="of status and events; today by default")
    problems: Parts | None = Field(None, description="技术问题")
    effects: Parts | None = Field(None, description="技术功效")
    applications: Parts | None = Field(None, description="应用领域")
    topics: Parts | None = Field(None, description="技术主题")
    emerging_industry: Line | None = Field(None, description="战略性新兴产业, as stated")
    college: Line | None = Field(None, description="所属学院")
    self_grade: Annotated[int, Whole, Field(strict=True, ge=0, le=5)] | None = Field(
        None, description="the holder's own grade, 1 to 5 stars, 0 for none"
    )


class FirmWrite(Sent):
    """Fields of a firm; words are understood as in an import. Null or empty clears a field."""

    uscc: Name | None = Field(None, description="the code, as in the address")
    name: Line | None = None
    business_scope: Text | None = Field(None, description="经营范围")
    registered_on: Day | None = None
    org_type: Line | None = None
    capital: Line | None = Field(None, description="registered capital, as stated")
    province: Word | None = None
    city: Word | None = None
    industry_code: Word | None = Field(None, description="GB/T 4754-2017 code")
    products: Parts | None = None
    needs: Parts | None = Field(None, description="技术需求")
    tags: Parts | None = Field(None, description="专精特新 and the like")
    registration_status: Line | None = Field(None, description="登记状态, as stated")


class DemandWrite(Sent):
    """Fields of a technical demand. Null or empty clears a field."""

    demand_id: Name | None = Field(None, description="the id, as in the address")
    title: Line | None = None
    text: Text | None = None
    uscc: Name | None = Field(None, description="统一社会信用代码 of the firm that asks")
    industry: Line | None = None
    province: Word | None = None
    city: Word | None = None
    posted_on: Day | None = None
    cooperation: Parts | None = Field(None, description="合作方式")


class DemandRecord(Told):
    """One technical demand (技术需求)."""

    demand_id: str
    title: str
    text: str
    uscc: str | None = Field(description="统一社会信用代码 of the firm that asks")
    industry: str
    province: str
    city: str
    posted_on: date | None
    cooperation: list[str] = Field(description="合作方式")


class RelationRecord(Told):
    """One known link between a firm and a patent."""

    uscc: str = Field(description="统一社会信用代码")
    patent_id: str
    kind: RelationKind = Field(description="拥有 / 共同申请 / 许可 / 对接")


class RelationList(Told):
    """The known links of a firm."""

    relations: list[RelationRecord]


# Words that a record tells where nothing is known; they are no words of any file.
_NOTHING: dict[str, Any] = {"kind": "UNKNOWN", "legal_status": "UNKNOWN", "self_grade": 0}


def told(sent: Sent, key: str) -> tuple[dict[str, object], frozenset[str]]:
    """Return field → value of what is given, and the fields that are cleared; the key is neither.

    Events are called as the column of an import.
    """
    given: dict[str, object] = {}
    cleared: set[str] = set()
    for name in sent.model_fields_set - {key}:
        value = getattr(sent, name)
        if value in (None, "", []) or (value == _NOTHING.get(name) and value is not False):
            cleared.add(name)
        elif name == "events":
            given["legal_events"] = "；".join(value)
        else:
            given[name] = value
    return given, frozenset(cleared)
