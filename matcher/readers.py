"""The catalogue as the engine reads it, and the profiles of its firms as of now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matcher.ports import (
    DemandReader,
    FeedbackLog,
    FirmReader,
    GroupReader,
    PatentReader,
    RelationReader,
)
from matcher.profile import profile_of_demand, profile_of_firm
from matcher.types import Demand, Firm, FirmProfile, RelationKind

_HELD = {RelationKind.OWNS, RelationKind.CO_APPLIED}
_DONE = {RelationKind.OWNS, RelationKind.CO_APPLIED, RelationKind.LICENSED}


@dataclass(frozen=True, slots=True)
class Readers:
    """The catalogue as the engine reads it."""

    patents: PatentReader
    firms: FirmReader
    demands: DemandReader
    relations: RelationReader
    feedback: FeedbackLog
    groups: GroupReader

    def demand_profile(self, demand: Demand) -> FirmProfile:
        """Return the profile of one demand, with all that must not come back to its firm."""
        if demand.uscc is None:
            return profile_of_demand(demand)
        known = self.relations.of_firms([demand.uscc]).get(demand.uscc, ())
        dismissed = self.feedback.dismissed_by([demand.uscc]).get(demand.uscc, ())
        done = [r.patent_id for r in known if r.kind in _DONE]
        return profile_of_demand(demand, [*done, *dismissed])

    def profiles(self, firms: Sequence[Firm]) -> list[FirmProfile]:
        """Return profiles with own patents, and with all that must not come back."""
        ids = [firm.uscc for firm in firms]
        relations = self.relations.of_firms(ids)
        demands = self.demands.of_firms(ids)
        dismissed = self.feedback.dismissed_by(ids)
        profiles: list[FirmProfile] = []
        for firm in firms:
            known = relations.get(firm.uscc, ())
            excluded = [r.patent_id for r in known if r.kind in _DONE]
            excluded += dismissed.get(firm.uscc, ())
            own = [r.patent_id for r in known if r.kind in _HELD]
            profiles.append(profile_of_firm(firm, demands.get(firm.uscc, ()), own, excluded))
        return profiles
