"""天眼查 exports: a disclaimer in the first line, the header in the second."""

from __future__ import annotations

from service.ingest.families.cells import FIRM_CELLS
from service.ingest.families.family import Family, table

TIANYANCHA = Family(
    name="tianyancha",
    what="firms",
    headings=table(
        uscc="统一社会信用代码",
        name="公司名称 企业名称",
        business_scope="经营范围",
        registered_on="成立日期 注册日期",
        org_type="公司类型 企业类型",
        capital="注册资本",
        province="所属省份",
        city="所属城市",
        registration_status="登记状态 经营状态",
        industry_code="国标行业小类 国标行业中类 国标行业大类 所属行业",
    ),
    distinctive=(
        "公司名称",
        "公司类型",
        "登记状态",
        "经营状态",
        "国标行业门类",
        "国标行业大类",
        "国标行业中类",
        "国标行业小类",
        "参保人数",
        "最新年报地址",
        "其他电话",
        "其他邮箱",
        "所属区县",
    ),
    marks=("天眼查",),
    required=(("uscc",), ("name",)),
    cleaners=FIRM_CELLS,
)
