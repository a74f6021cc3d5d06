"""What a round needs before its units: items, firms, limits, and what is not offered again.

All of it is written into the round's folder, the plan last: from there on nothing that happens in
the catalogue or in other rounds changes what the round comes to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

import numpy as np
import numpy.typing as npt

from matcher.codes import LicenceKind
from matcher.engine import Engine
from matcher.errors import InputError, StateError
from matcher.index.side import Side
from matcher.push.campaign import OUTSIDE, Campaign, FirmFacts, PatentFacts, tags_of
from matcher.push.candidates import Depths, Searcher
from matcher.push.items import Items, items_of
from matcher.push.lately import Lately, Past, PastReader, Windows, read_lately
from matcher.push.plan import Asked, Progress, PushPlan, read_firms, write_asked
from matcher.push.round_folder import RoundFolder
from matcher.push.sieve_arrays import Opener, as_it_is, read_sieve, write_sieve
from matcher.readers import Readers
from matcher.types import Firm, FloatArray, Patent, PatentId

_SAMPLE = 4_096
_PAGE = 2_000

Licences = Callable[[Sequence[PatentId]], Mapping[PatentId, frozenset[LicenceKind]]]
"""What holders declared that they offer; patents of which nothing was declared may be left out."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What bounds a round beside K, L and U.

    Attributes:
        campaign: chooses; ``None`` for all firms and all patents.
        windows: the published rounds that bear on this one.
        past: reads their pairs.
        licences: what holders declared.
    """

    campaign: Campaign | None = None
    windows: Windows = field(default_factory=Windows)
    past: PastReader = lambda round_id: ()
    licences: Licences = lambda patents: {}


@dataclass(frozen=True, slots=True)
class Firms:
    """The firms of a round, those of one segment together.

    Attributes:
        names: str (firms,), USCC.
        segments: str (firms,), main segment, "" for none.
        strata: int32 (firms,), code of a campaign's stratum, 0 for none.
        kept_out: why firms of the catalogue are not in the round → how many.
    """

    names: npt.NDArray[np.str_]
    segments: npt.NDArray[np.str_]
    strata: npt.NDArray[np.int32]
    kept_out: Mapping[str, int]

    def __len__(self) -> int:
        return len(self.names)

    def only(self, kept: npt.NDArray[np.bool_], cause: str) -> Firms:
        """Return those of a bool (firms,); the others are kept out for the cause."""
        causes = {**self.kept_out, cause: int((~kept).sum())}
        return Firms(self.names[kept], self.segments[kept], self.strata[kept], causes)


def prepare(
    folder: RoundFolder,
    plan: PushPlan,
    engine: Engine,
    readers: Readers,
    progress: Progress,
    *,
    scope: Scope | None = None,
    opener: Opener = as_it_is,
) -> None:
    """Write all that units need, the plan last.

    Raises:
        InputError: the catalogue holds no firm, or the campaign chooses no firm or no patent.
        StateError: no firm has attention left.
    """
    scope = scope or Scope()
    side = engine.index.patents
    progress("items", 0, None)
    items = items_of(side.ids, readers.patents, readers.groups, _choice(scope, side))
    progress("firms", 0, None)
    firms = _firms(engine, readers, scope.campaign)
    _check(firms, items, scope)
    progress("past", 0, None)
    past = Past(scope.past, firms.names, items, side.ids, readers.patents, readers.groups)
    lately = read_lately(scope.windows, past)
    asked = _asked(plan, scope, firms, items, lately)
    if scope.windows.budgets:
        firms, lately, asked = _attentive(firms, lately, asked)
    plan = replace(plan, depths=deeper(plan, lately))
    write_columns(folder, firms, items, lately)
    write_asked(folder, asked)
    write_sieve(folder, engine.index, items.offered)
    progress("sample", 0, None)
    least = sampled_least(folder, plan, engine, readers, firms.names, opener=opener)
    folder.write_array("least", least)
    told = {"kept_out": items.kept_out, "firms_kept_out": dict(firms.kept_out)}
    folder.write_plan({**plan.to_dict(), **told, "n_firms": len(firms)})


def _check(firms: Firms, items: Items, scope: Scope) -> None:
    name = scope.campaign.terms.name if scope.campaign else ""
    if not len(firms) and not firms.kept_out.get("outside_campaign"):
        raise InputError(
            "found no firm in the catalogue", "firms to push to", "run 'panhuo import firms FILE'"
        )
    for what, found in (("firm", len(firms)), ("patent", len(items))):
        if scope.campaign and not found:
            raise InputError(
                f"found no {what} that the campaign {name!r} chooses",
                f"at least one {what} of the catalogue that may be pushed",
                "widen what it chooses; see docs/campaigns.md",
            )


def _asked(plan: PushPlan, scope: Scope, firms: Firms, items: Items, lately: Lately) -> Asked:
    """Return the limits: of the plan or of strata, less what earlier rounds took up."""
    campaign = scope.campaign
    if campaign:
        per_firm = campaign.per_firm_of(firms.strata)
        least, most = campaign.least_of(items.stratum), campaign.most_of(items.stratum)
    else:
        per_firm = np.full(len(firms), plan.per_firm, dtype=np.int32)
        least = np.full(len(items), plan.least, dtype=np.int32)
        most = np.full(len(items), -1 if plan.most is None else plan.most, dtype=np.int32)
    least[lately.offered] = 0
    every = np.ones(len(items), dtype=bool)
    return Asked(np.minimum(per_firm, lately.left), least, most, every)


def _attentive(firms: Firms, lately: Lately, asked: Asked) -> tuple[Firms, Lately, Asked]:
    """Return firms, their past and limits without the firms that have no attention left."""
    kept = lately.left > 0
    if not kept.any():
        raise StateError(
            f"found no attention left of any of {len(kept):,} firms",
            "firms that got fewer items lately than their budget allows",
            "wait until the days of the budget have passed; see docs/campaigns.md",
        )
    asked = replace(asked, per_firm=asked.per_firm[kept])
    return firms.only(kept, "no_attention_left"), lately.only(kept), asked


def deeper(plan: PushPlan, lately: Lately) -> Depths:
    """Return depths at which what is not offered again leaves as many candidates as before."""
    most = int(np.bincount(lately.firm, minlength=1).max()) if len(lately.firm) else 0
    return replace(plan.depths, searched=plan.depths.searched + most)


def write_columns(folder: RoundFolder, firms: Firms, items: Items, lately: Lately) -> None:
    """Keep firms, items and the pairs that are not offered again."""
    folder.write_array("item_of_row", items.of_row)
    folder.write_array("item_names", items.names)
    folder.write_array("item_holders", items.holder)
    folder.write_array("item_strata", items.stratum)
    folder.write_array("firms", firms.names)
    folder.write_array("firm_segments", firms.segments)
    row_of = np.zeros(len(items), dtype=np.int64)
    rows = np.flatnonzero(items.of_row >= 0)
    row_of[items.of_row[rows]] = rows
    folder.write_array("repeat_firm", lately.firm)
    folder.write_array("repeat_row", row_of[lately.item])


def _choice(
    scope: Scope, side: Side
) -> Callable[[Sequence[Patent], Sequence[int]], Sequence[int]] | None:
    """Return what tells the stratum of patents; ``None`` without a campaign."""
    campaign = scope.campaign
    if campaign is None:
        return None

    def codes(patents: Sequence[Patent], rows: Sequence[int]) -> list[int]:
        ids = [patent.patent_id for patent in patents]
        declared = scope.licences(ids) if campaign.looks_at_licences else {}
        return [
            campaign.code_of_patent(
                PatentFacts(
                    str(side.main_segment(row) or ""),
                    patent.maturity,
                    declared.get(patent.patent_id, frozenset())
                    | (frozenset({LicenceKind.OPEN}) if patent.open_licence else frozenset()),
                    patent.holder_kind,
                )
            )
            for patent, row in zip(patents, rows, strict=True)
        ]

    return codes


def _firms(engine: Engine, readers: Readers, campaign: Campaign | None) -> Firms:
    """Return the firms of the catalogue that the campaign chooses, and why others are not."""
    names, segments, strata, outside = [], [], [], 0
    left = readers.firms.iterate()
    while page := list(islice(left, _PAGE)):
        filed = main_segments(engine, readers, page, campaign)
        for firm, segment in zip(page, filed, strict=True):
            code = campaign.code_of_firm(_facts(engine, firm, segment)) if campaign else 0
            outside += code == OUTSIDE
            if code != OUTSIDE:
                names.append(str(firm.uscc))
                segments.append(segment)
                strata.append(code)
    found = np.array(names, dtype=np.str_), np.array(segments, dtype=np.str_)
    order = np.argsort(found[1], kind="stable")
    kept_out = {"outside_campaign": outside} if campaign else {}
    codes = np.array(strata, dtype=np.int32)
    return Firms(found[0][order], found[1][order], codes[order], kept_out)


def _facts(engine: Engine, firm: Firm, segment: str) -> FirmFacts:
    place = engine.places.normalise_region(firm.province, firm.city)
    return FirmFacts(segment, place, tags_of(firm.tags))


def main_segments(
    engine: Engine, readers: Readers, page: Sequence[Firm], campaign: Campaign | None
) -> list[str]:
    """Return main segments; of firms younger than the index only where a campaign looks at them."""
    side = engine.index.firms
    rows = [side.ids.row_of(firm.uscc) for firm in page]
    found = ["" if row is None else str(side.main_segment(row) or "") for row in rows]
    young = [n for n, row in enumerate(rows) if row is None]
    if campaign and campaign.looks_at_firm_segments and young:
        queries = engine.queries(readers.profiles([page[n] for n in young]))
        for n, query in zip(young, queries, strict=True):
            shares = query.segments
            found[n] = str(max(shares, key=lambda code: shares[code])) if shares else ""
    return found


def sampled_least(
    folder: RoundFolder,
    plan: PushPlan,
    engine: Engine,
    readers: Readers,
    firms: npt.NDArray[np.str_],
    *,
    opener: Opener = as_it_is,
) -> FloatArray:
    """Return float32 (patents,), from what score on a firm may be among a patent's best.

    Args:
        folder: with the sieve.
        plan: its depths.
        engine: with the index of the round.
        readers: the catalogue now.
        firms: str, USCC of all firms that may be; a spread of them is asked.
        opener: puts the sieve on the plan's device.
    """
    sieve = opener(read_sieve(folder, engine.index.patents, engine.policy), plan.device)
    rows = np.unique(np.linspace(0, max(len(firms) - 1, 0), min(_SAMPLE, len(firms))).astype(int))
    sample = [firm for firm in read_firms(readers, firms[rows]) if firm is not None]
    return Searcher(engine, sieve, plan.depths, readers.profiles).sample(sample, len(firms))
