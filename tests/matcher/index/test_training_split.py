"""One firm in five is kept from the encoder: the same ones on every machine, for good."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np

from eval.policy_tables import LinkTable
from matcher.index.corpus import TRAINED_KINDS, Known, training_corpus
from matcher.index.rows import FirmRows, PatentRows
from matcher.index.training_split import kept_for_policy
from matcher.types import Relation, Uscc
from service.bootstrap import open_home
from service.config import Settings


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


def test_relations_of_kept_firms_are_left_out_of_the_corpus(lsa_home: Path) -> None:
    with open_home(Settings(home=lsa_home)) as home:
        patents, firms = _columns(home)
        ids = patents.ids
        made = [
            Relation(Uscc(uscc), ids[row], kind)
            for row, uscc in enumerate(firms.ids)
            for kind in TRAINED_KINDS
        ]
        known = Known(_Relations(made), home.readers.demands)
        corpus = training_corpus(patents, firms, known, lambda group: ())
    scope_of = {tuple(scope): number for number, scope in enumerate(corpus.scopes)}
    assert len(corpus.held) == sum(3 for uscc in firms.ids if not kept_for_policy(uscc))
    taught = {patent for _, patent in corpus.held}
    expected = {row for row, uscc in enumerate(firms.ids) if not kept_for_policy(uscc)}
    assert taught == expected
    for scope, patent in corpus.held:
        assert tuple(corpus.scopes[scope]) == tuple(firms.texts[patent].split("；"))
    assert len(scope_of) > 100  # kept firms' own words still teach


def _columns(home: object) -> tuple[PatentRows, FirmRows]:
    raise NotImplementedError


class _Relations:
    """Relations as planted."""

    def __init__(self, relations: list[Relation]) -> None:
        self._relations = relations

    def iterate(self, kind: object) -> list[Relation]:
        return [relation for relation in self._relations if relation.kind is kind]
