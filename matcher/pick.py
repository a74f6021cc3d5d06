"""Walk down a ranking and keep what may be shown now: the last word on legal state and caps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matcher.index.seen import Listed, SeenSide
from matcher.index.side import Side
from matcher.ranking.diversity import Caps, aspects_of, spread
from matcher.ranking.policy import Policy, probability
from matcher.ranking.rank import Ranked
from matcher.readers import Readers
from matcher.types import FirmProfile, Offer, Patent, PatentGroup, PatentId, RowArray
from matcher.wanted import Keep

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
        side: the patents that the rankings are over.
        policy: floor, caps and diversity.
        keep: the asker's filter, on the record as it is now; ``None`` without one.
    """

    def __init__(
        self, readers: Readers, side: Listed, policy: Policy, keep: Keep | None = None
    ) -> None:
        self._readers = readers
        self._side = side
        self._policy = policy
        self._keep = keep

    def pick(
        self, profile: FirmProfile, ranked: Ranked, n: int
    ) -> tuple[list[Picked], Counter[str]]:
        """Return at most ``n`` items in order, and cause → how many candidates it kept out.

        The order is that of scores where the policy's diversity is 0, else spread over aspects.
        """
        places = self.order(ranked, n)
        picked, refused, _ = self.walk(profile, ranked, places, n)
        refused["floor"] = len(ranked.rows) - len(places)
        return picked, refused

    def order(self, ranked: Ranked, n: int) -> RowArray:
        """Return int64 (m,), places above the floor in the order in which they are offered."""
        relevant = np.flatnonzero(ranked.relevance >= self._policy.floor_score)
        return self._spread(ranked, relevant, n)

    def walk(
        self,
        profile: FirmProfile,
        ranked: Ranked,
        places: RowArray,
        n: int,
        shown: Sequence[PatentId] = (),
    ) -> tuple[list[Picked], Counter[str], int]:
        """Return at most ``n`` items of the places in order, what was refused, and places left.

        Args:
            profile: of the asker.
            ranked: the candidates.
            places: int64 (m,), which of them are offered, in this order.
            n: most items.
            shown: what the list holds already; it counts towards the caps.
        """
        caps = self._caps(shown)
        refused: Counter[str] = Counter()
        picked: list[Picked] = []
        seen = 0
        for patent, group, row, place in self._live(ranked, places):
            if len(picked) == n:
                break
            seen += 1
            offer = offer_of(self._readers, group) if group else None
            name = group.group_id if group else ""
            cause = self.refusal(profile, patent, row, offer) or caps.refusal(
                patent.family_id, patent.holder, name
            )
            if cause:
                refused[cause] += 1
                continue
            caps.add(patent.family_id, patent.holder, name)
            picked.append(Picked(patent, row, place, offer))
        return picked, refused, len(places) - seen

    def refusal(self, profile: FirmProfile, patent: Patent, row: int, offer: Offer | None) -> str:
        """Return why a patent may not be shown to the asker, or ``""``."""
        cause = refusal(profile, patent, offer)
        if not cause and self._keep is not None and not self._keep(patent, row):
            return "filters"
        return cause

    def offers(self, names: Sequence[PatentId]) -> dict[PatentId, Offer]:
        """Return patent → the group that it stands for, as it is offered today."""
        groups = self._readers.groups.of_patents(names)
        return {name: offer_of(self._readers, group) for name, group in groups.items()}

    def _caps(self, shown: Sequence[PatentId]) -> Caps:
        caps = Caps(self._policy.per_holder)
        if shown:
            groups = self._readers.groups.of_patents(shown)
            for name, patent in self._readers.patents.many(shown).items():
                group = groups.get(name)
                caps.add(patent.family_id, patent.holder, group.group_id if group else "")
        return caps

    def _spread(self, ranked: Ranked, relevant: RowArray, n: int) -> RowArray:
        """Return the places in the order in which they are offered to the caps."""
        if not self._policy.diversity:
            return relevant
        # Twice the places are looked at; the rest of 1,500 candidates needs no aspects.
        head, rest = relevant[: 2 * _REACH * n], relevant[2 * _REACH * n :]
        aspects = _aspects(self._side, ranked.rows[head])
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


def _aspects(side: Listed, rows: RowArray) -> npt.NDArray[np.int64]:
    """Return int64 (n,), the field of each row; see ``aspects_of``."""
    if isinstance(side, Side):
        return aspects_of(side, rows)
    found = np.empty(len(rows), dtype=np.int64)
    if isinstance(side, SeenSide):
        for part, where, here in side.split(rows):
            found[where] = aspects_of(part.side, here)
    return found


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
