"""Errors to HTTP: the one table. ``service/api/problems.py`` renders it."""

from __future__ import annotations

from matcher import errors
from matcher.errors import MatcherError
from service.api import refusals
from service.catalogue_rows import CATALOGUE_ROWS
from service.door_rows import DOOR_ROWS
from service.error_row import Row
from service.jobs import refusals as jobs
from service.manners_rows import MANNERS_ROWS
from service.webhook_rows import WEBHOOK_ROWS

_READ_FIELDS = "请对照 found、expected 与 cure 修改后再试。"

TABLE: dict[type[MatcherError], Row] = {
    **DOOR_ROWS,
    **MANNERS_ROWS,
    **CATALOGUE_ROWS,
    **WEBHOOK_ROWS,
    errors.MatcherError: Row(500, "error", "Error", "处理出错", "请求未能完成。" + _READ_FIELDS),
    errors.InputError: Row(
        422, "bad-input", "Bad input", "请求内容有误", "请求内容不符合要求，" + _READ_FIELDS
    ),
    errors.FirmNotFound: Row(
        404,
        "firm-not-found",
        "Firm not found",
        "未找到企业",
        "企业库中没有统一社会信用代码为“{uscc}”的企业；请先导入该企业，或改用文字描述其产品与需求。",
    ),
    errors.PatentNotFound: Row(
        404,
        "patent-not-found",
        "Patent not found",
        "未找到专利",
        "专利库中没有编号为“{patent_id}”的专利；请核对申请号或公开号，或先导入该专利。",
    ),
    errors.DemandNotFound: Row(
        404,
        "demand-not-found",
        "Demand not found",
        "未找到技术需求",
        "需求库中没有编号为“{demand_id}”的技术需求；请核对编号，或先导入该需求。",
    ),
    errors.ListNotFound: Row(
        404,
        "list-not-found",
        "List not found",
        "未找到推荐列表",
        "没有编号为“{list_id}”的推荐列表；请原样送回收到的 list_id。",
    ),
    errors.RoundNotFound: Row(
        404,
        "round-not-found",
        "Push round not found",
        "未找到推送批次",
        "没有编号为“{round_id}”的已发布推送批次；请核对编号。",
    ),
    errors.UnknownSegment: Row(
        422,
        "unknown-segment",
        "Unknown segment",
        "未知的产业细分领域",
        "产业细分领域代码“{code}”不在现行{known}个领域之中。",
    ),
    errors.BadFile: Row(
        422,
        "bad-file",
        "File not readable",
        "文件无法读取",
        "文件无法按所称格式读取。" + _READ_FIELDS,
    ),
    errors.StateError: Row(
        409,
        "wrong-state",
        "Not in a state to answer",
        "当前状态不能处理",
        "当前状态不能处理此请求。",
    ),
    errors.IndexMissing: Row(
        503,
        "index-missing",
        "No index yet",
        "尚未建立索引",
        "尚未建立索引，暂时不能推荐；请运营方运行 panhuo build。",
    ),
    errors.IndexStale: Row(
        503,
        "index-stale",
        "Index not usable",
        "索引不可用",
        "索引损坏或版本不符，暂时不能推荐；请运营方重新运行 panhuo build。",
    ),
    errors.PolicyMismatch: Row(
        503,
        "policy-mismatch",
        "Encoder changed since the build",
        "编码器与索引不一致",
        "编码器在建索引之后有变，暂时不能推荐；请运营方恢复原来的模型，或重新运行 panhuo build。",
    ),
    errors.UnavailableError: Row(
        503,
        "unavailable",
        "Not available now",
        "服务暂不可用",
        "所依赖的部件暂时没有响应，请稍后再试。",
    ),
    errors.StoreUnavailable: Row(
        503,
        "store-unavailable",
        "Database not available",
        "数据库暂不可用",
        "数据库暂时没有响应，请稍后再试。",
    ),
    refusals.BodyTooLarge: Row(
        413,
        "body-too-large",
        "Body too large",
        "请求体过大",
        "请求体不得超过{most}字节，请分批发送。",
    ),
    refusals.MediaTypeRefused: Row(
        415,
        "media-type",
        "Media type not supported",
        "不支持的内容类型",
        "请求体须为 UTF-8 编码的 JSON，请设置 Content-Type: application/json。",
    ),
    refusals.MalformedBody: Row(
        400,
        "malformed-body",
        "Malformed body",
        "请求体格式错误",
        "请求体不是规范的 JSON。" + _READ_FIELDS,
    ),
    refusals.UnknownRegion: Row(
        422,
        "unknown-region",
        "Unknown region",
        "无法识别的地区",
        "无法识别地区“{region}”；请写省、市，如“浙江杭州”，或不填。",
    ),
    refusals.PatentNotIndexed: Row(
        409,
        "patent-not-indexed",
        "Patent not in the index",
        "专利尚未编入索引",
        "专利“{patent_id}”尚未编入当前索引；大批量导入之后须等下一个索引版本，请稍后再试。",
    ),
    refusals.SlotNotFound: Row(
        422,
        "slot-not-found",
        "Slot not found",
        "列表中没有该位置",
        "事件“{event_id}”所指的第{slot}位不在该推荐列表中。",
    ),
    refusals.ItemNotFound: Row(
        422,
        "item-not-found",
        "Item not in the list",
        "列表中没有该项",
        "事件“{event_id}”所指的专利“{patent_id}”不在该推荐列表或该位置中。",
    ),
    refusals.FirmMismatch: Row(
        422,
        "firm-mismatch",
        "Another firm's list",
        "企业与列表不符",
        "事件“{event_id}”中的企业“{uscc}”与该推荐列表不符；可不填 uscc。",
    ),
    refusals.FirmMissing: Row(
        422,
        "firm-missing",
        "Firm missing",
        "缺少企业",
        "该列表由文字描述生成，事件“{event_id}”须写明企业的统一社会信用代码（uscc）。",
    ),
    refusals.EventConflict: Row(
        409,
        "event-conflict",
        "Event id used already",
        "事件编号重复",
        "同一 event_id 已用于内容不同的事件，本次提交全部未保存；请为新事件使用新的 event_id。",
    ),
    jobs.JobNotFound: Row(
        404,
        "import-not-found",
        "Import job not found",
        "未找到导入任务",
        "没有编号为“{job_id}”的导入任务；请原样使用上传时收到的 job_id。",
    ),
    jobs.ErrorsNotFound: Row(
        404,
        "errors-not-found",
        "No error workbook",
        "没有错误清单",
        "导入任务“{job_id}”没有错误清单：任务尚未结束，或没有被拒绝的行。",
    ),
    jobs.UploadTypeRefused: Row(
        415,
        "upload-type-refused",
        "Upload type refused",
        "不支持的上传格式",
        "请以 multipart/form-data 表单上传文件。",
    ),
    jobs.EndingRefused: Row(
        415,
        "ending-refused",
        "File type refused",
        "不支持的文件类型",
        "不支持扩展名为“{ending}”的文件；可用的扩展名：{known}。",
    ),
    jobs.MalformedUpload: Row(
        400,
        "malformed-upload",
        "Malformed upload",
        "上传表单格式错误",
        "上传的表单不合规范。" + _READ_FIELDS,
    ),
    jobs.UploadNotKept: Row(
        503,
        "upload-not-kept",
        "Upload not kept",
        "文件未能保存",
        "文件未能写入磁盘；请运营方检查磁盘空间后重新上传。",
    ),
    jobs.ImportFailed: Row(
        422,
        "import-failed",
        "Import failed",
        "导入失败",
        "该文件没有导入任何内容。" + _READ_FIELDS,
    ),
    jobs.JobEnded: Row(
        409,
        "import-ended",
        "Import job has ended",
        "导入任务已结束",
        "导入任务“{job_id}”已经结束（{state}），不能取消。",
    ),
}

# What FastAPI finds, what Starlette answers, and what nobody foresaw.
INVALID = Row(
    422,
    "invalid-request",
    "Invalid request",
    "请求字段有误",
    "请求中有字段不符合要求，逐项说明见 errors。",
)
INTERNAL = Row(
    500,
    "internal-error",
    "Internal error",
    "服务内部错误",
    "服务内部出错，已记录；反馈问题时请附上 request_id。",
)
HTTP_ZH = {
    404: ("未找到", "没有这个地址；可用地址见 /openapi.json。"),
    405: ("不支持的方法", "该地址不支持此请求方法；可用方法见 Allow 响应头。"),
}


def row_of(error: MatcherError) -> Row:
    """Return the row of the error's class, or of the nearest class above it."""
    return next(TABLE[kind] for kind in type(error).__mro__ if kind in TABLE)
