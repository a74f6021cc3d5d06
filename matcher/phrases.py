"""What a patent is, what it solves, what it achieves and what it is for, in its own words.

Rules, no model: every phrase stands in the patent and says where, so that a page can mark it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from matcher import phrase_rules as rules
from matcher.sentences import sentence_spans
from matcher.types import Patent

_LATER = 1.5
_LONGEST_BACKGROUND = 70
_PREAMBLE = 160


@dataclass(frozen=True, slots=True)
class Phrase:
    """A phrase in its place; positions count characters of the named text.

    Attributes:
        text: the phrase, ``patent.<field>[start:end]``.
        field: the patent's field: title, abstract, first_claim, technical_field, or a vendor's
            problems, effects, applications, topics.
        part: which text of a vendor's field, 0 elsewhere.
        start: where it begins.
        end: behind its last character.
        sentence: (start, end) of the sentence it stands in.
        rule: what found it: ``vendor``, or the rule's name.
    """

    text: str
    field: str
    part: int
    start: int
    end: int
    sentence: tuple[int, int]
    rule: str


@dataclass(frozen=True, slots=True)
class Phrases:
    """The four phrases of a patent, each ``None`` where the text does not tell it.

    Attributes:
        object: what it is.
        problem: what it solves.
        effect: what it achieves.
        application: what it is for.
    """

    object: Phrase | None
    problem: Phrase | None
    effect: Phrase | None
    application: Phrase | None


def phrases_of(patent: Patent) -> Phrases:
    """Return the patent's phrases; those that a vendor extracted come first."""
    return Phrases(object_of(patent), problem_of(patent), effect_of(patent), application_of(patent))


def object_of(patent: Patent) -> Phrase | None:
    """Return what it is: the title without its frame, or what the first claim names."""
    title = patent.title
    head = rules.TITLE_HEAD.match(title)
    start = head.end() if head else 0
    end = len(title)
    while (tail := rules.TITLE_TAIL.search(title[:end], start)) and tail.start() - start > 3:
        end = tail.start()
    if end - start > 1 and not rules.FRAME_ONLY.match(title[start:end]):
        return Phrase(title[start:end], "title", 0, start, end, (0, len(title)), "title")
    claim = _Text("first_claim", patent.first_claim[:_PREAMBLE])
    return _first(claim, rules.CLAIMED_OBJECT, "claimed_object") or _first(
        _Text("abstract", patent.abstract), rules.CLAIMED_OBJECT, "claimed_object"
    )


def problem_of(patent: Patent) -> Phrase | None:
    """Return what it solves: as vendor or abstract name it, or the trouble it opens with."""
    abstract = _Text("abstract", patent.abstract)
    return (
        _vendor("problems", patent.problems)
        or _first(abstract, rules.AGAINST, "against")
        or _first(abstract, rules.SOLVES, "solves")
        or _background(abstract)
    )


def effect_of(patent: Patent) -> Phrase | None:
    """Return what it achieves: advantages, results, measured changes of the abstract's end."""
    return _vendor("effects", patent.effects) or _effect(_Text("abstract", patent.abstract))


def application_of(patent: Patent) -> Phrase | None:
    """Return what it is for: by vendor, abstract, claim, title, else its technical field."""
    return _vendor("applications", patent.applications) or _application(
        patent, _Text("abstract", patent.abstract)
    )


class _Text:
    """One field with its sentences."""

    def __init__(self, field: str, text: str) -> None:
        self.field = field
        self.text = text
        self.sentences = sentence_spans(text)

    def match(self, rule: re.Pattern[str], number: int, name: str) -> Phrase | None:
        """Return the rule's first match in one sentence."""
        start, end = self.sentences[number]
        # A slice, not search(start, end): "^" and "$" mean the sentence's ends.
        match = rule.search(self.text[start:end])
        return self.phrase(number, match.span("p"), name) if match else None

    def find(self, rule: re.Pattern[str], name: str) -> Iterator[Phrase]:
        """Yield the rule's first match in each sentence, in order, empty ones left out."""
        for number in range(len(self.sentences)):
            phrase = self.match(rule, number, name)
            if phrase and phrase.text:
                yield phrase

    def phrase(self, number: int, span: tuple[int, int], rule: str) -> Phrase:
        """Return the phrase at a span of a sentence, without marks at its ends."""
        sentence = self.sentences[number]
        start, end = sentence[0] + span[0], sentence[0] + span[1]
        while start < end and self.text[start] in _EDGE:
            start += 1
        while start < end and self.text[end - 1] in _EDGE:
            end -= 1
        return Phrase(self.text[start:end], self.field, 0, start, end, sentence, rule)


_EDGE = " ，,、:：“”\"'"


def _vendor(field: str, texts: Sequence[str]) -> Phrase | None:
    """Return the first phrase of a vendor's field."""
    for part, text in enumerate(texts):
        if text.strip():
            return Phrase(text, field, part, 0, len(text), (0, len(text)), "vendor")
    return None


def _first(text: _Text, rule: re.Pattern[str], name: str) -> Phrase | None:
    return next(text.find(rule, name), None)


def _background(abstract: _Text) -> Phrase | None:
    """Return the first sentence, behind the one that names the field, where it tells a trouble."""
    number = 1 if abstract.sentences and abstract.match(rules.FIELD, 0, "field") else 0
    if len(abstract.sentences) < number + 2:
        return None
    start, end = abstract.sentences[number]
    sentence = abstract.text[start:end]
    told = rules.BACKGROUND.search(sentence) and not rules.NO_BACKGROUND.search(sentence)
    if not told or len(sentence) > _LONGEST_BACKGROUND:
        return None
    return abstract.phrase(number, (0, end - start), "background")


_EFFECT_RULES = (
    (rules.ADVANTAGE, "advantage", 3.0),
    (rules.LEADS_TO, "leads_to", 2.4),
    (rules.DONE, "done", 2.4),
    (rules.MEASURED, "measured", 2.2),
    (rules.EFFECT, "effect", 2.0),
    (rules.QUALITY, "quality", 1.8),
)
"""(rule, name, weight), the heaviest first."""


def _effect(abstract: _Text) -> Phrase | None:
    """Return the best told effect: later sentences tell effects, earlier ones means."""
    last = len(abstract.sentences) - 1
    best, found = 0.0, None
    for rule, name, weight in _EFFECT_RULES:
        for number in range(last, -1, -1):
            score = weight + _LATER * number / max(last, 1)
            if score <= best:
                break
            if number == 0 and last > 1 and name == "measured":
                break  # what the first sentence measures is the trouble
            phrase = abstract.match(rule, number, name)
            if phrase and len(phrase.text) > 3:
                best, found = score, phrase
    if found is None and last >= 0:
        found = abstract.match(rules.ENDS, last, "ends")
    if found is None and last > 0:
        found = abstract.match(rules.RESULT, last, "result")
    return found


def _application(patent: Patent, abstract: _Text) -> Phrase | None:
    claim = _Text("first_claim", patent.first_claim[:_PREAMBLE])
    title = _Text("title", patent.title)
    field = _Text("technical_field", patent.technical_field)
    told = list(abstract.find(rules.SUITED, "suited"))
    return (
        (told[-1] if told else None)
        or _first(abstract, rules.PROSPECT, "prospect")
        or _first(claim, rules.CLAIMED_FOR, "claimed_for")
        or _first(title, rules.TITLE_FOR, "title_for")
        or _first(title, rules.TITLE_USED, "title_used")
        or _first(field, rules.FIELD, "field")
        or _first(abstract, rules.FIELD, "field")
    )
