"""What the encoder is trained on, drawn from the columns of a catalogue."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from embeddings.named import named_pairs
from embeddings.pairs import Corpus
from matcher.index.rows import FirmRows, PatentRows
from matcher.index.training_split import kept_for_policy
from matcher.ports import DemandReader, RelationReader
from matcher.types import RelationKind

_SCOPE_SAMPLE = 120_000
_HELD_PER_FIRM = 30
_SEED = 20240501

TRAINED_KINDS = (RelationKind.LICENSED, RelationKind.CO_APPLIED, RelationKind.OWNS)
"""Relations whose patents are paired with the firm's scope, the rarest first."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known besides the records of both sides."""

    relations: RelationReader
    demands: DemandReader


def training_corpus(
    patents: PatentRows,
    firms: FirmRows,
    known: Known,
    ipc_path: Callable[[str], tuple[str, ...]],
) -> Corpus:
    """Return the training texts: all patents, a spread of firms, holders, and demands.

    Args:
        patents: as columns.
        firms: as columns.
        known: relations and demands. Relations of ``TRAINED_KINDS`` pair scopes with patents, at
            most 30 a firm; one firm in five is kept for the policy.
        ipc_path: main group → titles from class to group.
    """
    patent_row = {patent_id: row for row, patent_id in enumerate(patents.ids)}
    firm_row = {uscc: row for row, uscc in enumerate(firms.ids)}
    held: list[tuple[int, int]] = []
    scope_of: dict[int, int] = {}
    per_firm: dict[int, int] = {}
    for kind in TRAINED_KINDS:
        for relation in known.relations.iterate(kind):
            firm, patent = firm_row.get(relation.uscc), patent_row.get(relation.patent_id)
            if firm is None or patent is None or kept_for_policy(relation.uscc):
                continue
            if per_firm.get(firm, 0) >= _HELD_PER_FIRM:
                continue
            per_firm[firm] = per_firm.get(firm, 0) + 1
            held.append((scope_of.setdefault(firm, len(scope_of)), patent))
    step = max(1, -(-len(firms.ids) // _SCOPE_SAMPLE))
    for row in range(0, len(firms.ids), step):
        scope_of.setdefault(row, len(scope_of))
    groups = sorted({group for group in patents.groups if group})
    scopes = [firms.texts[row].split("；") for row in scope_of]
    return Corpus(
        titles=patents.titles,
        bodies=patents.bodies,
        groups=patents.groups,
        definitions={g: "；".join(ipc_path(g)[1:]) for g in groups},
        scopes=scopes,
        held=held,
        names=[firms.names[row] for row in scope_of],
        demands=[(one.title, one.text) for one in known.demands.iterate()],
        named=named_pairs(scopes, patents.titles, _SEED),
    )
