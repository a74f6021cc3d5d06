"""A synthetic catalogue of any size: sampled from a given one and recombined, for load tests.

Every patent and firm has a template in the source, whose facts it keeps (classes, state, place,
dates) and whose texts it tells in parts of others of its kind. Each template is used equally often,
give or take one, so shares are those of the source. The same order, source and library versions
give the same records.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from eval.synth_fidelity import Fidelity, Tally, fidelity
from eval.synth_firms import FirmMaker
from eval.synth_names import MOST, application_texts
from eval.synth_patents import PatentMaker
from eval.synth_source import Source
from matcher.codes import RelationKind
from matcher.errors import InputError

CHUNK = 10_000
"""Records that are made at a time; part of what decides the bytes."""

Columns = dict[str, list[Any]]
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for.

    Attributes:
        patents: how many, 1 to ``MOST``.
        firms: how many, 1 to ``MOST``.
        seed: 0 or more; another seed gives other records.
        abstracts: share of patents with an abstract, 0 to 1.
    """

    patents: int
    firms: int
    seed: int = 0
    abstracts: float = 1.0

    def check(self) -> None:
        """Raise ``InputError`` unless every value is within its bounds."""
        for what, count in (("patents", self.patents), ("firms", self.firms)):
            if not 1 <= count <= MOST:
                raise InputError(
                    f"found {count} {what} asked for", f"1 to {MOST:,}", f"change --{what}"
                )
        if self.seed < 0:
            raise InputError(f"found seed {self.seed}", "0 or more", "change --seed")
        if not 0 <= self.abstracts <= 1:
            raise InputError(
                f"found {self.abstracts} as the share of patents with an abstract",
                "0 to 1",
                "change --abstracts",
            )


class Synthesis:
    """One synthetic catalogue on its way: firms, patents, relations, and how near they are.

    Args:
        source: what is drawn from.
        order: what is asked for.

    Raises:
        InputError: the order is out of bounds, or the source cannot serve it.
    """

    def __init__(self, source: Source, order: Order) -> None:
        order.check()
        self.source = source
        self.order = order
        firms = _templates(len(source.firms), order.firms, [order.seed, 3])
        patents = _templates(len(source.patents), order.patents, [order.seed, 4])
        self._links = _links(source, firms, patents)
        self._firms = FirmMaker(source, firms, order.seed)
        owners = {p: f for f, p, kind in self._links if kind is RelationKind.OWNS}
        self._patents = PatentMaker(
            source, patents, order.seed, order.abstracts, owners, self._firms.name
        )
        self._made = Tally()

    def firms(self) -> Iterator[Columns]:
        """Yield the firms, chunk by chunk; once."""
        for start in range(0, self.order.firms, CHUNK):
            chunk = self._firms.chunk(start, min(start + CHUNK, self.order.firms))
            self._made.add_firms(chunk["business_scope"])
            yield chunk

    def patents(self) -> Iterator[Columns]:
        """Yield the patents, chunk by chunk; once."""
        for start in range(0, self.order.patents, CHUNK):
            chunk = self._patents.chunk(start, min(start + CHUNK, self.order.patents))
            symbols = [ipc[0] if ipc else "" for ipc in chunk["ipc"]]
            self._made.add_patents(chunk["title"], chunk["abstract"], symbols, chunk["holder_kind"])
            yield chunk

    def relations(self) -> Columns:
        """Return the relations: uscc, kind, patent (application number); none if the source has."""
        patents = np.array([patent for _, patent, _ in self._links], np.int64)
        return {
            "uscc": [self._firms.uscc(firm) for firm, _, _ in self._links],
            "kind": [kind.value for _, _, kind in self._links],
            "patent": application_texts(self._patents.numbers[patents]),
        }

    def fidelity(self) -> Fidelity:
        """Return how near what was yielded so far is to the source."""
        source = Tally()
        records, symbols = self.source.patents, list(self.source.symbols)
        titles, abstracts = [p.title for p in records], [p.abstract for p in records]
        source.add_patents(titles, abstracts, symbols, [p.holder_kind.value for p in records])
        source.add_firms([firm.business_scope for firm in self.source.firms])
        return fidelity(
            source,
            self._made,
            repeated_titles=self._patents.titles.repeated,
            copied_scopes=self._firms.scopes.copied,
        )


def _templates(size: int, n: int, seed: list[int]) -> npt.NDArray[np.int64]:
    """Return n rows of 0 to below size, each equally often or once more, shuffled."""
    rng = np.random.default_rng(seed)
    whole, rest = divmod(n, size)
    rows = np.concatenate([np.tile(np.arange(size), whole), rng.permutation(size)[:rest]])
    rng.shuffle(rows)
    return rows


def _links(
    source: Source, firms: npt.NDArray[np.int64], patents: npt.NDArray[np.int64]
) -> list[tuple[int, int, RelationKind]]:
    """Return (firm, patent, kind) numbers: a firm is to a patent what their templates are.

    Each firm takes, for every relation of its template, one patent that has the other end's
    template and that no firm took yet for such a relation; where none is left it goes without.
    """
    wanted: dict[int, list[tuple[int, RelationKind]]] = {}
    for firm, patent, kind in source.relations:
        wanted.setdefault(firm, []).append((patent, kind))
    order = np.argsort(patents, kind="stable")
    ends = np.searchsorted(patents[order], np.arange(len(source.patents) + 1))
    taken: dict[tuple[int, RelationKind], int] = {}
    found = []
    for at, firm in enumerate(firms.tolist()):
        for patent, kind in wanted.get(firm, ()):
            place = int(ends[patent]) + taken.get((patent, kind), 0)
            if place < ends[patent + 1]:
                taken[patent, kind] = taken.get((patent, kind), 0) + 1
                found.append((at, int(order[place]), kind))
    return found
