"""The rows of the one table (``service/errors.py``) that speak of pages, repeats and rates."""

from __future__ import annotations

from matcher.errors import MatcherError
from service.api import refusals
from service.error_row import Row

MANNERS_ROWS: dict[type[MatcherError], Row] = {
    refusals.CursorDamaged: Row(
        422,
        "cursor-damaged",
        "Not a cursor",
        "游标无效",
        "cursor 不是有效的游标；请原样送回收到的 next_cursor，或不带 cursor 重新查询。",
    ),
    refusals.CursorNotFound: Row(
        404,
        "cursor-not-found",
        "Cursor not found",
        "游标不存在或已过期",
        "没有此游标对应的推荐列表，或已超过24小时；请不带 cursor 重新查询。",
    ),
    refusals.CursorMismatch: Row(
        422,
        "cursor-mismatch",
        "Another question's cursor",
        "游标与查询不符",
        "cursor 属于另一次查询；请以相同的查询条件翻页，或不带 cursor 重新查询。",
    ),
    refusals.KeyMalformed: Row(
        400,
        "idempotency-key-malformed",
        "Idempotency-Key malformed",
        "幂等键格式错误",
        "Idempotency-Key 须为1至255个可打印的ASCII字符，且只能出现一次；建议使用随机UUID。",
    ),
    refusals.KeyMismatch: Row(
        422,
        "idempotency-key-reused",
        "Idempotency-Key of another request",
        "幂等键已用于其他请求",
        "此 Idempotency-Key 已用于内容不同的请求；请为新请求使用新的键。",
    ),
    refusals.RequestRunning: Row(
        409,
        "request-running",
        "First request still at work",
        "首次请求仍在处理",
        "同一 Idempotency-Key 的首次请求仍在处理；请按 Retry-After 所示秒数后再试。",
    ),
    refusals.AnswerNotKept: Row(
        409,
        "answer-not-kept",
        "Answer not kept",
        "答复含密，未保存",
        "同一 Idempotency-Key 的请求已经处理；答复含有令牌，不予保存。请换用新的键重新申请。",
    ),
    refusals.RateExceeded: Row(
        429,
        "rate-exceeded",
        "Too many requests",
        "请求过于频繁",
        "该密钥的请求超过每秒{rate}次的限额；请按 Retry-After 所示秒数后再试。",
    ),
    refusals.FieldUnknown: Row(
        422,
        "field-unknown",
        "Unknown field in fields",
        "fields 中有未知字段",
        "fields 中的“{name}”不是该答复的字段；可用的字段见 /openapi.json。",
    ),
}
