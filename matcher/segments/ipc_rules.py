"""Include and exclude rules over IPC symbols, compiled into dictionaries."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from matcher.errors import InputError
from matcher.segments.ipc import IpcSymbol, parse_ipc

INCLUDE = "include"
EXCLUDE = "exclude"
_TREE = re.compile(r"[A-H](?:\d\d(?:[A-Z](?:\d{1,4})?)?)?")
_SUBTREE = re.compile(r"([A-H]\d\d[A-Z])(\d{1,4})/(\d{1,6})")


@dataclass(frozen=True, slots=True)
class IpcPattern:
    """What a rule names: one place (``literal``) or a place and all below it.

    ``text`` is a symbol in full (``H01M10/0525``) or a prefix (``H``, ``H01``, ``H01M``,
    ``H01M10``, ``H01M10/05``).
    """

    text: str
    literal: bool


@dataclass(frozen=True, slots=True)
class IpcRule:
    """One line of a concordance; lines of the same segment and rule are checked together."""

    segment: str
    rule: str
    relation: str
    pattern: IpcPattern


def parse_pattern(text: str) -> IpcPattern:
    """Return the pattern a cell means: ``G06F11*``, ``G06F11/14``, ``H03M13``, ``G16*``.

    A section, class, subclass or main group means all below it, with or without ``*``; a group
    with a slash means itself alone unless ``*`` follows.

    Raises:
        InputError: no IPC pattern.
    """
    folded = re.sub(r"\s", "", unicodedata.normalize("NFKC", text).upper())
    stem = folded.rstrip("*")
    if _TREE.fullmatch(stem):
        return IpcPattern(stem, literal=False)
    below = _SUBTREE.fullmatch(stem)
    if stem != folded and below:
        return IpcPattern(f"{below[1]}{int(below[2])}/{below[3]}", literal=False)
    try:
        return IpcPattern(parse_ipc(stem).full, literal=True)
    except InputError as error:
        raise InputError(
            f"found IPC pattern {text!r}",
            "a symbol such as 'H01M10/0525', or 'H01M10*', 'H01M*' for all below",
            "correct the cell",
        ) from error


class RuleBook:
    """All rules, compiled: one look-up per level of a symbol instead of one per rule.

    Law: a literal listing beats an exclusion, an exclusion beats a wildcard, each inside one
    rule. What one rule excludes, another may include.
    """

    def __init__(self, rules: Iterable[IpcRule]) -> None:
        self.rules = tuple(rules)
        self._places: dict[tuple[str, bool], dict[str, set[tuple[str, str]]]] = {
            (relation, literal): {} for relation in (INCLUDE, EXCLUDE) for literal in (True, False)
        }
        for rule in self.rules:
            table = self._places[rule.relation, rule.pattern.literal]
            table.setdefault(rule.pattern.text, set()).add((rule.segment, rule.rule))

    def matches(self, symbol: IpcSymbol) -> frozenset[str]:
        """Return the segments with at least one rule that holds for the symbol."""
        above = tuple(_levels(symbol))
        hits = self._at((INCLUDE, False), above)
        if hits:
            hits -= self._at((EXCLUDE, False), above)
            hits -= self._at((EXCLUDE, True), (symbol.full,))
        hits |= self._at((INCLUDE, True), (symbol.full,))
        return frozenset(segment for segment, _ in hits)

    def _at(self, table: tuple[str, bool], keys: Iterable[str]) -> set[tuple[str, str]]:
        places = self._places[table]
        return {rule for key in keys for rule in places.get(key, ())}


def _levels(symbol: IpcSymbol) -> Iterator[str]:
    """Yield every prefix of the symbol that a wildcard may name, widest first."""
    yield symbol.subclass[:1]
    yield symbol.subclass[:3]
    yield symbol.subclass
    if symbol.main_group:
        yield symbol.main_group
        for end in range(len(symbol.main_group) + 2, len(symbol.full) + 1):
            yield symbol.full[:end]
