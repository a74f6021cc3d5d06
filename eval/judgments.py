"""Judgments: read strictly from TREC files, every bad line named, or made of captured feedback."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from matcher.errors import BadFile
from matcher.types import DismissalReason, FeedbackEvent, FeedbackKind, Relation, Uscc

Qrels = Mapping[str, Mapping[str, int]]
"""Query → document → grade; 0 is judged and not relevant."""

MOST_GRADE = 100
ACTED = 2
PRAISED = 1
_ACTS = frozenset({FeedbackKind.CONTACT, FeedbackKind.DIRECTED_NEED})
_FOREIGN = DismissalReason.NOT_OUR_FIELD
_GOOD_PROSPECT = 4
_POOR_PROSPECT = 2
_GRADE = re.compile(r"[+-]?[0-9]{1,9}")


def read_qrels(path: Path) -> dict[str, dict[str, int]]:
    """Return the judgments of a TREC qrels file, queries and documents in file order.

    A line is ``query iteration document grade``; the iteration is not looked at. TREC writes
    negative grades for spam: they count as 0. The same pair twice with one grade counts once.

    Raises:
        BadFile: unreadable, empty, a line of another form, or a pair with two grades.

    >>> from tempfile import NamedTemporaryFile
    >>> with NamedTemporaryFile("w", suffix=".qrels") as file:
    ...     _ = file.write("F1 0 P1 2") + file.seek(0)
    ...     read_qrels(Path(file.name))
    {'F1': {'P1': 2}}
    """
    found: dict[str, dict[str, int]] = {}
    for number, line in lines_of(path, "a TREC qrels file"):
        cells = line.split()
        if len(cells) != 4:
            raise _bad_line(
                path, number, f"{len(cells)} columns", "query, iteration, document, grade"
            )
        query, _, document, written = cells
        if not _GRADE.fullmatch(written) or int(written) > MOST_GRADE:
            raise _bad_line(
                path, number, f"grade {written!r}", f"a whole number up to {MOST_GRADE}"
            )
        grade = max(int(written), 0)
        known = found.setdefault(query, {}).setdefault(document, grade)
        if known != grade:
            raise _bad_line(
                path, number, f"grade {grade} for {query} {document}", f"{known}, as judged before"
            )
    if not found:
        raise _empty(path, "one judgment or more")
    return found


def read_pool(path: Path) -> tuple[str, ...]:
    """Return the ids of a pool file, one a line, in file order, each once.

    Raises:
        BadFile: unreadable, empty, or a line of several words.
    """
    found: dict[str, None] = {}
    for number, line in lines_of(path, "a list of patent ids"):
        if len(line.split()) != 1:
            raise _bad_line(path, number, f"{len(line.split())} words", "one patent id")
        found[line] = None
    if not found:
        raise _empty(path, "one patent id or more")
    return tuple(found)


def from_feedback(events: Iterable[FeedbackEvent]) -> dict[str, dict[str, int]]:
    """Return the judgments that firms made by what they did, queries and patents by id.

    ========================================  =====
    contact, directed need                    2
    evaluation, prospect (产业化前景) 4 or 5  1
    evaluation, prospect 1 or 2               0
    dismissal as ``not_our_field``            0
    ========================================  =====

    Of several evaluations of a pair the last counts. The highest grade of a pair counts, but a
    dismissal as ``not_our_field`` after all that spoke for the patent takes the grade back to 0.

    All else is no judgment and leaves the pair out: an item that was shown, opened or not, is
    missing data and no negative; a click says that a title was read; a prospect of 3 says neither;
    too early, too dear, have it and other reasons speak of the offer, not of the field. Improvement
    and cooperation say what to do with a patent, not whether it fits.

    Position bias is not corrected: a firm can only act on what it was shown, and acts more on what
    stands first. Where that matters, use ``matcher.learning``; these grades favour the system that
    made the lists.

    Args:
        events: in any order; free-text events without a USCC are not looked at.
    """
    pairs: dict[tuple[str, str], list[FeedbackEvent]] = {}
    for event in events:
        if event.uscc:
            pairs.setdefault((event.uscc, event.patent_id), []).append(event)
    found: dict[str, dict[str, int]] = {}
    for (query, document), of_pair in sorted(pairs.items()):
        grade = _grade(sorted(of_pair, key=lambda event: (event.at, event.event_id)))
        if grade is not None:
            found.setdefault(query, {})[document] = grade
    return found


def from_relations(
    relations: Iterable[Relation], kept: Callable[[Uscc], bool]
) -> dict[str, dict[str, int]]:
    """Return known links as judgments of grade 1, for the firms that ``kept`` holds true of."""
    found: dict[str, dict[str, int]] = {}
    for relation in relations:
        if kept(relation.uscc):
            found.setdefault(str(relation.uscc), {})[str(relation.patent_id)] = 1
    return dict(sorted(found.items()))


def with_positives(qrels: Qrels) -> dict[str, Mapping[str, int]]:
    """Return the queries that have a positive; no measure can be above zero for the others."""
    return {query: grades for query, grades in qrels.items() if any(g > 0 for g in grades.values())}


def _grade(events: Iterable[FeedbackEvent]) -> int | None:
    """Return the grade of one pair, oldest event first; ``None`` where nothing judges it."""
    acted = praised = refused = None
    for event in events:
        if event.kind in _ACTS:
            acted, refused = ACTED, None
        elif event.kind is FeedbackKind.EVALUATION and event.evaluation is not None:
            praised = _praise(event.evaluation.prospect)
            refused = None if praised else refused
        elif event.kind is FeedbackKind.DISMISSAL and event.reason is _FOREIGN:
            refused = 0
    if refused is not None:
        return 0
    return max((grade for grade in (acted, praised) if grade is not None), default=None)


def _praise(prospect: int) -> int | None:
    if prospect >= _GOOD_PROSPECT:
        return PRAISED
    return 0 if prospect <= _POOR_PROSPECT else None


def lines_of(path: Path, what: str) -> Iterator[tuple[int, str]]:
    """Yield (line number, text without margins) of lines that are not blank.

    Raises:
        BadFile: the file is missing or not UTF-8.
    """
    try:
        with path.open(encoding="utf-8-sig") as stream:
            for number, line in enumerate(stream, start=1):
                if text := line.strip():
                    yield number, text
    except OSError as error:
        raise BadFile(
            str(path), f"found no readable file ({error.strerror})", what, "check the path"
        ) from error
    except UnicodeDecodeError as error:
        raise BadFile(
            str(path), f"found a byte that is not UTF-8 ({error.reason})", what, "save it as UTF-8"
        ) from error


def _bad_line(path: Path, number: int, found: str, expected: str) -> BadFile:
    return BadFile(
        str(path), f"found {found} in line {number}", expected, "mend or remove the line"
    )


def _empty(path: Path, expected: str) -> BadFile:
    return BadFile(str(path), "found no line", expected, "check that this is the right file")
