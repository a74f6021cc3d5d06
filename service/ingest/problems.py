"""What is wrong with a value, a row: problem codes, and the cure in a sentence."""

from __future__ import annotations

from dataclasses import dataclass

_SHOWN = 200


class BadValue(ValueError):
    """A value that a field cannot hold.

    Args:
        field: the canonical name of the field.
        value: what was found.
        problem: one word: missing, syntax, check_digit, unknown_word, no_firm, no_patent, …
        cure: what to do, as a sentence.
    """

    def __init__(self, field: str, value: object, problem: str, cure: str) -> None:
        super().__init__(f"{field}: {problem}: {value!r}")
        self.field = field
        self.value = value
        self.problem = problem
        self.cure = cure


@dataclass(frozen=True, slots=True)
class RowProblem:
    """One refused row, or one warning on a kept one: where, what, and the cure."""

    line: int
    column: str
    value: str
    problem: str
    cure: str

    def to_dict(self) -> dict[str, object]:
        """Return the problem for the report."""
        return {
            "line": self.line,
            "column": self.column,
            "value": self.value,
            "problem": self.problem,
            "cure": self.cure,
        }


def row_problem(line: int, column: str, bad: BadValue) -> RowProblem:
    """Return the problem of a row, its value cut to what a report can show."""
    return RowProblem(line, column, shown(bad.value), bad.problem, bad.cure)


def shown(value: object) -> str:
    """Return the value as text, cut to 200 characters."""
    text = value if isinstance(value, str) else str(value)
    # A half surrogate would make the report itself unwritable.
    text = text.encode("utf-8", "replace").decode()
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
