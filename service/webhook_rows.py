"""The rows of the one table (``service/errors.py``) that speak of webhooks."""

from __future__ import annotations

from matcher.errors import MatcherError
from service.error_row import Row
from service.webhooks import refusals

WEBHOOK_ROWS: dict[type[MatcherError], Row] = {
    refusals.EndpointNotFound: Row(
        404,
        "endpoint-not-found",
        "Webhook endpoint not found",
        "未找到回调地址",
        "没有编号为“{endpoint_id}”的回调地址（webhook）；请核对编号。",
    ),
    refusals.DeliveryNotFound: Row(
        404,
        "delivery-not-found",
        "Delivery not found",
        "未找到投递记录",
        "该回调地址没有编号为“{delivery_id}”的投递记录，或记录已过保存期。",
    ),
    refusals.TargetRefused: Row(
        422,
        "target-refused",
        "Target address refused",
        "回调地址不可用",
        "不能向该地址发送：须为公网 https 地址，不含用户名与片段；内网地址须由运营方开放。",
    ),
    refusals.EndpointsFull: Row(
        409,
        "endpoints-full",
        "Too many endpoints",
        "回调地址已满",
        "每个平台最多可设{most}个回调地址；请先删除不用的地址。",
    ),
    refusals.EndpointDisabled: Row(
        409,
        "endpoint-disabled",
        "Endpoint disabled",
        "回调地址已停用",
        "回调地址“{endpoint_id}”已停用；请先修复接收端，再重新启用。",
    ),
    refusals.DeliveryRunning: Row(
        409,
        "delivery-running",
        "Delivery being sent",
        "正在投递",
        "投递“{delivery_id}”正在进行；请稍后再试。",
    ),
}
