"""Rows that stand among the records and are none: the header again, totals, remarks.

Whoever prints a list, or adds up what is in it, leaves them there. They are skipped and told of.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from service.ingest.problems import HIDDEN, RowProblem, file_problem

HEADER, TOTAL, REMARK = "repeated_header", "total", "remark"
SKIPPED = frozenset({HEADER, TOTAL, REMARK})
"""Problem codes of rows that are skipped, not refused."""

_LONGEST_LABEL = 40
# A remark below a narrow list could be a value of it.
_FEWEST_COLUMNS = 3
_UNIT = "(?:件|项|条|家|个|篇|户|人|万元|元)"
_SUM = "(?:合计|总计|小计|共计|累计|总数)"
_NUMBER = r"\d[\d,.]{0,11}"
_TOTAL = re.compile(
    rf"(?:本页|本表|全部|以上|年度|全校)?{_SUM}[:：]?(?:[(（]?共?{_NUMBER}{_UNIT}?[)）]?)?[:：]?|"
    rf"(?:以上)?共{_NUMBER}{_UNIT}"
)
_OWN_TOTAL = re.compile(rf".{{1,20}}{_SUM}[:：]?")
_AMOUNT = re.compile(rf"{_NUMBER}[%％]?{_UNIT}?")
_REMARK = re.compile(
    r"(?:备?注|(?:填[表报])?说明|[数资][据料]来源|制表|填表|审核|(?:单位|部门)?负责人|免责声明|声明)"
    r"[^:：]{0,6}[:：]|以上(?:数据|信息|内容)|本(?:数据|报告|表|文件|名单)(?:由|来源|来自|仅)|"
    r"数据(?:来源|来自|由)"
)


# Beside 填表人：张三 stand 审核人：李四 and 日期：2026-01-05.
_SIGNED = re.compile(r"[\u4e00-\u9fff()（）]{2,8}[:：]")


class PageRows:
    """Tells such rows below one header.

    Args:
        header: the headings, stripped; "" where a column has none.
    """

    def __init__(self, header: Sequence[str]) -> None:
        self._header = header
        self._names = frozenset(filter(None, header))

    def told(self, line: int, cells: Sequence[object]) -> RowProblem | None:
        """Return why the row is no record, None for one that may be."""
        place, first = next(
            ((at, cell) for at, cell in enumerate(cells) if cell not in {"", None}), (0, "")
        )
        if not isinstance(first, str):
            return None
        if len(self._names) > 1 and first.strip() in self._names:
            return _header(line) if self._repeats(cells) else None
        others = [cell for cell in cells[place + 1 :] if cell not in {"", None}]
        if len(first) <= _LONGEST_LABEL and _is_total(first, others):
            return file_problem(line, HIDDEN, TOTAL, "A total is no record: skipped.")
        below = place == 0 and len(self._names) >= _FEWEST_COLUMNS
        below = below and all(_SIGNED.match(str(other).strip()) for other in others)
        if below and _REMARK.match(first.strip()):
            return file_problem(line, HIDDEN, REMARK, "A remark is no record: skipped.")
        return None

    def _repeats(self, cells: Sequence[object]) -> bool:
        """Return whether most cells that hold anything hold their own heading.

        Most, not all: of a header over two rows the upper one is repeated too.
        """
        filled = same = 0
        for at, cell in enumerate(cells):
            if cell not in {"", None}:
                filled += 1
                name = self._header[at] if at < len(self._header) else ""
                same += isinstance(cell, str) and cell.strip() == name != ""
        return same * 2 > filled


def _header(line: int) -> RowProblem:
    return file_problem(line, HIDDEN, HEADER, "The header stands here again: skipped.")


def _is_total(label: str, others: Sequence[object]) -> bool:
    written = "".join(label.split())
    if _TOTAL.fullmatch(written):
        return True
    # 机械学院小计: with words beside it, this is the name of something.
    return bool(_OWN_TOTAL.fullmatch(written)) and all(
        _AMOUNT.fullmatch(str(other).strip()) for other in others
    )
