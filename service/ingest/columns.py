"""Column names: what people write above a column, and which field it is.

A header is compared after NFKC, in lower case, without blanks, leading ``*`` and ``[标]``: first
whole, then its text before the first bracket. Names of one field stand in the order in which they
count; the first one with a value in the row gives it. A new file family is a new name in a table.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping

from service.ingest.fields import text

PATENTS: Mapping[str, str] = {
    "patent_id": "patent_id",
    "title": "title 标题 专利名称 发明名称 名称 标题(中文) 题名",
    "application_no": "application_no 申请号 专利申请号 专利号 申请(专利)号",
    "publication_no": "publication_no 公开(公告)号 公开号 公开公告号 公告号",
    "grant_no": "grant_no 授权公告号 授权号",
    "abstract": "abstract 摘要 摘要(中文)",
    "first_claim": "first_claim 首项权利要求 主权项 独立权利要求 权利要求",
    "technical_field": "technical_field 技术领域",
    "ipc": "ipc IPC分类号 IPC 分类号 IPC主分类号 IPC主分类 主分类号 专利分类号 "
    "本专利所属技术领域(IPC)",
    "industry_codes": "industry_codes industry_code 国民经济行业分类号 国民经济行业分类 "
    "国民经济分类",
    "kind": "kind 专利类型 类型",
    "filing_date": "filing_date 申请日 申请日期",
    "publication_date": "publication_date 公开(公告)日 公开日 公告日 公开日期",
    "legal_status": "legal_status 简单法律状态 专利有效性 当前法律状态 法律状态",
    "legal_events": "legal_events 法律状态/事件",
    "stop_state": "stop_state 一级实施状态",
    "holder": "holder applicant 当前申请(专利权)人 当前权利人 专利权人 申请(专利权)人 申请人 "
    "原始申请(专利权)人",
    "holder_kind": "holder_kind 申请人类型 专利权人类型",
    "holder_province": "holder_province 申请人省份 专利权人省份 省份",
    "holder_city": "holder_city 申请人城市 专利权人城市 城市",
    "maturity": "maturity 技术成熟度",
    "open_licence": "open_licence 开放许可 是否开放许可",
    "price_band": "price_band 意向价格",
    "family_id": "family_id 同族号 简单同族号",
}
FIRMS: Mapping[str, str] = {
    "uscc": "uscc 统一社会信用代码 社会信用代码 信用代码 工商统一社会信用代码",
    "name": "name 企业名称 公司名称 系统匹配企业名称 单位名称",
    "business_scope": "business_scope scope 经营范围",
    "registered_on": "registered_on 注册日期 成立日期 成立时间",
    "org_type": "org_type 企业类型 公司类型 企业(机构)类型",
    "capital": "capital 注册资金 注册资本",
    "province": "province 所在省份 所属省份 省份",
    "city": "city 所属城市 所在城市 城市 地区",
    "industry_code": "industry_code 行业代码 国民经济行业代码 国标行业小类代码",
    "products": "products 主要产品 产品 主营产品",
    "needs": "needs 技术需求 需求",
    "tags": "tags 标签 企业标签",
}
DEMANDS: Mapping[str, str] = {
    "demand_id": "demand_id 需求编号",
    "title": "title name 需求名称 标题 名称",
    "text": "text context 需求描述 需求内容 内容 描述",
    "uscc": "uscc 统一社会信用代码 社会信用代码",
    "industry": "industry classification 行业 所属行业 行业分类",
    "province": "province 省份 所在省份 所属省份",
    "city": "city 城市 所在城市 所属城市",
    "posted_on": "posted_on posttime 发布日期 发布时间",
    "cooperation": "cooperation cooperationmethod 合作方式",
}
RELATIONS: Mapping[str, str] = {
    "uscc": "uscc 统一社会信用代码 社会信用代码",
    "patent": "patent patent_id application_no publication_no 专利号 申请号 公开(公告)号 公开号",
    "kind": "kind relation 关系",
    "relevance": "relevance rel",
}
TABLES: Mapping[str, Mapping[str, str]] = {
    "patents": PATENTS,
    "firms": FIRMS,
    "demands": DEMANDS,
    "relations": RELATIONS,
}

_BEFORE = re.compile(r"^(?:\*|\[标\])+")


class Columns:
    """The columns of one kind of record, as they stand in the rows of one file."""

    def __init__(self, what: str) -> None:
        self._places = {
            _tidy(name): (rank, field)
            for field, names in TABLES[what].items()
            for rank, name in enumerate(names.split())
        }
        self._layouts: dict[tuple[str, ...], dict[str, tuple[str, ...]]] = {}

    def field_of(self, header: str) -> str | None:
        """Return the field that the header names, None for a column of no use here.

        >>> Columns("patents").field_of("*[标]当前申请（专利权）人"), Columns("firms").field_of("x")
        ('holder', None)
        """
        place = self._place(header)
        return place[1] if place else None

    def recognised(self, headers: Iterable[str]) -> int:
        """Return how many different fields the headers name."""
        return len({field for field in map(self.field_of, headers) if field})

    def cells(self, row: Mapping[str, object]) -> dict[str, object]:
        """Return field → value for the fields that have one in this row."""
        found = {}
        for field, headers in self._layout(row).items():
            for header in headers:
                value = row[header]
                if _holds(value):
                    found[field] = value
                    break
        return found

    def header(self, field: str, row: Mapping[str, object]) -> str:
        """Return the header in this row's file under which the field stands, or its own name."""
        headers = self._layout(row).get(field, ())
        return next((name for name in headers if text(row[name])), headers[0] if headers else field)

    def has(self, field: str, row: Mapping[str, object]) -> bool:
        """Return whether the row's file has a column for the field."""
        return field in self._layout(row)

    def _layout(self, row: Mapping[str, object]) -> dict[str, tuple[str, ...]]:
        keys = tuple(row)
        layout = self._layouts.get(keys)
        if layout is None:
            if len(self._layouts) > 1000:  # rows of free form: do not keep every one of them
                self._layouts.clear()
            ranked: dict[str, list[tuple[int, str]]] = {}
            for header in keys:
                if place := self._place(header):
                    ranked.setdefault(place[1], []).append((place[0], header))
            layout = {
                field: tuple(header for _, header in sorted(found, key=lambda pair: pair[0]))
                for field, found in ranked.items()
            }
            self._layouts[keys] = layout
        return layout

    def _place(self, header: str) -> tuple[int, str] | None:
        name = _tidy(header)
        return self._places.get(name) or self._places.get(name.partition("(")[0])


def _holds(value: object) -> bool:
    """Return whether the cell may hold something; only short text can be a mark for nothing."""
    if isinstance(value, str) and len(value) <= 4:
        return bool(text(value))
    return value is not None


def _tidy(header: str) -> str:
    name = "".join(unicodedata.normalize("NFKC", header).split()).lower()
    return _BEFORE.sub("", name.removeprefix("\ufeff"))
