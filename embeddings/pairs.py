"""Positive pairs that a catalogue gives for free, as rows of one set of bags.

Sources (each can be left out, for ablations): title ↔ abstract or claim, title ↔ IPC definition,
two titles of one IPC main group, two halves of one business scope, two halves of one title, scope ↔
patents the firm is known to hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from embeddings.vocabulary import Bags

Rows = npt.NDArray[np.int64]
SOURCES = ("body", "ipc", "group", "scope", "title", "held")


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
    """

    titles: Sequence[str]
    bodies: Sequence[str]
    groups: Sequence[str]
    definitions: dict[str, str] = field(default_factory=dict)
    scopes: Sequence[Sequence[str]] = ()
    held: Sequence[tuple[int, int]] = ()

    def texts(self) -> Iterator[str]:
        """Yield every text once, in the order ``Layout`` counts on."""
        yield from self.titles
        yield from self.bodies
        yield from self.definitions.values()
        for items in self.scopes:
            yield "；".join(items)


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
    n = len(corpus.titles)
    lengths = bags.lengths()
    first_definition, first_scope = 2 * n, 2 * n + len(corpus.definitions)
    definition_row = {g: first_definition + i for i, g in enumerate(corpus.definitions)}
    body = np.flatnonzero(lengths[n : 2 * n] > 0)
    defined = np.array(
        [i for i, g in enumerate(corpus.groups) if g in definition_row], dtype=np.int64
    )
    ipc_right = np.array([definition_row[corpus.groups[i]] for i in defined], dtype=np.int64)
    group_left, group_right = _partners(corpus.groups, np.random.default_rng(seed))
    scope = np.flatnonzero(lengths[first_scope:] >= 4) + first_scope
    title = np.flatnonzero(lengths[:n] >= 4)
    held = np.array(corpus.held, dtype=np.int64).reshape(-1, 2)
    sources = [
        PairSource("body", body, body + n, 0.15),
        PairSource("ipc", defined, ipc_right, 0.2),
        PairSource("group", group_left, group_right, 0.2),
        PairSource("scope", scope, scope, 0.2, halves=True),
        PairSource("title", title, title, 0.1, halves=True),
        PairSource("held", held[:, 0] + first_scope, held[:, 1], 0.15),
    ]
    return [s for s in sources if len(s.left) and s.name not in leave_out]


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
