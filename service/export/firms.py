"""Firms as a table: every public field, under names that the importer reads again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from matcher.types import Firm
from service.export.table import CellType, Column, Table


@dataclass(frozen=True, slots=True)
class FirmChoice:
    """Which firms are meant, by their place as stored; an empty part leaves that open."""

    province: str = ""
    city: str = ""

    def of(self, firms: Iterable[Firm]) -> Iterator[Firm]:
        """Yield those that are meant, as they come."""
        return filter(self.means, firms)

    def means(self, firm: Firm) -> bool:
        """Return whether the firm is one of them."""
        return self.province in {"", firm.province} and self.city in {"", firm.city}


# Headings that no vendor's file has for its own: an export must not be taken for one of those.
FIRMS: Table[Firm] = Table(
    "企业",
    (
        Column("uscc", "统一社会信用代码", lambda one: one.uscc, width=22),
        Column("name", "企业名称", lambda one: one.name, width=32),
        Column("registration_status", "登记状态", lambda one: one.registration_status),
        Column("registered_on", "成立日期", lambda one: one.registered_on, CellType.DATE),
        Column("org_type", "企业类型", lambda one: one.org_type, width=28),
        Column("capital", "注册资本", lambda one: one.capital),
        Column("province", "所属省份", lambda one: one.province),
        Column("city", "所属城市", lambda one: one.city),
        Column("industry_code", "行业代码", lambda one: one.industry_code),
        Column("products", "主要产品", lambda one: one.products, CellType.TEXTS, width=40),
        Column("needs", "技术需求", lambda one: one.needs, CellType.TEXTS, width=40),
        Column("tags", "企业标签", lambda one: one.tags, CellType.TEXTS, width=24),
        Column("business_scope", "经营范围", lambda one: one.business_scope, width=60),
    ),
)
