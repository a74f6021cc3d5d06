"""What to do about a bad value, in Chinese: one sentence for each problem code.

A code may have a sentence for one field, which counts before the one for all fields. The check
digits are computed from the value, so that the sentence can name the right one.
"""

from __future__ import annotations

from collections.abc import Mapping

from service.store.keys import application_parts, check_digit

_NAMES: Mapping[str, str] = {
    "application_no": "申请号",
    "publication_no": "公开(公告)号",
    "grant_no": "授权公告号",
    "patent_id": "专利编号",
    "title": "名称",
    "uscc": "统一社会信用代码",
    "holder_uscc": "权利人统一社会信用代码",
    "name": "企业名称",
    "patent": "专利号",
    "members": "成员专利申请号",
    "kind": "类型",
    "filing_date": "申请日",
    "publication_date": "公开(公告)日",
    "grant_date": "授权公告日",
    "expires_on": "预估到期日",
    "registered_on": "成立日期",
    "posted_on": "发布日期",
    "legal_status": "法律状态",
    "legal_events": "法律状态/事件",
    "stop_state": "实施状态",
    "holder_kind": "权利人类型",
    "holder_province": "省份",
    "holder_city": "城市",
    "province": "省份",
    "city": "城市",
    "open_licence": "开放许可",
    "relevance": "相关度",
    "group_members": "组合专利信息",
    "group_name": "组合专利名称",
    "college": "所属学院",
    "funded": "是否属于财政资助科研项目形成专利",
    "implementation_state": "一级实施状态",
    "implementation_detail": "二级状态描述",
    "implementation_outcome": "金额/评价结果/产品名称",
    "implementation_note": "备注",
    "willingness_first": "转化意愿（一级）",
    "willingness_second": "转化意愿（二级）",
    "willingness_fee": "费用标准",
    "willingness_cities": "意向合作城市",
    "willingness_firms": "意向合作企业",
    "price_band": "意向价格",
    "maturity": "技术成熟度",
    "self_grade": "专利价值分级自评",
    "inventor": "发明人",
    "contact_person": "联系人",
    "contact_phone": "联系方式",
}

_OF_FIELD: Mapping[tuple[str, str], str] = {
    ("missing", "application_no"): "请填写申请号；确实没有申请号时，请填写公开(公告)号。",
    ("missing", "title"): "请填写名称，不能为空。",
    ("missing", "name"): "请填写企业全称，或先单独导入该企业。",
    ("missing", "patent"): "请填写专利的申请号或公开(公告)号。",
    (
        "missing",
        "kind",
    ): "请增加“关系”一列，或用 --kind 指定关系（owns、co_applied、licensed、contacted）。",
    ("missing", "uscc"): "请填写18位统一社会信用代码；没有代码的企业无法导入。",
    ("syntax", "application_no"): "请按“CN+4位年份+1位类型+7位流水号+.+校验位”填写申请号，例如 "
    "CN201710601862.3。",
    ("syntax", "publication_no"): "请按“国别+数字+文献种类字母”填写公开(公告)号，例如 "
    "CN109990757A。",
    ("syntax", "grant_no"): "请按“国别+数字+文献种类字母”填写授权公告号，例如 CN109990757B。",
    ("syntax", "uscc"): "请填写18位统一社会信用代码：由数字和大写字母组成，不含 I、O、Z、S、V。",
    ("syntax", "relevance"): "请用整数填写相关度，大于0表示相关。",
    ("check_digit", "uscc"): "末位校验码与前17位不符，请对照营业执照核对统一社会信用代码。",
    ("check_digit", "holder_uscc"): "末位校验码与前17位不符，请对照证书核对统一社会信用代码。",
    ("unknown_word", "kind"): "请使用规定的写法：专利类型填“发明”“实用新型”或“外观设计”；关系填 "
    "owns、co_applied、licensed 或 contacted。",
    ("unknown_word", "legal_status"): "请填写“有效”“审中”或“失效”。",
    (
        "unknown_word",
        "legal_events",
    ): "无法判断法律状态，请增加“简单法律状态”一列，填写“有效”“审中”或“失效”。",
    ("unknown_word", "stop_state"): "请填写“即将放弃专利权”“涉及权属纠纷”“不适宜转化”“独占许可”"
    "“保全”或“正常”。",
    ("unknown_word", "open_licence"): "请填写“是”或“否”。",
}

_OF_CODE: Mapping[str, str] = {
    "missing": "请填写{name}，不能为空。",
    "syntax": "请检查{name}的写法，其格式不正确。",
    "check_digit": "请核对{name}，其校验位与其余各位不符。",
    "unknown_word": "请使用规定的写法填写{name}，无法识别现在的内容。",
    "date": "请按“年-月-日”填写{name}，例如 2019-07-12。",
    "place": "请填写{name}的规范名称，例如“浙江”“杭州”。",
    "ipc_syntax": "请按“部、大类、小类、大组/小组”填写IPC分类号，例如 A01B1/00；该分类号未读入。",
    "industry_syntax": "请填写国民经济行业分类（GB/T 4754）代码，例如 C4023；该代码未读入。",
    "too_long": "{name}过长，请缩短后重新导入。",
    "unfilled": "请将{name}中的提示文字改为自行填写的内容。",
    "required": "{name}为必填项（表头带 * 号），请补充填写。",
    "continuation": "续行只填写实施状态和转化意愿的其他选项，请将{name}填在该专利的首行。",
    "too_many": "{name}填写的数量过多，请按表头规则减少。",
    "not_listed": "请从模板下拉列表中选择{name}。",
    "amount": "请以万元为单位填写{name}，只填数字，例如 12.5。",
    "unknown_event": "请使用授权、权利转移、许可、质押、保全、未缴年费、期限届满等法律事件名称。",
    "no_head": "此行没有申请号和专利名称，请紧接在所属专利之后，或补填申请号。",
    "head_refused": "所属专利的首行未能读入，请先更正首行。",
    "no_firm": "库中没有该企业，请先导入企业，再导入此文件。",
    "no_patent": "库中没有该专利，请先导入专利，再导入此文件。",
    "csv_syntax": '此行引号不成对，请补全引号或将其写成两个引号（""）；所涉各行均未读入。',
    "surplus_cell": "此行的列数多于表头，请给含有分隔符的单元格加上引号。",
    "json_syntax": "此行不是合法的 JSON，请每行写一个 JSON 对象。",
    "json_object": '此行不是 JSON 对象，请每行写一个形如 {{"title": "…"}} 的对象。',
    "qrels_syntax": "请每行写四项，以空格分隔：统一社会信用代码 0 专利号 相关度。",
    "scientific": "Excel把编号变成了科学计数法，原有数字已不全；请将该列设为文本格式后重新填写"
    "{name}，或从来源重新导出。",
    "declared_before": "第{row}行又填写了同一申请号且内容不同，已按第{row}行保存，本行的选项"
    "未采用；请合并到一处，其余选项写在紧接其下的续行。",
    "declared_again": "第{row}行已填写过同一申请号且内容不同，已按本行保存，第{row}行的选项"
    "未采用；请合并到一处，其余选项写在紧接其下的续行。",
    "repeated_header": "此行与表头相同（分页时重复），不是记录，已跳过，无需处理。",
    "total": "此行是合计，不是记录，已跳过，无需处理。",
    "remark": "此行是说明文字，不是记录，已跳过，无需处理。",
    "encoding": "此行含有无法识别的字符编码，请将整个文件另存为 UTF-8 编码，并核对此行文字。",
}
_APPLICATIONS = frozenset({"application_no", "members", "group_members"})
CODES = frozenset(_OF_CODE)
"""Every problem code that has a sentence."""


def cure_zh(problem: str, field: str, value: str, row: int = 0) -> str:
    """Return what to do, as one Chinese sentence; a general one for an unknown code.

    Args:
        problem: the code.
        field: canonical name of the field, "" for the row as a whole.
        value: as found.
        row: another row that the sentence speaks of.

    >>> cure_zh("check_digit", "application_no", "CN201710601862.4")
    '按前12位计算，校验位应为“3”而不是“4”，请对照受理通知书核对申请号。'
    """
    if field in _APPLICATIONS and (told := _digit_told(problem, value)):
        return told
    # An empty cell has no wrong form: it is missing.
    special = _OF_FIELD.get(("missing" if problem == "syntax" and not value else problem, field))
    if special:
        return special
    name = _NAMES.get(field, "该项内容")
    return _OF_CODE.get(problem, "请核对{name}，更正后重新导入。").format(name=name, row=row)


def _digit_told(problem: str, value: str) -> str:
    parts = application_parts(value) if problem in {"check_digit", "syntax"} else None
    if parts is None:
        return ""
    digits, check = parts
    right = check_digit(digits)
    if problem == "check_digit":
        return (
            f"按前{len(digits)}位计算，校验位应为“{right}”而不是“{check}”，"
            "请对照受理通知书核对申请号。"
        )
    if not check:
        return f"申请号缺少校验位；若其余各位无误，应写作 CN{digits}.{right}。"
    return ""
