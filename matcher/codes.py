"""Closed lists of words: kinds, states, events, reasons.

Values are what is stored and sent; the Chinese words for them belong to readers and pages.
"""

from __future__ import annotations

from enum import StrEnum


class PatentKind(StrEnum):
    """发明 / 实用新型 / 外观设计."""

    INVENTION = "INVENTION"
    UTILITY_MODEL = "UTILITY_MODEL"
    DESIGN = "DESIGN"
    UNKNOWN = "UNKNOWN"


class LegalStatus(StrEnum):
    """有效 / 审中 / 失效. UNKNOWN is recommended, and the reasons say that it is unknown."""

    IN_FORCE = "IN_FORCE"
    PENDING = "PENDING"
    LAPSED = "LAPSED"
    UNKNOWN = "UNKNOWN"


class LegalEvent(StrEnum):
    """What happened to a patent (法律事件), as registers and vendors tell it."""

    GRANT = "grant"
    EXAMINATION = "examination"
    RE_EXAMINATION = "re_examination"
    ASSIGNMENT = "assignment"
    LICENCE = "licence"
    OPEN_LICENCE = "open_licence"
    SOLE_LICENCE = "sole_licence"
    EXCLUSIVE_LICENCE = "exclusive_licence"
    PLEDGE = "pledge"
    PRESERVATION = "preservation"
    DISPUTE = "dispute"
    DUAL_FILING = "dual_filing"
    FEE_UNPAID = "fee_unpaid"
    ABOUT_TO_ABANDON = "about_to_abandon"
    ABANDONMENT = "abandonment"
    EXPIRY = "expiry"
    REJECTION = "rejection"
    WITHDRAWAL = "withdrawal"
    INVALIDATION = "invalidation"
    PARTIAL_INVALIDATION = "partial_invalidation"
    RESTORATION = "restoration"


class ItemKind(StrEnum):
    """What an item of a profile is: 需求, 发布的需求, 产品, 经营范围, 企业名称, free text."""

    NEED = "need"
    DEMAND = "demand"
    PRODUCT = "product"
    SCOPE = "scope"
    NAME = "name"
    TEXT = "text"


class PlaceSetting(StrEnum):
    """What place counts in a list: what is near first, nothing, or what is far first (跨区域)."""

    LOCAL_FIRST = "local_first"
    NEUTRAL = "neutral"
    CROSS_REGION = "cross_region"


class StopState(StrEnum):
    """Why a patent in force is not recommended; NONE for all others."""

    NONE = ""
    ABOUT_TO_ABANDON = "about_to_abandon"
    OWNERSHIP_DISPUTE = "ownership_dispute"
    UNSUITABLE = "unsuitable"
    EXCLUSIVELY_LICENSED = "exclusively_licensed"
    PRESERVED = "preserved"


class HolderKind(StrEnum):
    """Who holds a patent."""

    UNIVERSITY = "university"
    INSTITUTE = "institute"
    HOSPITAL = "hospital"
    FIRM = "firm"
    OTHER = "other"


class RelationKind(StrEnum):
    """What a firm is to a patent."""

    OWNS = "owns"
    CO_APPLIED = "co_applied"
    LICENSED = "licensed"
    CONTACTED = "contacted"


class GroupKind(StrEnum):
    """专利池 / 组合专利."""

    PATENT_POOL = "patent_pool"
    GROUPED = "grouped"


class FirmTag(StrEnum):
    """专精特新 / 小巨人 / 高新技术企业: what the state calls a firm."""

    SPECIALISED_SME = "specialised_sme"
    LITTLE_GIANT = "little_giant"
    HIGH_TECH = "high_tech"


class LicenceKind(StrEnum):
    """What a holder offers (转化意愿): 开放 / 普通 / 排他 / 独占许可, 转让."""

    OPEN = "open_licence"
    ORDINARY = "licence"
    SOLE = "sole_licence"
    EXCLUSIVE = "exclusive_licence"
    ASSIGNMENT = "assignment"


class FeedbackKind(StrEnum):
    """What a firm did with an item of a list."""

    IMPRESSION = "impression"
    CLICK = "click"
    DISMISSAL = "dismissal"
    CONTACT = "contact"
    DIRECTED_NEED = "directed_need"
    EVALUATION = "evaluation"


class DismissalReason(StrEnum):
    """Why an item is "not for us" (domain: three-axis evaluation)."""

    NOT_OUR_FIELD = "not_our_field"
    TOO_EARLY = "too_early"
    TOO_DEAR = "too_dear"
    HAVE_IT = "have_it"
    OTHER = "other"


class MessageState(StrEnum):
    """pending → leased → delivered, empty, failed or parked; leased → pending to try again."""

    PENDING = "pending"
    LEASED = "leased"
    DELIVERED = "delivered"
    EMPTY = "empty"
    FAILED = "failed"
    PARKED = "parked"


class DeliveryOutcome(StrEnum):
    """How one attempt to deliver a message ended.

    ``EMPTY``: nothing of it may be sent any more. ``TRY_AGAIN``: not taken, perhaps later.
    ``REFUSED``: never will be. ``GONE``: the receiver wants nothing more through this channel.
    ``DIED``: the worker was gone before it had an answer.
    """

    DELIVERED = "delivered"
    EMPTY = "empty"
    TRY_AGAIN = "try_again"
    REFUSED = "refused"
    GONE = "gone"
    DIED = "died"
