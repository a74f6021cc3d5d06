"""CNIPR and CNIPA search exports."""

from __future__ import annotations

from service.ingest.families.cells import PATENT_CELLS, province_of
from service.ingest.families.family import Family, table

CNIPR = Family(
    name="cnipr",
    what="patents",
    headings=table(
        title="名称 专利名称 发明名称 标题",
        application_no="申请号 专利号 申请号/专利号",
        publication_no="公开(公告)号 公开号",
        grant_no="授权公告号",
        abstract="摘要",
        first_claim="主权项 首项权利要求",
        ipc="主分类号 IPC主分类号 分类号 IPC分类号",
        kind="专利类型 类型",
        filing_date="申请日 申请日期",
        publication_date="公开(公告)日 公开日",
        grant_date="授权公告日 授权日",
        legal_status="法律状态 最新法律状态 当前法律状态",
        holder="申请(专利权)人 专利权人 申请人 权利人",
        holder_province="国省代码 省市代码 国/省代码 国别省市代码",
        inventor="发明(设计)人 发明人",
    ),
    distinctive=(
        "申请(专利权)人",
        "发明(设计)人",
        "国省代码",
        "专利号",
        "名称",
        "主权项",
        "主分类号",
        "分类号",
        "颁证日",
        "专利代理机构",
    ),
    required=(("application_no", "publication_no"), ("title",)),
    cleaners={**PATENT_CELLS, "holder_province": province_of},
)
