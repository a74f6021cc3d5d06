"""``panhuo bench scale`` over a small synthetic catalogue, and the chart of what it printed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from service.cli import run

STAGES = {
    "import", "tokenise", "train", "encode", "index", "candidates", "score", "balance", "write",
}  # fmt: skip


def test_a_push_is_timed_from_raw_files_to_a_published_round(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["bench", "scale", "--patents", "1000", "--firms", "100", "--processes", "1", "--plain"]
    assert run([*asked, "--json"]) == 0, capsys.readouterr().err
    found = json.loads(capsys.readouterr().out)
    assert set(found["stages"]) == STAGES
    assert all(seconds >= 0 for seconds in found["stages"].values())
    assert 0.5 * found["total_s"] < sum(found["stages"].values()) <= found["total_s"]
    assert 0.1 < found["peak_rss_gb"] < 8
    # A thousand patents want every place that a hundred firms have: the bound is loose there.
    assert 0 <= found["gap"] < 0.1
    assert 0 < found["coverage"] <= 1
    assert found["max_load"] <= found["load_limit"]
    assert (found["patents"], found["firms"]) == (1_000, 100)
    assert found["certificate"]["firms"] == 100
    assert found["plain"]["estimated_s"] > 0

    first = tmp_path / "first.json"
    first.write_text(json.dumps(found), "utf-8")
    other = tmp_path / "other.json"
    other.write_text(json.dumps({**found, "patents": 2_000}), "utf-8")
    chart = tmp_path / "growth.svg"
    assert run(["bench", "growth", str(first), str(other), "--out", str(chart)]) == 0
    assert chart.read_text("utf-8").startswith("<svg")
    capsys.readouterr()
    assert run(["bench", "growth", str(first), str(chart)]) == 1
    assert "growth.svg" in capsys.readouterr().err
