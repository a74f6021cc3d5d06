"""Faults of a service under load: nothing acknowledged is lost, refusals are clear, it comes back.

A process of its own is asked over loopback; each test shows that its fault really happened.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx2
import psycopg
import pytest

from service.bootstrap import open_home
from service.config import Settings
from tests.contracts.store_fixtures import PostgresServer
from tests.faults.serving import serving
from tests.faults.steady_platform import Platform, wait_until

READY_WITHIN = 60.0  # seconds after which a service must answer again, start and index included


def stored(home: Path, url: str = "") -> tuple[Counter[str], set[str]]:
    """How often each event stands in the store, and which lists do."""
    with open_home(Settings(home=home, database_url=url)) as opened:
        events = Counter(event.event_id for event in opened.store.feedback.iterate())
        lists = {event.list_id for event in opened.store.feedback.iterate()}
    return events, {str(name) for name in lists}


def check_kept(platform: Platform, home: Path, url: str = "") -> None:
    events, _ = stored(home, url)
    lost = [name for name in platform.acknowledged if name not in events]
    assert not lost
    assert max(events.values()) == 1
    # A request that was cut off may or may not have been done, once at most.
    assert len(events) <= len(platform.acknowledged) + platform.hung_up + len(platform.refused)


def check_refusals(platform: Platform) -> None:
    """What was refused was refused clearly, and as something that passes."""
    assert set(platform.statuses) <= {200, 503}, platform.statuses
    for answer in platform.refused:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["retry-after"]
        assert answer.json()["detail_zh"]


def test_killed_under_load_nothing_acknowledged_is_lost(own_home: Path, tmp_path: Path) -> None:
    log = tmp_path / "service.log"
    platform = Platform("http://127.0.0.1:1")
    with platform.at_work():
        for _ in range(3):
            with serving(own_home, log, rate_limit="0") as served:
                platform.url = served.url
                assert platform.wait_for(15, READY_WITHIN) < READY_WITHIN
                served.kill()
    assert platform.hung_up
    check_refusals(platform)
    check_kept(platform, own_home)


def test_a_killed_worker_is_replaced_and_the_others_go_on(own_home: Path, tmp_path: Path) -> None:
    platform = Platform("")
    with serving(own_home, tmp_path / "log", "--workers", "2", rate_limit="0") as served:
        platform.url = served.url
        with platform.at_work():
            platform.wait_for(10)
            before = workers_of(served.process.pid)
            assert len(before) == 2
            os.kill(before[0], signal.SIGKILL)
            platform.wait_for(10)
            after = wait_until(
                lambda: len(set(workers_of(served.process.pid)) - {before[0]}) == 2, READY_WITHIN
            )
            platform.wait_for(10)
        assert after < READY_WITHIN
    check_refusals(platform)
    check_kept(platform, own_home)


def workers_of(parent: int) -> list[int]:
    """The processes that a server started to answer, its resource tracker left out."""
    told = subprocess.run(
        ["ps", "-ww", "-o", "pid=,stat=,args=", "--ppid", str(parent)],
        capture_output=True,
        text=True,
    ).stdout
    rows = [line.split(None, 2) for line in told.splitlines()]
    return [int(pid) for pid, state, args in rows if "spawn_main" in args and state[0] != "Z"]


def test_postgresql_killed_under_load_is_a_clear_503_until_it_is_back(
    own_server: PostgresServer, own_home: Path, tmp_path: Path
) -> None:
    with psycopg.connect(own_server.address(), autocommit=True) as admin:
        admin.execute("CREATE DATABASE panhuo")
    url = own_server.address("panhuo")
    command = ["store", "copy", "--home", str(own_home), "--to", url, "--quiet"]
    subprocess.run([*(sys.executable, "-m", "service"), *command], check=True, capture_output=True)
    platform = Platform("")
    with serving(own_home, tmp_path / "log", rate_limit="0", database_url=url) as served:
        platform.url = served.url
        with platform.at_work():
            platform.wait_for(10)
            for _ in range(2):
                kill_server(own_server)
                wait_until(lambda n=platform.statuses[503]: platform.statuses[503] > n)
                with httpx2.Client(base_url=served.url, timeout=20) as client:
                    assert client.get("/readyz").status_code == 503
                    assert client.get("/healthz").status_code == 200
                own_server.start()
                assert platform.wait_for(10, 30) < 30
        assert served.process.poll() is None
    check_refusals(platform)
    check_kept(platform, own_home, url)


def kill_server(server: PostgresServer) -> None:
    """Kill all of it at once, as a lack of memory or power does."""
    pid = int((server.folder / "data" / "postmaster.pid").read_text().splitlines()[0])
    children = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True
    ).stdout.split()
    all_of_it = (pid, *map(int, children))
    for one in all_of_it:
        with suppress(ProcessLookupError):
            os.kill(one, signal.SIGKILL)
    wait_until(lambda: not any(map(is_running, all_of_it)), 10)
    if Path(f"/proc/{pid}").exists():
        # A container without an init keeps the dead process's number, and PostgreSQL would wait
        # for it to go.
        for lock in (server.folder / "data" / "postmaster.pid", *server.folder.glob(".s.*.lock")):
            lock.unlink()


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text("utf-8").rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 48 MiB."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=48m", "panhuo-test", str(place)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("cannot mount a small file system here")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_full_disk_refuses_writes_and_is_forgotten_when_there_is_room(
    small_disk: Path, own_home: Path, tmp_path: Path
) -> None:
    home = Path(shutil.copytree(own_home, small_disk / "home"))
    platform = Platform("")
    with serving(home, tmp_path / "log", rate_limit="0") as served:
        platform.url = served.url
        with platform.at_work(2):
            platform.wait_for(10)
            filler = fill(small_disk)
            wait_until(lambda: sum(n for code, n in platform.statuses.items() if code >= 500) > 5)
            sure = len(platform.acknowledged)
            filler.unlink()
            platform.wait_for(10)
        assert served.process.poll() is None
    assert len(platform.acknowledged) > sure
    check_refusals(platform)
    check_kept(platform, home)


def fill(disk: Path) -> Path:
    """Write until nothing more fits."""
    filler = disk / f"filler-{uuid.uuid4().hex}"
    with filler.open("wb", buffering=0) as out:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while True:
                    out.write(b"\0" * size)
            except OSError:
                continue
    return filler
