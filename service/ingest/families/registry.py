"""Lists of the commercial registry."""

from __future__ import annotations

from service.ingest.families.cells import FIRM_CELLS
from service.ingest.families.family import Family, table

REGISTRY = Family(
    name="registry",
    what="firms",
    headings=table(
        uscc="统一社会信用代码",
        name="企业名称",
        business_scope="经营范围",
        registered_on="注册日期 成立日期",
        org_type="企业类型",
        capital="注册资金 注册资本",
        province="所在省份",
        city="地区 所在城市",
        registration_status="登记状态 经营状态",
        industry_code="行业代码 行业门类代码 所属行业",
    ),
    distinctive=("注册日期", "企业类型", "注册资金", "所在省份", "地区"),
    required=(("uscc",), ("name",)),
    cleaners=FIRM_CELLS,
)
