"""How near a synthetic catalogue is to its source: lengths, words, shares, repeats."""

from __future__ import annotations

import re
from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from rich.table import Table

from embeddings.tokeniser import default_tokeniser
from eval.content import rounded

_SAMPLE = 10_000
_STEPS = (100, 1_000, 3_000, 10_000)
_ITEM = re.compile(r"[；;。，,、：:\s]+")


class Tally:
    """What is counted of one catalogue while its records pass by.

    Lengths and shares are of all records; words are of 10,000 texts, taken evenly from what is
    added first.
    """

    def __init__(self) -> None:
        self._lengths: dict[str, array[int]] = {}
        self._sections: Counter[str] = Counter()
        self._holders: Counter[str] = Counter()
        self._texts: dict[str, list[str]] = {}
        self.patents = 0
        self.firms = 0

    def add_patents(
        self,
        titles: Sequence[str],
        abstracts: Sequence[str],
        symbols: Sequence[str],
        holder_kinds: Sequence[str],
    ) -> None:
        """Count patents; the four are of one length."""
        self.patents += len(titles)
        self._add("title", titles)
        self._add("abstract", abstracts)
        self._sections.update(symbol[:1] for symbol in symbols)
        self._holders.update(holder_kinds)

    def add_firms(self, scopes: Sequence[str]) -> None:
        """Count firms by their business scopes."""
        self.firms += len(scopes)
        self._add("scope", scopes)
        told = (sum(map(bool, _ITEM.split(scope))) for scope in scopes if scope)
        self._lengths.setdefault("scope items", array("i")).extend(told)

    def lengths(self) -> dict[str, dict[str, float]]:
        """Return mean, 10 %, median and 90 % of the lengths of each text that is there at all."""
        return {
            name: {
                "mean": float(np.mean(found)),
                **dict(zip(("p10", "p50", "p90"), _points(found), strict=True)),
            }
            for name, found in self._lengths.items()
            if found
        }

    def sections(self) -> dict[str, float]:
        """Return IPC section → share of the patents, "" for those without a symbol."""
        return _shares(self._sections)

    def holders(self) -> dict[str, float]:
        """Return holder kind → share of the patents."""
        return _shares(self._holders)

    def growth(self) -> dict[str, dict[int, int]]:
        """Return text → records → different words in so many of them."""
        return {name: _growth(texts) for name, texts in self._texts.items() if texts}

    def _add(self, name: str, texts: Sequence[str]) -> None:
        told = [text for text in texts if text]
        self._lengths.setdefault(name, array("i")).extend(map(len, told))
        kept = self._texts.setdefault(name, [])
        room = min(_SAMPLE - len(kept), len(told))
        kept += [told[at * len(told) // room] for at in range(room)]


@dataclass(frozen=True, slots=True)
class Fidelity:
    """Source and synthetic side by side.

    Attributes:
        lengths: text → (source, synthetic) → mean, p10, p50, p90 in characters; items for scopes.
        growth: text → (source, synthetic) → records → different words in so many (Heaps).
        sections: (source, synthetic) → IPC section → share.
        section_distance: total variation between both, 0 to 1.
        holder_distance: the same of the kinds of holders.
        repeated_titles: share of patents whose title another one or a source's patent has.
        copied_scopes: share of firms whose scope is a source firm's, word for word.
    """

    lengths: Mapping[str, Mapping[str, Mapping[str, float]]]
    growth: Mapping[str, Mapping[str, Mapping[int, int]]]
    sections: Mapping[str, Mapping[str, float]]
    section_distance: float
    holder_distance: float
    repeated_titles: float
    copied_scopes: float

    def as_content(self) -> dict[str, Any]:
        """Return it as JSON content."""
        found: dict[str, Any] = rounded(
            {name: getattr(self, name) for name in self.__dataclass_fields__}
        )
        return found

    def table(self) -> Table:
        """Return it as a table: one line a figure, source and synthetic beside each other."""
        table = Table(title="fidelity")
        table.add_column("figure", overflow="fold")
        for heading in ("source", "synthetic"):
            table.add_column(heading, justify="right")
        for name, both in self.lengths.items():
            for point in ("mean", "p10", "p50", "p90"):
                cells = (_cell(both[side].get(point), "{:,.1f}") for side in _SIDES)
                table.add_row(f"{name}: {point}", *cells)
        for name, grown in self.growth.items():
            for n in sorted(grown["source"].keys() | grown["synthetic"].keys()):
                cells = (_cell(grown[side].get(n), "{:,}") for side in _SIDES)
                table.add_row(f"{name}: words in {n:,}", *cells)
        table.add_row("IPC sections: total variation", "", f"{self.section_distance:.4f}")
        table.add_row("holder kinds: total variation", "", f"{self.holder_distance:.4f}")
        table.add_row("titles repeated or copied", "", f"{self.repeated_titles:.2%}")
        table.add_row("scopes copied", "", f"{self.copied_scopes:.2%}")
        return table


_SIDES = ("source", "synthetic")


def fidelity(
    source: Tally, made: Tally, *, repeated_titles: int = 0, copied_scopes: int = 0
) -> Fidelity:
    """Return both tallies side by side.

    Args:
        source: of the source.
        made: of the synthetic catalogue.
        repeated_titles: patents whose title is not new.
        copied_scopes: firms whose scope is not new.
    """
    both = {"source": source, "synthetic": made}
    lengths = {side: tally.lengths() for side, tally in both.items()}
    growth = {side: tally.growth() for side, tally in both.items()}
    sections = {side: tally.sections() for side, tally in both.items()}
    return Fidelity(
        lengths=_by_text(lengths),
        growth=_by_text(growth),
        sections=sections,
        section_distance=_distance(sections["source"], sections["synthetic"]),
        holder_distance=_distance(source.holders(), made.holders()),
        repeated_titles=repeated_titles / max(made.patents, 1),
        copied_scopes=copied_scopes / max(made.firms, 1),
    )


def _by_text(sides: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    names = dict.fromkeys(name for told in sides.values() for name in told)
    return {name: {side: told.get(name, {}) for side, told in sides.items()} for name in names}


def _points(found: Sequence[int]) -> list[float]:
    points: list[float] = np.percentile(found, (10, 50, 90)).tolist()
    return points


def _shares(counts: Counter[str]) -> dict[str, float]:
    total = sum(counts.values())
    return {name: counts[name] / total for name in sorted(counts)}


def _distance(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    names = one.keys() | other.keys()
    return sum(abs(one.get(name, 0.0) - other.get(name, 0.0)) for name in sorted(names)) / 2


def _growth(texts: Sequence[str]) -> dict[int, int]:
    met: set[str] = set()
    grown: dict[int, int] = {}
    # A source stands in the order of its classes: the first hundred would be of one.
    order = np.random.default_rng(0).permutation(len(texts)).tolist()
    shuffled = (texts[at] for at in order)
    for at, words in enumerate(default_tokeniser().tokenise_many(shuffled), start=1):
        met.update(words)
        if at in _STEPS:
            grown[at] = len(met)
    return grown


def _cell(value: float | None, form: str) -> str:
    return "–" if value is None else form.format(value)
