"""Uploads as clients send them, and import jobs as they are told."""

from __future__ import annotations

import json
import re
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from matcher.types import RelationKind
from service.api.documents import Problem
from service.api.problems import problem_of
from service.api.schemas import Name, Sent, Told
from service.jobs.ask import ImportAsk
from service.jobs.desk import Standing
from service.jobs.refusals import ImportFailed
from service.store.import_jobs import JobState

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def _as_day(sent: Any) -> Any:
    # Pydantic would take digits for seconds since 1970.
    if not isinstance(sent, str) or not _DAY.fullmatch(sent):
        raise PydanticCustomError("day", "Input should be a date such as 2026-01-31")
    return sent


class ImportForm(Sent):
    """The fields of an upload but for the file."""

    what: Literal["patents", "firms", "demands", "relations", "groups"]
    family: Name = Field("auto", alias="as", description="family of the file, as --as takes it")
    sheet: Name | None = Field(
        None, description="sheet of a workbook; by default the one whose header fits best"
    )
    checked_on: Annotated[date, BeforeValidator(_as_day)] | None = Field(
        None, description="the day on which the statuses in the file were looked up"
    )
    holder: Name | None = Field(None, description="专利权人 of rows that name none")
    kind: RelationKind | None = Field(None, description="of relations whose rows do not say it")
    dry_run: bool = Field(False, description="read and check everything, write nothing")

    def ask(self) -> ImportAsk:
        """Return what is asked for."""
        return ImportAsk(
            what=self.what,
            family=self.family,
            sheet=self.sheet or "",
            checked_on=self.checked_on.isoformat() if self.checked_on else "",
            holder=self.holder or "",
            kind=self.kind.value if self.kind else "",
            dry_run=self.dry_run,
        )


class OptionsTold(Told):
    """The options of a job."""

    family: str = Field(validation_alias=AliasChoices("family", "as"), serialization_alias="as")
    sheet: str
    checked_on: str
    holder: str
    kind: str
    dry_run: bool


class ImportProgress(Told):
    """How far a running job is."""

    rows: int = Field(description="rows read so far")


class JobTold(Told):
    """One import job."""

    job_id: str
    state: JobState
    what: str
    file_name: str = Field(description="as sent, without folders")
    options: OptionsTold
    attempts: int = Field(description="how often work on it began")
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    progress: ImportProgress
    cancelling: bool = Field(description="a stop was asked for and has not come about yet")
    report: dict[str, Any] | None = Field(
        description="as 'panhuo import --json' prints it; null until the job is done, and in lists"
    )
    failure: Problem | None = Field(description="why nothing of the file was imported")
    errors_url: str | None = Field(
        description="error workbook, where rows were refused or warned of"
    )


class JobList(Told):
    """The last jobs, newest first."""

    imports: list[JobTold]


def job_told(found: Standing) -> JobTold:
    """Return a job as it is told."""
    job, place = found.job, f"/v1/imports/{found.job.job_id}"
    ask = ImportAsk.from_json(job.options)
    return JobTold(
        job_id=job.job_id,
        state=job.state,
        what=job.what,
        file_name=job.file_name,
        options=OptionsTold.model_validate(ask),
        attempts=job.attempts,
        created_at=datetime.fromisoformat(job.created_at),
        started_at=_moment(job.started_at),
        finished_at=_moment(job.finished_at),
        progress=ImportProgress(rows=_rows(found)),
        cancelling=found.cancelling,
        report=json.loads(job.report) if job.report else None,
        failure=_failure(job.failure, place),
        errors_url=f"{place}/errors.xlsx" if found.has_errors else None,
    )


def _rows(found: Standing) -> int:
    if not found.job.report:
        return found.rows
    return sum(int(file["rows"]) for file in json.loads(found.job.report)["files"])


def _moment(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _failure(text: str, place: str) -> Problem | None:
    if not text:
        return None
    told = json.loads(text)
    error = ImportFailed(told["found"], told["expected"], told["cure"])
    return Problem.model_validate(problem_of(error, place))
