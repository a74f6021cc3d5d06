"""What import jobs refuse, in the error tree.

InputError
├── JobNotFound           an id that no job has
├── ErrorsNotFound        a job without an error workbook
├── UploadTypeRefused     a body that is not multipart/form-data
├── EndingRefused         a file of a kind that is not read
├── MalformedUpload       a body that breaks the rules of multipart/form-data
└── ImportFailed          why nothing of a file was imported
    └── JobGivenUp        a file whose import died again and again
UnavailableError
└── UploadNotKept         a disk that takes no upload
StateError
└── JobEnded              a job that can no longer be cancelled
"""

from __future__ import annotations

from matcher.errors import InputError, StateError, UnavailableError


class JobNotFound(InputError):
    """No import job has this id."""

    def __init__(self, job_id: str) -> None:
        super().__init__(
            f"found no import job {job_id[:40]!r}",
            "the job_id of an upload that was accepted",
            "list the last jobs with GET /v1/imports",
        )
        self.job_id = job_id[:40]


class ErrorsNotFound(InputError):
    """The job has no error workbook, or none yet."""

    def __init__(self, job_id: str) -> None:
        super().__init__(
            f"found no error workbook of import job {job_id!r}",
            "a job that ended and refused or warned of rows",
            "look at its state and at refused in its report",
        )
        self.job_id = job_id


class UploadTypeRefused(InputError):
    """The body of an upload is of another media type."""

    def __init__(self) -> None:
        super().__init__(
            "found an upload of another media type",
            "multipart/form-data with a boundary",
            "send a form, as a browser or 'curl -F file=@FILE' does",
        )


class EndingRefused(InputError):
    """The file's name has an ending that is not read."""

    def __init__(self, ending: str, known: str) -> None:
        super().__init__(
            f"found a file ending in {ending[:20]!r}",
            f"one of {known}",
            "save the file in one of these formats",
        )
        self.ending = ending[:20]
        self.known = known


class MalformedUpload(InputError):
    """The body is no multipart/form-data as this API wants it."""

    def __init__(self, found: str, expected: str) -> None:
        super().__init__(found, expected, "correct the form and send it again")


class UploadNotKept(UnavailableError):
    """The upload could not be written to disk."""

    def __init__(self, why: str) -> None:
        super().__init__(
            f"found no room for the upload ({why})",
            "a home folder that can be written, with free space",
            "ask the operator to look at the disk, and send the file again",
        )


class ImportFailed(InputError):
    """Nothing of the file was imported."""


class JobGivenUp(ImportFailed):
    """The process that imports the file died again and again."""

    def __init__(self, attempts: int, last: str) -> None:
        super().__init__(
            f"the process that imports the file died {attempts} times, at last {last}",
            "a file that can be imported with the memory and the time there is",
            "split the file and send the parts, or ask the operator to import it with "
            "'panhuo import'",
        )


class JobEnded(StateError):
    """The job ended before it could be cancelled."""

    def __init__(self, job_id: str, state: str) -> None:
        super().__init__(
            f"found import job {job_id!r} ended: {state}",
            "a job that is queued or running",
            "what it imported can be replaced by importing a corrected file",
        )
        self.job_id = job_id
        self.state = state
