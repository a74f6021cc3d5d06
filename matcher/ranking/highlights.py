"""Where words stand in a patent: the sentence and the spans that a page marks."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from embeddings.tokeniser import Tokeniser, prepared
from matcher.patent_text import searched_parts
from matcher.sentences import clipped, sentence_spans
from matcher.types import Patent

_MOST_SENTENCES = 4
_QUOTE = 40
_MARKUP = re.compile(r"</?[A-Za-z][^<>]{0,60}>")
# ASCII without "<", Chinese, its punctuation, full width: each folds to one character.
_ONE_TO_ONE = re.compile("[ -;=-~\u3001-\u301f\u4e00-\u9fff\uff01-\uff1b\uff1d-\uff5e]*")
_CLAUSE = re.compile(r"[^，,]+")

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence that holds wanted words; positions count characters of the patent's own text.

    Attributes:
        field: the patent's field.
        part: which text of a vendor's field, 0 elsewhere.
        start: where the sentence begins in that text.
        text: the sentence as it stands there.
        pieces: how the tokeniser cuts it.
        words: the wanted words in it.
    """

    field: str
    part: int
    start: int
    text: str
    pieces: tuple[str, ...]
    words: frozenset[str]


@dataclass(frozen=True, slots=True)
class Highlight:
    """A sentence with the spans to mark, (start, end) in the same text as the sentence."""

    sentence: Sentence
    spans: tuple[Span, ...]

    @property
    def detail(self) -> dict[str, object]:
        """The highlight as plain data."""
        told = self.sentence
        return {
            "field": told.field,
            "part": told.part,
            "start": told.start,
            "end": told.start + len(told.text),
            "sentence": told.text,
            "spans": [list(span) for span in self.spans],
        }

    def quote(self) -> str:
        """Return the words around the marks, short enough to read: the clause with most marks."""
        text, start = self.sentence.text, self.sentence.start
        if len(text) <= _QUOTE:
            return text
        clauses = [match.span() for match in _CLAUSE.finditer(text)]
        held = [sum(a <= s - start < b for s, _ in self.spans) for a, b in clauses]
        first, end = clauses[held.index(max(held))]
        mark = min((s - start for s, _ in self.spans if first <= s - start < end), default=first)
        if end - first > _QUOTE and mark - first > _QUOTE // 2:
            first = mark - _QUOTE // 4
        return ("…" if first else "") + clipped(text[first:end].strip(), _QUOTE)


def sentences_with(patent: Patent, wanted: Collection[str], tokeniser: Tokeniser) -> list[Sentence]:
    """Return the sentences of the searched text that hold any wanted word, in order.

    A sentence is cut as the index cut the whole text: no word reaches over its stop.
    """
    found: list[Sentence] = []
    for field, part, text in searched_parts(patent):
        # Cutting is what costs: only sentences that hold the letters of a word are cut.
        folded = prepared(text)
        likely = [word for word in wanted if word in folded]
        for start, end in sentence_spans(text) if likely else ():
            sentence = text[start:end]
            folded = prepared(sentence)
            if any(word in folded for word in likely):
                pieces = tuple(tokeniser.cut(sentence))
                words = frozenset(likely).intersection(pieces)
                if words:
                    found.append(Sentence(field, part, start, sentence, pieces, words))
    return found


def highlights(
    sentences: Sequence[Sentence], terms: Sequence[str], rarity: Mapping[str, float]
) -> tuple[Highlight, ...]:
    """Return sentences that show every term, the one that holds most of their rarity first.

    Args:
        sentences: from ``sentences_with``.
        terms: words to show.
        rarity: weight of each term.
    """
    left = set(terms)
    shown: list[Highlight] = []
    while left and len(shown) < _MOST_SENTENCES:
        weights = [sum(rarity[w] for w in terms if w in left & one.words) for one in sentences]
        most = max(weights, default=0.0)
        if most <= 0:
            break
        best = sentences[weights.index(most)]
        spans = term_spans(best.text, best.pieces, terms)
        shown.append(Highlight(best, tuple((best.start + a, best.start + b) for a, b in spans)))
        left -= best.words
    return tuple(shown)


def term_spans(text: str, pieces: Sequence[str], terms: Collection[str]) -> list[Span]:
    """Return where the words stand in ``text`` as written, though they are cut from folded text.

    Full width, capitals, compatibility characters (``℃`` is two letters when folded) and markup
    keep their places. A word inside a longer word is no occurrence.

    Args:
        text: the text.
        pieces: how the tokeniser cuts it.
        terms: the words.
    """
    folded, origin = _fold(text)
    spans: list[Span] = []
    position = 0
    for piece in pieces:
        at = folded.find(piece, position) if piece.strip() else -1
        if at < 0:
            continue
        position = at + len(piece)
        if piece in terms:
            spans.append((origin[at], origin[position - 1] + 1))
    return spans


def _fold(text: str) -> tuple[str, Sequence[int]]:
    """Return the text folded character by character, and for each one where it comes from."""
    if _ONE_TO_ONE.fullmatch(text):
        return unicodedata.normalize("NFKC", text).lower(), range(len(text))
    folded: list[str] = []
    origin: list[int] = []
    plain = _MARKUP.sub(lambda match: "\x00" * len(match.group()), text)
    for place, character in enumerate(plain):
        if character != "\x00":
            whole = unicodedata.normalize("NFKC", character).lower()
            folded.append(whole)
            origin += [place] * len(whole)
    return "".join(folded), origin
