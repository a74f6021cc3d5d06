"""Cells that a spreadsheet would take for a formula: one law for both directions.

An exported text gets an apostrophe in front when a spreadsheet might run it; an imported text
loses it again. No text is changed by export and import together.
"""

from __future__ import annotations

import re

# Signs that begin a formula, full-width ones too (a Chinese keyboard writes them, and Excel reads
# them), also after blanks; a tab or a line break alone starts a cell of its own in some readers.
# A single hyphen is no formula anywhere, and the mark for "nothing" of half the files we meet.
_RISKY = r"(?:[\t\r\n]|\s*[=+\-@＝＋－＠])"
_TO_ESCAPE = re.compile(f"(?!-\\Z)'*{_RISKY}")
_ESCAPED = re.compile(f"'+{_RISKY}")


def escape(text: str) -> str:
    """Return the text as it is safe in a cell of a CSV file or a workbook.

    A text that looks escaped already gets one more apostrophe, so that ``unescape`` returns it.

    >>> escape("=1+1"), escape("＠某"), escape("'-5"), escape("轴承"), escape("-")
    ("'=1+1", "'＠某", "''-5", '轴承', '-')
    """
    return f"'{text}" if _TO_ESCAPE.match(text) else text


def unescape(text: str) -> str:
    """Return the text that ``escape`` was given; any other text as it is.

    >>> unescape("'=1+1"), unescape("=1+1"), unescape("''-5"), unescape("'轴承'")
    ('=1+1', '=1+1', "'-5", "'轴承'")
    """
    return text[1:] if _ESCAPED.match(text) else text
