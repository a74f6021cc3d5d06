"""The code lists of the 盘活 workbook: what its drop-down lists offer, in their order."""

from __future__ import annotations

from collections.abc import Mapping

_NOTE = "（请勿勾选，请直接填写）"
CUSTOM = f"自定义{_NOTE}"
"""Stands in a list where the holder writes a text of its own; never a value itself."""
NO_DETAIL = "无需填写"
"""Stands where a state has no second level; the cell stays empty."""

IMPLEMENTATION_STATES: Mapping[str, tuple[str, ...]] = {
    "尚未实施": (NO_DETAIL,),
    "已许可": (
        "已签订开放许可合同",
        "已签订普通许可合同",
        "已签订排他许可合同",
        "已签订独占许可合同",
        "已列入开放许可计划",
        "已列入普通许可计划",
        "已列入排他许可计划",
        "已列入独占许可计划",
        "已由被许可人实现产业化",
        "已通过技术服务合同或技术开发合同约定由合作企业实现产业化",
        "已参与专利池运营",
        CUSTOM,
    ),
    "已转让": ("已签订转让合同", "已作价入股", "已列入转让计划", CUSTOM),
    "已自行产业化": (CUSTOM,),
    "实用新型专利、外观设计专利已有专利权评价报告": (NO_DETAIL,),
    "即将放弃专利权": (CUSTOM,),
    "涉及权属纠纷": (CUSTOM,),
    "其他不适宜转化的情况": (CUSTOM,),
    CUSTOM: (),
}
"""一级实施状态 → 二级状态描述."""

# The issuer's own sheet repeats the note here; the lists go back to its system as it wrote them.
WILLINGNESS: Mapping[str, tuple[str, ...]] = {
    "拟许可": (
        "拟开放许可",
        "拟普通许可",
        "拟排他许可",
        "拟独占许可",
        "拟参与专利池运营",
        CUSTOM + _NOTE * 2,
    ),
    "拟转让": ("拟转让", "拟作价入股", CUSTOM + _NOTE),
    "拟自行应用或产业化": (CUSTOM + _NOTE,),
}
"""转化意愿（一级） → 转化意愿（二级）."""

MATURITIES = (
    "样品、实验阶段",
    "试生产、应用开发阶段",
    "小批量生产、工程应用阶段",
    "批量生产、成熟应用阶段",
)
"""技术成熟度, the least mature first."""

GRADES: Mapping[str, str] = {
    "五星": "5星代表该专利技术成熟度高，可直接用于产业；",
    "四星": "4星代表该专利具有较高的潜在价值和产业化前景；",
    "三星": "3星代表该专利具有一定的潜在价值和产业化前景；",
    "二星": "2星代表该专利潜在价值低，产业化前景不明朗；",
    "一星": "1星代表无潜在价值和产业化前景",
}
"""专利价值分级自评 → what it means; five stars first."""

PRICE_BANDS = (
    "具体面议",
    "0-10万",
    "10-20万",
    "20-30万",
    "30-40万",
    "40-50万",
    "50-60万",
    "60-70万",
    "70-80万",
    "80-90万",
    "90-100万",
    "100万以上",
)
"""意向价格."""

YES_NO = ("是", "否")
"""是否属于财政资助科研项目形成专利."""

SECTIONS = (
    "农、林、牧、渔业",
    "采矿业",
    "制造业",
    "电力、热力、燃气及水生产和供应业",
    "建筑业",
    "批发和零售业",
    "交通运输、仓储和邮政业",
    "住宿和餐饮业",
    "信息传输、软件和信息技术服务业",
    "金融业",
    "房地产业",
    "租赁和商务服务业",
    "科学研究和技术服务业",
    "水利、环境和公共设施管理业",
    "居民服务、修理和其他服务业",
    "教育",
    "卫生和社会工作",
    "文化、体育和娱乐业",
    "公共管理、社会保障和社会组织",
    "国际组织",
)
"""国民经济行业门类: the sections A to T of GB/T 4754, in the order of their letters."""


def is_custom(text: str) -> bool:
    """Return whether the text is the list's invitation to write one's own, left unfilled.

    >>> is_custom("自定义（请勿勾选，请直接填写）（请勿勾选，请直接填写）"), is_custom("自定义合作")
    (True, False)
    """
    return text.startswith(CUSTOM)
