"""What is wrong with a value, a row: problem codes, and the cure in a sentence."""

from __future__ import annotations

from dataclasses import dataclass

from service.ingest.cures import cure_zh

_SHOWN = 200
HIDDEN = "•••"
"""Stands in reports for personal data, and for what may hold some."""
PERSONAL_FIELDS = frozenset({"inventor", "contact_person", "contact_phone"})
"""Fields that hold people, or how to reach them: no report shows their values."""


class BadValue(ValueError):
    """A value that a field cannot hold.

    Args:
        field: the canonical name of the field.
        value: what was found.
        problem: one word: missing, syntax, check_digit, unknown_word, no_firm, no_patent, …
        cure: what to do, as a sentence.
        row: another row that it is about, 0 for none.
    """

    def __init__(self, field: str, value: object, problem: str, cure: str, *, row: int = 0) -> None:
        super().__init__(f"{field}: {problem}: {value!r}")
        self.field = field
        self.value = value
        self.problem = problem
        self.cure = cure
        self.row = row


@dataclass(frozen=True, slots=True)
class RowProblem:
    """One refused row, or one warning on a kept one: where, what, and the cure.

    Attributes:
        line: the row's line in the file, from 1.
        column: the heading, "" for the row as a whole.
        value: what stood there, cut to 200 characters; ``•••`` for personal data.
        problem: the code.
        cure: what to do, in English.
        cure_zh: what to do, in Chinese.
    """

    line: int
    column: str
    value: str
    problem: str
    cure: str
    cure_zh: str = ""

    def to_dict(self) -> dict[str, object]:
        """Return the problem for the report."""
        return {
            "row": self.line,
            "column": self.column,
            "value": self.value,
            "problem": self.problem,
            "cure": self.cure,
            "cure_zh": self.cure_zh,
        }


def row_problem(line: int, column: str, bad: BadValue) -> RowProblem:
    """Return the problem of a row, its value cut to what a report can show."""
    value = shown(bad.value)
    chinese = cure_zh(bad.problem, bad.field, value, bad.row)
    if bad.field in PERSONAL_FIELDS and value:
        value = HIDDEN
    return RowProblem(line, column, value, bad.problem, bad.cure, chinese)


def file_problem(line: int, value: str, problem: str, cure: str) -> RowProblem:
    """Return the problem of a row that could not be taken apart into cells.

    ``value`` is no text of a row that may name people: nobody knows in which column it stands.
    """
    return RowProblem(line, "", value, problem, cure, cure_zh(problem, "", value))


def shown(value: object) -> str:
    """Return the value as text, cut to 200 characters."""
    text = value if isinstance(value, str) else str(value)
    text = text[:_SHOWN] if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
    # A half surrogate would make the report itself unwritable.
    return text.encode("utf-8", "replace").decode()
