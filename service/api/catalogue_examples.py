"""Examples for OpenAPI of what is written into the catalogue; all of it is invented."""

from __future__ import annotations

from typing import Any

from fastapi.openapi.models import Example

from service.api.examples import PATENT_ID, USCC

PATENTS: dict[str, Example] = {
    "whole": {
        "summary": "A patent, in the words of an import",
        "value": {
            "title": "一种高反光金属曲面的分时偏振成像检测方法",
            "application_no": PATENT_ID,
            "abstract": "镀铬件、抛光轴等高反光曲面在普通光源下会出现大片眩光，缺陷被淹没。……",
            "ipc": ["G01N21/88", "G06T7/00"],
            "holder": "钱江湾理工大学",
            "holder_province": "浙江",
            "holder_city": "杭州",
            "legal_status": "有效",
        },
    },
    "delisted": {"summary": "Not to be recommended any more", "value": {"stop_state": "权属纠纷"}},
    "cleared": {"summary": "A field is emptied", "value": {"price_band": None}},
}
FIRMS: dict[str, Example] = {
    "whole": {
        "summary": "A firm",
        "value": {
            "name": "杭州澄锋视觉检测技术有限公司",
            "business_scope": "机器视觉检测设备、工业相机光源、自动化检测线的研发、生产与销售。",
            "province": "浙江",
            "city": "杭州",
            "needs": ["高反光金属表面缺陷成像"],
        },
    },
    "needs": {"summary": "Other needs", "value": {"needs": ["小样本缺陷识别"]}},
}
DEMAND: dict[str, Any] = {
    "demand_id": "D-2026-0001",
    "title": "高反光曲面五金件划痕检测的成像方案",
    "text": "现有光源下眩光严重，希望找到能稳定检出划痕的成像方法。",
    "uscc": USCC,
    "industry": "",
    "province": "浙江",
    "city": "杭州",
    "posted_on": "2026-01-15",
    "cooperation": ["技术许可"],
}
DEMANDS: dict[str, Example] = {
    "whole": {
        "summary": "A demand",
        "value": {name: value for name, value in DEMAND.items() if value and name != "demand_id"},
    },
    "text": {"summary": "Another text", "value": {"text": "需兼容产线节拍。"}},
}
DEMAND_IDS: dict[str, Example] = {"id": {"value": "D-2026-0001"}}
RELATION: dict[str, Any] = {"uscc": USCC, "patent_id": PATENT_ID, "kind": "licensed"}
KINDS: dict[str, Example] = {"licensed": {"value": "licensed"}}
