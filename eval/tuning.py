"""What the knobs of a policy do to the lists: place, diversity and floor, in every combination."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import product
from typing import Any

import numpy as np

from eval.baselines import Progress
from eval.content import rounded
from eval.firm_sample import blocks, has_words
from eval.judgments import Qrels
from eval.measures import MEASURES, per_query
from eval.pool import Pool, open_pool
from eval.profiles import judged_firms
from eval.remembered import remembering
from eval.runs import Run
from matcher.engine import Engine
from matcher.errors import InputError
from matcher.index.side import Side
from matcher.pick import Picked, Picker
from matcher.query import FirmQuery
from matcher.ranking.policy import Policy, probability
from matcher.ranking.rank import Ranked
from matcher.readers import Readers
from matcher.types import FloatArray, PlaceSetting, Uscc

_MEASURE = "nDCG@10"


@dataclass(frozen=True, slots=True)
class Setting:
    """One combination of the knobs, and the lists it gives.

    Attributes:
        place: which place setting.
        diversity: λ of the spread over IPC subclasses.
        floor: least probability by content.
        length: items of a list, mean over all firms.
        empty: share of the firms whose list is empty.
        local: share of the items whose holder sits in the firm's province, over firms of known
            province; an item of unknown seat is not local. ``None`` where there is no such item.
        subclasses: distinct IPC subclasses in a list, mean over lists that are not empty.
        holders: distinct holders in a list, mean over lists that are not empty.
        coverage: share of the indexed patents that stand in any list.
        probability: mean of the items' predicted odds as probability; 0 without items.
        ndcg: nDCG@10 over the judged firms among them; ``None`` without judgments.
    """

    place: PlaceSetting
    diversity: float
    floor: float
    length: float
    empty: float
    local: float | None
    subclasses: float
    holders: float
    coverage: float
    probability: float
    ndcg: float | None


FIGURES = (
    "length",
    "empty",
    "local",
    "subclasses",
    "holders",
    "coverage",
    "probability",
    "ndcg",
)
"""Fields of ``Setting`` that are results, in the order of the columns."""


@dataclass(frozen=True, slots=True)
class Tuning:
    """Every combination that was tried.

    Attributes:
        settings: in the order of places, diversities and floors as asked.
        n_firms: firms that got lists.
        n_judged: those of them that have judgments.
        n_pool: indexed patents.
        n: most items of a list.
        policy: version of the policy whose knobs were turned.
    """

    settings: tuple[Setting, ...]
    n_firms: int
    n_judged: int
    n_pool: int
    n: int
    policy: str

    def to_dict(self) -> dict[str, Any]:
        """Return the figures as JSON content."""
        content: dict[str, Any] = rounded(asdict(self))
        return content


def tuning(
    engine: Engine,
    readers: Readers,
    usccs: Sequence[Uscc],
    qrels: Qrels | None = None,
    *,
    places: Sequence[PlaceSetting | str] = tuple(PlaceSetting),
    diversities: Sequence[float] = (0.0, 0.2, 0.5),
    floors: Sequence[float] | None = None,
    n: int = 10,
    progress: Progress = lambda *_: None,
) -> Tuning:
    """Return what lists every combination of the knobs gives; nothing is recorded.

    Lists are those that firms would get today: own, dismissed and stopped patents are left out.
    nDCG@10 is measured on lists of the judged firms in which the judged patents are not hidden.

    Args:
        engine: its policy gives weights and caps.
        readers: the catalogue.
        usccs: whose lists; firms outside the catalogue are left out.
        qrels: judgments; firms outside ``usccs`` are not looked at.
        places: place settings, by value (``local_first``, ``neutral``, ``cross_region``) or member.
        diversities: 0 … 1.
        floors: probabilities above 0 and below 1; ``None`` for the policy's own alone.
        n: most items of a list.
        progress: told of the firms done.

    Raises:
        InputError: no firm of the catalogue, or a knob out of range.
    """
    policies = _policies(engine.policy, places, diversities, floors)
    judged = {str(u): (qrels or {})[u] for u in usccs if u in (qrels or {})}
    stored = readers.firms.many(list(usccs))
    known = [uscc for uscc in dict.fromkeys(usccs) if uscc in stored]
    if not known or n < 1:
        raise InputError(f"found {len(known)} firms and n = {n}", "one firm or more, n from 1")
    tallies = [_Tally(engine.index.patents) for _ in policies]
    for done, part in enumerate(blocks(known), start=1):
        profiles = readers.profiles([stored[uscc] for uscc in part])
        for number, query, ranked, picked in _lists(
            engine, readers, engine.queries(profiles), policies, n
        ):
            tallies[number].add(query, ranked, picked)
        progress("tuning", done, len(blocks(known)))
    quality = _quality(engine, readers, judged, policies, n) if judged else [None] * len(policies)
    settings = tuple(
        tally.setting(policy, ndcg)
        for policy, tally, ndcg in zip(policies, tallies, quality, strict=True)
    )
    n_pool = len(engine.index.patents)
    return Tuning(settings, len(known), len(judged), n_pool, n, engine.policy.version)


def _policies(
    policy: Policy,
    places: Sequence[PlaceSetting | str],
    diversities: Sequence[float],
    floors: Sequence[float] | None,
) -> list[Policy]:
    least = (policy.floor,) if floors is None else tuple(floors)
    settings = {setting.value for setting in PlaceSetting}
    if unknown := [place for place in places if str(place) not in settings]:
        raise InputError(f"found place {unknown[0]!r}", f"one of {', '.join(settings)}")
    if not all(0 <= d <= 1 for d in diversities) or not all(0 < f < 1 for f in least):
        raise InputError(
            f"found diversities {list(diversities)} and floors {list(least)}",
            "diversities from 0 to 1, floors above 0 and below 1",
        )
    found = [
        replace(policy.placed(PlaceSetting(place)), diversity=diversity, floor=floor)
        for place, diversity, floor in product(places, diversities, least)
    ]
    if not found:
        raise InputError("found no combination", "one place, diversity and floor or more")
    return found


def _lists(
    engine: Engine,
    readers: Readers,
    queries: Sequence[FirmQuery],
    policies: Sequence[Policy],
    n: int,
) -> list[tuple[int, FirmQuery, Ranked, list[Picked]]]:
    """Return (number of the policy, firm, ranking, list); a place is ranked once for all."""
    found = []
    held = remembering(readers)
    spoken = [query for query in queries if has_words(query)]
    for place in dict.fromkeys(policy.place for policy in policies):
        rankings = engine.placed(place).rank_many(spoken)
        for number, policy in enumerate(policies):
            if policy.place is not place:
                continue
            picker = Picker(held, engine.index.patents, policy)
            for query, ranked in zip(spoken, rankings, strict=True):
                found.append((number, query, ranked, picker.pick(query.profile, ranked, n)[0]))
            found += [(number, q, _NOTHING, []) for q in queries if not has_words(q)]
    return found


def _quality(
    engine: Engine, readers: Readers, qrels: Qrels, policies: Sequence[Policy], n: int
) -> list[float | None]:
    """Return nDCG@10 of each policy over all judged firms, unanswered ones as zero."""
    pool = open_pool(engine, readers.patents, qrels, None)
    judged = {Uscc(query): pool.judged_ids(query) for query in qrels}
    firms = judged_firms(readers, list(judged), judged).profiles
    answers: list[dict[str, list[tuple[str, float]]]] = [{} for _ in policies]
    for part in blocks(list(firms)):
        queries = engine.queries([firms[uscc] for uscc in part])
        for number, query, _, picked in _lists(engine, readers, queries, policies, n):
            name = str(query.profile.uscc)
            answers[number][name] = _named(pool, name, picked)
    column = MEASURES.index(_MEASURE)
    runs = [Run.of("tuned", found) for found in answers]
    return [float(per_query(qrels, run)[:, column].mean()) for run in runs]


def _named(pool: Pool, query: str, picked: Sequence[Picked]) -> list[tuple[str, float]]:
    return [(pool.name(query, one.row), -float(place)) for place, one in enumerate(picked)]


@dataclass(slots=True)
class _Tally:
    """Adds up the lists of one combination."""

    side: Side
    lengths: list[int] = field(default_factory=list)
    subclasses: list[int] = field(default_factory=list)
    holders: list[int] = field(default_factory=list)
    local: list[bool] = field(default_factory=list)
    shown: set[int] = field(default_factory=set)
    chances: list[FloatArray] = field(default_factory=list)

    def add(self, query: FirmQuery, ranked: Ranked, picked: Sequence[Picked]) -> None:
        self.lengths.append(len(picked))
        if not picked:
            return
        rows = np.array([one.row for one in picked], dtype=np.int64)
        fields = self.side.columns["subclass"][rows]
        self.subclasses.append(len(np.unique(fields[fields >= 0])))
        self.holders.append(len({one.patent.holder for one in picked if one.patent.holder}))
        if query.province >= 0:
            self.local += (self.side.columns["province"][rows] == query.province).tolist()
        self.shown.update(rows.tolist())
        self.chances.append(probability(ranked.scores[[one.place for one in picked]]))

    def setting(self, policy: Policy, ndcg: float | None) -> Setting:
        return Setting(
            place=policy.place,
            diversity=policy.diversity,
            floor=policy.floor,
            length=_mean(self.lengths),
            empty=_mean([length == 0 for length in self.lengths]),
            local=_mean(self.local) if self.local else None,
            subclasses=_mean(self.subclasses),
            holders=_mean(self.holders),
            coverage=len(self.shown) / max(len(self.side), 1),
            probability=float(np.concatenate(self.chances).mean()) if self.chances else 0.0,
            ndcg=ndcg,
        )


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


_NOTHING = Ranked(
    np.zeros(0, dtype=np.int64),
    np.zeros(0, dtype=np.float32),
    np.zeros(0, dtype=np.float32),
    np.zeros((0, 0), dtype=np.float32),
)
