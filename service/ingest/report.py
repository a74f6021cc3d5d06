"""What an import did, file by file; every row is accounted for exactly once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from matcher.errors import BadFile
from service.ingest.layout import Layout
from service.ingest.problems import RowProblem
from service.store.upsert import UpsertCounts

# A file of the wrong kind has as many problems as rows; nobody reads more than this.
_KEPT = 10_000


@dataclass(slots=True)
class FileReport:
    """One file.

    ``rows = accepted + refused + skipped``; accepted rows make ``records = new + changed +
    unchanged``, fewer than rows where several rows are one record.

    Attributes:
        failure: why nothing of the file was read, None for a file that was.
        errors: refused rows by line, at most 10,000; ``refused`` counts all.
        warnings: values left out of rows that were kept, at most 10,000.
        skips: rows skipped because they are no records (a header again, totals), at most 10,000.
        bad_rows: line → heading → cell of the rows that errors and warnings name, at most 10,000.
        layout: how the file is read, None for one that could not be opened.
    """

    name: str
    sha256: str = ""
    rows: int = 0
    accepted: int = 0
    refused: int = 0
    skipped: int = 0
    counts: UpsertCounts = field(default_factory=UpsertCounts)
    errors: list[RowProblem] = field(default_factory=list)
    warned: int = 0
    warnings: list[RowProblem] = field(default_factory=list)
    skips: list[RowProblem] = field(default_factory=list)
    bad_rows: dict[int, Mapping[str, object]] = field(default_factory=dict)
    layout: Layout | None = None
    failure: BadFile | None = None

    @property
    def family(self) -> str:
        """Return the file's family, "" for a file that could not be opened."""
        return self.layout.family if self.layout else ""

    @property
    def records(self) -> int:
        """Return how many records the accepted rows make."""
        return self.counts.new + self.counts.changed + self.counts.unchanged

    def refuse(self, problems: Sequence[RowProblem]) -> None:
        """Count refused rows."""
        self.refused += len(problems)
        self.errors += problems[: max(0, _KEPT - len(self.errors))]

    def warn(self, problems: Sequence[RowProblem]) -> None:
        """Count warnings on kept rows."""
        self.warned += len(problems)
        self.warnings += problems[: max(0, _KEPT - len(self.warnings))]

    def skip(self, problem: RowProblem) -> None:
        """Count a row that is no record."""
        self.skipped += 1
        if len(self.skips) < _KEPT:
            self.skips.append(problem)

    def keep(self, rows: Mapping[int, Mapping[str, object]]) -> None:
        """Keep the rows (line → heading → cell) of a record that has a problem, all or none.

        Whoever corrects a patent sends all its rows back; half of them would lose options.
        """
        if len(self.bad_rows) < _KEPT:
            self.bad_rows |= rows

    def settle(self) -> None:
        """Put the problems in the order of lines: those of rows held back came last."""
        self.errors.sort(key=_line)
        self.warnings.sort(key=_line)

    def to_dict(self) -> dict[str, object]:
        """Return the file's part of the report as JSON values."""
        failure = self.failure
        return {
            "file": self.name,
            "family": self.family,
            "sha256": self.sha256,
            "rows": self.rows,
            "records": self.records,
            "new": self.counts.new,
            "changed": self.counts.changed,
            "unchanged": self.counts.unchanged,
            "accepted": self.accepted,
            "refused": self.refused,
            "skipped": self.skipped,
            "errors": [problem.to_dict() for problem in self.errors],
            "errors_not_listed": self.refused - len(self.errors),
            "warned": self.warned,
            "warnings": [problem.to_dict() for problem in self.warnings],
            "skips": [problem.to_dict() for problem in self.skips],
            "layout": self.layout.to_dict() if self.layout else None,
            "failure": failure
            and {"found": failure.found, "expected": failure.expected, "cure": failure.cure},
        }


@dataclass(frozen=True, slots=True)
class ImportReport:
    """All files of one import."""

    what: str
    dry_run: bool
    files: tuple[FileReport, ...]

    @property
    def counts(self) -> UpsertCounts:
        """Return the records of all files."""
        return sum((file.counts for file in self.files), UpsertCounts())

    @property
    def refused(self) -> int:
        """Return how many rows were refused."""
        return sum(file.refused for file in self.files)

    @property
    def failed(self) -> tuple[FileReport, ...]:
        """Return the files of which nothing was read."""
        return tuple(file for file in self.files if file.failure is not None)

    def to_dict(self) -> dict[str, object]:
        """Return the report as JSON values."""
        counts = self.counts
        return {
            "what": self.what,
            "dry_run": self.dry_run,
            "new": counts.new,
            "changed": counts.changed,
            "unchanged": counts.unchanged,
            "refused": self.refused,
            "failed": len(self.failed),
            "files": [file.to_dict() for file in self.files],
        }


def _line(problem: RowProblem) -> int:
    return problem.line
