"""Positive pairs that a catalogue gives for free, as rows of one set of bags.

Sources (each can be left out, for ablations): title ↔ abstract or claim, title ↔ IPC definition,
two titles of one IPC main group, two halves of one business scope, two halves of one title, name ↔
scope of a firm, title ↔ text of a demand, scope ↔ title that names one of its items
(``embeddings.named``), scope ↔ patents the firm is known to hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from embeddings.vocabulary import Bags

Rows = npt.NDArray[np.int64]
SOURCES = ("body", "ipc", "group", "scope", "title", "name", "demand", "named", "held")


@dataclass(frozen=True, slots=True)
class Corpus:
    """What the encoder is trained on; all texts raw, lists aligned by patent or by firm.

    Attributes:
        titles: one a patent.
        bodies: abstract, claim and field of the same patents, ``""`` where absent.
        groups: IPC main group of the same patents, ``""`` where absent.
        definitions: main group → Chinese title path.
        scopes: items of one business scope each.
        held: (scope row, patent row) of firms whose patents are known.
        names: trade words of the same firms' names, ``""`` where there are none.
        demands: (title, text) of technical needs.
        named: (scope text, patent row) from ``named_pairs``.
    """

    titles: Sequence[str]
    bodies: Sequence[str]
    groups: Sequence[str]
    definitions: dict[str, str] = field(default_factory=dict)
    scopes: Sequence[Sequence[str]] = ()
    held: Sequence[tuple[int, int]] = ()
    names: Sequence[str] = ()
    demands: Sequence[tuple[str, str]] = ()
    named: Sequence[tuple[str, int]] = ()

    def texts(self) -> Iterator[str]:
        """Yield every text once, in the order ``Layout`` counts on."""
        yield from self.titles
        yield from self.bodies
        yield from self.definitions.values()
        for items in self.scopes:
            yield "；".join(items)
        yield from self.names
        for title, text in self.demands:
            yield title
            yield text
        for left, _ in self.named:
            yield left


@dataclass(frozen=True, slots=True)
class PairSource:
    """One kind of pair: rows of the left and the right text, and how much of a batch it fills.

    ``halves``: left and right are drawn from one text, cut in two at random.
    """

    name: str
    left: Rows
    right: Rows
    share: float
    halves: bool = False

    def take(self, chosen: Rows) -> PairSource:
        """Return the source with the chosen pairs only."""
        return replace(self, left=self.left[chosen], right=self.right[chosen])


def pair_sources(
    corpus: Corpus, bags: Bags, seed: int, leave_out: Sequence[str] = ()
) -> list[PairSource]:
    """Return the sources that have pairs in this corpus.

    Args:
        corpus: the texts.
        bags: their ids, in the order of ``corpus.texts()``.
        seed: of the choice of partners inside one IPC group.
        leave_out: names of ``SOURCES`` not to use.

    Raises:
        ValueError: a name outside ``SOURCES``; an ablation of nothing would look like a result.
    """
    if unknown := sorted(set(leave_out) - set(SOURCES)):
        raise ValueError(f"found pair source {unknown[0]!r}; expected one of {', '.join(SOURCES)}")
    rows = _Layout.of(corpus)
    lengths = bags.lengths()
    sources = [*_of_patents(corpus, lengths, rows, seed), *_of_firms(corpus, lengths, rows)]
    return [s for s in sources if len(s.left) and s.name not in leave_out]


@dataclass(frozen=True, slots=True)
class _Layout:
    """First row of each kind of text, in the order of ``Corpus.texts``."""

    bodies: int
    definitions: int
    scopes: int
    names: int
    demands: int
    named: int

    @classmethod
    def of(cls, corpus: Corpus) -> _Layout:
        sizes = (
            len(corpus.titles),
            len(corpus.bodies),
            len(corpus.definitions),
            len(corpus.scopes),
            len(corpus.names),
            2 * len(corpus.demands),
        )
        return cls(*np.cumsum(sizes).tolist())


def _of_patents(corpus: Corpus, lengths: Rows, rows: _Layout, seed: int) -> list[PairSource]:
    n = len(corpus.titles)
    definition_row = {g: rows.definitions + i for i, g in enumerate(corpus.definitions)}
    body = np.flatnonzero(lengths[rows.bodies : rows.bodies + n] > 0)
    defined = np.array(
        [i for i, g in enumerate(corpus.groups) if g in definition_row], dtype=np.int64
    )
    ipc_right = np.array([definition_row[corpus.groups[i]] for i in defined], dtype=np.int64)
    group_left, group_right = _partners(corpus.groups, np.random.default_rng(seed))
    title = np.flatnonzero(lengths[:n] >= 4)
    return [
        PairSource("body", body, body + rows.bodies, 0.15),
        PairSource("ipc", defined, ipc_right, 0.2),
        PairSource("group", group_left, group_right, 0.2),
        PairSource("title", title, title, 0.1, halves=True),
    ]


def _of_firms(corpus: Corpus, lengths: Rows, rows: _Layout) -> list[PairSource]:
    words = lengths[rows.scopes : rows.scopes + len(corpus.scopes)]
    scope = np.flatnonzero(words >= 4) + rows.scopes
    name = np.flatnonzero(
        (lengths[rows.names : rows.names + len(corpus.names)] > 0)
        & (words[: len(corpus.names)] > 0)
    )
    asked = np.arange(len(corpus.demands), dtype=np.int64) * 2 + rows.demands
    asked = asked[(lengths[asked] > 0) & (lengths[asked + 1] > 0)]
    left = np.arange(len(corpus.named), dtype=np.int64) + rows.named
    right = np.array([patent for _, patent in corpus.named], dtype=np.int64)
    told = lengths[left] > 0
    held = np.array(corpus.held, dtype=np.int64).reshape(-1, 2)
    return [
        PairSource("scope", scope, scope, 0.2, halves=True),
        PairSource("name", name + rows.names, name + rows.scopes, 0.1),
        PairSource("demand", asked, asked + 1, 0.05),
        PairSource("named", left[told], right[told], 0.2),
        PairSource("held", held[:, 0] + rows.scopes, held[:, 1], 0.15),
    ]


def _partners(groups: Sequence[str], rng: np.random.Generator) -> tuple[Rows, Rows]:
    """Pair each patent with another of its IPC main group."""
    members: dict[str, list[int]] = {}
    for row, group in enumerate(groups):
        if group:
            members.setdefault(group, []).append(row)
    left: list[int] = []
    right: list[int] = []
    for rows in members.values():
        if len(rows) > 1:
            order = rng.permutation(rows)
            left.extend(order.tolist())
            right.extend(np.roll(order, 1).tolist())
    return np.array(left, dtype=np.int64), np.array(right, dtype=np.int64)


def split_halves(bags: Bags, rng: np.random.Generator) -> tuple[Bags, Bags]:
    """Cut each text's words at random into two texts; a text of one word gives it to both."""
    lengths = bags.lengths()
    owner = np.repeat(np.arange(len(bags)), lengths)
    order = np.lexsort((rng.random(len(bags.ids)), owner))
    place = np.arange(len(bags.ids)) - np.repeat(bags.offsets[:-1], lengths)
    to_left = place < np.maximum(lengths // 2, 1)[owner]
    to_right = ~to_left | (lengths == 1)[owner]
    return _subset(bags, order, owner, to_left), _subset(bags, order, owner, to_right)


def _subset(bags: Bags, order: Rows, owner: Rows, mask: npt.NDArray[np.bool_]) -> Bags:
    offsets = np.zeros(len(bags) + 1, dtype=np.int64)
    np.cumsum(np.bincount(owner[mask], minlength=len(bags)), out=offsets[1:])
    return Bags(bags.ids[order[mask]], offsets)
