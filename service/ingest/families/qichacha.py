"""企查查 exports; cells are often written ="…"."""

from __future__ import annotations

from service.ingest.families.cells import FIRM_CELLS
from service.ingest.families.family import Family, table

QICHACHA = Family(
    name="qichacha",
    what="firms",
    headings=table(
        uscc="统一社会信用代码",
        name="系统匹配企业名称 企业名称",
        business_scope="经营范围",
        registered_on="成立日期 注册日期",
        org_type="企业(机构)类型 企业类型",
        capital="注册资本",
        province="所属省份",
        city="所属城市",
        registration_status="登记状态 经营状态",
        # 企查查行业 is the product's own scheme and no GB/T 4754: it is not read.
        industry_code="国标行业小类 国标行业中类 国标行业大类 所属行业",
    ),
    distinctive=(
        "系统匹配企业名称",
        "导入企业名称",
        "企查查行业门类",
        "企查查行业大类",
        "企查查行业中类",
        "企查查行业小类",
        "企业(机构)类型",
        "企业规模",
        "有效手机号",
        "更多电话",
        "通信地址",
        "登记状态",
        "国标行业门类",
        "国标行业大类",
        "国标行业中类",
        "国标行业小类",
        "参保人数",
        "所属区县",
    ),
    marks=("企查查",),
    required=(("uscc",), ("name",)),
    cleaners=FIRM_CELLS,
)
