"""Profiles to ordered candidates, for one firm or for many: encode, route, sift, rank."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from embeddings.encoder import Encoder
from embeddings.tokeniser import Tokeniser
from matcher.index.index_set import IndexSet
from matcher.index.search import SearchConfig
from matcher.index.seen import Seen
from matcher.index.segment_index import Mask
from matcher.places.places import PlaceTable
from matcher.query import FirmQuery, encode_profiles
from matcher.ranked_seen import candidates, rank_rows
from matcher.ranking.policy import Policy
from matcher.ranking.rank import Ranked
from matcher.segments.routing import Router
from matcher.types import FirmProfile, PlaceSetting, RowArray, SegmentCode


@dataclass(frozen=True, slots=True)
class Engine:
    """The pure middle: arrays and functions, no store.

    Attributes:
        index: the opened index version.
        encoder: the encoder that built it (checked when the engine is made).
        tokeniser: cuts query texts.
        router: routes queries.
        places: reads regions.
        policy: scores pairs.
        config: list lengths.
        changed: the version with what changed since, ``None`` for the version alone.
        seen: what is searched.
    """

    index: IndexSet
    encoder: Encoder
    tokeniser: Tokeniser
    router: Router
    places: PlaceTable
    policy: Policy
    config: SearchConfig = field(default_factory=SearchConfig)
    changed: Seen | None = None
    seen: Seen = field(init=False)

    def __post_init__(self) -> None:
        self.index.check(self.encoder)
        object.__setattr__(self, "seen", self.changed or Seen.of(self.index))

    def placed(self, place: PlaceSetting | None) -> Engine:
        """Return the engine under another place setting; ``None`` keeps the one in force."""
        policy = self.policy.placed(place)
        return self if policy is self.policy else replace(self, policy=policy, changed=self.seen)

    def queries(
        self, profiles: Sequence[FirmProfile], only: SegmentCode | None = None
    ) -> list[FirmQuery]:
        """Return the profiles as arrays, routed and placed.

        Args:
            profiles: any number.
            only: look in this segment alone; ``None`` routes by code and text.
        """
        found: list[FirmQuery] = []
        encoded = encode_profiles(profiles, self.encoder, self.tokeniser, self.seen.own_vectors)
        if not encoded:
            return found
        near = self.index.probe.near_many(np.array([query.whole for query in encoded]))
        for query, segments_near in zip(encoded, near, strict=True):
            profile = query.profile
            segments = (
                self.router.ask(profile.industry_code, query.asked_rows(), segments_near)
                if only is None
                else {only: 1.0}
            )
            province, city = self.seen.region_codes(self.places, profile.province, profile.city)
            found.append(replace(query, segments=segments, province=province, city=city))
        return found

    def rank_many(
        self,
        queries: Sequence[FirmQuery],
        allowed: Mask | None = None,
        config: SearchConfig | None = None,
    ) -> list[Ranked]:
        """Return each firm's candidates in the policy's order; one firm or many give the same.

        Args:
            queries: from ``queries``.
            allowed: bool (patents,), rows that may be returned; ``None`` for all.
            config: other list lengths than the engine's own.
        """
        seen, policy = self.seen, self.policy
        depth = (config or self.config).scored
        return [
            rank_rows(query, seen, candidates(query, seen, policy, depth, allowed), policy)
            for query in queries
        ]

    def rank_rows(self, query: FirmQuery, rows: RowArray) -> Ranked:
        """Return chosen patents in the policy's order."""
        return rank_rows(query, self.seen, rows, self.policy)
