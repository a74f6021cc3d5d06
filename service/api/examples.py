"""Examples for OpenAPI; a test holds each to its schema. Firm, holder and patent are invented."""

from __future__ import annotations

from typing import Any

from fastapi.openapi.models import Example

USCC = "91330108PH9YJRY21R"
PATENT_ID = "CN202119402100.4"
LIST_ID = "0b9d5c1e7f3a4c2f8f6d2a4be1c07d55"
SEGMENT_COUNT = 91

PATENT: dict[str, Any] = {
    "patent_id": PATENT_ID,
    "title": "一种高反光金属曲面的分时偏振成像检测方法",
    "application_no": PATENT_ID,
    "publication_no": "CN199558380A",
    "grant_no": "CN199558380B",
    "abstract": "镀铬件、抛光轴等高反光曲面在普通光源下会出现大片眩光，划痕与凹点被淹没。……",
    "first_claim": "",
    "technical_field": "",
    "ipc": ["G01N21/88", "G06T7/00"],
    "industry_codes": ["4029", "4090"],
    "kind": "INVENTION",
    "filing_date": "2021-03-16",
    "publication_date": "2021-07-13",
    "legal_status": "IN_FORCE",
    "stop_state": "",
    "holder": "钱江湾理工大学",
    "holder_kind": "university",
    "holder_province": "浙江",
    "holder_city": "杭州",
    "maturity": "试生产、应用开发阶段",
    "open_licence": False,
    "price_band": "10-50万",
    "family_id": "",
    "grant_date": "2023-05-09",
    "expires_on": "2041-03-16",
    "events": ["grant"],
    "checked_on": "2026-01-30",
    "problems": ["高反光曲面成像有眩光"],
    "effects": ["消除眩光，检出0.05毫米的针孔"],
    "applications": ["外观检测"],
    "topics": ["偏振成像"],
    "emerging_industry": "智能制造装备产业",
    "college": "光电学院",
    "self_grade": 4,
}
FIRM: dict[str, Any] = {
    "uscc": USCC,
    "name": "杭州澄锋视觉检测技术有限公司",
    "business_scope": "机器视觉检测设备、工业相机光源、自动化检测线的研发、生产与销售。",
    "registered_on": "2016-05-18",
    "org_type": "有限责任公司（自然人投资或控股）",
    "capital": "1200万人民币",
    "province": "浙江",
    "city": "杭州",
    "industry_code": "",
    "products": ["金属件表面缺陷检测机", "多工位外观检测线"],
    "needs": ["高反光金属表面缺陷成像", "小样本缺陷识别"],
    "tags": ["专精特新", "高新技术企业"],
    "registration_status": "存续",
}
_VERSIONS = {
    "encoder": "static-2abdd412ca38",
    "index": "20260131T010203000000Z",
    "policy": "linear-local_first-9f0ce74f",
}
_ITEM: dict[str, Any] = {
    "rank": 1,
    "slot": 1,
    "score": -3.593775,
    "probability": 0.02676054,
    "segment": {"code": "T43", "path": "电子信息 › 图像语音与智能识别"},
    "reasons": [
        {
            "kind": "shared_terms",
            "text": "与企业需求“高反光金属表面缺陷成像”共有关键词：反光、缺陷"
            "（专利摘要：“高反光曲面在普通光源下会出现大片眩光，缺陷被淹没”）",
            "detail": {
                "terms": ["反光", "缺陷"],
                "words": ["反光", "缺陷"],
                "item": "高反光金属表面缺陷成像",
                "item_kind": "need",
                "item_spans": [[1, 3], [7, 9]],
                "highlights": [
                    {
                        "field": "abstract",
                        "part": 0,
                        "start": 0,
                        "end": 24,
                        "sentence": "高反光曲面在普通光源下会出现大片眩光，缺陷被淹没",
                        "spans": [[1, 3], [19, 21]],
                    }
                ],
                "scored": True,
                "contribution": 13.5644,
                "features": ["whole_text", "best_item", "shared_words"],
            },
        },
        {
            "kind": "place",
            "text": "专利权人与企业同城（杭州）",
            "detail": {
                "level": "city",
                "where": "杭州",
                "holder": "钱江湾理工大学",
                "scored": True,
                "contribution": 3.8,
                "features": ["same_province", "same_city"],
            },
        },
    ],
    "missing": [],
    "features": {
        "whole_text": 0.5643,
        "best_item": 0.7595,
        "firm_name": 0.4133,
        "own_patents": 0.1191,
        "shared_words": 2.0161,
        "segment": 0.7159,
        "own_ipc": 0.0,
        "same_province": 1.0,
        "same_city": 1.0,
        "public_holder": 1.0,
        "in_force": 1.0,
        "hubness": -0.0312,
    },
}
_SHORT: dict[str, Any] = {
    "kind": "short",
    "text": "只有1件专利可推荐（12件低于相关性下限）",
    "detail": {"found": 1, "refused": {"floor": 12}},
}
_LIST: dict[str, Any] = {
    "empty_reason": None,
    "list_id": LIST_ID,
    "versions": _VERSIONS,
    "made_at": "2026-01-31T08:00:00.000000Z",
}
_NAMED = {"item_id": PATENT_ID, "patent_id": PATENT_ID}
PATENT_LIST: dict[str, Any] = {
    "empty_reason": None,
    **_LIST,
    "direction": "patents",
    "subject": USCC,
    "segments": [{"code": "T43", "name": "图像语音与智能识别", "confidence": 0.9569}],
    "notes": [_SHORT],
    "items": [
        {**_ITEM, "item_id": PATENT_ID, "patent_id": PATENT_ID, "patent": PATENT, "group": None}
    ],
    "next_cursor": None,
}
FIRM_LIST: dict[str, Any] = {
    "empty_reason": None,
    **_LIST,
    "direction": "firms",
    "subject": PATENT_ID,
    "segments": [],
    "notes": [],
    "items": [{**_ITEM, "item_id": USCC, "firm": FIRM}],
}
READY: dict[str, Any] = {
    "status": "ready",
    "warnings": [],
    "versions": _VERSIONS,
    "built_at": "2026-01-31T01:02:03Z",
    "patents": 289,
    "firms": 129,
    "indexed_patents": 289,
    "indexed_firms": 129,
}

ASKS: dict[str, Example] = {
    "firm": {"summary": "A firm of the catalogue", "value": {"uscc": USCC, "n": 20}},
    "text": {
        "summary": "A need in words",
        "value": {"text": "高反光金属件表面划痕检测", "region": "浙江杭州", "n": 10},
    },
    "filtered": {
        "summary": "For a firm, with filters, without what was shown before",
        "value": {
            "firm": {"uscc": USCC},
            "n": 20,
            "filters": {
                "regions": ["浙江"],
                "maturity": ["批量生产、成熟应用阶段"],
                "price_band": {"most": 50, "negotiable": True},
                "life_years": 5,
            },
            "exclude": [PATENT_ID],
            "cursor": None,
        },
    },
    "next": {
        "summary": "The next page of a list",
        "value": {"cursor": "C52cHn86TC-PbSpL4cB9VQAVXJ5yFtw3Eu-kq1mD", "n": 20},
    },
}
FIRMS_ASKS: dict[str, Example] = {"twenty": {"summary": "Twenty firms", "value": {"n": 20}}}
USCCS: dict[str, Example] = {"firm": {"value": USCC}}
PATENTS: dict[str, Example] = {
    "application": {"summary": "Application number", "value": "202119402100.4"},
    "publication": {"summary": "Publication number", "value": "CN199558380A"},
}
COUNTS: dict[str, Example] = {"ten": {"value": 10}}
PLACES: dict[str, Example] = {
    "afar": {"summary": "跨区域优先", "value": "cross_region"},
    "neutral": {"summary": "不计地域", "value": "neutral"},
}
SEGMENTS: dict[str, Example] = {"recognition": {"summary": "图像语音与智能识别", "value": "T43"}}
EVENTS: dict[str, Example] = {
    "seen": {
        "summary": "Two items shown, one opened",
        "value": {
            "events": [
                {"event_id": "e-1", "list_id": LIST_ID, "slot": 1, "kind": "impression"},
                {"event_id": "e-2", "list_id": LIST_ID, "slot": 2, "kind": "impression"},
                {
                    "event_id": "e-3",
                    "list_id": LIST_ID,
                    "slot": 1,
                    "kind": "click",
                    "at": "2026-01-31T08:05:00+08:00",
                },
            ]
        },
    },
    "judged": {
        "summary": "Not for us, a directed need, the three-axis evaluation",
        "value": {
            "events": [
                {
                    "event_id": "e-4",
                    "list_id": LIST_ID,
                    "slot": 2,
                    "kind": "dismissal",
                    "reason": "not_our_field",
                },
                {
                    "event_id": "e-5",
                    "list_id": LIST_ID,
                    "slot": 1,
                    "kind": "directed_need",
                    "text": "希望适配直径3毫米以下的轴类件",
                },
                {
                    "event_id": "e-6",
                    "list_id": LIST_ID,
                    "slot": 1,
                    "kind": "evaluation",
                    "evaluation": {"prospect": 4, "improvement": 3, "cooperation": 5},
                },
            ]
        },
    },
}
