"""The rows of an import that somebody has to look at, with what is wrong in each cell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from service.ingest.escape import unescape
from service.ingest.problems import HIDDEN, RowProblem
from service.ingest.report import FileReport

REFUSED, WARNED = "须修改", "请核对"
_NOW, _ROW = "（现为“{}”）", "（原文：{}）"
# What the value of a problem is, where it is not what stands in the cell.
_BESIDE: Mapping[str, str] = {"head_refused": "（首行为第{}行）"}
_LABELS: Mapping[str, str] = {
    "missing": "缺少内容",
    "required": "必填项为空",
    "syntax": "写法不符",
    "check_digit": "校验位不符",
    "unknown_word": "无法识别的词",
    "unknown_event": "无法识别的法律事件",
    "not_listed": "不在选项中",
    "unfilled": "自定义内容未填写",
    "amount": "金额不是数字",
    "too_many": "数量超出上限",
    "too_long": "内容过长",
    "continuation": "续行中有多余内容",
    "head_refused": "所属专利的首行未读入",
    "no_head": "找不到所属专利的首行",
    "date": "日期写法不符",
    "place": "地名不规范",
    "ipc_syntax": "IPC分类号写法不符",
    "industry_syntax": "行业代码写法不符",
    "no_firm": "库中没有该企业",
    "no_patent": "库中没有该专利",
    "csv_syntax": "引号不成对",
    "surplus_cell": "列数多于表头",
    "json_syntax": "不是合法的JSON",
    "json_object": "不是JSON对象",
    "qrels_syntax": "每行不是四项",
    "encoding": "字符编码无法识别",
    "scientific": "编号变成了科学计数法",
    "declared_before": "同一申请号在后面又填写",
    "declared_again": "同一申请号在前面填写过",
    "repeated_header": "重复的表头",
    "total": "合计行",
    "remark": "说明文字",
}


@dataclass(slots=True)
class Marked:
    """One row.

    Attributes:
        cells: heading → cell of the source; empty where the row could not be taken apart.
        refused: heading → what to do; "" stands for the row as a whole.
        warned: the same for cells of a row that was kept.
    """

    line: int
    cells: Mapping[str, object]
    refused: dict[str, str] = field(default_factory=dict)
    warned: dict[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """Return everything that is wrong, a line each."""
        return "\n".join(
            f"【{mark}】{heading}：{told}" if heading else f"【{mark}】{told}"
            for mark, found in ((REFUSED, self.refused), (WARNED, self.warned))
            for heading, told in found.items()
        )


def marked_rows(report: FileReport) -> list[Marked]:
    """Return the rows with problems, and the rows that belong to them, by line."""
    rows = {line: Marked(line, _meant(cells)) for line, cells in report.bad_rows.items()}
    for problem in report.errors:
        _tell(rows.setdefault(problem.line, Marked(problem.line, {})).refused, problem)
    for problem in report.warnings:
        _tell(rows.setdefault(problem.line, Marked(problem.line, {})).warned, problem)
    return [rows[line] for line in sorted(rows)]


def headings_of(rows: list[Marked]) -> list[str]:
    """Return the headings of all rows, as they first come."""
    return list(dict.fromkeys(heading for row in rows for heading in row.cells if heading))


def label_of(problem: str) -> str:
    """Return what a problem code means, and the code; the code alone where it is a new one.

    >>> label_of("check_digit"), label_of("odd")
    ('校验位不符（check_digit）', 'odd')
    """
    return f"{_LABELS[problem]}（{problem}）" if problem in _LABELS else problem


def _meant(cells: Mapping[str, object]) -> dict[str, object]:
    """Return the cells as the importer understands them: writing escapes them again."""
    return {
        str(heading): unescape(cell) if isinstance(cell, str) else cell
        for heading, cell in cells.items()
        if heading is not None
    }


def _tell(found: dict[str, str], problem: RowProblem) -> None:
    told = problem.cure_zh or problem.cure
    if problem.value not in {"", HIDDEN}:
        told += _BESIDE.get(problem.problem, _NOW if problem.column else _ROW).format(problem.value)
    before = found.get(problem.column)
    found[problem.column] = f"{before} {told}" if before else told
