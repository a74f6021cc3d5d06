"""The rows of the one table (``service/errors.py``) that speak of keys, tokens and tenants."""

from __future__ import annotations

from matcher.errors import MatcherError
from service.auth import refusals as auth
from service.error_row import Row
from service.privacy.contact_key import ContactKeyUnusable
from service.store.tenants import TenantNotFound
from service.watch.standing import SchemaMismatch

DOOR_ROWS: dict[type[MatcherError], Row] = {
    auth.KeyRefused: Row(
        401,
        "key-refused",
        "Key or token needed",
        "需要有效的密钥或令牌",
        "请求没有带有效的密钥或令牌；请设置 Authorization: Bearer <密钥>，或向运营方申请密钥。",
    ),
    auth.ScopeMissing: Row(
        403,
        "scope-missing",
        "Scope missing",
        "权限不足",
        "所用的密钥或令牌没有权限“{scope}”；请向运营方申请带此权限的密钥。",
    ),
    auth.NotTheirs: Row(
        403,
        "not-theirs",
        "Beyond this token",
        "超出令牌范围",
        "该令牌只限一家企业使用；请写该企业的统一社会信用代码，或其需求编号。",
    ),
    auth.SecretMisplaced: Row(
        400,
        "secret-misplaced",
        "Key in the wrong place",
        "密钥放错了位置",
        "地址或请求体中出现了密钥或令牌，请求内容未保存；密钥只应放在 Authorization 请求头中，"
        "请运营方作废该密钥。",
    ),
    auth.NoKeyYet: Row(
        409,
        "no-key-yet",
        "No key yet",
        "尚未建立密钥",
        "尚未建立任何密钥，不能签发令牌；请运营方先运行 panhuo keys create。",
    ),
    auth.SecretUnusable: Row(
        503,
        "secret-unusable",
        "Server secret not usable",
        "服务端密钥不可用",
        "服务端用于识别密钥的机密不可用，暂时不能受理请求；请运营方检查 PANHUO_KEY_SECRET。",
    ),
    ContactKeyUnusable: Row(
        503,
        "contact-key-unusable",
        "Key of contacts not usable",
        "联系人密钥不可用",
        "用于加密联系人的密钥不可用；请运营方检查 PANHUO_CONTACT_KEY。",
    ),
    SchemaMismatch: Row(
        503,
        "schema-mismatch",
        "Database of another release",
        "数据库版本不符",
        "数据库结构与当前版本不符，暂时不能受理请求；请运营方检查升级情况。",
    ),
    TenantNotFound: Row(
        503,
        "tenant-not-found",
        "Tenant not found",
        "未找到平台",
        "该密钥所属的平台已不存在；请运营方检查。",
    ),
}
