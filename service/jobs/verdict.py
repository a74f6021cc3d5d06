"""What became of a job, from what its process left behind."""

from __future__ import annotations

import json
import signal
from datetime import UTC, datetime
from pathlib import Path

from matcher.errors import MatcherError
from service.jobs.child import Ended
from service.jobs.folder import JobFolder, read_json
from service.jobs.refusals import ImportFailed, JobGivenUp
from service.store.import_jobs import ImportJob, JobEnd, JobState

MOST_ATTEMPTS = 3


def now() -> str:
    """Return this moment as jobs keep it: ISO 8601 in UTC, sorted as text as in time."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def reported(folder: JobFolder, job: ImportJob) -> JobEnd | None:
    """Return the end that the report speaks of, ``None`` without a whole report.

    The report is written after the commit: where there is one, the file's work is done.
    """
    report = read_json(folder.report) or {}
    if len(report.get("files", ())) != 1:
        return None
    text = _without_paths(json.dumps(report, ensure_ascii=False), folder, job)
    (file,) = json.loads(text)["files"]
    failure = file.get("failure")
    if not (file.get("refused") or file.get("warned")):
        folder.errors.unlink(missing_ok=True)
    return JobEnd(
        JobState.FAILED if failure else JobState.DONE,
        now(),
        text,
        json.dumps(failure, ensure_ascii=False) if failure else "",
    )


def rows_of(report: str) -> int:
    """Return how many rows the files of a JSON report had, 0 without a report.

    >>> rows_of('{"files": [{"rows": 3}]}'), rows_of("")
    (3, 0)
    """
    return sum(int(file["rows"]) for file in json.loads(report)["files"]) if report else 0


def failed(error: MatcherError) -> JobEnd:
    """Return the end of a job of which nothing was imported."""
    fields = {"found": error.found, "expected": error.expected, "cure": error.cure}
    return JobEnd(JobState.FAILED, now(), failure=json.dumps(fields, ensure_ascii=False))


def died(folder: JobFolder, job: ImportJob, ended: Ended, attempts: int) -> JobEnd | None:
    """Return the end of a job whose process ended without a report; ``None``: try again."""
    said = _without_paths(ended.said, folder, job).strip().splitlines()
    last = said[-1].removeprefix("panhuo: ") if said else ""
    if ended.code == 2:  # wrong usage: the same arguments will not fare better
        return failed(ImportFailed(last or "options that do not fit", "options of panhuo import"))
    if attempts < MOST_ATTEMPTS:
        return None
    if ended.code >= 0:
        return failed(JobGivenUp(attempts, f"with exit code {ended.code} ({last})"))
    return failed(JobGivenUp(attempts, f"killed by {_signal_name(-ended.code)}"))


def lost(attempts: int) -> JobEnd | None:
    """Return the end of a job that was running when the service itself died; ``None``: again."""
    if attempts < MOST_ATTEMPTS:
        return None
    return failed(JobGivenUp(attempts, "together with the service"))


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _without_paths(text: str, folder: JobFolder, job: ImportJob) -> str:
    """Put the sender's file name where our paths stand; the names of our folders are our own."""
    for path, name in ((folder.upload, job.file_name), (folder.path, "")):
        if path is not None:
            text = text.replace(_quoted(path), json.dumps(name, ensure_ascii=False)[1:-1])
    return text


def _quoted(path: Path) -> str:
    return json.dumps(str(path), ensure_ascii=False)[1:-1]
