"""Runs: what a system answered, in memory and as TREC run files."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from eval.judgments import lines_of
from matcher.errors import BadFile, InputError

Answer = tuple[tuple[str, float], ...]
"""(document, score) in rank order; scores are float32 values that strictly decrease."""

_LARGEST = 1e38  # float32 ends a little above
_COLUMNS = "query, Q0, document, rank, score, run name"
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Run:
    """One system's answers; a query without an answer is absent.

    Attributes:
        name: of the system, without blanks.
        answers: query → ranked documents.
    """

    name: str
    answers: Mapping[str, Answer]

    @classmethod
    def of(cls, name: str, ranked: Mapping[str, Iterable[tuple[str, float]]]) -> Run:
        """Return the run of documents given best first.

        trec_eval re-sorts by float32 score and breaks ties by document id, descending. So that no
        tool changes the order, a score that does not fall below its predecessor's is lowered to
        the next float32 under it.

        Raises:
            InputError: a name or id with blanks, a document twice, a score that is not finite.

        >>> Run.of("demo", {"F1": [("P2", 1.0), ("P1", 1.0)]}).answers["F1"][1][1] < 1.0
        True
        """
        _check_word(name, "run name")
        answers = {query: _strict(query, documents) for query, documents in ranked.items()}
        return cls(name, {query: answer for query, answer in answers.items() if answer})


def write_run(path: Path, run: Run) -> None:
    """Write the run as a TREC run file, by rename: a reader sees all of it or nothing.

    Raises:
        InputError: the file cannot be written.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with draft.open("w", encoding="utf-8") as out:
            for query, answer in run.answers.items():
                for rank, (document, score) in enumerate(answer, start=1):
                    out.write(f"{query} Q0 {document} {rank} {score:.9g} {run.name}\n")
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise InputError(
            f"found {path} not writable ({error.strerror})",
            "a path to write to",
            "check the folder",
        ) from error


def run_paths(path: Path, names: Sequence[str]) -> dict[str, Path]:
    """Return where each system's run goes: ``path`` itself, or ``path`` with names for several.

    >>> run_paths(Path("out.run"), ["bm25", "lsa"])["lsa"].name
    'out.lsa.run'
    """
    if len(names) == 1:
        return {names[0]: path}
    return {name: path.with_name(f"{path.stem}.{name}{path.suffix}") for name in names}


def read_run(path: Path) -> Run:
    """Return the run of a TREC run file, ordered as trec_eval orders it.

    That is by score, ties by document id descending; the rank column is not looked at.

    Raises:
        BadFile: unreadable, empty, a line of another form, a document twice, two run names.
    """
    found: dict[str, dict[str, float]] = {}
    name = ""
    for number, line in lines_of(path, "a TREC run file"):
        cells = line.split()
        if len(cells) != 6:
            raise _bad_line(path, number, f"{len(cells)} columns", _COLUMNS)
        query, _, document, _, written, tag = cells
        if not _NUMBER.fullmatch(written) or abs(float(written)) > _LARGEST:
            raise _bad_line(path, number, f"score {written!r}", "a finite number")
        if name not in {"", tag}:
            raise _bad_line(path, number, f"run name {tag!r}", f"{name!r}, as in the lines before")
        if document in found.setdefault(query, {}):
            raise _bad_line(path, number, f"{document} again for {query}", "each document once")
        name = tag
        found[query][document] = float(np.float32(written))
    if not found:
        raise BadFile(str(path), "found no line", _COLUMNS, "check that this is the right file")
    return Run.of(name, {query: _sorted(scores) for query, scores in found.items()})


def _sorted(scores: Mapping[str, float]) -> list[tuple[str, float]]:
    by_id = sorted(scores.items(), key=lambda entry: entry[0].encode(), reverse=True)
    return sorted(by_id, key=lambda entry: -entry[1])


def _strict(query: str, documents: Iterable[tuple[str, float]]) -> Answer:
    _check_word(query, "query id")
    answer: dict[str, float] = {}
    last = np.float32(np.inf)
    for document, score in documents:
        _check_word(document, "document id")
        if document in answer:
            raise InputError(f"found {document} twice for {query}", "each document once")
        if not abs(score) <= _LARGEST:  # NaN is refused too
            raise InputError(f"found score {score} for {query} {document}", "a finite score")
        last = min(np.float32(score), np.nextafter(last, np.float32(-np.inf)))
        answer[document] = float(last)
    return tuple(answer.items())


def _check_word(text: str, what: str) -> None:
    if len(text.split()) != 1 or text.split()[0] != text:
        raise InputError(
            f"found {what} {text!r}", "one word without blanks", "TREC files cut at blanks"
        )


def _bad_line(path: Path, number: int, found: str, expected: str) -> BadFile:
    return BadFile(
        str(path), f"found {found} in line {number}", expected, "mend or remove the line"
    )
