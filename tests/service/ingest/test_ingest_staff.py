"""What staff do to files, and what must not be lost or shown for it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from matcher.types import LegalEvent, LegalStatus, PatentId, StopState
from service.export.error_rows import marked_rows
from service.ingest.rows import open_source
from service.store.declarations import Implementation, Willingness
from service.store.engine import Store
from tests.service.ingest.test_ingest_stock import FIRST, ROWS, SECOND, run, workbook

CNIPR_HEAD = "申请号,名称,主分类号,申请（专利权）人,发明（设计）人,国省代码,法律状态\n"
FULL = {
    **ROWS[0],
    "*一级实施状态": "尚未实施",
    "二级状态描述": "",
    "转化意愿（二级）": "拟普通许可",
}


@pytest.mark.parametrize("head", [CNIPR_HEAD, CNIPR_HEAD.replace("（设计）", "")])
@pytest.mark.parametrize(
    ("said", "status", "stop", "event"),
    [
        ("专利权的保全", "IN_FORCE", StopState.PRESERVED, LegalEvent.PRESERVATION),
        ("授权;保全", "IN_FORCE", StopState.PRESERVED, LegalEvent.PRESERVATION),
        ("独占许可", "IN_FORCE", StopState.EXCLUSIVELY_LICENSED, LegalEvent.EXCLUSIVE_LICENCE),
        ("权属纠纷", "IN_FORCE", StopState.OWNERSHIP_DISPUTE, LegalEvent.DISPUTE),
        ("专利申请权、专利权的转移", "UNKNOWN", StopState.NONE, LegalEvent.ASSIGNMENT),
        ("专利权质押合同登记的注销;授权", "IN_FORCE", StopState.NONE, LegalEvent.GRANT),
    ],
)
def test_an_event_in_the_column_of_the_status_counts(
    store: Store,
    tmp_path: Path,
    head: str,
    said: str,
    status: str,
    stop: StopState,
    event: LegalEvent,
) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"{head}{FIRST},一种泵,F04D1/00,某大学,甲,33,{said}\n", encoding="utf-8")
    assert run(store, path).warned == 0
    patent = store.patents.get(PatentId(FIRST))
    assert patent is not None
    assert (patent.legal_status, patent.stop_state) == (LegalStatus(status), stop)
    assert patent.events[-1:] == (event,) or event in patent.events
    assert LegalEvent.PLEDGE not in patent.events


def test_the_workbook_says_a_preservation_in_its_status(store: Store, tmp_path: Path) -> None:
    run(store, workbook(tmp_path / "w.xlsx", [{**FULL, "法律状态": "保全"}]))
    patent = store.patents.get(PatentId(FIRST))
    assert patent is not None
    assert patent.stop_state is StopState.PRESERVED


def test_a_row_copied_whole_for_another_option_keeps_both(store: Store, tmp_path: Path) -> None:
    copied = {**FULL, "序号": 2, "转化意愿（一级）": "拟转让", "转化意愿（二级）": "拟转让"}
    short = {"序号": 1, "*一级实施状态": "即将放弃专利权"}
    other = {**FULL, "序号": 3, "申请号": SECOND}
    file = run(store, workbook(tmp_path / "w.xlsx", [FULL, copied, short, other]))
    assert (file.rows, file.accepted, file.records, file.warned) == (4, 4, 2, 0)
    said = store.declarations.many([PatentId(FIRST)])[PatentId(FIRST)]
    cities = "浙江省-杭州市,江苏省-苏州市"
    assert said.willingness == (
        Willingness("拟许可", "拟普通许可", "5", cities),
        Willingness("拟转让", "拟转让", "5", cities),
    )
    assert [one.state for one in said.implementations] == ["尚未实施", "", "即将放弃专利权"]
    assert said.implementations[1] == Implementation()
    patent = store.patents.get(PatentId(FIRST))
    assert patent is not None
    assert patent.stop_state is StopState.ABOUT_TO_ABANDON


def test_what_differs_in_a_copied_row_is_warned_of(store: Store, tmp_path: Path) -> None:
    copied = {**FULL, "所属学院": "别的学院", "*联系人": "赵六"}
    file = run(store, workbook(tmp_path / "w.xlsx", [FULL, copied]))
    told = {(bad.column, bad.value, bad.problem) for bad in file.warnings}
    assert told == {
        ("所属学院", "别的学院", "continuation"),
        ("*联系人", "•••", "continuation"),
    }


def test_rows_that_cannot_be_taken_apart_show_nobody(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    good = "".join(f"CN10999{i:04}7A,一种电机,张秘密,13800000000\n" for i in range(30))
    surplus = "CN109990757A,一种电机,张秘密,13800000000,13900000000\n"
    head = "公开号,标题,发明人,电话\n"
    broken = b"CN109990758A,\xc4\xe3,\xe5\xbc\xa0\xe7\xa7\x98\xe5\xaf\x86,13800000000\n"
    path.write_bytes((head + good + surplus).encode() + broken)
    file = run(store, path)
    assert [bad.problem for bad in file.errors] == ["surplus_cell", "encoding"]
    assert [bad.value for bad in file.errors] == ["•••", "•••"]
    told = json.dumps(file.to_dict(), ensure_ascii=False) + str(marked_rows(file))
    assert not {word for word in ("秘密", "13800000000", "13900000000", "•••（") if word in told}


def test_a_broken_object_shows_nobody(tmp_path: Path) -> None:
    path = tmp_path / "a.ndjson"
    path.write_text('{"title": "一种电机", "发明人": "张秘密"\n["张秘密"]\n', encoding="utf-8")
    source = open_source(path)
    assert "秘密" not in str(list(source.rows()))
