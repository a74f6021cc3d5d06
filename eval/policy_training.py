"""A policy from known links, with figures of firms that its weights have not seen.

Firms are parted in folds by a digest of their USCC. Each fold is ranked with weights fitted on the
others; from these rankings come the measures, and from these scores the log-odds. The policy that
is handed out is fitted on all firms.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from eval.baselines import Progress
from eval.compare import MeasureComparison, compare_values
from eval.content import rounded
from eval.measures import per_query
from eval.policy_tables import LinkSet, LinkTable, link_table
from eval.reliability import Reliability, reliability
from eval.statistics import Bootstrap
from matcher.codes import PlaceSetting
from matcher.engine import Engine
from matcher.errors import InputError
from matcher.ranking.features import FEATURES, PLACE_FEATURES
from matcher.ranking.fit import FITTED, Floats, fit_log_odds, fit_weights
from matcher.ranking.policy import Placing, Policy
from matcher.readers import Readers

LEAST_FIRMS = 30
_DIGITS = 4


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    """How a policy is trained.

    Attributes:
        folds: parts of the firms.
        negatives: unlinked pairs drawn for each firm.
        depth: places of a list that are measured.
        seed: of the draw.
        place: share of the fitted weight of place that is kept. Known links are more local than
            those one hopes for.
        keep: features that keep the weight of the base policy.
    """

    folds: int = 5
    negatives: int = 3_000
    depth: int = 100
    seed: int = 0
    place: float = 1.0
    keep: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 0.0 <= self.place <= 1.0:
            raise InputError(f"found a share of place of {self.place}", "0 to 1")


@dataclass(frozen=True, slots=True)
class SetReport:
    """One set of links.

    Attributes:
        firms: judged firms of the catalogue that have words; the others count as zero below.
        links: links that are in the pool.
        pool: patents ranked.
        trained: measure → trained against base policy, place setting of the base.
        neutral: the same where place counts nothing in both.
    """

    firms: int
    links: int
    pool: int
    trained: Mapping[str, MeasureComparison]
    neutral: Mapping[str, MeasureComparison]


@dataclass(frozen=True, slots=True)
class TrainedPolicy:
    """What a training made.

    Attributes:
        policy: fitted on all firms.
        sets: name → figures, every firm ranked by weights that had not seen it.
        spread: feature → least and most weight over the folds, before the slope.
        reliability: of ``relevance`` as probability, on the first set.
        config: how it was trained.
    """

    policy: Policy
    sets: Mapping[str, SetReport]
    spread: Mapping[str, tuple[float, float]]
    reliability: Reliability
    config: TrainingConfig

    def to_dict(self) -> dict[str, Any]:
        """Return what ``panhuo policy train --json`` prints, the policy itself left out."""
        content: dict[str, Any] = rounded(
            {
                "sets": {name: asdict(found) for name, found in self.sets.items()},
                "spread": self.spread,
                "reliability": asdict(self.reliability),
                "config": asdict(self.config),
            }
        )
        return content


def train_policy(
    engine: Engine,
    readers: Readers,
    sets: Sequence[LinkSet],
    config: TrainingConfig | None = None,
    progress: Progress = lambda *_: None,
) -> TrainedPolicy:
    """Return a policy fitted on the links, its floor, caps and name those of the engine's policy.

    The first set gives the log-odds and the weights of place; all sets together the others.

    Args:
        engine: its policy is where the fit begins and what the result is held against.
        readers: the catalogue.
        sets: links with their pools; each counts alike.
        config: ``None`` for the defaults.
        progress: told of (stage, done, total).

    Raises:
        InputError: a set with fewer than 30 firms that have a link in the pool.
    """
    settings = config or TrainingConfig()
    tables = []
    for links in sets:
        table = link_table(
            engine,
            readers,
            links,
            negatives=settings.negatives,
            seed=settings.seed,
            progress=progress,
        )
        _check(table)
        tables.append(table)
    base = engine.policy
    pairs = [table.pairs for table in tables]
    found = _Folds(tables, settings, base, progress)
    weights = _eased(fit_weights(pairs, base.effective, settings.keep), settings.place)
    policy, chance = _meant(base, weights, tables[0], found)
    return TrainedPolicy(
        policy=policy,
        sets={table.links.name: _measured(table, base, found, settings) for table in tables},
        spread=found.spread(),
        reliability=reliability(chance, tables[0].pairs, Bootstrap(seed=settings.seed)),
        config=settings,
    )


class _Folds:
    """Weights of every fold, fitted on the other folds of all sets."""

    def __init__(
        self,
        tables: Sequence[LinkTable],
        config: TrainingConfig,
        base: Policy,
        progress: Progress,
    ) -> None:
        self.n = config.folds
        self.weights: list[Floats] = []
        for fold in range(self.n):
            progress("fit folds", fold, self.n)
            others = [
                t.pairs.take(np.flatnonzero(t.folds(self.n) != fold).astype(np.int64))
                for t in tables
            ]
            self.weights.append(
                _eased(fit_weights(others, base.effective, config.keep), config.place)
            )
        progress("fit folds", self.n, self.n)

    def spread(self) -> dict[str, tuple[float, float]]:
        """Return feature → least and most fitted weight."""
        table = np.array(self.weights)
        return {
            name: (float(table[:, i].min()), float(table[:, i].max()))
            for i, name in enumerate(FEATURES)
            if name in FITTED
        }

    def scores(self, table: LinkTable, *, place: bool) -> Floats:
        """Return float64 (pairs,): each pair scored by weights that have not seen its firm."""
        pairs = table.pairs
        owner = np.repeat(table.folds(self.n), np.diff(pairs.starts))
        scores = np.zeros(len(owner))
        for fold, weights in enumerate(self.weights):
            mine = owner == fold
            scores[mine] = pairs.features[mine].astype(np.float64) @ _cut(weights, place=place)
        return scores


def _meant(base: Policy, weights: Floats, table: LinkTable, folds: _Folds) -> tuple[Policy, Floats]:
    """Return the policy whose scores are log-odds, and the held-out log-odds of content.

    One slope serves all settings, so that content weighs alike in them; each has an intercept.
    """
    pairs = table.pairs
    content = folds.scores(table, place=False)
    slope, neutral = fit_log_odds(content, pairs.linked, pairs.stands_for)
    if slope <= 0:
        raise InputError(
            f"found links of {table.links.name} that the texts do not tell from other pairs",
            "links that go with content",
            "check the relations, or train on others",
        )
    local = folds.scores(table, place=True) * slope
    intercept = fit_log_odds(local, pairs.linked, pairs.stands_for, slope=False)[1]
    at = {name: float(weights[FEATURES.index(name)]) * slope for name in PLACE_FEATURES}
    # As far from home as half of what home earned: it lifts the distant without emptying the list
    # of what is near and plainly best.
    away = -at["same_province"] / 2
    province = pairs.features[:, FEATURES.index("same_province")].astype(np.float64)
    far = fit_log_odds(
        content * slope + away * province, pairs.linked, pairs.stands_for, slope=False
    )[1]
    places = {
        PlaceSetting.LOCAL_FIRST: _placing(at["same_province"], at["same_city"], intercept),
        PlaceSetting.NEUTRAL: _placing(0.0, 0.0, neutral),
        PlaceSetting.CROSS_REGION: _placing(away, 0.0, far),
    }
    scaled = tuple(
        0.0 if name in PLACE_FEATURES else round(float(weight) * slope, _DIGITS)
        for name, weight in zip(FEATURES, weights, strict=True)
    )
    return replace(base, weights=scaled, places=places), content * slope + neutral


def _placing(province: float, city: float, intercept: float) -> Placing:
    return Placing(*(round(value, _DIGITS) for value in (province, city, intercept)))


def _measured(table: LinkTable, base: Policy, folds: _Folds, config: TrainingConfig) -> SetReport:
    bootstrap = Bootstrap(seed=config.seed)
    neutral = base.placed(PlaceSetting.NEUTRAL)
    runs = {}
    for place, policy in ((True, base), (False, neutral)):
        fold_of = dict(zip(table.queries, table.folds(folds.n).tolist(), strict=True))
        unseen = [_cut(weights, place=place) for weights in folds.weights]
        new = table.run("trained", [unseen[fold_of[q]] for q in table.queries], config.depth)
        old = [np.array(policy.effective)] * len(table.queries)
        values = (
            per_query(table.links.qrels, new),
            per_query(table.links.qrels, table.run("base", old, config.depth)),
        )
        runs[place] = compare_values(*values, bootstrap)
    pairs = table.pairs
    return SetReport(
        firms=len(table.queries),
        links=int(pairs.linked.sum()),
        pool=len(table.pool.rows),
        trained=runs[True],
        neutral=runs[False],
    )


def _eased(weights: Floats, place: float) -> Floats:
    """Return the weights, those of place times ``place``."""
    eased = weights.copy()
    eased[[FEATURES.index(name) for name in PLACE_FEATURES]] *= place
    return eased


def _cut(weights: Floats, *, place: bool) -> Floats:
    """Return the weights; without ``place`` those of place are nought."""
    cut = weights.copy()
    if not place:
        cut[[FEATURES.index(name) for name in PLACE_FEATURES]] = 0.0
    return cut


def _check(table: LinkTable) -> None:
    pairs = table.pairs
    owner = np.repeat(np.arange(len(pairs)), np.diff(pairs.starts))
    firms = len(np.unique(owner[pairs.linked]))
    if firms < LEAST_FIRMS:
        raise InputError(
            f"found {firms} firms with a link in {table.links.name}",
            f"{LEAST_FIRMS} or more",
            "import more relations, or give judgments with --qrels",
        )
