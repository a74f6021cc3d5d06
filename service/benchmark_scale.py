"""Times a national push from raw files to a published round, each stage in its own process."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from eval.plain_push import plain_push
from matcher.errors import MatcherError
from matcher.patent_text import document_text
from service.benchmark import environment, machine
from service.bootstrap import open_home
from service.config import Settings

_PLAIN_PATENTS, _PLAIN_FIRMS = 5_000, 200


def measure_scale(
    patents: int, firms: int, source: Path | None, processes: int, plain: bool
) -> dict[str, Any]:
    """Return seconds, memory and certificate of a push over a synthetic catalogue.

    Args:
        patents: how many.
        firms: how many.
        source: folder to sample from, ``None`` for the packaged sample.
        processes: of the candidates.
        plain: also time the plain way on a sample of the same catalogue.

    Raises:
        MatcherError: a stage failed.
    """
    folder = Path(tempfile.mkdtemp(prefix="panhuo-scale-"))
    try:
        catalogue, home = folder / "catalogue", folder / "home"
        order = ["synth", "--patents", str(patents), "--firms", str(firms)]
        order += ["--out", str(catalogue), *(["--from", str(source)] if source else [])]
        _run(order)
        with _watched() as peak:
            begun = time.perf_counter()
            _run(["import", "patents", str(catalogue / "patents.parquet")], home)
            _run(["import", "firms", str(catalogue / "firms.parquet")], home)
            imported = time.perf_counter() - begun
            built = _run(["build"], home)
            pushed = _run(["push", "plan", "--processes", str(processes)], home)
            total = time.perf_counter() - begun
        figures = _figures(imported, built, pushed, total, peak())
        if plain:
            figures["plain"] = _plain(home, patents, firms)
            figures["times_faster"] = round(figures["plain"]["estimated_s"] / total, 2)
        asked = f"panhuo bench scale --patents {patents} --firms {firms}"
        return {
            "machine": machine(),
            "date": datetime.now(UTC).date().isoformat(),
            "command": f"{asked} --processes {processes}",
            "patents": patents,
            "firms": firms,
            **figures,
        }
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _figures(
    imported: float, built: dict[str, Any], pushed: dict[str, Any], total: float, peak: float
) -> dict[str, Any]:
    proof, took, spent = pushed["certificate"], pushed["seconds"], pushed["process_seconds"]
    build = built["seconds"]
    whole = max(sum(spent.values()), 1e-9)
    score = took["candidates"] * spent["score"] / whole
    return {
        "stages": {
            "import": round(imported, 2),
            "tokenise": round(build["read"] + build["cut"], 2),
            "train": round(build["train"], 2),
            "encode": round(build["encode"], 2),
            "index": round(sum(build[s] for s in ("route", "index", "audit", "publish")), 2),
            "candidates": round(took["prepare"] + took["candidates"] - score, 2),
            "score": round(score, 2),
            "balance": round(took["gather"] + took["balance"], 2),
            "write": round(took["write"], 2),
        },
        "total_s": round(total, 2),
        "peak_rss_gb": round(peak, 3),
        "gap": proof["gap"],
        "cost_of_balance": proof["cost_of_balance"],
        "coverage": proof["balanced"]["coverage"],
        "max_load": proof["balanced"]["largest_load"],
        "load_limit": proof["load_limit"],
        "gini": proof["balanced"]["gini"],
        "certificate": {k: v for k, v in proof.items() if k != "segments"},
    }


def _run(arguments: list[str], home: Path | None = None) -> dict[str, Any]:
    """Run one command with --json and return what it printed."""
    command = [sys.executable, "-m", "service", *arguments, "--json"]
    command += ["--home", str(home), "--quiet"] if home else []
    done = subprocess.run(command, capture_output=True, env=environment(), check=False)
    if done.returncode:
        words = done.stderr.decode(errors="replace").strip().splitlines()
        raise MatcherError(
            f"'panhuo {' '.join(arguments[:2])}' failed: {words[-1] if words else 'no message'}"
        )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@contextmanager
def _watched() -> Iterator[Any]:
    """Yield a function that tells the most memory, in GB, that all children held together.

    Proportional shares are summed, so that what processes map together counts once.
    """
    most, ended = [0.0], threading.Event()

    def watch() -> None:
        while not ended.wait(0.5):
            most[0] = max(most[0], _held(_children()))

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield lambda: most[0]
    finally:
        ended.set()
        thread.join()


def _children() -> list[Path]:
    """Return the folders under /proc of this process' descendants."""
    parents: dict[str, list[str]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents.setdefault(fields[1], []).append(stat.parent.name)
    found, left = [], [str(os.getpid())]
    while left:
        for child in parents.get(left.pop(), []):
            found.append(Path("/proc") / child)
            left.append(child)
    return found


def _held(processes: list[Path]) -> float:
    total = 0
    for process in processes:
        try:
            lines = (process / "smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1e6


def _plain(home: Path, patents: int, firms: int) -> dict[str, Any]:
    with open_home(Settings(home=home, database_url="")) as opened:
        texts = [document_text(p) for p in islice(opened.store.patents.iterate(), _PLAIN_PATENTS)]
        scopes = [f.business_scope for f in islice(opened.store.firms.iterate(), _PLAIN_FIRMS)]
    return asdict(plain_push(texts, scopes, (patents, firms)))
