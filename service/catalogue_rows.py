"""The rows of the one table (``service/errors.py``) that speak of writes to the catalogue."""

from __future__ import annotations

from matcher.errors import MatcherError
from service.api import refusals
from service.error_row import Row

CATALOGUE_ROWS: dict[type[MatcherError], Row] = {
    refusals.PreconditionFailed: Row(
        412,
        "precondition-failed",
        "Precondition failed",
        "前提条件不符",
        "记录与 {header} 所指的不一致，可能已被他人修改；请重新读取后再写入。",
    ),
    refusals.NameMismatch: Row(
        422,
        "name-mismatch",
        "Another record than the address names",
        "编号与地址不符",
        "请求体中的 {field}“{sent}”与地址所指的记录不一致；可不填该字段。",
    ),
    refusals.RecordShared: Row(
        403,
        "record-shared",
        "Record of the shared catalogue",
        "共享库中的记录",
        "“{name}”属于共享库，本平台不能删除；请联系共享库的运营方。",
    ),
    refusals.RelationNotFound: Row(
        404,
        "relation-not-found",
        "Relation not found",
        "未找到该关系",
        "企业“{uscc}”与专利“{patent}”之间没有“{kind}”关系；请核对。",
    ),
}
