"""Times the import of a vendor's workbook of any size, made up here and forgotten afterwards."""

from __future__ import annotations

import random
import shutil
import statistics
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import xlsxwriter

from service.benchmark import machine, stage
from service.store.keys import check_digit

# The 28 columns of a vendor's export; texts as long as real ones are.
_CELLS: dict[str, str | int] = {
    "公开(公告)号": "",
    "标题": 20,
    "摘要": 300,
    "申请号": "",
    "申请日": "2019-05-01",
    "公开(公告)日": "2019-10-01",
    "授权日": "-",
    "专利类型": "发明申请",
    "简单法律状态": "有效",
    "法律状态/事件": "授权 | 权利转移",
    "[标]当前申请(专利权)人": "某某大学 | 某公司",
    "[标]原始申请(专利权)人": "某某大学",
    "发明人": "甲 | 乙",
    "IPC分类号": "H02K1/00 | G06F17/30",
    "IPC主分类号": "H02K1/00",
    "国民经济行业分类号": "C3812 | I6571",
    "战略新兴产业分类": "人工智能",
    "应用领域分类": "机器学习|图像",
    "技术主题分类": "电机|水泵",
    "[标]技术问题短语": 20,
    "[标]技术功效短语": 20,
    "独立权利要求": 600,
    "预估到期日": "2039-05-01",
    "专利价值": "12000",
    "简单同族": "-",
    "技术领域": 80,
    "背景技术": 200,
    "被引用专利数量": "0",
}
_SIGNS = "一种电机泵阀及其制备方法装置系统控制检测数据处理材料复合高温结构传感器模块算法网络信号"


def measure_workbook(rows: int, rounds: int) -> dict[str, Any]:
    """Return figures of importing a workbook of so many rows, each round into a new home."""
    folder = Path(tempfile.mkdtemp(prefix="panhuo-bench-"))
    try:
        path = folder / "export.xlsx"
        _write(path, rows)
        found = []
        for at in range(rounds):
            home = folder / f"home{at}"
            home.mkdir()
            found.append(stage(home, "import", "patents", str(path)))
        seconds = [one["seconds"] for one in found]
        return {
            "machine": machine(),
            "date": datetime.now(UTC).date().isoformat(),
            "command": f"panhuo bench workbook --rows {rows} --rounds {rounds}",
            "rows": rows,
            "file_mb": round(path.stat().st_size / 1e6, 1),
            "median_s": statistics.median(seconds),
            "least_s": min(seconds),
            "most_s": max(seconds),
            "peak_rss_gb": max(one["peak_rss_gb"] for one in found),
        }
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _write(path: Path, rows: int) -> None:
    rng = random.Random(1)
    with xlsxwriter.Workbook(str(path), {"constant_memory": True}) as book:
        sheet = book.add_worksheet("Sheet1")
        sheet.write_row(0, 0, list(_CELLS))
        for at in range(rows):
            sheet.write_row(at + 1, 0, _row(rng, at))


def _row(rng: random.Random, at: int) -> list[str]:
    digits = f"2019{rng.choice('12')}{at:07d}"
    told = {"公开(公告)号": f"CN{110_000_000 + at}A", "申请号": f"CN{digits}.{check_digit(digits)}"}
    return [
        told.get(name) or (cell if isinstance(cell, str) else "".join(rng.choices(_SIGNS, k=cell)))
        for name, cell in _CELLS.items()
    ]
