"""A real service that is told to stop: what is under way is answered, jobs go on after a start."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from service.bootstrap import open_home
from service.config import Settings
from tests.service.jobs.firm_files import firm_file

FIRM = "91330108PH9YJRY21R"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(home: Path, *options: str, **more: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    port = free_port()
    variables = os.environ | {"PANHUO_HOME": str(home), "OMP_NUM_THREADS": "1", **more}
    command = [sys.executable, "-m", "service", "serve", "--port", str(port), *options]
    process = subprocess.Popen(
        command, env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    try:
        address = f"http://127.0.0.1:{port}"
        wait_for(lambda: process.poll() is not None or ask(address + "/readyz")[0] == 200)
        assert process.poll() is None
        yield address, process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def ask(url: str, body: Any = None) -> tuple[int, str]:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"content-type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except urllib.error.URLError as error:
        return (0 if isinstance(error.reason, ConnectionRefusedError) else -1), str(error)
    except OSError as error:
        return -1, str(error)


def wait_for(done: Any, seconds: float = 60) -> None:
    give_up = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < give_up
        time.sleep(0.1)


@pytest.fixture
def home(lsa_home: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(lsa_home, tmp_path / "home"))


@pytest.mark.parametrize("workers", ["1", "2"])
def test_requests_under_way_are_answered_when_it_is_told_to_stop(home: Path, workers: str) -> None:
    """0 of 24 fail. A connection that no worker had taken yet is no request under way."""
    with serving(home, "--workers", workers) as (address, process):
        host = address.removeprefix("http://")
        opened = [http.client.HTTPConnection(host, timeout=30) for _ in range(24)]
        for connection in opened:
            connection.request("GET", f"/v1/firms/{FIRM}")
            assert connection.getresponse().read()
        body = json.dumps({"uscc": FIRM, "n": 20})
        for connection in opened:
            connection.request(
                "POST", "/v1/recommendations", body, {"content-type": "application/json"}
            )
        time.sleep(0.03)
        process.send_signal(signal.SIGTERM)
        answers = [connection.getresponse() for connection in opened]
        assert [answer.status for answer in answers] == [200] * 24
        assert all(len(json.loads(answer.read())["items"]) > 0 for answer in answers)
        for one in (*answers, *opened):
            one.close()
        assert process.wait(30) in {0, -signal.SIGTERM}
        assert ask(f"{address}/healthz")[0] == 0


def test_workers_add_their_figures_up_and_share_the_index(home: Path) -> None:
    with serving(home, "--workers", "2") as (address, process):
        for _ in range(40):
            assert ask(f"{address}/v1/firms/{FIRM}")[0] == 200
        text = ask(f"{address}/metrics")[1]
        name = 'panhuo_request_seconds_count{method="GET",route="/v1/firms/{uscc}",status="2xx"}'
        assert f"{name} 40.0" in text
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        mapped = [
            child for child in children if ".npy" in Path(f"/proc/{child}/maps").read_text("utf-8")
        ]
        assert len(mapped) == 2
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def test_it_tells_its_memory_and_writes_json_lines(home: Path) -> None:
    with serving(home, PANHUO_LOG_FORMAT="json") as (address, process):
        assert ask(f"{address}/v1/firms/{FIRM}?fields=name")[0] == 200
        process.send_signal(signal.SIGTERM)
        said = process.communicate(timeout=30)[1].splitlines()
    assert any(line.startswith("panhuo: memory: 1 workers") for line in said)
    lines = [json.loads(line) for line in said if line.startswith("{")]
    (line,) = [one for one in lines if one.get("route") == "/v1/firms/{uscc}"]
    assert (line["status"], line["method"], line["logger"]) == (200, "GET", "panhuo.access")
    assert len(line["request_id"]) >= 8
    assert FIRM not in json.dumps(lines)


def test_an_import_that_runs_goes_on_after_the_next_start(home: Path, tmp_path: Path) -> None:
    rows = firm_file(20_000)
    body = (
        b'--b\r\ncontent-disposition: form-data; name="what"\r\n\r\nfirms\r\n--b\r\n'
        b'content-disposition: form-data; name="file"; filename="f.csv"\r\n\r\n'
        + rows
        + b"\r\n--b--\r\n"
    )
    with serving(home) as (address, process):
        before = json.loads(ask(f"{address}/readyz")[1])["firms"]
        request = urllib.request.Request(
            f"{address}/v1/imports", body, {"content-type": "multipart/form-data; boundary=b"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            job = json.load(answer)["job_id"]
        wait_for(lambda: '"running"' in ask(f"{address}/v1/imports/{job}")[1])
        process.send_signal(signal.SIGTERM)
        assert process.wait(45) in {0, -signal.SIGTERM}
    with open_home(Settings(home=home)) as opened:
        found = opened.store.import_jobs.get(job)
        assert found is not None
        assert found.state.value in {"queued", "done"}
    with serving(home) as (address, process):
        wait_for(lambda: '"done"' in ask(f"{address}/v1/imports/{job}")[1], 120)
        wait_for(lambda: json.loads(ask(f"{address}/readyz")[1])["firms"] == before + 20_000)
        process.send_signal(signal.SIGTERM)
        process.wait(30)
