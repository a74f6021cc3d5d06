"""The torch sieve against the exact one: the same rows after scoring again."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from matcher.errors import UnavailableError
from matcher.query import FirmQuery
from matcher.sieve.sieve import Sieve
from service.bootstrap import Home, open_home
from service.cli import run
from service.config import Settings
from service.push.torch_sieve import TorchSieve


@pytest.fixture(scope="module")
def home(static_home: Path) -> Iterator[Home]:
    with open_home(Settings(home=static_home)) as opened:
        yield opened


@pytest.fixture(scope="module")
def exact(home: Home) -> Sieve:
    engine = home.engine()
    side = engine.index.patents
    allowed = np.arange(len(side)) % 7 != 0
    sieve = Sieve.of(side, engine.policy, engine.index.table.among(side, allowed))
    return replace(sieve, always=10**9)


@pytest.fixture(scope="module")
def queries(home: Home) -> list[FirmQuery]:
    found = home.engine().queries(home.readers.profiles(list(home.store.firms.iterate())))
    return [query for query in found if query.segments and query.asked_rows().any()]


def cuda_is_here() -> bool:
    import torch

    return torch.cuda.is_available()


@pytest.fixture(scope="module", params=["cpu-bf16", "cuda"])
def quick(request: pytest.FixtureRequest, exact: Sieve) -> TorchSieve:
    if request.param == "cuda" and not cuda_is_here():
        pytest.skip("no GPU at hand")
    return TorchSieve(exact, request.param)


def test_after_scoring_again_it_chooses_as_the_exact_sieve(
    exact: Sieve, quick: TorchSieve, queries: list[FirmQuery]
) -> None:
    n = len(exact.side)
    # A bar is some firm's own score: a hair below it, or rounding decides.
    bars = exact.thresholds([queries], 3) - np.float32(1e-3)
    for depth, least in ((20, np.full(n, np.inf, dtype=np.float32)), (5, bars)):
        wanted = exact.search(queries, depth, least)
        found = quick.search(queries, depth, least)
        same = [np.array_equal(a, b) for (a, _), (b, _) in zip(wanted, found, strict=True)]
        near = [np.array_equal(a, b) for (_, a), (_, b) in zip(wanted, found, strict=True)]
        # float32 sums in another order may part ties at the end of a list.
        assert np.mean(same) >= 0.98
        assert np.mean(near) >= 0.98
    assert quick.search([], 5, bars) == []


def test_bars_are_near_those_of_the_exact_sieve(
    exact: Sieve, quick: TorchSieve, queries: list[FirmQuery]
) -> None:
    for place in (1, 4):
        wanted = exact.thresholds([queries[:100], queries[100:]], place)
        found = quick.thresholds([queries[:60], queries[60:]], place)
        assert np.array_equal(np.isposinf(found), np.isposinf(wanted))
        finite = np.isfinite(wanted)
        assert found[finite] == pytest.approx(wanted[finite], abs=0.05)


def test_a_gpu_that_is_not_there_is_told(exact: Sieve) -> None:
    if cuda_is_here():
        pytest.skip("a GPU is at hand")
    with pytest.raises(UnavailableError, match="found no GPU"):
        TorchSieve(exact, "cuda")


def test_a_round_over_every_pair_in_bf16_is_the_same_round(
    lsa_home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = Path(shutil.copytree(lsa_home, tmp_path / "home"))
    rounds = []
    for device in ("cpu", "cpu-bf16"):
        asked = ["push", "plan", "--device", device, "--processes", "1", "--per-firm", "4"]
        assert run([*asked, "--home", str(folder), "--json"]) == 0, capsys.readouterr().err
        name = json.loads(capsys.readouterr().out)["round"]
        rounds.append(pq.read_table(folder / "push" / name / "items.parquet").to_pylist())
        # The next one begins from nothing again.
        (folder / "push" / name / "prices.npz").unlink()
    first, second = ({(r["uscc"], r["patent_id"]) for r in rows} for rows in rounds)
    assert len(first & second) >= 0.99 * len(first)
    assert run(["push", "plan", "--device", "cuda", "--home", str(folder)]) == (
        0 if cuda_is_here() else 1
    )
