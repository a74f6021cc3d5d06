"""Pydantic's findings as (field, problem, problem_zh), without a word of what was sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

# Marks of union members (see schemas.py); they stand in pydantic's places, but in no request.
MARKS = "as:"
_MOST_PROBLEMS = 50
_LONGEST_NAME = 60
_TIME = "应为带时区的时间，如 2026-01-31T08:00:00+08:00"
_CHINESE = {
    "missing": "缺少此字段",
    "extra_forbidden": "不认识的字段",
    "string_type": "应为文字",
    "string_too_short": "不得少于{min_length}个字符",
    "string_too_long": "不得超过{max_length}个字符",
    "string_pattern_mismatch": "为空或含有不允许的字符",
    "int_type": "应为整数",
    "int_parsing": "应为整数",
    "int_parsing_size": "整数过大",
    "int_from_float": "应为整数",
    "greater_than_equal": "不得小于{ge}",
    "less_than_equal": "不得大于{le}",
    "enum": "应为 {expected} 之一",
    "literal_error": "应为 {expected}",
    "list_type": "应为列表",
    "too_short": "不得少于{min_length}项",
    "too_long": "不得超过{max_length}项",
    "model_type": "应为对象",
    "model_attributes_type": "应为对象",
    "dict_type": "应为对象",
    "datetime_type": _TIME,
    "datetime_parsing": _TIME,
    "datetime_from_date_parsing": _TIME,
    "timezone_aware": _TIME,
    "no_item": "应以 slot（名次）或 patent_id 指明项目",
    "moment_range": "时间应在2000年至2199年之间",
    "unknown_kind": "kind 应为 impression、click、dismissal、contact、directed_need 或 evaluation",
    "json_invalid": "不是规范的 JSON",
    "record": "内容不符合要求：{cure_zh}",
}


def problems_of(errors: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Return one entry a finding (the first 50), each with the field's path in the request."""
    return [
        {
            "field": _field(error["loc"]),
            "problem": str(error["msg"]),
            "problem_zh": _CHINESE.get(error["type"], "内容不符合要求").format_map(
                error.get("ctx") or {}
            ),
        }
        for error in errors[:_MOST_PROBLEMS]
    ]


def _field(place: Sequence[str | int]) -> str:
    parts = [str(part)[:_LONGEST_NAME] for part in place]
    return ".".join(part for part in parts if not part.startswith(MARKS))
