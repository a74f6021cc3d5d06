"""Patents as a table: every public field, under names that the importer reads again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from matcher.types import HolderKind, LegalEvent, LegalStatus, Patent, PatentKind, StopState
from service.export.table import CellType, Column, Table
from service.store.contacts import holders_of

KIND_WORDS: Mapping[PatentKind, str] = {
    PatentKind.INVENTION: "发明",
    PatentKind.UTILITY_MODEL: "实用新型",
    PatentKind.DESIGN: "外观设计",
    PatentKind.UNKNOWN: "",
}
STATUS_WORDS: Mapping[LegalStatus, str] = {
    LegalStatus.IN_FORCE: "有效",
    LegalStatus.PENDING: "审中",
    LegalStatus.LAPSED: "失效",
    LegalStatus.UNKNOWN: "",
}
STOP_WORDS: Mapping[StopState, str] = {
    StopState.NONE: "",
    StopState.ABOUT_TO_ABANDON: "即将放弃专利权",
    StopState.OWNERSHIP_DISPUTE: "涉及权属纠纷",
    StopState.UNSUITABLE: "其他不适宜转化的情况",
    StopState.EXCLUSIVELY_LICENSED: "独占许可",
    StopState.PRESERVED: "保全",
}
HOLDER_WORDS: Mapping[HolderKind, str] = {
    HolderKind.UNIVERSITY: "高校",
    HolderKind.INSTITUTE: "科研机构",
    HolderKind.HOSPITAL: "医院",
    HolderKind.FIRM: "企业",
    HolderKind.OTHER: "其他",
}
EVENT_WORDS: Mapping[LegalEvent, str] = {
    LegalEvent.GRANT: "授权",
    LegalEvent.EXAMINATION: "实质审查",
    LegalEvent.RE_EXAMINATION: "复审",
    LegalEvent.ASSIGNMENT: "权利转移",
    LegalEvent.LICENCE: "许可",
    LegalEvent.OPEN_LICENCE: "开放许可",
    LegalEvent.SOLE_LICENCE: "排他许可",
    LegalEvent.EXCLUSIVE_LICENCE: "独占许可",
    LegalEvent.PLEDGE: "质押",
    LegalEvent.PRESERVATION: "保全",
    LegalEvent.DISPUTE: "权属纠纷",
    LegalEvent.DUAL_FILING: "一案双申",
    LegalEvent.FEE_UNPAID: "未缴年费",
    LegalEvent.ABOUT_TO_ABANDON: "即将放弃",
    LegalEvent.ABANDONMENT: "放弃",
    LegalEvent.EXPIRY: "期限届满",
    LegalEvent.REJECTION: "驳回",
    LegalEvent.WITHDRAWAL: "撤回",
    LegalEvent.INVALIDATION: "全部无效",
    LegalEvent.PARTIAL_INVALIDATION: "部分无效",
    LegalEvent.RESTORATION: "恢复",
}


@dataclass(frozen=True, slots=True)
class PatentChoice:
    """Which patents are meant; an empty part leaves that open.

    Attributes:
        holder: one of the patent's holders, whole.
        province: as stored, such as 浙江.
    """

    holder: str = ""
    college: str = ""
    province: str = ""
    status: LegalStatus | None = None

    def of(self, patents: Iterable[Patent]) -> Iterator[Patent]:
        """Yield those that are meant, as they come."""
        return filter(self.means, patents)

    def means(self, patent: Patent) -> bool:
        """Return whether the patent is one of them."""
        return (
            self.college in {"", patent.college}
            and self.province in {"", patent.holder_province}
            and self.status in {None, patent.legal_status}
            and (not self.holder or self.holder in holders_of(patent.holder))
        )


# Headings that no vendor's file has for its own: an export must not be taken for one of those.
PATENTS: Table[Patent] = Table(
    "专利",
    (
        Column("patent_id", "patent_id", lambda one: one.patent_id, width=22),
        Column("title", "专利名称", lambda one: one.title, width=48),
        Column("application_no", "申请号", lambda one: one.application_no, width=20),
        Column("publication_no", "公开(公告)号", lambda one: one.publication_no),
        Column("grant_no", "授权公告号", lambda one: one.grant_no),
        Column(
            "kind",
            "专利类型",
            lambda one: "" if one.kind is PatentKind.UNKNOWN else one.kind.value,
            shown=lambda one: KIND_WORDS[one.kind],
        ),
        Column(
            "legal_status",
            "法律状态",
            lambda one: one.legal_status.value,
            shown=lambda one: STATUS_WORDS[one.legal_status],
        ),
        Column(
            "legal_events",
            "法律状态/事件",
            lambda one: tuple(EVENT_WORDS[event] for event in one.events),
            CellType.TEXTS,
        ),
        Column(
            "stop_state",
            "stop_state",
            lambda one: one.stop_state.value,
            shown=lambda one: STOP_WORDS[one.stop_state],
        ),
        Column("checked_on", "checked_on", lambda one: one.checked_on, CellType.DATE),
        Column("holder", "专利权人", lambda one: one.holder, width=32),
        Column(
            "holder_kind",
            "专利权人类型",
            lambda one: one.holder_kind.value,
            shown=lambda one: HOLDER_WORDS[one.holder_kind],
        ),
        Column("holder_province", "专利权人省份", lambda one: one.holder_province),
        Column("holder_city", "专利权人城市", lambda one: one.holder_city),
        Column("college", "所属学院", lambda one: one.college, width=24),
        Column("filing_date", "申请日", lambda one: one.filing_date, CellType.DATE),
        Column("publication_date", "公开(公告)日", lambda one: one.publication_date, CellType.DATE),
        Column("grant_date", "授权日", lambda one: one.grant_date, CellType.DATE),
        Column("expires_on", "到期日", lambda one: one.expires_on, CellType.DATE),
        Column("ipc", "IPC分类号", lambda one: one.ipc, CellType.TEXTS, width=28),
        Column(
            "industry_codes", "国民经济行业分类", lambda one: one.industry_codes, CellType.TEXTS
        ),
        Column("emerging_industry", "战略性新兴产业分类", lambda one: one.emerging_industry),
        Column("maturity", "技术成熟度", lambda one: one.maturity, width=24),
        Column(
            "self_grade",
            "自评",
            lambda one: one.self_grade or None,
            CellType.INTEGER,
            shown=lambda one: grade_word(one.self_grade),
        ),
        Column("price_band", "意向价格", lambda one: one.price_band),
        Column("open_licence", "开放许可", lambda one: one.open_licence, CellType.TRUTH),
        Column("problems", "技术问题", lambda one: one.problems, CellType.TEXTS, width=28),
        Column("effects", "技术功效", lambda one: one.effects, CellType.TEXTS, width=28),
        Column("applications", "应用领域", lambda one: one.applications, CellType.TEXTS),
        Column("topics", "技术主题", lambda one: one.topics, CellType.TEXTS),
        Column("technical_field", "技术领域", lambda one: one.technical_field, width=40),
        Column("abstract", "摘要", lambda one: one.abstract, width=60),
        Column("first_claim", "权利要求", lambda one: one.first_claim, width=60),
        Column("family_id", "同族号", lambda one: one.family_id),
    ),
)


def grade_word(stars: int) -> str:
    """Return the word for 1 to 5 stars, "" for none.

    >>> grade_word(5), grade_word(0)
    ('五星', '')
    """
    return ("", "一星", "二星", "三星", "四星", "五星")[stars]
