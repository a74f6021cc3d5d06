"""Walk down a ranking and keep what may be shown now: the last word on legal state and caps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from matcher.index.side import Side
from matcher.ranking.diversity import Caps, aspects_of, spread
from matcher.ranking.policy import Policy, probability
from matcher.ranking.rank import Ranked
from matcher.readers import Readers
from matcher.types import FirmProfile, Offer, Patent, PatentGroup, PatentId, RowArray

_PAGE = 32
_REACH = 3  # places spread for each one asked for: caps will refuse some


@dataclass(frozen=True, slots=True)
class Picked:
    """One item of a list: the patent as stored now, its row, its place in the ranking.

    ``offer`` is the pool or the grouped patents that it stands for, None for a patent by itself.
    """

    patent: Patent
    row: int
    place: int
    offer: Offer | None


class Picker:
    """Picks from rankings over one index.

    Args:
        readers: the catalogue now.
        side: the index's patents.
        policy: floor, caps and diversity.
    """

    def __init__(self, readers: Readers, side: Side, policy: Policy) -> None:
        self._readers = readers
        self._side = side
        self._policy = policy

    def pick(
        self, profile: FirmProfile, ranked: Ranked, n: int
    ) -> tuple[list[Picked], Counter[str]]:
        """Return at most ``n`` items in order, and cause → how many candidates it kept out.

        The order is that of scores where the policy's diversity is 0, else spread over aspects.
        """
        caps = Caps(self._policy.per_holder)
        refused: Counter[str] = Counter()
        picked: list[Picked] = []
        relevant = np.flatnonzero(ranked.relevance >= self._policy.floor_score)
        for patent, group, row, place in self._live(ranked, self._spread(ranked, relevant, n)):
            if len(picked) == n:
                break
            offer = offer_of(self._readers, group) if group else None
            cause = refusal(profile, patent, offer) or caps.refusal(
                patent.family_id, patent.holder, group.group_id if group else ""
            )
            if cause:
                refused[cause] += 1
                continue
            caps.add(patent.family_id, patent.holder, group.group_id if group else "")
            picked.append(Picked(patent, row, place, offer))
        refused["floor"] = len(ranked.rows) - len(relevant)
        return picked, refused

    def _spread(self, ranked: Ranked, relevant: RowArray, n: int) -> RowArray:
        """Return the places in the order in which they are offered to the caps."""
        if not self._policy.diversity:
            return relevant
        # Twice the places are looked at; the rest of 1,500 candidates needs no aspects.
        head, rest = relevant[: 2 * _REACH * n], relevant[2 * _REACH * n :]
        aspects = aspects_of(self._side, ranked.rows[head])
        chances = probability(ranked.scores[head])
        order = spread(chances, aspects, self._policy.diversity, _REACH * n)
        return np.concatenate([head[order], rest])

    def _live(
        self, ranked: Ranked, places: RowArray
    ) -> Iterator[tuple[Patent, PatentGroup | None, int, int]]:
        """Yield (patent as stored now, its group, row, place); deleted ones are passed over."""
        for start in range(0, len(places), _PAGE):
            page = places[start : start + _PAGE]
            rows = ranked.rows[page]
            names = [PatentId(name) for name in self._side.ids.ids_at(rows)]
            stored = self._readers.patents.many(names)
            groups = self._readers.groups.of_patents(names)
            for name, row, place in zip(names, rows.tolist(), page.tolist(), strict=True):
                if name in stored:
                    yield stored[name], groups.get(name), row, place


def offer_of(readers: Readers, group: PatentGroup) -> Offer:
    """Return the group with those members that may be recommended today."""
    members = readers.groups.members_of(group)
    stored = readers.patents.many(members)
    return Offer(group, members, tuple(m for m in members if stored[m].recommendable))


def refusal(profile: FirmProfile, patent: Patent, offer: Offer | None = None) -> str:
    """Return why a pair may not be shown, or ``""``.

    A group stands and falls as one: whoever has, or dismissed, one member was offered the group.
    """
    if not patent.recommendable:
        return "stopped"
    shown = {patent.patent_id, *(offer.known if offer else ())}
    return "excluded" if shown & profile.excluded else ""
