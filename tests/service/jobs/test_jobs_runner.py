"""Import jobs survive what kills workers, and end once."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from service.bootstrap import Home, open_home
from service.config import Settings
from service.jobs.ask import ImportAsk
from service.jobs.child import Ended
from service.jobs.desk import ImportDesk, ImportHall
from service.jobs.folder import JobRoot
from service.jobs.locks import held
from service.jobs.runner import Runner
from service.jobs.verdict import died
from service.store.import_jobs import ENDED, ImportJob, JobEnd, JobState
from tests.service.jobs.firm_files import firm_file

ASK = ImportAsk("firms")
SERVICE = """
import sys, time
from pathlib import Path
from service.bootstrap import open_home
from service.config import Settings
from service.jobs.folder import JobRoot
from service.jobs.runner import Runner
with open_home(Settings(home=Path(sys.argv[1]), encoder="lsa", threads=1)) as home:
    Runner(JobRoot(home.settings.home), home.store.import_jobs, home.settings).start()
    time.sleep(600)
"""


@dataclass
class Place:
    """One home with a desk, and runners on demand."""

    home: Home
    root: JobRoot
    desk: ImportDesk

    def hand_in(self, content: bytes, name: str = "企业.csv", ask: ImportAsk = ASK) -> str:
        with self.desk.arriving() as upload:
            upload.path.write_bytes(content)
            return upload.accept(ask, name)

    def runner(self) -> Runner:
        return Runner(self.root, self.home.store.import_jobs, self.home.settings)

    @contextmanager
    def running(self) -> Iterator[Runner]:
        runner = self.runner()
        runner.start()
        try:
            yield runner
        finally:
            runner.stop()

    def ended(self, job_id: str, seconds: float = 90) -> ImportJob:
        until(lambda: self.desk.get(job_id).job.state in ENDED, seconds)
        return self.desk.get(job_id).job

    def at_work(self, job_id: str) -> None:
        until(lambda: self.desk.get(job_id).rows > 0)

    def firms(self) -> int:
        return self.home.store.firms.count()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    settings = Settings(home=tmp_path / "home", database_url="", encoder="lsa", threads=1)
    with open_home(settings) as home:
        root = JobRoot(settings.home)
        most = settings.upload_bytes
        hall = ImportHall(root, home.store.import_jobs, lambda: None, most)
        desk = ImportDesk(hall, "")
        yield Place(home, root, desk)


def until(condition: Callable[[], object], seconds: float = 60) -> None:
    give_up = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.02)


def children(job_id: str) -> list[int]:
    """Return the processes that work on the job, whoever started them."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                line = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if job_id.encode() in line and b"import" in line:
                found.append(int(entry.name))
    return found


def kill(job_id: str) -> None:
    until(lambda: children(job_id))
    for process in children(job_id):
        os.kill(process, signal.SIGKILL)


def test_a_killed_worker_is_tried_again(place: Place) -> None:
    job_id = place.hand_in(firm_file(40_000))
    with place.running():
        place.at_work(job_id)
        kill(job_id)
        job = place.ended(job_id)
    assert (job.state, job.attempts) == (JobState.DONE, 2)
    assert place.firms() == 40_000
    assert len(place.home.store.imports.latest()) == 1


def test_a_job_that_kills_its_worker_three_times_is_given_up(place: Place) -> None:
    job_id = place.hand_in(firm_file(5_000))
    after = place.hand_in(firm_file(1))
    with place.running():
        for attempt in (1, 2, 3):
            until(lambda n=attempt: place.desk.get(job_id).job.attempts == n)
            kill(job_id)
        job, next_job = place.ended(job_id), place.ended(after)
    assert (job.state, job.attempts) == (JobState.FAILED, 3)
    told = json.loads(job.failure)
    assert told["found"] == (
        "the process that imports the file died 3 times, at last killed by SIGKILL"
    )
    assert told["cure"]
    assert next_job.state is JobState.DONE
    assert place.firms() == 1


def test_a_service_that_dies_leaves_its_job_to_the_next(place: Place) -> None:
    job_id = place.hand_in(firm_file(60_000))
    folder = str(place.home.settings.home)
    with subprocess.Popen([sys.executable, "-c", SERVICE, folder]) as service:
        try:
            place.at_work(job_id)
        finally:
            service.kill()
    assert place.desk.get(job_id).job.state is JobState.RUNNING
    with place.running():
        job = place.ended(job_id)
    assert (job.state, job.attempts) == (JobState.DONE, 2)
    assert place.firms() == 60_000


def test_a_job_is_not_taken_from_a_child_that_outlives_its_service(place: Place) -> None:
    job_id = place.hand_in(firm_file(1))
    with place.root.turn() as turn:
        assert turn is not None
        keeper = subprocess.Popen([sys.executable, "-c", "input()"],
                                  stdin=subprocess.PIPE, pass_fds=(turn,))  # fmt: skip
    with keeper, place.running():
        time.sleep(1.5)
        assert place.desk.get(job_id).job.state is JobState.QUEUED
        keeper.kill()
        assert place.ended(job_id).state is JobState.DONE


def test_a_stop_puts_the_job_back_within_seconds(place: Place) -> None:
    job_id = place.hand_in(firm_file(200_000))
    runner = place.runner()
    runner.start()
    place.at_work(job_id)
    begun = time.monotonic()
    runner.stop()
    assert time.monotonic() - begun < 5
    assert children(job_id) == []
    job = place.desk.get(job_id).job
    assert (job.state, job.attempts, job.started_at) == (JobState.QUEUED, 0, "")
    assert place.firms() == 0


def test_two_runners_on_one_home_run_each_job_once_and_in_order(place: Place) -> None:
    ids = [place.hand_in(firm_file(10, first=n * 10), f"{n}.csv") for n in range(4)]
    with place.running(), place.running():
        jobs = [place.ended(job_id) for job_id in ids]
    assert [(job.state, job.attempts) for job in jobs] == [(JobState.DONE, 1)] * 4
    times = [(job.started_at, job.finished_at) for job in jobs]
    assert all(one[1] <= two[0] for one, two in pairwise(times))
    log = place.home.store.imports.latest()
    assert [record.name for record in log] == ["3.csv", "2.csv", "1.csv", "0.csv"]


def test_a_finished_import_is_not_run_again(place: Place) -> None:
    # The worker was killed between its report, which follows the commit, and its last word.
    job_id = place.hand_in(firm_file(1))
    place.runner()._admit()
    place.home.store.import_jobs.claim(job_id, "gone", "2026-01-31T08:00:00+00:00")
    report = {"files": [{"file": "企业.csv", "rows": 1, "refused": 0, "failure": None}]}
    place.root.of(job_id).report.write_text(json.dumps(report), "utf-8")
    place.runner().turn()
    job = place.desk.get(job_id).job
    assert (job.state, job.attempts) == (JobState.DONE, 1)
    assert json.loads(job.report) == report
    assert place.root.of(job_id).upload is None


def test_half_a_report_is_none(place: Place) -> None:
    job_id = place.hand_in(firm_file(1))
    place.runner()._admit()
    place.home.store.import_jobs.claim(job_id, "gone", "2026-01-31T08:00:00+00:00")
    place.root.of(job_id).report.write_text('{"files": [', "utf-8")
    place.runner().turn()
    job = place.desk.get(job_id).job
    assert (job.state, job.attempts) == (JobState.DONE, 2)
    assert place.firms() == 1


def test_a_job_lost_three_times_with_its_service_is_given_up(place: Place) -> None:
    job_id = place.hand_in(firm_file(1))
    place.runner()._admit()
    for _ in range(3):
        place.home.store.import_jobs.claim(job_id, "gone", "2026-01-31T08:00:00+00:00")
        place.runner()._recover()
    job = place.desk.get(job_id).job
    assert (job.state, job.attempts) == (JobState.FAILED, 3)
    assert "3 times" in json.loads(job.failure)["found"]


def test_a_late_worker_ends_nothing(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    job_id = place.hand_in(firm_file(1))
    runner = place.runner()
    runner._admit()
    jobs = place.home.store.import_jobs
    jobs.claim(job_id, "late", "2026-01-31T08:00:00+00:00")
    jobs.requeue(job_id, "late")
    folder = place.root.of(job_id)
    end = JobEnd(JobState.CANCELLED, "2026-01-31T08:00:00+00:00")
    with caplog.at_level(logging.WARNING):
        runner._finish(place.desk.get(job_id).job, folder, "late", end)
    assert "no longer ours" in caplog.text
    assert place.desk.get(job_id).job.state is JobState.QUEUED
    assert folder.upload is not None


def test_an_upload_that_is_gone_fails_its_job(place: Place) -> None:
    job_id = place.hand_in(firm_file(1))
    place.root.forget(place.root.of(job_id))
    place.runner().turn()
    job = place.desk.get(job_id).job
    assert job.state is JobState.FAILED
    assert json.loads(job.failure)["cure"] == "send it again"


def test_folders_are_swept(place: Place) -> None:
    old, new = place.hand_in(firm_file(1)), place.hand_in(firm_file(1))
    place.runner()._admit()
    for job_id, at in ((old, "2020-01-31T08:00:00+00:00"), (new, "2099-01-31T08:00:00+00:00")):
        end = JobEnd(JobState.DONE, at, '{"files": []}')
        assert place.home.store.import_jobs.finish(job_id, "", end)
    orphan, arriving = place.root.of("a" * 32), place.root.of("b" * 32)
    for folder in (orphan, arriving):
        folder.path.mkdir()
        os.utime(folder.path, (0, 0))
    with arriving.lock():
        os.utime(arriving.path, (0, 0))
        place.runner().turn()
    assert not place.root.of(old).path.exists()
    assert place.root.of(new).path.exists()
    assert place.root.of(new).upload is None
    assert not orphan.path.exists()
    assert arriving.path.exists()
    assert place.desk.get(old).job.state is JobState.DONE


def test_a_lock_is_held_once(tmp_path: Path) -> None:
    with held(tmp_path / "lock") as first, held(tmp_path / "lock") as second:
        assert first is not None
        assert second is None
    with held(tmp_path / "lock") as third, held(tmp_path / "no folder" / "lock") as none:
        assert third is not None
        assert none is None


def test_the_child_has_the_settings_of_the_service(
    place: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # Would the environment count, the child would import into another home, or refuse to start.
    monkeypatch.setenv("PANHUO_HOME", str(tmp_path / "other"))
    monkeypatch.setenv("PANHUO_THREADS", "no number")
    job_id = place.hand_in(firm_file(2), "-x.csv", ImportAsk("firms", "generic", dry_run=False))
    with place.running():
        assert place.ended(job_id).state is JobState.DONE
    assert place.firms() == 2
    assert not (tmp_path / "other").exists()


def test_what_a_dead_child_said_is_told_without_our_paths(place: Place) -> None:
    job_id = place.hand_in(firm_file(1))
    job, folder = place.desk.get(job_id).job, place.root.of(job_id)
    said = f"warning\npanhuo: found damage in {folder.upload}; write it again."
    assert died(folder, job, Ended(1, None, said), 2) is None
    end = died(folder, job, Ended(1, None, said), 3)
    assert end is not None
    found = json.loads(end.failure)["found"]
    assert "with exit code 1 (found damage in 企业.csv; write it again.)" in found
    wrong = died(folder, job, Ended(2, None, "Error: no such option"), 1)
    assert wrong is not None
    assert json.loads(wrong.failure)["found"] == "Error: no such option"


def test_another_package_named_service_is_not_run(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "service").mkdir()
    (tmp_path / "service" / "__init__.py").write_text("", "utf-8")
    (tmp_path / "service" / "__main__.py").write_text("open('foreign', 'w')", "utf-8")
    monkeypatch.chdir(tmp_path)
    job_id = place.hand_in(firm_file(1))
    with place.running():
        assert place.ended(job_id).state is JobState.DONE
    assert not (tmp_path / "foreign").exists()
