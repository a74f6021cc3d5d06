"""Every problem has a cure in Chinese; no report shows people."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import service.ingest
from service.ingest.cures import CODES, cure_zh
from service.ingest.problems import PERSONAL_FIELDS, BadValue, file_problem, row_problem

# Where each call has the problem code.
_PLACE = {"BadValue": 2, "RowProblem": 3, "file_problem": 2}


def codes() -> Iterator[tuple[str, str]]:
    """Yield (file, code) of each problem that the sources of ingest make."""
    folder = Path(service.ingest.__file__).parent
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                place = _PLACE.get(node.func.id, -1)
                if 0 <= place < len(node.args):
                    code = node.args[place]
                    if isinstance(code, ast.Constant):
                        yield path.name, code.value


def test_each_code_of_the_sources_has_a_sentence() -> None:
    found = list(codes())
    assert {"check_digit", "date", "csv_syntax", "encoding", "no_firm"} <= {c for _, c in found}
    assert [(file, code) for file, code in found if code not in CODES] == []


@pytest.mark.parametrize("code", sorted(CODES))
@pytest.mark.parametrize("field", ["", "title", "application_no", "uscc", "no_such_field"])
def test_sentences_are_whole(code: str, field: str) -> None:
    said = cure_zh(code, field, "{x}")
    assert said.endswith("。")
    assert said.count("。") == 1
    assert "{name}" not in said
    assert any("\u4e00" <= char <= "\u9fff" for char in said)


def test_the_right_check_digit_is_named() -> None:
    said = cure_zh("check_digit", "application_no", "ZL 201710601862.4")
    assert "应为“3”而不是“4”" in said
    assert "应为“X”" in cure_zh("check_digit", "application_no", "95115608.1")
    assert "CN201710601862.3" in cure_zh("syntax", "application_no", "201710601862")
    assert cure_zh("syntax", "uscc", "").startswith("请填写18位统一社会信用代码；没有代码")
    assert "营业执照" in cure_zh("check_digit", "uscc", "91110000600037341X")


def test_an_unknown_code_has_a_general_sentence() -> None:
    assert cure_zh("nobody_knows", "title", "x") == "请核对名称，更正后重新导入。"


def test_a_problem_as_the_report_has_it() -> None:
    bad = BadValue("filing_date", "soon", "date", "Write the date.")
    assert row_problem(7, "申请日", bad).to_dict() == {
        "row": 7,
        "column": "申请日",
        "value": "soon",
        "problem": "date",
        "cure": "Write the date.",
        "cure_zh": "请按“年-月-日”填写申请日，例如 2019-07-12。",
    }
    assert file_problem(3, "x", "surplus_cell", "Quote.").cure_zh.startswith("此行的列数")


@pytest.mark.parametrize("field", sorted(PERSONAL_FIELDS))
def test_people_are_masked(field: str) -> None:
    problem = row_problem(1, "发明人", BadValue(field, "张三 13800000000", "syntax", "Write it."))
    assert problem.value == "•••"
    assert "张三" not in str(problem.to_dict())
    assert row_problem(1, "x", BadValue(field, "", "missing", "Write it.")).value == ""
