"""What bounds a round of this home: its campaign, what was pushed lately, what holders declared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from matcher.codes import LicenceKind
from matcher.push.campaign import Campaign
from matcher.push.lately import windows_of
from matcher.push.plan import PushPlan
from matcher.push.prepare import Scope
from matcher.types import PatentId
from service.bootstrap import Home
from service.push.campaign_file import terms_of
from service.store.declarations import Declaration, Declarations
from service.store.push_pairs import pushed_pairs

_OFFERS = {
    "开放许可": LicenceKind.OPEN,
    "普通许可": LicenceKind.ORDINARY,
    "排他许可": LicenceKind.SOLE,
    "独占许可": LicenceKind.EXCLUSIVE,
    "转让": LicenceKind.ASSIGNMENT,
    "作价入股": LicenceKind.ASSIGNMENT,
}
_PLANNED = "已列入"
_LICENCE = "拟许可"


def under(plan: PushPlan, campaign: Campaign) -> PushPlan:
    """Return the plan with the limits of the campaign in place of its own."""
    return replace(
        plan,
        per_firm=campaign.per_firm,
        least=campaign.least,
        most=campaign.most,
        explore=campaign.explore,
        campaign=campaign.text,
    )


def scope_of(home: Home, at: datetime, campaign: Campaign | None) -> Scope:
    """Return the scope of a round.

    Args:
        home: the opened home.
        at: when the round is planned.
        campaign: ``None`` for all firms and patents; budgets of other rounds bind it all the same.
    """
    rounds = home.store.push_rounds.rounds()
    terms = {one.round_id: terms_of(one.campaign, one.round_id) for one in rounds}
    promised = {key: one.attention for key, one in terms.items() if one.attention}
    return Scope(
        campaign=campaign,
        windows=windows_of(rounds, at, campaign, promised),
        past=lambda round_id: pushed_pairs(home.store.database, round_id),
        licences=lambda patents: _declared(home.store.declarations, patents),
    )


def _declared(
    declarations: Declarations, patents: Sequence[PatentId]
) -> Mapping[PatentId, frozenset[LicenceKind]]:
    return {key: offers_of(one) for key, one in declarations.many(patents).items()}


def offers_of(declaration: Declaration) -> frozenset[LicenceKind]:
    """Return what a holder is willing to grant (转化意愿), or has put on a plan (已列入…计划).

    A licence of which no kind is told is taken for an ordinary one.
    """
    told = [one.second or one.first for one in declaration.willingness]
    told += [one.detail for one in declaration.implementations if one.detail.startswith(_PLANNED)]
    found = {kind for text in told for word, kind in _OFFERS.items() if word in text}
    return frozenset(found | ({LicenceKind.ORDINARY} if _LICENCE in told else set()))
