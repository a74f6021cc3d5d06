"""Which segments a patent's IPC symbols and a firm's industry code belong to.

The packaged IPC concordance has two parts. The *partition* is the project's own: every symbol
has exactly one traditional segment. The *rules* are the official IPC conditions of the 40
emerging industries (any number per symbol), without their keyword conditions, which routing by
IPC alone cannot check; so emerging matches are wide. The industry concordance is the project's
own and derived: no official table from GB/T 4754 to these segments is public.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from matcher.errors import InputError
from matcher.segments.facts import read_segment_facts
from matcher.segments.ipc import IpcSymbol, equivalents, parse_ipc
from matcher.segments.ipc_rules import IpcRule, RuleBook, parse_pattern
from matcher.segments.operator_file import (
    IndustryRow,
    RowProblem,
    industry_digits,
    read_industry_rows,
    read_ipc_rules,
)
from matcher.segments.taxonomy import Taxonomy, load_taxonomy
from matcher.types import SegmentCode

NO_SEGMENT = "-"


@dataclass(frozen=True, slots=True)
class SegmentShare:
    """A segment and its weight in (0, 1]; higher is stronger."""

    code: SegmentCode
    weight: float


@dataclass(frozen=True, slots=True)
class Unrouted:
    """A symbol or code that led to no segment, as it was given, and why."""

    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class Route:
    """Segments by descending weight (ties by code), and everything that was not routed."""

    shares: tuple[SegmentShare, ...]
    unrouted: tuple[Unrouted, ...]


class IpcConcordance:
    """Routes IPC symbols to segments.

    Args:
        partition: IPC prefix (class, subclass or main group) to segment; longest wins.
        rules: include and exclude rules; any number of segments per symbol.
    """

    def __init__(self, partition: Mapping[str, str], rules: Iterable[IpcRule]) -> None:
        self._partition = dict(partition)
        self._book = RuleBook(rules)
        self._memo: dict[str, frozenset[str] | Unrouted] = {}

    def segments_of(self, symbols: Sequence[str]) -> tuple[SegmentShare, ...]:
        """Return the shares of ``route``."""
        return self.route(symbols).shares

    def route(self, symbols: Sequence[str]) -> Route:
        """Return the segments of a patent, and the symbols that led nowhere.

        The first symbol that is routed counts half, the others share the other half; one alone
        counts 1. A segment's weight is the sum over its symbols, so the traditional weights sum
        to 1, and an emerging weight is the share of the patent that lies in it. No symbols
        (design patents), no segments.
        """
        found = [self._segments(symbol) for symbol in dict.fromkeys(symbols)]
        unrouted = tuple(one for one in found if isinstance(one, Unrouted))
        routed = [one for one in found if not isinstance(one, Unrouted)]
        weights: dict[str, float] = {}
        for position, codes in enumerate(routed):
            for code in codes:
                weights[code] = weights.get(code, 0.0) + _position_weight(position, len(routed))
        return Route(_shares(weights), unrouted)

    def extended(self, rules: Iterable[IpcRule]) -> IpcConcordance:
        """Return a concordance with these rules added."""
        return IpcConcordance(self._partition, (*self._book.rules, *rules))

    def _segments(self, text: str) -> frozenset[str] | Unrouted:
        if text not in self._memo:
            self._memo[text] = self._look_up(text)
        return self._memo[text]

    def _look_up(self, text: str) -> frozenset[str] | Unrouted:
        try:
            symbol = parse_ipc(text)
        except InputError as error:
            return Unrouted(text, f"expected {error.expected}")
        codes = set(self._traditional(symbol))
        for place in (symbol, *equivalents(symbol)):
            codes |= self._book.matches(place)
        return frozenset(codes) or Unrouted(text, "no rule of the concordance names this place")

    def _traditional(self, symbol: IpcSymbol) -> tuple[str, ...]:
        for prefix in (symbol.main_group, symbol.subclass, symbol.subclass[:3]):
            if prefix in self._partition:
                return (self._partition[prefix],)
        return ()


class IndustryConcordance:
    """Routes GB/T 4754 codes to segments.

    Args:
        layers: tables that are looked up one by one; in each the longest prefix of the code
            wins, and the answers are united, the higher weight standing.
    """

    def __init__(self, *layers: Iterable[IndustryRow]) -> None:
        self._layers: list[dict[str, list[IndustryRow]]] = []
        for rows in layers:
            layer: dict[str, list[IndustryRow]] = {}
            for row in rows:
                layer.setdefault(row.industry, []).append(row)
            self._layers.append(layer)

    def segments_of(self, code: str) -> tuple[SegmentShare, ...]:
        """Return the segments of one code (``C4023``, ``4023``, ``40``, ``C``), strongest first.

        Empty where the industry has no technology segment.

        Raises:
            InputError: the code is not in GB/T 4754-2017.
        """
        digits = industry_digits(code)
        if digits not in industry_parents():
            raise InputError(
                f"found industry code {code!r}",
                "a code of GB/T 4754-2017 such as 'C3985', '3985', '39' or 'C'",
                "correct the code, or leave the cell empty",
            )
        weights: dict[str, float] = {}
        for layer in self._layers:
            for row in _longest(layer, digits):
                if row.segment != NO_SEGMENT:
                    weights[row.segment] = max(row.weight, weights.get(row.segment, 0.0))
        return _shares(weights)

    def route(self, codes: Sequence[str]) -> Route:
        """Return the segments of several codes (the higher weight stands), and what led nowhere."""
        weights: dict[str, float] = {}
        unrouted: list[Unrouted] = []
        for code in dict.fromkeys(codes):
            try:
                shares = self.segments_of(code)
            except InputError as error:
                unrouted.append(Unrouted(code, f"expected {error.expected}"))
                continue
            if not shares:
                unrouted.append(Unrouted(code, "this industry has no technology segment"))
            for share in shares:
                weights[share.code] = max(share.weight, weights.get(share.code, 0.0))
        return Route(_shares(weights), tuple(unrouted))

    def extended(self, rows: Iterable[IndustryRow]) -> IndustryConcordance:
        """Return a concordance with one more layer."""
        added = IndustryConcordance(rows)
        added._layers = [*self._layers, *added._layers]
        return added


def load_ipc_concordance(
    path: Path | None = None, *, taxonomy: Taxonomy | None = None, extend: bool = True
) -> tuple[IpcConcordance, tuple[RowProblem, ...]]:
    """Return the IPC concordance and the bad rows of the operator's file, if one is given.

    Args:
        path: CSV with the columns segment, ipc[, relation[, rule]]; ``None``: packaged only.
        taxonomy: the segments that the file may name; the packaged ones by default.
        extend: add the file's rules to the packaged ones. If false the file stands alone, the
            traditional partition included, and what it does not name is unrouted.

    Raises:
        BadFile: the file cannot be read or lacks a column.
    """
    if path is None:
        return _packaged_ipc(), ()
    rules, problems = read_ipc_rules(path, taxonomy or load_taxonomy())
    concordance = _packaged_ipc().extended(rules) if extend else IpcConcordance({}, rules)
    return concordance, problems


def load_industry_concordance(
    path: Path | None = None, *, taxonomy: Taxonomy | None = None, extend: bool = True
) -> tuple[IndustryConcordance, tuple[RowProblem, ...]]:
    """Return the industry concordance and the bad rows of the operator's file, if one is given.

    Arguments and errors as ``load_ipc_concordance``; columns segment, industry[, weight].
    """
    if path is None:
        return _packaged_industries(), ()
    rows, problems = read_industry_rows(path, taxonomy or load_taxonomy(), industry_parents())
    packaged = _packaged_industries()
    return packaged.extended(rows) if extend else IndustryConcordance(rows), problems


@cache
def industry_parents() -> dict[str, str]:
    """Return every code of GB/T 4754-2017 with the code above it (``""`` for a section)."""
    return {row[0]: row[2] for row in read_segment_facts("industry_names.csv")}


@cache
def _packaged_ipc() -> IpcConcordance:
    partition = {row[0]: row[1] for row in read_segment_facts("traditional_ipc.csv")}
    rules = (
        IpcRule(code, rule, relation, parse_pattern(pattern))
        for code, rule, relation, pattern in read_segment_facts("emerging_ipc.csv")
    )
    return IpcConcordance(partition, rules)


@cache
def _packaged_industries() -> IndustryConcordance:
    layers: dict[str, list[IndustryRow]] = {"project": [], "derived": []}
    for industry, segment, weight, basis in read_segment_facts("industry_segments.csv"):
        layers[basis].append(IndustryRow(industry, segment, float(weight)))
    return IndustryConcordance(*layers.values())


def _longest(layer: Mapping[str, list[IndustryRow]], code: str) -> list[IndustryRow]:
    """Return the rows of the code itself or of the nearest code above it."""
    while code:
        if code in layer:
            return layer[code]
        code = industry_parents().get(code, "")
    return []


def _position_weight(position: int, count: int) -> float:
    if count == 1:
        return 1.0
    return 0.5 if position == 0 else 0.5 / (count - 1)


def _shares(weights: Mapping[str, float]) -> tuple[SegmentShare, ...]:
    ordered = sorted(weights.items(), key=lambda item: (-item[1], item[0]))
    return tuple(SegmentShare(SegmentCode(code), weight) for code, weight in ordered)
