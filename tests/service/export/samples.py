"""Awkward records, and readers that share nothing with the code under test."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import openpyxl
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from matcher.types import (
    Firm,
    HolderKind,
    LegalEvent,
    LegalStatus,
    Patent,
    PatentId,
    PatentKind,
    StopState,
    Uscc,
)

RISKY = ("=1+1", "+86 571", "-5", "@某", "\t制表", "＝1", "＋1", "－1", "＠1", " =2", "'=3", "''-4")
INVENTOR, PERSON, PHONE = "金丝雀发明人", "金丝雀联系人", "0571-8813572468"

LETTERS = st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"])
AWKWARD = st.one_of(
    st.sampled_from(
        [*RISKY, "a,b，c", "第一行\n第二行", "0755", "1.50", "-", "<r>x</r>", "_x000D_"]
    ),
    st.text(LETTERS, max_size=40).map(str.strip),
)


def sheet(path: Path, name: str) -> list[list[object]]:
    """Return all cells of the sheet from A1 on."""
    book = CalamineWorkbook.from_path(str(path))
    return book.get_sheet_by_name(name).to_python(skip_empty_area=False)


def formulas(path: Path) -> list[str]:
    """Return where a formula stands in any sheet."""
    book = openpyxl.load_workbook(path)
    return [
        f"{one.title}!{cell.coordinate}"
        for one in book.worksheets
        for row in one.iter_rows()
        for cell in row
        if cell.data_type == "f"
    ]


def full_patent(at: int = 1) -> Patent:
    """Return a patent with something in every field."""
    return Patent(
        patent_id=PatentId(f"CN20171060186{at}"),
        title=f"=一种装置，第{at}号",
        application_no="CN201710601862.3",
        publication_no="CN109990757A",
        grant_no="CN109990757B",
        abstract="-摘要，有逗号\n另一行",
        first_claim="1. 一种装置。",
        technical_field="＝技术领域",
        ipc=("A01B1/00", "G06F17/30"),
        industry_codes=("4023", "6571"),
        kind=PatentKind.INVENTION,
        filing_date=date(2017, 7, 21),
        publication_date=date(2019, 7, 12),
        legal_status=LegalStatus.IN_FORCE,
        stop_state=StopState.EXCLUSIVELY_LICENSED,
        holder="甲大学；乙公司",
        holder_kind=HolderKind.UNIVERSITY,
        holder_province="浙江",
        holder_city="杭州",
        maturity="样品、实验阶段",
        open_licence=True,
        price_band="10-20万",
        family_id="F1",
        grant_date=date(2019, 7, 13),
        expires_on=date(2037, 7, 21),
        events=(LegalEvent.GRANT, LegalEvent.ASSIGNMENT, LegalEvent.EXCLUSIVE_LICENCE),
        checked_on=date(2024, 1, 2),
        problems=("效率低", "成本高"),
        effects=("效率高",),
        applications=("物流",),
        topics=("机器人",),
        emerging_industry="新材料相关服务",
        college="材料学院",
        self_grade=4,
    )


def full_firm() -> Firm:
    """Return a firm with something in every field."""
    return Firm(
        uscc=Uscc("91330108PH9YJRY21R"),
        name="@杭州某公司",
        business_scope="=机器视觉；检测",
        registered_on=date(2016, 5, 18),
        org_type="有限责任公司",
        capital="1200万人民币",
        province="浙江",
        city="杭州",
        industry_code="4023",
        products=("检测机", "外观检测线"),
        needs=("表面缺陷成像",),
        tags=("专精特新", "高新技术企业"),
        registration_status="存续",
    )
