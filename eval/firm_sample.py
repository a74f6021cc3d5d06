"""Who is asked in a notebook: a sample of the home's firms, and the judgments that fit the home."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path

import numpy as np

from eval.judgments import Qrels, from_relations, read_qrels
from matcher.engine import Engine
from matcher.index.training_split import kept_for_policy
from matcher.query import FirmQuery
from matcher.readers import Readers
from matcher.types import RelationKind, Uscc

_KINDS = (RelationKind.LICENSED, RelationKind.CO_APPLIED)
_TRAINED = "static"
_BLOCK = 256


def sample_firms(engine: Engine, readers: Readers, n: int = 100, seed: int = 0) -> tuple[Uscc, ...]:
    """Return up to ``n`` indexed firms that are active today, drawn evenly, in the order of USCC.

    Args:
        engine: its index says which firms there are.
        readers: the register now; firms that left it, or were deregistered, are drawn again.
        n: how many.
        seed: of the draw; the same seed over the same index draws the same firms.
    """
    ids = engine.index.firms.ids
    order = np.random.default_rng(seed).permutation(len(ids)).astype(np.int64)
    found: list[Uscc] = []
    for start in range(0, len(order), _BLOCK):
        if len(found) >= n:
            break
        names = [Uscc(name) for name in ids.ids_at(order[start : start + _BLOCK])]
        stored = readers.firms.many(names)
        found += [name for name in names if name in stored and stored[name].active]
    return tuple(sorted(found[:n]))


def known_links(
    engine: Engine, readers: Readers, path: Path, most: int = 500, seed: int = 0
) -> Qrels:
    """Return the judgments of a file as far as its firms are in the catalogue, else known links.

    Known links are licences and joint applications of the home, those of firms that the index's
    encoder has not learnt from. A home without any has no judgments: the result is empty.

    Args:
        engine: its encoder says which firms were learnt from.
        readers: the catalogue.
        path: TREC qrels, such as the packaged sample's.
        most: firms; of more, so many are drawn.
        seed: of the draw.
    """
    judged = read_qrels(path)
    stored = readers.firms.many([Uscc(query) for query in judged])
    found: Qrels = {query: grades for query, grades in judged.items() if Uscc(query) in stored}
    if not found:
        unseen = engine.encoder.info.name != _TRAINED
        links = chain.from_iterable(readers.relations.iterate(kind) for kind in _KINDS)
        found = from_relations(links, lambda uscc: unseen or kept_for_policy(uscc))
    return _drawn(found, most, seed)


def has_words(query: FirmQuery) -> bool:
    """Return whether the engine has anything to ask with; without, a firm's list is empty."""
    return bool(query.segments) and bool(query.asked_rows().any())


def blocks(usccs: Sequence[Uscc], size: int = 64) -> list[Sequence[Uscc]]:
    """Return the firms in parts; bounds memory, changes no figure."""
    return [usccs[start : start + size] for start in range(0, len(usccs), size)]


def _drawn(found: Qrels, most: int, seed: int) -> Mapping[str, Mapping[str, int]]:
    names = list(found)
    if len(names) <= most:
        return found
    chosen = np.random.default_rng(seed).choice(len(names), most, replace=False)
    return {names[i]: found[names[i]] for i in np.sort(chosen).tolist()}
