"""The thread that runs import jobs, one at a time for a home, whoever runs beside it.

A job's way through the database: it is admitted, claimed (the attempt is counted before the work
begins), and ended, each by its own short write before the child starts or after it is gone; while
the child holds SQLite's write lock, nothing is written there.
"""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

from matcher.errors import MatcherError, StoreUnavailable
from service.config import Settings
from service.jobs.ask import ImportAsk
from service.jobs.child import Ended, Stop, environment, run_child
from service.jobs.folder import JobFolder, JobRoot, is_orphan
from service.jobs.refusals import ImportFailed
from service.jobs.verdict import died, failed, lost, now, reported, rows_of
from service.store.import_jobs import ENDED, ImportJob, ImportJobs, JobEnd, JobState

_SWEEP_EVERY = timedelta(hours=1)
_LOG = logging.getLogger("panhuo.imports")
_IDLE_SECONDS = 1.0
_STOP_SECONDS = 8.0
_GONE = ("found the upload gone from the home folder", "the file as it was sent", "send it again")


class Runner:
    """Runs the jobs of one home until it is stopped.

    Args:
        root: HOME/imports.
        jobs: of the store.
        settings: handed to the processes that do the work.
    """

    def __init__(self, root: JobRoot, jobs: ImportJobs, settings: Settings) -> None:
        self._root = root
        self._jobs = jobs
        self._settings = settings
        self._stopping = threading.Event()
        self._work = threading.Event()
        self._swept_at: datetime | None = None
        self._thread = threading.Thread(target=self._run, name="panhuo-imports", daemon=True)

    def start(self) -> None:
        """Begin to run jobs."""
        self._thread.start()

    def wake(self) -> None:
        """Look for work now."""
        self._work.set()

    def stop(self) -> None:
        """Stop the child, put its job back, and return within seconds."""
        self._stopping.set()
        self._work.set()
        self._thread.join(_STOP_SECONDS)
        if self._thread.is_alive():
            _LOG.warning("the import runner is still waiting for the database; left behind")

    def _run(self) -> None:
        while not self._stopping.is_set():
            worked = False
            try:
                worked = self.turn()
            except (MatcherError, OSError) as error:
                _LOG.warning("import jobs wait: %s", error)
            except Exception:
                _LOG.exception("import jobs wait")
            if not worked:
                self._work.wait(_IDLE_SECONDS)
                self._work.clear()

    def turn(self) -> bool:
        """Run the oldest job; ``False`` where there is none, or another process has the turn."""
        if not self._root.exists:
            return False
        with self._root.turn() as lock:
            if lock is None:
                return False
            self._admit()
            self._recover()
            self._sweep()
            return any(self._try(job, lock) for job in self._in_state(JobState.QUEUED))

    def _in_state(self, state: JobState) -> tuple[ImportJob, ...]:
        return self._jobs.in_state(self._root.home_id, state)

    def _admit(self) -> None:
        for job in self._root.arrivals():
            self._jobs.add(job)
            self._root.admitted(job.job_id)

    def _recover(self) -> None:
        # We hold the turn, and whoever runs a job holds it until its child is gone: a job that is
        # running now has lost its runner.
        for job in self._in_state(JobState.RUNNING):
            folder = self._root.of(job.job_id)
            end = reported(folder, job) or lost(job.attempts)
            if end is None:
                self._keep(job, partial(self._jobs.requeue, job.job_id, job.claim))
            else:
                self._finish(job, folder, job.claim, end)

    def _sweep(self) -> None:
        now = datetime.now(UTC)
        if self._swept_at and now - self._swept_at < _SWEEP_EVERY:
            return
        self._swept_at = now
        oldest = now - timedelta(days=self._settings.imports_kept_days)
        ended = {job.job_id: job for state in ENDED for job in self._in_state(state)}
        for job_id, folder in self._root.folders():
            if job_id in ended:
                folder.drop_upload()
                if datetime.fromisoformat(ended[job_id].finished_at) < oldest:
                    self._root.forget(folder)
            elif self._jobs.get(job_id) is None and is_orphan(folder):
                with folder.lock() as lock:
                    if lock is not None:
                        self._root.forget(folder)

    def _try(self, job: ImportJob, turn: int) -> bool:
        """Run the job; ``False`` where somebody is just cancelling it."""
        folder = self._root.of(job.job_id)
        if folder.upload is None:
            self._finish(job, folder, "", failed(ImportFailed(*_GONE)))
            return True
        with folder.lock() as lock:
            if lock is None:
                return False
            if folder.cancel_asked:
                self._finish(job, folder, "", JobEnd(JobState.CANCELLED, now()))
            else:
                self._attempt(job, folder, (turn, lock))
        return True

    def _attempt(self, job: ImportJob, folder: JobFolder, locks: Sequence[int]) -> None:
        token = uuid.uuid4().hex
        if not self._jobs.claim(job.job_id, token, now()):
            return
        ended = self._import(job, folder, locks)
        end = reported(folder, job)
        if end is None and ended.stopped is Stop.CANCELLED:
            end = JobEnd(JobState.CANCELLED, now())
        if end is None and ended.stopped is Stop.SHUTDOWN:
            self._keep(job, partial(self._jobs.hand_back, job.job_id, token))
            return
        end = end or died(folder, job, ended, job.attempts + 1)
        if end is None:
            _LOG.warning("import job %s died (%s); once more", job.job_id, ended.code)
            self._keep(job, partial(self._jobs.requeue, job.job_id, token))
        else:
            self._finish(job, folder, token, end)

    def _import(self, job: ImportJob, folder: JobFolder, locks: Sequence[int]) -> Ended:
        folder.clear()
        upload = folder.upload
        if upload is None:
            return Ended(1, None, "the upload is gone")
        arguments = ImportAsk.from_json(job.options).arguments(upload, job.file_name)
        arguments += [f"--report={folder.report}", f"--report={folder.errors}"]

        def stop() -> Stop | None:
            if self._stopping.is_set():
                return Stop.SHUTDOWN
            return Stop.CANCELLED if folder.cancel_asked else None

        # Whoever asked before our claim was told that the job is cancelled: it must not begin.
        if (reason := stop()) is not None:
            return Ended(0, reason, "")
        folder.temporary.mkdir(mode=0o700)
        settings = self._settings.model_copy(update={"tenant": job.tenant})
        variables = environment(settings, folder.temporary, f"import job {job.job_id}")
        return run_child(arguments, variables, locks, folder.tell_rows, stop)

    def _finish(self, job: ImportJob, folder: JobFolder, token: str, end: JobEnd) -> None:
        # The upload goes after the state is written: a crash between leaves a file to sweep, the
        # other order a job without its file.
        if self._keep(job, partial(self._jobs.finish, job.job_id, token, end)):
            folder.tell_rows(rows_of(end.report), ended=True)
            folder.drop_upload()

    def _keep(self, job: ImportJob, change: Callable[[], bool]) -> bool:
        """Write a state, however long the database is busy; ``False`` where it was not ours."""
        while True:
            try:
                changed = change()
            except StoreUnavailable as error:
                _LOG.warning("import job %s waits to be written: %s", job.job_id, error)
                if self._stopping.wait(_IDLE_SECONDS):
                    return False  # it stays running, and the next start recovers it
                continue
            if not changed:
                _LOG.warning("import job %s is no longer ours; nothing changed", job.job_id)
            return changed
