"""Memory is counted before anything is loaded."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from service.cli import panhuo
from service.running.budget import Budget, MemoryTooSmall, budget_of, memory

GIB = 1 << 30


def test_what_is_shared_counts_once_and_the_rest_for_each() -> None:
    one, four = (Budget(workers, 8 * GIB, 0, 0) for workers in (1, 4))
    assert four.expected - one.expected == 3 * one.worker
    assert one.expected == 8 * GIB + one.worker


def test_it_counts_the_files_of_the_index_that_serves(lsa_home: Path) -> None:
    found = budget_of(lsa_home / "index", 2)
    folder = next((lsa_home / "index" / "versions").iterdir())
    sizes = {path: path.stat().st_size for path in folder.rglob("*") if path.is_file()}
    assert found.mapped + found.read == sum(sizes.values())
    assert found.mapped == sum(size for path, size in sizes.items() if path.suffix == ".npy")
    assert 0 < found.machine == memory()


def test_clearly_too_little_is_refused_and_just_about_enough_is_not() -> None:
    fits = Budget(2, GIB, 0, 2 * GIB)
    fits.check()
    with pytest.raises(MemoryTooSmall, match="--force-memory"):
        Budget(2, 100 * GIB, 0, 2 * GIB).check()
    Budget(2, 100 * GIB, 0, 0).check()


def test_a_home_without_an_index_needs_the_libraries_alone(tmp_path: Path) -> None:
    assert budget_of(tmp_path / "index", 1).mapped == 0


def test_serve_refuses_before_it_loads_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from service.commands import serve

    small = Budget(2, 100 * GIB, 0, GIB)
    monkeypatch.setattr(serve, "budget_of", lambda *_: small)
    asked = CliRunner().invoke(panhuo, ["serve", "--home", str(tmp_path / "home")])
    assert isinstance(asked.exception, MemoryTooSmall)
    assert not (tmp_path / "home" / "panhuo.db").exists()
