"""Where uploads are handed in, asked after and cancelled; it never waits for a running import."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from matcher.errors import UnavailableError
from service.jobs.ask import ImportAsk
from service.jobs.folder import JobFolder, JobRoot, is_job_id, sync_folder
from service.jobs.refusals import ErrorsNotFound, JobEnded, JobNotFound
from service.jobs.verdict import now, rows_of
from service.store.import_jobs import ENDED, ImportJob, ImportJobs, JobState

_CANCEL_SECONDS = 10.0
_LOOK_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Standing:
    """A job as it stands now.

    Attributes:
        rows: read so far by the attempt at work; of a job that has ended, all of its file.
        cancelling: somebody asked for a running job to be stopped.
        has_errors: there is an error workbook.
    """

    job: ImportJob
    rows: int
    cancelling: bool
    has_errors: bool


class Arriving:
    """An upload on its way in: a folder of its own, kept only when it is accepted."""

    def __init__(self, root: JobRoot, job_id: str, tenant: str) -> None:
        self._root = root
        self._job_id = job_id
        self._tenant = tenant
        self._folder = root.of(job_id)
        self._folder.path.mkdir(mode=0o700)
        self.path = self._folder.path / "arriving"
        self.accepted = False

    def lock(self) -> AbstractContextManager[int | None]:
        """Hold the folder while the upload arrives."""
        return self._folder.lock()

    def accept(self, ask: ImportAsk, file_name: str) -> str:
        """Keep upload and job, durably, and return the id; the file has been synced already."""
        ending = Path(file_name).suffix.lower()
        self.path.rename(self._folder.path / f"upload{ending}")
        sync_folder(self._folder.path)
        sync_folder(self._root.path)
        home, told = self._root.home_id, ask.to_json()
        job = ImportJob(self._job_id, home, ask.what, told, file_name, now(), tenant=self._tenant)
        self._root.arrive(job)
        self.accepted = True
        return self._job_id

    def forget(self) -> None:
        """Remove what came."""
        self._root.forget(self._folder)


@dataclass(frozen=True, slots=True)
class ImportHall:
    """What every desk works with.

    Attributes:
        root: HOME/imports of this service.
        jobs: of the operator's store, whoever handed them in.
        wake: tells the runner that there is work.
        most_bytes: of one upload.
    """

    root: JobRoot
    jobs: ImportJobs
    wake: Callable[[], None]
    most_bytes: int


class ImportDesk:
    """The jobs of one tenant as the API sees them; another's are not found.

    Args:
        hall: what every desk works with.
        tenant: whose jobs these are, "" for the operator.
    """

    def __init__(self, hall: ImportHall, tenant: str) -> None:
        self._root = hall.root
        self._jobs = hall.jobs
        self._wake = hall.wake
        self._tenant = tenant
        self.most_bytes = hall.most_bytes

    @contextmanager
    def arriving(self) -> Iterator[Arriving]:
        """Yield a place for an upload; unless it is accepted, nothing of it stays."""
        self._root.make()
        upload = Arriving(self._root, uuid.uuid4().hex, self._tenant)
        try:
            with upload.lock():
                yield upload
        finally:
            if not upload.accepted:
                upload.forget()
        self._wake()

    def get(self, job_id: str) -> Standing:
        """Return the job as it stands.

        Raises:
            JobNotFound: no job has this id.
        """
        job = self._find(job_id) if is_job_id(job_id) else None
        if job is None:
            raise JobNotFound(job_id)
        return self._standing(job)

    def latest(self, limit: int = 50) -> tuple[Standing, ...]:
        """Return the last jobs without their reports, newest first."""
        # Arrivals first: a job that is admitted in between then stands in both, not in neither.
        arrivals = self._root.arrivals()
        found = {job.job_id: job for job in arrivals if job.tenant == self._tenant}
        found |= {job.job_id: job for job in self._jobs.latest(self._tenant, limit)}
        jobs = sorted(found.values(), key=lambda job: (job.created_at, job.job_id), reverse=True)
        return tuple(map(self._standing, jobs[:limit]))

    def errors(self, job_id: str) -> tuple[Path, str]:
        """Return the error workbook, and the name of the file it is about.

        Raises:
            JobNotFound: no job has this id.
            ErrorsNotFound: it has no error workbook, or none yet.
        """
        found = self.get(job_id)
        if not found.has_errors:
            raise ErrorsNotFound(job_id)
        return self._root.of(job_id).errors, found.job.file_name

    def cancel(self, job_id: str) -> Standing:
        """Stop the job and return it; still ``running`` where its process takes long to end.

        Raises:
            JobNotFound: no job has this id.
            JobEnded: it ended before.
            UnavailableError: it belongs to another home that shares the database.
        """
        folder = self._root.of(self._going_on(job_id).job.job_id)
        if not folder.path.is_dir():
            raise UnavailableError(
                f"found import job {job_id!r} at another server",
                "a job that was sent to this one",
                "cancel it there",
            )
        # Nobody runs a job whose lock is free, and whoever takes it next sees the wish first; but
        # it may have ended since we looked.
        with folder.lock():
            self._going_on(job_id)
            folder.ask_to_cancel()
        self._wake()
        give_up = time.monotonic() + _CANCEL_SECONDS
        while (found := self.get(job_id)).job.state is JobState.RUNNING:
            if time.monotonic() > give_up:
                return found
            time.sleep(_LOOK_SECONDS)
        if found.job.state is not JobState.CANCELLED:
            raise JobEnded(job_id, found.job.state.value)
        return found

    def _going_on(self, job_id: str) -> Standing:
        found = self.get(job_id)
        if found.job.state in ENDED:
            raise JobEnded(job_id, found.job.state.value)
        return found

    def _find(self, job_id: str) -> ImportJob | None:
        # The second look finds a job that was admitted between the first two.
        stored = self._jobs.get(job_id)
        found = stored or self._root.arrived(job_id) or self._jobs.get(job_id)
        return found if found is not None and found.tenant == self._tenant else None

    def _standing(self, job: ImportJob) -> Standing:
        folder = self._root.of(job.job_id)
        asked = folder.cancel_asked
        if asked and job.state is JobState.QUEUED:
            # The runner writes it down when it can; it will not run the job.
            job = replace(job, state=JobState.CANCELLED)
        running = job.state is JobState.RUNNING
        ended = job.state in {JobState.DONE, JobState.FAILED}
        return Standing(
            job,
            rows=self._rows(job, folder),
            cancelling=running and asked,
            has_errors=ended and folder.errors.is_file(),
        )

    def _rows(self, job: ImportJob, folder: JobFolder) -> int:
        if job.state is JobState.RUNNING:
            return folder.rows
        if job.state not in {JobState.DONE, JobState.FAILED}:
            return 0
        if job.report:
            return rows_of(job.report)
        if (rows := folder.all_rows) is not None:
            return rows
        # The folder was swept away, or is another home's. A report may be large: only then.
        stored = self._jobs.get(job.job_id)
        return rows_of(stored.report) if stored else 0
