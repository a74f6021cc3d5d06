"""CNKI (知网) patent exports."""

from __future__ import annotations

from service.ingest.families.cells import PATENT_CELLS, province_of
from service.ingest.families.family import Family, table

CNKI = Family(
    name="cnki",
    what="patents",
    headings=table(
        title="专利名称 题名 名称 标题",
        application_no="申请号 申请(专利)号 专利号",
        publication_no="公开号 申请公布号 公开公告号",
        grant_no="授权公布号 授权公告号",
        abstract="摘要",
        first_claim="主权项",
        ipc="主分类号 专利分类号 分类号",
        kind="专利类型",
        filing_date="申请日",
        publication_date="公开日 申请公布日 公开公告日",
        grant_date="授权公布日 授权公告日",
        legal_status="法律状态",
        holder="申请人 专利权人",
        holder_province="国省代码 国别省市代码",
        inventor="发明人",
    ),
    distinctive=(
        "公开号",
        "公开日",
        "共同申请人",
        "专利分类号",
        "申请(专利)号",
        "申请公布号",
        "授权公布号",
        "题名",
        "主权项",
        "主分类号",
        "国际申请",
        "国际公布",
        "进入国家日期",
        "页数",
    ),
    required=(("application_no", "publication_no"), ("title",)),
    cleaners={**PATENT_CELLS, "holder_province": province_of},
)
