"""The harness on the sample home: right baselines, right zeros, no leaks, no batch effects."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from embeddings.encoder import Encoder
from embeddings.lsa import LsaEncoder
from eval.baselines import Conditions, RandomOrder, open_system
from eval.harness import EvaluationConfig, evaluate
from eval.judgments import Qrels
from eval.measures import MEASURES
from eval.pool import open_pool
from eval.profiles import judged_firms
from eval.report import EvaluationReport
from eval.statistics import Bootstrap
from matcher.errors import InputError
from matcher.index.search import SearchConfig
from matcher.index.training_split import kept_for_policy
from matcher.patent_text import document_text
from matcher.types import FirmProfile, Relation, RelationKind, Uscc
from service.bootstrap import Home

ALL = ("default", "bm25", "lsa", "dense", "random")
CONFIG = EvaluationConfig(bootstrap=Bootstrap(resamples=1_000))


@pytest.fixture(scope="module")
def report(home: Home, qrels: Qrels) -> EvaluationReport:
    return evaluate(home.engine(), home.readers, qrels, systems=ALL, config=CONFIG)


@pytest.fixture(scope="module")
def some(qrels: Qrels) -> Qrels:
    return dict(list(qrels.items())[:12])


def test_default_beats_random_beyond_chance(report: EvaluationReport) -> None:
    for measure in MEASURES:
        gap = report.differences()["random"][measure]
        assert gap.low > 0.05, measure
        assert gap.p < 0.01, measure
    for system in ("bm25", "lsa", "dense"):
        assert report.means[system]["nDCG@10"] > 10 * report.means["random"]["nDCG@10"]


def test_the_report_starts_as_the_contract_says(report: EvaluationReport) -> None:
    content = report.to_dict()
    assert list(content)[:2] == ["n_queries", "systems"]
    assert content["n_queries"] == 95
    assert list(content["systems"]) == list(ALL)
    assert list(content["systems"]["default"]) == ["nDCG@10", "R@10", "R@100", "RR", "P@10"]
    assert content["systems"]["bm25"] == dict(report.means["bm25"])
    assert "slices" not in content
    assert list(content["exposure"]) == list(content["ipc"]) == list(ALL)
    low, high = content["intervals"]["default"]["RR"]
    assert low < content["systems"]["default"]["RR"] < high


def test_bm25_is_the_brute_force_ranking(home: Home, report: EvaluationReport, some: Qrels) -> None:
    engine = home.engine()
    lexical = engine.index.patents.lexical
    shape = (lexical.n_documents, len(lexical._words))
    matrix = sp.csc_matrix((lexical._data, lexical._rows, lexical._offsets), shape).toarray()
    words = {word: column for column, word in enumerate(lexical._words)}
    firms = judged_firms(home.readers, [Uscc(query) for query in some], {}).profiles
    pool = open_pool(engine, home.readers.patents, some, None)
    for query, profile in zip(some, firms.values(), strict=True):
        asked = dict.fromkeys(w for item in profile.items for w in engine.tokeniser.tokenise(item))
        columns = [words[word] for word in asked if word in words]
        scores = matrix[:, columns].astype(np.float64).sum(axis=1)
        order = sorted(range(len(scores)), key=lambda row: -scores[row])[:100]
        expected = [row for row in order if scores[row] > 0]
        answer = report.runs["bm25"].answers[query]
        assert [doc for doc, _ in answer] == [pool.name(query, row) for row in expected]
        np.testing.assert_allclose([s for _, s in answer], scores[expected], rtol=1e-5)


@pytest.mark.parametrize("system", ["dense", "lsa"])
def test_cosine_systems_are_the_brute_force_ranking(
    home: Home, report: EvaluationReport, some: Qrels, system: str
) -> None:
    engine = home.engine()
    firms = judged_firms(home.readers, [Uscc(query) for query in some], {}).profiles
    texts = [document_text(patent) for patent in home.readers.patents.iterate()]
    encoder = (
        engine.encoder if system == "dense" else LsaEncoder.train(texts, tokeniser=home.tokeniser)
    )
    documents = (
        engine.index.patents.vectors if system == "dense" else encoder.encode_document(texts)
    )
    asked = encoder.encode_query([profile.text for profile in firms.values()])
    pool = open_pool(engine, home.readers.patents, some, None)
    for query, vector in zip(some, asked, strict=True):
        scores = np.asarray(documents, dtype=np.float64) @ vector
        order = np.argsort(-scores, kind="stable")[:100].tolist()
        answer = report.runs[system].answers[query]
        assert [doc for doc, _ in answer] == [pool.name(query, row) for row in order]
        np.testing.assert_allclose([s for _, s in answer], scores[order], atol=1e-5)


def test_firms_one_by_one_get_what_the_batch_gives(
    home: Home, report: EvaluationReport, some: Qrels
) -> None:
    for query, grades in some.items():
        single = evaluate(home.engine(), home.readers, {query: grades}, systems=ALL, config=CONFIG)
        for system in ALL:
            assert single.runs[system].answers[query] == report.runs[system].answers[query], system


def test_block_size_changes_nothing(home: Home, report: EvaluationReport, qrels: Qrels) -> None:
    config = replace(CONFIG, block=7)
    other = evaluate(home.engine(), home.readers, qrels, systems=ALL, config=config)
    assert other.runs == report.runs


def test_default_depth_reaches_k(home: Home, some: Qrels) -> None:
    shallow = evaluate(home.engine(), home.readers, some, k=5)
    assert {len(answer) for answer in shallow.runs["default"].answers.values()} == {5}
    assert shallow.warnings[-1] == "runs are 5 deep: R@100 looks no deeper"
    narrow = replace(home.engine(), config=SearchConfig(per_segment=1, per_list=2, candidates=3))
    deep = evaluate(narrow, home.readers, some, k=50)
    assert {len(answer) for answer in deep.runs["default"].answers.values()} == {50}


def test_random_depends_on_seed_and_firm_alone(
    home: Home, some: Qrels, report: EvaluationReport
) -> None:
    def run(seed: int) -> dict[str, list[str]]:
        config = EvaluationConfig(seed=seed)
        found = evaluate(home.engine(), home.readers, some, systems=["random"], config=config)
        return {q: [doc for doc, _ in answer] for q, answer in found.runs["random"].answers.items()}

    assert run(0) == {q: [d for d, _ in report.runs["random"].answers[q]] for q in some}
    assert run(1) != run(0)
    first, second = (FirmProfile("", (), uscc=Uscc(query)) for query in list(some)[:2])
    shuffled = RandomOrder(np.arange(289), 0).rank(home.engine().queries([first, second]), 289)
    assert shuffled[0][0].tolist() != shuffled[1][0].tolist()
    assert sorted(shuffled[0][0].tolist()) == list(range(289))


def test_a_firm_that_is_not_in_the_catalogue_counts_as_zero(home: Home, some: Qrels) -> None:
    known = evaluate(home.engine(), home.readers, some, systems=ALL, config=CONFIG)
    more = {**some, "911100000000000000": {"CN202119402100.4": 1}}
    found = evaluate(home.engine(), home.readers, more, systems=ALL, config=CONFIG)
    assert found.missing_firms == ("911100000000000000",)
    for system in ALL:
        assert "911100000000000000" in found.unanswered(system)
        for measure in MEASURES:
            expected = known.means[system][measure] * len(some) / (len(some) + 1)
            assert found.means[system][measure] == pytest.approx(expected)
    assert found.to_dict()["n_queries"] == len(some) + 1


def test_only_the_pool_is_ranked_in_the_spelling_of_the_files(home: Home, some: Qrels) -> None:
    pool = ["202119402100.4", "CN192392380A", "CN202129296820.2", "not-a-patent"]
    found = evaluate(home.engine(), home.readers, some, pool, systems=ALL, config=CONFIG)
    assert found.n_pool == 3
    assert found.warnings[0] == "1 ids of the pool are not indexed"
    first = next(iter(some))
    for system in ALL:
        ranked = {doc for answer in found.runs[system].answers.values() for doc, _ in answer}
        # 202419977335.X and 202129296820.2 as judged for the first firm, else as the pool has it
        assert ranked <= {*pool, "202419977335.X", "202129296820.2"}
        spelled = {doc for doc, _ in found.runs[system].answers[first]}
        assert spelled <= {"202119402100.4", "202419977335.X", "202129296820.2"}
    assert found.means["random"]["R@100"] == pytest.approx(
        np.mean(
            [
                sum(
                    g > 0
                    for d, g in grades.items()
                    if d in {"202119402100.4", "202419977335.X", "202129296820.2"}
                )
                / sum(g > 0 for g in grades.values())
                for grades in some.values()
            ]
        )
    )


def test_own_patents_stay_in_the_list_but_judged_ones_leave_the_profile(home: Home) -> None:
    relation = next(r for r in home.store.relations.iterate(RelationKind.OWNS))
    held = {
        r.patent_id for r in home.store.relations.of_firm(relation.uscc) if r.kind is relation.kind
    }
    qrels = {relation.uscc: {relation.patent_id: 1}}
    judged = {relation.uscc: frozenset({relation.patent_id})}
    firms = judged_firms(home.readers, [relation.uscc], judged)
    profile = firms.profiles[relation.uscc]
    assert firms.dropped == 1
    assert set(profile.own_patents) == held - {relation.patent_id}
    assert profile.excluded == frozenset()
    found = evaluate(home.engine(), home.readers, qrels, config=CONFIG)
    assert any("1 judged patents were known as the firm's own" in text for text in found.warnings)
    ranked = {document for document, _ in found.runs["default"].answers[relation.uscc]}
    assert held & ranked


def test_a_judged_relation_does_not_move_the_ranking(home: Home, some: Qrels) -> None:
    # The same firm with and without the answer among its relations: not one score may differ.
    query = next(iter(some))
    positive = home.readers.patents.resolve(next(d for d, g in some[query].items() if g))
    readers = replace(
        home.readers, relations=_Leaking(Relation(Uscc(query), positive, RelationKind.OWNS))
    )
    clean = replace(home.readers, relations=_Leaking(None))
    runs = [
        evaluate(home.engine(), r, {query: some[query]}, config=CONFIG).runs["default"]
        for r in (readers, clean)
    ]
    assert runs[0] == runs[1]


class _Leaking:
    """Relations of a firm that is said to hold what it is judged on."""

    def __init__(self, relation: Relation | None) -> None:
        self._relations = (relation,) if relation else ()

    def of_firms(self, usccs: list[Uscc]) -> dict[Uscc, tuple[Relation, ...]]:
        return {uscc: self._relations for uscc in usccs}


def test_firms_that_the_encoder_learnt_from_are_told(home: Home, qrels: Qrels) -> None:
    relations = [
        *home.store.relations.iterate(RelationKind.OWNS),
        *home.store.relations.iterate(RelationKind.CO_APPLIED),
        *home.store.relations.iterate(RelationKind.LICENSED),
    ]
    relations = [r for r in relations if not kept_for_policy(r.uscc)]
    learnt = len({r.uscc for r in relations} & set(qrels))
    owners = len({r.uscc for r in relations if r.kind is RelationKind.OWNS} & set(qrels))
    assert 0 < owners < learnt < 95
    words = f"may have learnt from patents of {learnt} of 95 judged firms; see slices holds_patents"
    engine = home.engine()
    trained = replace(engine, encoder=_Named(engine.encoder, "static"))
    for asked, told in ((trained, True), (engine, False)):
        found = evaluate(asked, home.readers, qrels, systems=["random"], config=CONFIG)
        assert any(words in text for text in found.warnings) == told


class _Named:
    """An encoder under another name."""

    def __init__(self, encoder: Encoder, name: str) -> None:
        self.info = replace(encoder.info, name=name)
        self.encode_query, self.encode_document = encoder.encode_query, encoder.encode_document


def test_slices_part_the_queries_and_keep_the_mean(home: Home, report: EvaluationReport) -> None:
    for dimension in ("firm_segment", "province", "holds_patents"):
        parts = report.slices(dimension)
        assert sum(part.n for part in parts) == 95
        assert [part.n for part in parts] == sorted((part.n for part in parts), reverse=True)
        whole = sum(part.n * part.systems["default"]["RR"].mean for part in parts) / 95
        assert whole == pytest.approx(report.means["default"]["RR"])
    stored = home.readers.firms.many([Uscc(query) for query in report.qrels])
    provinces = Counter(firm.province for firm in stored.values())
    assert {part.value: part.n for part in report.slices("province")} == provinces
    with pytest.raises(InputError, match="dimension"):
        report.slices("weather")


def test_patent_slices_ask_for_the_positives_of_their_segment_alone(
    report: EvaluationReport,
) -> None:
    parts = report.slices("patent_segment")
    some = parts[0]
    hits = []
    for query, grades in report.qrels.items():
        wanted = {
            d for d, g in grades.items() if g > 0 and report.patent_segments.get(d) == some.value
        }
        found = {d for d, _ in report.runs["default"].answers[query][:10]}
        hits += [len(wanted & found) / len(wanted)] if wanted else []
    assert some.n == len(hits)
    assert some.systems["default"]["R@10"].mean == pytest.approx(np.mean(hits))
    assert {s["dimension"] for s in report.to_dict(slices=True)["slices"]} == {
        "firm_segment", "patent_segment", "province", "holds_patents", "scope_length",
        "holder_kind", "abstract",
    }  # fmt: skip


def test_one_patent_in_two_spellings_is_one_patent_of_the_exposure(home: Home, some: Qrels) -> None:
    first, second = list(some)[:2]
    qrels = {first: {"CN202119402100.4": 1}, second: {"202119402100.4": 1}}
    pool = ["CN202119402100.4", "CN192392380A"]
    found = evaluate(home.engine(), home.readers, qrels, pool, systems=["random"], config=CONFIG)
    spelled = {d for answer in found.runs["random"].answers.values() for d, _ in answer}
    assert {"CN202119402100.4", "202119402100.4"} <= spelled
    exposure = found.exposure()["random"]
    assert (exposure.n_slots, exposure.coverage, exposure.gini) == (4, 1.0, 0.0)


def test_what_cannot_be_evaluated_is_refused(home: Home, some: Qrels) -> None:
    engine, readers = home.engine(), home.readers
    with pytest.raises(InputError, match="system 'best'"):
        evaluate(engine, readers, some, systems=["default", "best"])
    with pytest.raises(InputError, match="k = 0"):
        evaluate(engine, readers, some, k=0)
    with pytest.raises(InputError, match="nothing to evaluate"):
        evaluate(engine, readers, {})
    with pytest.raises(InputError, match="no patent of the pool"):
        evaluate(engine, readers, some, ["nothing"])


def test_a_query_without_positives_is_counted_and_told(home: Home, some: Qrels) -> None:
    query, grades = next(iter(some.items()))
    found = evaluate(home.engine(), home.readers, {query: dict.fromkeys(grades, 0)}, config=CONFIG)
    assert set(found.means["default"].values()) == {0.0}
    assert "1 queries have no positive" in found.warnings[0]


def test_a_positive_outside_the_index_is_a_miss_that_is_told(home: Home, some: Qrels) -> None:
    query = next(iter(some))
    found = evaluate(home.engine(), home.readers, {query: {**some[query], "CN000000000A": 1}})
    before = evaluate(home.engine(), home.readers, {query: some[query]})
    positives = sum(grade > 0 for grade in some[query].values())
    expected = before.means["default"]["R@100"] * positives / (positives + 1)
    assert found.means["default"]["R@100"] == pytest.approx(expected)
    assert f"1 of {positives + 1} positives are not ranked" in found.warnings[0]


def test_progress_is_told(home: Home, some: Qrels) -> None:
    told: list[tuple[str, int, int]] = []
    evaluate(
        home.engine(), home.readers, some, systems=["lsa"], progress=lambda *step: told.append(step)
    )
    assert told == [
        ("lsa: train", 0, 1),
        ("lsa: train", 1, 1),
        ("rank firms", 0, 12),
        ("rank firms", 12, 12),
    ]


def test_two_spellings_of_one_patent_are_ranked_once_under_the_better(
    home: Home, some: Qrels
) -> None:
    query = next(iter(some))
    twice = {query: {"CN202119402100.4": 1, "202119402100.4": 3}}
    found = evaluate(home.engine(), home.readers, twice, config=CONFIG)
    ranked = [document for document, _ in found.runs["default"].answers[query]]
    assert "202119402100.4" in ranked
    assert "CN202119402100.4" not in ranked
    assert found.means["default"]["R@100"] == 1 / 2
    assert found.warnings == ("1 of 2 positives are not ranked and count as missed",)


def test_a_firm_without_a_word_is_not_answered_by_likeness(home: Home, some: Qrels) -> None:
    engine = home.engine()
    silent = FirmProfile(name_words="", items=(), uscc=Uscc("silent"))
    spoken = FirmProfile(name_words="", items=("机器视觉检测",), uscc=Uscc("spoken"))
    mask = np.ones(len(engine.index.patents), dtype=bool)
    conditions = Conditions(engine, home.readers, mask, 0, lambda *step: None)
    for name in ("default", "bm25", "lsa", "dense"):
        answers = open_system(name, conditions).rank(engine.queries([silent, spoken]), 5)
        (none, _), (found, _) = answers
        assert (len(none), len(found) > 0) == (0, True), name
