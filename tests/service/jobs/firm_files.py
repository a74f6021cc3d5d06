"""Firm files of any size: each row a firm of its own, with a code that checks out."""

from __future__ import annotations

from stdnum.cn import uscc

HEADER = "企业名称,统一社会信用代码,经营范围\n"


def firm_rows(count: int, first: int = 0) -> str:
    """Return rows without their header."""
    return "".join(
        f"企业{number},{_code(number)},{'检测' * 20}\n" for number in range(first, first + count)
    )


def firm_file(count: int, first: int = 0) -> bytes:
    return (HEADER + firm_rows(count, first)).encode()


def _code(number: int) -> str:
    stem = f"91330108{number:09d}"
    return stem + uscc.calc_check_digit(stem)
