"""HOME/imports on disk: one folder a job, and the jobs that are not in the database yet.

    home-id              which home this is, for databases that several homes share
    turn                 lock: held by whoever runs a job of this home
    arrivals/ID.json     a job as it came; kept until it stands in the database
    ID/lock              held while the upload arrives, and by whoever runs the job
    ID/upload.csv        the upload, under a name of ours; gone when the job has ended
    ID/cancel            somebody asked for the job to be stopped
    ID/progress.json     rows so far, or of the whole file once the job has ended
    ID/report.json, ID/errors.xlsx, ID/temporary/

Why a job arrives on disk and not in the database: an import holds SQLite's one write lock for as
long as a file takes, and an upload must be acknowledged meanwhile.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from service.jobs.locks import held
from service.store.import_jobs import ImportJob, JobState

_JOB_ID = re.compile(r"[0-9a-f]{32}")
_ORPHAN_SECONDS = 3_600


class JobFolder:
    """What one job keeps on disk."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.report = path / "report.json"
        self.errors = path / "errors.xlsx"
        self.temporary = path / "temporary"

    def lock(self) -> AbstractContextManager[int | None]:
        """Hold the job; see ``held``."""
        return held(self.path / "lock")

    @property
    def upload(self) -> Path | None:
        """The upload, ``None`` once it is gone."""
        return next(iter(self.path.glob("upload.*")), None)

    def ask_to_cancel(self) -> None:
        """Keep the wish that the job be stopped."""
        write_durably(self.path / "cancel", b"")

    @property
    def cancel_asked(self) -> bool:
        """Whether somebody asked for the job to be stopped."""
        return (self.path / "cancel").exists()

    @property
    def rows(self) -> int:
        """How many rows were read so far."""
        found = read_json(self.path / "progress.json")
        rows = found.get("rows", 0) if found else 0
        return rows if isinstance(rows, int) else 0

    @property
    def all_rows(self) -> int | None:
        """How many rows the file of an ended job had, ``None`` where that is not kept here."""
        found = read_json(self.path / "progress.json")
        return self.rows if found and found.get("ended") is True else None

    def tell_rows(self, rows: int, *, ended: bool = False) -> None:
        """Keep how many rows were read so far; not durable, and never half written."""
        beside = self.path / "progress.new"
        with suppress(OSError):  # a full disk must not stop an import that goes well
            beside.write_text(json.dumps({"rows": rows, "ended": ended}), "utf-8")
            beside.replace(self.path / "progress.json")

    def clear(self) -> None:
        """Remove what an attempt before left, but for the upload."""
        for path in (self.report, self.errors, self.path / "progress.json"):
            path.unlink(missing_ok=True)
        shutil.rmtree(self.temporary, ignore_errors=True)

    def drop_upload(self) -> None:
        """Remove all but error workbook and rows: the job has ended, the database says how."""
        for path in (*self.path.glob("upload.*"), self.report):
            path.unlink(missing_ok=True)
        shutil.rmtree(self.temporary, ignore_errors=True)


class JobRoot:
    """HOME/imports; nothing is made on disk before the first upload comes."""

    def __init__(self, home: Path) -> None:
        self.path = home.absolute() / "imports"
        self._arrivals = self.path / "arrivals"

    @property
    def exists(self) -> bool:
        """Whether anything was ever uploaded here."""
        return self._arrivals.is_dir()

    @property
    def home_id(self) -> str:
        """Which home this is."""
        return (self.path / "home-id").read_text("ascii")

    def make(self) -> None:
        """Make the folders and name the home, once."""
        self._arrivals.mkdir(parents=True, exist_ok=True, mode=0o700)
        name = self.path / "home-id"
        if not name.exists():
            beside = self.path / f"home-id.{uuid.uuid4().hex}"
            write_durably(beside, uuid.uuid4().hex.encode())
            with suppress(FileExistsError):  # another process named it first
                name.hardlink_to(beside)
            beside.unlink()

    def turn(self) -> AbstractContextManager[int | None]:
        """Hold the right to run a job of this home; see ``held``."""
        return held(self.path / "turn")

    def of(self, job_id: str) -> JobFolder:
        """Return the folder of a job; its id is one of ours, never a path from outside."""
        if not _JOB_ID.fullmatch(job_id):
            raise ValueError(f"{job_id!r} is no job id")
        return JobFolder(self.path / job_id)

    def arrive(self, job: ImportJob) -> None:
        """Keep a job durably until it stands in the database."""
        fields = json.dumps(asdict(job), ensure_ascii=False)
        write_durably(self._arrivals / f"{job.job_id}.json", fields.encode())

    def arrived(self, job_id: str) -> ImportJob | None:
        """Return a job that does not stand in the database yet."""
        found = read_json(self._arrivals / f"{job_id}.json")
        return ImportJob(**{**found, "state": JobState(found["state"])}) if found else None

    def arrivals(self) -> tuple[ImportJob, ...]:
        """Return all jobs that do not stand in the database yet, oldest first."""
        names = self._arrivals.glob("*.json") if self.exists else ()
        jobs = [job for path in names if (job := self.arrived(path.stem))]
        return tuple(sorted(jobs, key=lambda job: (job.created_at, job.job_id)))

    def admitted(self, job_id: str) -> None:
        """Forget an arrival: the job stands in the database."""
        (self._arrivals / f"{job_id}.json").unlink(missing_ok=True)

    def folders(self) -> Iterator[tuple[str, JobFolder]]:
        """Yield every job's id and folder."""
        for path in sorted(self.path.iterdir()) if self.exists else ():
            if _JOB_ID.fullmatch(path.name) and path.is_dir():
                yield path.name, JobFolder(path)

    def forget(self, folder: JobFolder) -> None:
        """Remove a job's folder."""
        shutil.rmtree(folder.path, ignore_errors=True)


def is_job_id(text: str) -> bool:
    """Return whether the text could be the id of a job."""
    return _JOB_ID.fullmatch(text) is not None


def is_orphan(folder: JobFolder) -> bool:
    """Return whether an upload began here so long ago that nobody waits for it any more."""
    try:
        return time.time() - folder.path.stat().st_mtime > _ORPHAN_SECONDS
    except FileNotFoundError:
        return False


def write_durably(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, and return when it would survive a power cut."""
    beside = path.with_name(path.name + ".new")
    with beside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Return when the names in a folder would survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_json(path: Path) -> dict[str, Any] | None:
    """Return the JSON object in a file, ``None`` where there is none or it is cut short."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None
