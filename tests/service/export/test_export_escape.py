"""One law for both directions: no text is changed by export and import together."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from service.export.cells import in_cell, number_or_text
from service.ingest.escape import escape, unescape
from service.ingest.fields import text as plain
from tests.service.export.samples import RISKY

SIGNS = "=+-@＝＋－＠\t\r\n"


@given(st.text(alphabet=st.sampled_from(f"'{SIGNS} a1某")) | st.text())
def test_escape_loses_nothing(written: str) -> None:
    assert unescape(escape(written)) == written


@given(st.text(alphabet=st.sampled_from(f"'{SIGNS} a1某")) | st.text())
def test_no_escaped_text_begins_with_a_sign(written: str) -> None:
    told = escape(written)
    assert told == "-" or not told.startswith(tuple(SIGNS))
    assert told == "-" or not told.lstrip().startswith(tuple(SIGNS))


def test_what_is_escaped_and_what_is_not() -> None:
    assert all(escape(written) == f"'{written}" for written in RISKY)
    same = ("", "-", "轴承", "a=b", "'轴承'", "''", "1-2")
    assert tuple(map(escape, same)) == same
    assert tuple(map(unescape, same)) == same


def test_a_text_too_long_for_a_cell_is_cut_with_a_mark() -> None:
    assert in_cell("长" * 32_767) == "长" * 32_767
    cut = in_cell("长" * 32_768)
    assert len(cut) == 32_767
    assert cut.endswith("长【…已截断，共32768字，全文见csv】")
    # Excel counts UTF-16 units: a rare character is two of them, and is never halved.
    rare = in_cell("𠀀" * 16_384)
    assert len(rare.encode("utf-16-le")) // 2 <= 32_767
    assert rare.startswith("𠀀𠀀")
    assert rare.endswith("𠀀【…已截断，共16384字，全文见csv】")


@given(st.from_regex(r"-?\d{1,17}(\.\d{1,16})?", fullmatch=True))
def test_a_number_is_read_back_as_its_text(written: str) -> None:
    cell = number_or_text(written)
    assert plain(float(cell) if isinstance(cell, int | float) else cell) == written


def test_only_plain_decimals_are_numbers() -> None:
    texts = ("0755", "1.50", "1e5", "12 ", "１２", "-", "", "1,200", "9" * 16)
    assert tuple(map(number_or_text, texts)) == texts
    assert number_or_text("12.5") == 12.5
    assert isinstance(number_or_text("184"), int)
