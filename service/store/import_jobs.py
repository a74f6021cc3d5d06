"""Import jobs: one uploaded file each, and how far it has come.

The law of states: every change names the state it expects and the claim that holds the job, in the
WHERE of its UPDATE. A worker that comes back late changes nothing, and is told so by ``False``.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from service.store.database import Database
from service.store.facts import import_ended
from service.store.stock_tables import import_jobs

_BRIEF = tuple(column for column in import_jobs.c if column.name != "report")


class JobState(StrEnum):
    """queued → running → done, failed or cancelled; running → queued when its worker is gone."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


ENDED = frozenset({JobState.DONE, JobState.FAILED, JobState.CANCELLED})


@dataclass(frozen=True, slots=True)
class ImportJob:
    """One upload on its way; moments are ISO 8601 in UTC, "" for those still to come.

    Attributes:
        home: id of the home whose folder holds the upload.
        options: JSON object of the options that were sent.
        claim: token of the attempt that runs it, "" for none.
        attempts: how often work on it began.
        report: JSON report, "" until there is one; not read by ``latest``.
        failure: JSON object of found, expected and cure, "" for none.
        tenant: who handed it in, "" for the operator.
    """

    job_id: str
    home: str
    what: str
    options: str
    file_name: str
    created_at: str
    state: JobState = JobState.QUEUED
    claim: str = ""
    attempts: int = 0
    started_at: str = ""
    finished_at: str = ""
    failure: str = ""
    report: str = ""
    tenant: str = ""


@dataclass(frozen=True, slots=True)
class JobEnd:
    """How a job ended."""

    state: JobState
    at: str
    report: str = ""
    failure: str = ""


class ImportJobs:
    """The jobs of every home that shares this database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, job: ImportJob) -> bool:
        """Keep a new job; ``False`` where one of this id is kept already, which stays as it is."""
        with self._database.transaction() as connection:
            known = sa.select(import_jobs.c.job_id).where(import_jobs.c.job_id == job.job_id)
            if connection.execute(known).first() is not None:
                return False
            connection.execute(sa.insert(import_jobs), asdict(job) | {"state": job.state.value})
        return True

    def get(self, job_id: str) -> ImportJob | None:
        """Return the job, ``None`` where there is none."""
        query = sa.select(import_jobs).where(import_jobs.c.job_id == job_id)
        with self._database.reading() as connection:
            row = connection.execute(query).mappings().first()
        return _job(row) if row is not None else None

    def latest(self, tenant: str, limit: int = 50) -> tuple[ImportJob, ...]:
        """Return the tenant's last jobs without their reports, newest first."""
        newest = (import_jobs.c.created_at.desc(), import_jobs.c.job_id.desc())
        query = sa.select(*_BRIEF).where(import_jobs.c.tenant == tenant)
        return self._many(query.order_by(*newest).limit(limit))

    def in_state(self, home: str, state: JobState) -> tuple[ImportJob, ...]:
        """Return the jobs of one home in one state without their reports, oldest first."""
        query = sa.select(*_BRIEF).where(
            import_jobs.c.home == home, import_jobs.c.state == state.value
        )
        return self._many(query.order_by(import_jobs.c.created_at, import_jobs.c.job_id))

    def claim(self, job_id: str, token: str, at: str) -> bool:
        """Take a queued job and count the attempt; ``False`` where it is queued no longer."""
        return self._change(
            job_id,
            JobState.QUEUED,
            "",
            {
                "state": JobState.RUNNING.value,
                "claim": token,
                "attempts": import_jobs.c.attempts + 1,
                "started_at": at,
            },
        )

    def requeue(self, job_id: str, token: str) -> bool:
        """Put a running job back, its attempt counted; ``False`` where the claim is gone."""
        values = {"state": JobState.QUEUED.value, "claim": ""}
        return self._change(job_id, JobState.RUNNING, token, values)

    def hand_back(self, job_id: str, token: str) -> bool:
        """Put a running job back as if the attempt had never begun."""
        values = {
            "state": JobState.QUEUED.value,
            "claim": "",
            "attempts": import_jobs.c.attempts - 1,
            "started_at": "",
        }
        return self._change(job_id, JobState.RUNNING, token, values)

    def finish(self, job_id: str, token: str, end: JobEnd) -> bool:
        """End a job: a running one under its claim, a queued one with the token ``""``."""
        expected = JobState.RUNNING if token else JobState.QUEUED
        values = {
            "state": end.state.value,
            "claim": "",
            "finished_at": end.at,
            "report": end.report,
            "failure": end.failure,
        }
        with self._database.transaction() as connection:
            ended = self._change(job_id, expected, token, values)
            if ended:
                import_ended(connection, job_id, end.state.value, end.report)
        return ended

    def _many(self, query: sa.Select[Any]) -> tuple[ImportJob, ...]:
        with self._database.reading() as connection:
            return tuple(map(_job, connection.execute(query).mappings()))

    def _change(self, job_id: str, state: JobState, claim: str, values: dict[str, Any]) -> bool:
        table = import_jobs
        statement = sa.update(table).where(
            table.c.job_id == job_id, table.c.state == state.value, table.c.claim == claim
        )
        with self._database.transaction() as connection:
            return connection.execute(statement.values(**values)).rowcount == 1


def _job(row: sa.RowMapping) -> ImportJob:
    return ImportJob(**{**row, "state": JobState(row["state"])})
