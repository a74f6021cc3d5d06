"""Firms of the judgments as the engine sees them, with nothing in them that gives the answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from matcher.index.corpus import TRAINED_KINDS
from matcher.index.training_split import kept_for_policy
from matcher.profile import profile_of_firm
from matcher.readers import Readers
from matcher.types import Firm, FirmProfile, PatentId, RelationKind, Uscc

HELD = frozenset({RelationKind.OWNS, RelationKind.CO_APPLIED})


@dataclass(frozen=True, slots=True)
class JudgedFirms:
    """Firms that are asked for.

    Attributes:
        profiles: USCC → profile, for those in the catalogue, in the order asked.
        dropped: relations that were left out because the judgments ask for them.
        trained_on: firms with relations that a build trains on.
        stored: USCC → record, for the same firms.
        owned: USCC → patents of its ``owns`` relations, judged ones included; empty ones absent.
    """

    profiles: Mapping[Uscc, FirmProfile]
    dropped: int
    trained_on: int
    stored: Mapping[Uscc, Firm]
    owned: Mapping[Uscc, tuple[PatentId, ...]]


def judged_firms(
    readers: Readers, usccs: Sequence[Uscc], judged: Mapping[Uscc, AbstractSet[PatentId]]
) -> JudgedFirms:
    """Return profiles of the firms that exist.

    A firm's own patents describe it, except those that were judged for it: they would give the
    answer away. Nothing is excluded from its list: evaluation hides nothing.

    Args:
        readers: the catalogue.
        usccs: whom the judgments ask for.
        judged: the patents judged for each.
    """
    firms = readers.firms.many(usccs)
    relations = readers.relations.of_firms(usccs)
    demands = readers.demands.of_firms(usccs)
    profiles: dict[Uscc, FirmProfile] = {}
    dropped = 0
    for uscc in usccs:
        if uscc not in firms:
            continue
        held = {r.patent_id for r in relations.get(uscc, ()) if r.kind in HELD}
        own = held - judged.get(uscc, frozenset())
        dropped += len(held) - len(own)
        profile = profile_of_firm(firms[uscc], demands.get(uscc, ()), own)
        profiles[uscc] = replace(profile, excluded=frozenset())
    trained_on = sum(
        any(r.kind in TRAINED_KINDS for r in relations.get(uscc, ())) and not kept_for_policy(uscc)
        for uscc in profiles
    )
    owned = {
        u: tuple(r.patent_id for r in found if r.kind is RelationKind.OWNS)
        for u, found in relations.items()
    }
    return JudgedFirms(profiles, dropped, trained_on, firms, {u: p for u, p in owned.items() if p})
