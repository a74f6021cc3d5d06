"""One firm in five is kept from the encoder: the same ones on every machine, for good."""

from __future__ import annotations

import random

import numpy as np

from eval.policy_tables import LinkTable
from matcher.index.corpus import TRAINED_KINDS, Known, training_corpus
from matcher.index.rows import FirmRows, PatentRows
from matcher.index.training_split import kept_for_policy
from matcher.types import Demand, PatentId, Relation, RelationKind, Uscc


def some_usccs(n: int = 20_000) -> list[str]:
    rng = random.Random(0)
    return [f"91{rng.randrange(11, 66)}0{rng.randrange(10**12):012d}X" for _ in range(n)]


def test_about_a_fifth_is_kept() -> None:
    kept = sum(kept_for_policy(uscc) for uscc in some_usccs())
    assert abs(kept / 20_000 - 1 / 5) < 0.01


def test_the_split_stays_as_it_was() -> None:
    # A policy trained last year names firms that this year's encoder must not have seen.
    kept = ("91330108PH9YJRY21R", "91331102PH7FACU84Y", "91330106PHD2HJQC81")
    taught = ("91330206PHQ35KGF04", "91330303PH8GCP5L06", "91331081PHYK040U0N")
    assert [kept_for_policy(uscc) for uscc in (*kept, *taught)] == [True] * 3 + [False] * 3


def test_folds_of_the_policy_do_not_follow_the_split() -> None:
    kept = tuple(uscc for uscc in some_usccs() if kept_for_policy(uscc))
    table = LinkTable(None, None, kept, None, (), ())  # type: ignore[arg-type]
    counts = np.bincount(table.folds(5), minlength=5) / len(kept)
    assert np.abs(counts - 1 / 5).max() < 0.03


def test_relations_of_kept_firms_are_left_out_of_the_corpus() -> None:
    usccs = sorted(some_usccs(60))
    firms = FirmRows(
        usccs, ["名"] * 60, [f"轴承{n}；电机" for n in range(60)], [""] * 60, [(-1, -1)] * 60
    )
    patents = PatentRows(
        [f"CN{n:03d}" for n in range(60)],
        [f"标题{n}" for n in range(60)],
        [""] * 60,
        groups=[""] * 60,
    )
    # Firm n is linked to patent n in every way.
    links = [
        Relation(Uscc(uscc), PatentId(patent), kind)
        for uscc, patent in zip(usccs, patents.ids, strict=True)
        for kind in RelationKind
    ]
    known = Known(_Relations(links), _NoDemands())
    corpus = training_corpus(patents, firms, known, lambda group: ())
    taught = {patent for _, patent in corpus.held}
    kept = {row for row, uscc in enumerate(usccs) if kept_for_policy(uscc)}
    assert 0 < len(kept) < 30
    assert taught == set(range(60)) - kept
    assert len(corpus.held) == len(taught) * len(TRAINED_KINDS)
    for scope, patent in corpus.held:
        assert corpus.scopes[scope] == [f"轴承{patent}", "电机"]
    # Their own words still teach; only what they are linked to does not.
    assert {scope[0] for scope in corpus.scopes} == {f"轴承{n}" for n in range(60)}


class _Relations:
    """Relations as planted."""

    def __init__(self, relations: list[Relation]) -> None:
        self._relations = relations

    def iterate(self, kind: RelationKind) -> list[Relation]:
        return [relation for relation in self._relations if relation.kind is kind]


class _NoDemands:
    def iterate(self) -> list[Demand]:
        return []
