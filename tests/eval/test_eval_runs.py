"""Runs: ranks survive the file, and survive tools that sort again."""

from __future__ import annotations

from pathlib import Path

import ir_measures
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval.runs import Run, read_run, run_paths, write_run
from matcher.errors import BadFile, InputError

IDS = st.text(st.characters(exclude_categories=["Cs", "Z", "C"]), min_size=1, max_size=8).filter(
    lambda text: text.split() == [text]
)
SCORES = st.floats(-9e37, 9e37)
ANSWERS = st.dictionaries(IDS, SCORES, max_size=12).map(
    lambda found: sorted(found.items(), key=lambda entry: -entry[1])
)


@settings(deadline=None)  # it writes files, on a machine that others use
@given(st.dictionaries(IDS, ANSWERS, min_size=1, max_size=4))
def test_round_trip(
    tmp_path_factory: pytest.TempPathFactory, ranked: dict[str, list[tuple[str, float]]]
) -> None:
    run = Run.of("demo", ranked)
    for query, documents in ranked.items():
        answer = run.answers.get(query, ())
        assert [document for document, _ in answer] == [document for document, _ in documents]
        scores = np.array([score for _, score in answer], dtype=np.float32)
        assert (scores[1:] < scores[:-1]).all()
    path = tmp_path_factory.mktemp("run") / "demo.run"
    if run.answers:
        write_run(path, run)
        assert read_run(path) == run
    assert sorted(path.parent.iterdir()) == ([path] if run.answers else [])


def test_the_file_is_what_trec_reads(tmp_path: Path) -> None:
    write_run(tmp_path / "a.run", Run.of("bm25", {"F1": [("P2", 2.5), ("P1", -1.0)], "F2": []}))
    assert (tmp_path / "a.run").read_text() == "F1 Q0 P2 1 2.5 bm25\nF1 Q0 P1 2 -1 bm25\n"


def test_equal_scores_keep_their_ranks_under_ir_measures(tmp_path: Path) -> None:
    # trec_eval breaks ties by id, descending, and 1 + 1e-9 is 1 in float32: P9 would be first.
    qrels = {"F1": {"P1": 1}}
    naive = {"F1": {"P1": 1.0 + 1e-9, "P5": 1.0, "P9": 1.0}}
    assert ir_measures.calc_aggregate([ir_measures.RR], qrels, naive) == {ir_measures.RR: 1 / 3}
    run = Run.of("demo", {"F1": [("P1", 1.0), ("P5", 1.0), ("P9", 1.0)]})
    write_run(tmp_path / "demo.run", run)
    read = ir_measures.read_trec_run(str(tmp_path / "demo.run"))
    assert ir_measures.calc_aggregate([ir_measures.RR], qrels, read) == {ir_measures.RR: 1.0}


def test_a_foreign_run_is_ordered_as_trec_eval_orders_it(tmp_path: Path) -> None:
    path = tmp_path / "foreign.run"
    path.write_text("F1 Q0 P1 1 1.0 x\nF1 Q0 P3 2 1.000000001 x\nF1 Q0 P2 9 5e0 x\n")
    assert [document for document, _ in read_run(path).answers["F1"]] == ["P2", "P3", "P1"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("F1 Q0 P1 1 0.5\n", "5 columns in line 1"),
        ("F1 Q0 P1 1 nan x\n", "score 'nan' in line 1"),
        ("F1 Q0 P1 1 1e39 x\n", "score '1e39' in line 1"),
        ("F1 Q0 P1 1 2 x\nF1 Q0 P1 2 1 x\n", "P1 again for F1 in line 2"),
        ("F1 Q0 P1 1 2 x\nF1 Q0 P2 2 1 y\n", "run name 'y' in line 2"),
        ("", "no line"),
    ],
)
def test_bad_runs_name_the_line(tmp_path: Path, text: str, found: str) -> None:
    path = tmp_path / "bad.run"
    path.write_text(text)
    with pytest.raises(BadFile) as caught:
        read_run(path)
    assert caught.value.found == f"{path}: found {found}"


@pytest.mark.parametrize(
    ("name", "documents"),
    [
        ("two words", [("P1", 1.0)]),
        ("", [("P1", 1.0)]),
        ("x", [("P 1", 1.0)]),
        ("x", [("P1", 1.0), ("P1", 0.5)]),
        ("x", [("P1", float("nan"))]),
        ("x", [("P1", float("inf"))]),
    ],
)
def test_runs_that_no_file_can_hold_are_refused(
    name: str, documents: list[tuple[str, float]]
) -> None:
    with pytest.raises(InputError):
        Run.of(name, {"F1": documents})


def test_an_unwritable_place_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not writable"):
        write_run(tmp_path / "absent" / "a.run", Run.of("x", {"F1": [("P1", 1.0)]}))


def test_several_systems_get_a_file_each() -> None:
    assert run_paths(Path("d/a.b.run"), ["lsa"]) == {"lsa": Path("d/a.b.run")}
    assert run_paths(Path("d/a"), ["lsa", "bm25"]) == {
        "lsa": Path("d/a.lsa"),
        "bm25": Path("d/a.bm25"),
    }
