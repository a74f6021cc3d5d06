"""Times the real commands and the real service, each in its own process, over loopback."""

from __future__ import annotations

import http.client
import json
import os
import platform
import random
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from matcher.errors import BadFile, MatcherError, UnavailableError
from service.bootstrap import open_home
from service.config import Settings
from service.data_folder import read_folder

_MARK = "bench-home"
_WARM_UP = 20
_START_SECONDS = 120
_SAMPLED = 5_000


def measure_road(settings: Settings, data: Path, requests: int) -> dict[str, Any]:
    """Return figures of import, build and requests on a fresh home at ``settings.home``.

    The home is deleted first and holds SQLite, whatever PANHUO_DATABASE_URL says; a home that is
    not a benchmark's is refused.

    Raises:
        BadFile: ``data`` lacks patents or firms.
        MatcherError: a stage failed.
    """
    files = read_folder(data)
    home = settings.home
    if home.exists() and any(home.iterdir()) and not (home / _MARK).exists():
        raise BadFile(
            str(home),
            "found a home that is not a benchmark's",
            "a new folder",
            "name another --home",
        )
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    (home / _MARK).touch()
    stages: dict[str, dict[str, float]] = {}
    stages["import patents"] = stage(home, "import", "patents", *map(str, files.patents))
    stages["import firms"] = stage(home, "import", "firms", *map(str, files.firms))
    for path, kind in files.relations:
        extra = ("--kind", kind.value) if kind else ()
        stages[f"import {path.name}"] = stage(home, "import", "relations", str(path), *extra)
    stages["build"] = stage(home, "build")
    return {
        "machine": machine(),
        "date": datetime.now(UTC).date().isoformat(),
        "command": f"panhuo bench road --data {data.name} --requests {requests}",
        "stages": stages,
        "requests": _requests(settings, requests),
    }


def environment() -> dict[str, str]:
    """Return the environment of a stage: never an operator's own database."""
    return {**os.environ, "PANHUO_DATABASE_URL": ""}


def machine() -> str:
    """Return processor, cores and memory in a few words."""
    name = platform.machine()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        models = [line for line in info.read_text().splitlines() if line.startswith("model name")]
        name = models[0].split(":", 1)[1].strip() if models else name
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return f"{name}, {os.cpu_count()} cores, {memory:.0f} GB"


def stage(home: Path, *arguments: str) -> dict[str, float]:
    """Run one command and return its wall seconds and peak resident memory."""
    command = [sys.executable, "-m", "service", *arguments, "--home", str(home), "--quiet"]
    start = time.perf_counter()
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment()
    )
    with process:
        errors = process.stderr.read() if process.stderr else b""
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        words = errors.decode(errors="replace").strip().splitlines()
        raise MatcherError(
            f"'panhuo {arguments[0]}' failed: {words[-1] if words else 'no message'}"
        )
    return {
        "seconds": round(time.perf_counter() - start, 2),
        "peak_rss_gb": round(_kilobytes(usage) / 1e6, 3),
    }


def _kilobytes(usage: resource.struct_rusage) -> float:
    return usage.ru_maxrss if sys.platform != "darwin" else usage.ru_maxrss / 1024


def _requests(settings: Settings, count: int) -> dict[str, dict[str, float]]:
    with open_home(settings) as home:
        firms = [
            firm.uscc for _, firm in zip(range(_SAMPLED), home.store.firms.iterate(), strict=False)
        ]
        scopes = {f.uscc: f.business_scope for f in home.store.firms.many(firms).values()}
    chosen = random.Random(0).choices(firms, k=count)
    texts = [
        {"text": scopes[uscc][:400] or "机械", "region": "浙江杭州", "n": 20} for uscc in chosen
    ]
    with _service(settings) as connection:
        by_firm = [("GET", f"/v1/firms/{uscc}/recommendations?n=20", None) for uscc in chosen]
        by_text = [("POST", "/v1/recommendations", json.dumps(text)) for text in texts]
        return {
            "recommend, stored firm": _spread(_times(connection, by_firm)),
            "recommend, free text": _spread(_times(connection, by_text)),
        }


def _times(
    connection: http.client.HTTPConnection, requests: Sequence[tuple[str, str, str | None]]
) -> list[float]:
    seconds: list[float] = []
    for method, path, body in (*requests[:_WARM_UP], *requests):
        start = time.perf_counter()
        headers = {"Content-Type": "application/json"} if body else {}
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        answer = response.read()
        if response.status != 200:
            raise MatcherError(f"{method} {path} answered {response.status}: {answer[:200]!r}")
        seconds.append(time.perf_counter() - start)
    return seconds[min(_WARM_UP, len(requests)) :]


def _spread(seconds: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(seconds, n=100)
    return {
        "n": len(seconds),
        "median_ms": round(1000 * statistics.median(seconds), 2),
        "p95_ms": round(1000 * cuts[94], 2),
        "p99_ms": round(1000 * cuts[98], 2),
    }


@contextmanager
def _service(settings: Settings) -> Iterator[http.client.HTTPConnection]:
    """Start ``panhuo serve`` on a free port, yield a connection, stop it."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "service", "serve", "--port", str(port)]
    process = subprocess.Popen(
        [*command, "--home", str(settings.home)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment(),
    )
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        _wait_ready(connection, process)
        yield connection
        connection.close()
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait_ready(connection: http.client.HTTPConnection, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            connection.request("GET", "/readyz")
            response = connection.getresponse()
            response.read()
            if response.status == 200:
                return
        except OSError:
            connection.close()
        time.sleep(0.2)
    raise UnavailableError(
        "found no answer from the service", "/readyz to answer 200", "try 'panhuo serve'"
    )
