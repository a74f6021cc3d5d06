"""Judgments in, report out: every firm of the qrels ranked over the pool by each system."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from eval.baselines import Conditions, Progress, Ranking, System, open_system
from eval.exposure import DEPTH
from eval.facts import FirmFacts, PatentFacts, patent_facts, top_lists
from eval.judgments import Qrels
from eval.measures import per_query
from eval.pool import Pool, open_pool
from eval.profiles import JudgedFirms, judged_firms
from eval.report import EvaluationReport
from eval.runs import Run
from eval.statistics import Bootstrap
from matcher.engine import Engine
from matcher.errors import InputError
from matcher.query import FirmQuery
from matcher.readers import Readers
from matcher.types import PatentId, SegmentCode, Uscc, Versions

MOST_DEPTH = 10_000
_DEEPEST_CUTOFF = 100
_TRAINED = {"static"}  # encoders that learn from relations; lsa sees texts only, a model nothing


@dataclass(frozen=True, slots=True)
class EvaluationConfig:
    """What does not change the task.

    Attributes:
        block: firms ranked at a time; bounds memory, changes no figure.
        seed: of the random system and of LSA.
        bootstrap: how intervals are made.
    """

    block: int = 64
    seed: int = 0
    bootstrap: Bootstrap = field(default_factory=Bootstrap)


def evaluate(
    engine: Engine,
    readers: Readers,
    qrels: Qrels,
    pool: Sequence[str] | None = None,
    *,
    systems: Sequence[str] = ("default",),
    k: int = 100,
    config: EvaluationConfig | None = None,
    progress: Progress | None = None,
) -> EvaluationReport:
    """Rank every firm of the qrels over the pool and measure each system.

    Nothing is sampled and nothing hidden: no relevance floor, no caps, no exclusion of a firm's
    own patents. A firm that is not in the catalogue, or that a system has no answer for, counts
    as zero. Patents judged for a firm are taken out of its own patents first.

    Args:
        engine: the engine to be measured; its index is what is ranked.
        readers: the catalogue.
        qrels: query (USCC) → patent → grade.
        pool: ids that are ranked; ``None`` for every indexed patent.
        systems: names of ``baselines.SYSTEMS``; differences are taken against the first.
        k: depth of the runs.
        config: block size, seeds, bootstrap; ``None`` for the defaults.
        progress: called with (stage, done, total).

    Raises:
        InputError: no judgment, an unknown system, ``k`` out of range, or an empty pool.
    """
    tell, settings = progress or _silent, config or EvaluationConfig()
    names = tuple(dict.fromkeys(systems))
    _check(qrels, names, k)
    opened = open_pool(engine, readers.patents, qrels, pool)
    conditions = Conditions(engine, readers, opened.mask, settings.seed, tell)
    makers = {name: open_system(name, conditions) for name in names}
    judged = {Uscc(query): opened.judged_ids(query) for query in qrels}
    firms = judged_firms(readers, list(judged), judged)
    answers, facts = _answers(engine, makers, firms, k, (settings.block, tell))
    runs = {name: _run(name, found, opened) for name, found in answers.items()}
    ids = opened.catalogue_ids()
    return EvaluationReport(
        qrels=qrels,
        runs=runs,
        values={name: per_query(qrels, run) for name, run in runs.items()},
        facts=facts,
        patent_segments=_patent_segments(engine, opened),
        patent_ids=ids,
        patents=_patents(readers, qrels, runs, ids, firms),
        missing_firms=tuple(query for query in qrels if Uscc(query) not in firms.profiles),
        warnings=_warnings(qrels, opened, firms, k, engine.encoder.info.name),
        versions=Versions(
            engine.encoder.info.version, engine.index.manifest.version, engine.policy.version
        ),
        n_pool=int(opened.mask.sum()),
        k=k,
        bootstrap=settings.bootstrap,
    )


def _check(qrels: Qrels, names: Sequence[str], k: int) -> None:
    if not qrels or not names:
        raise InputError("found nothing to evaluate", "one judged query and one system or more")
    if not 1 <= k <= MOST_DEPTH:
        raise InputError(f"found k = {k}", f"1 to {MOST_DEPTH}", "ask for another depth")


def _answers(
    engine: Engine,
    systems: Mapping[str, System],
    firms: JudgedFirms,
    k: int,
    pace: tuple[int, Progress],
) -> tuple[dict[str, dict[str, Ranking]], dict[str, FirmFacts]]:
    """Return system → query → ranking, and the facts of each firm; firms go in blocks."""
    block, tell = pace
    answers: dict[str, dict[str, Ranking]] = {name: {} for name in systems}
    facts: dict[str, FirmFacts] = {}
    usccs = list(firms.profiles)
    for start in range(0, len(usccs), block):
        tell("rank firms", start, len(usccs))
        part = usccs[start : start + block]
        queries = engine.queries([firms.profiles[uscc] for uscc in part])
        facts.update((str(u), _facts(u, q, firms)) for u, q in zip(part, queries, strict=True))
        for name, system in systems.items():
            rankings = system.rank(queries, k)
            answers[name].update(zip(map(str, part), rankings, strict=True))
    tell("rank firms", len(usccs), len(usccs))
    return answers, facts


def _facts(uscc: Uscc, query: FirmQuery, firms: JudgedFirms) -> FirmFacts:
    firm = firms.stored[uscc]
    return FirmFacts(
        segment=next(iter(query.segments), None),
        province=query.profile.province,
        holds_patents=bool(len(query.own)),
        name=firm.name,
        items=query.profile.items,
        scope_length=len(firm.business_scope),
        owned=firms.owned.get(uscc, ()),
    )


def _patents(
    readers: Readers,
    qrels: Qrels,
    runs: Mapping[str, Run],
    ids: Mapping[str, PatentId],
    firms: JudgedFirms,
) -> Mapping[PatentId, PatentFacts]:
    """Return facts of all that is judged, owned by a judged firm, or in a system's first ten."""
    wanted = {ids.get(d, PatentId(d)) for grades in qrels.values() for d in grades}
    wanted.update(patent for owned in firms.owned.values() for patent in owned)
    for run in runs.values():
        lists = top_lists(run.answers, qrels, ids, DEPTH)
        wanted.update(patent for found in lists.values() for patent in found)
    return patent_facts(readers.patents, wanted)


def _run(name: str, answers: Mapping[str, Ranking], pool: Pool) -> Run:
    return Run.of(
        name,
        {
            query: [
                (pool.name(query, row), score)
                for row, score in zip(rows.tolist(), scores.tolist(), strict=True)
            ]
            for query, (rows, scores) in answers.items()
        },
    )


def _patent_segments(engine: Engine, pool: Pool) -> dict[str, SegmentCode]:
    """Return document → main segment, for judged documents that are indexed and routed."""
    found: dict[str, SegmentCode] = {}
    for spelling in pool.judged.values():
        for row, document in spelling.items():
            if document not in found:
                segment = engine.index.patents.main_segment(row)
                if segment is not None:
                    found[document] = segment
    return found


def _warnings(
    qrels: Qrels, pool: Pool, firms: JudgedFirms, k: int, encoder: str
) -> tuple[str, ...]:
    positives = Counter(grade > 0 for grades in qrels.values() for grade in grades.values())[True]
    barren = sum(all(grade <= 0 for grade in grades.values()) for grades in qrels.values())
    found = [
        (pool.unknown, f"{pool.unknown} ids of the pool are not indexed"),
        (pool.missed, f"{pool.missed} of {positives} positives are not ranked and count as missed"),
        (barren, f"{barren} queries have no positive and count as zero for every system"),
        (
            firms.dropped,
            f"{firms.dropped} judged patents were known as the firm's own and were taken out of "
            "its profile; an encoder trained on these relations has still seen them",
        ),
        (
            firms.trained_on and encoder in _TRAINED,
            f"the encoder may have learnt from patents of {firms.trained_on} of {len(qrels)} "
            "judged firms; see slices holds_patents",
        ),
        (k < _DEEPEST_CUTOFF, f"runs are {k} deep: R@{_DEEPEST_CUTOFF} looks no deeper"),
    ]
    return tuple(text for holds, text in found if holds)


def _silent(stage: str, done: int, total: int) -> None:
    """Tell nobody."""
