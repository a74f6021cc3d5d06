"""Files into the catalogue: an upload becomes a job, and the job's standing can be asked for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Annotated, Any

from anyio import fail_after, to_thread
from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse
from pydantic import ValidationError
from starlette.requests import ClientDisconnect

from service.api import import_examples as examples
from service.api.documents import answers
from service.api.import_schemas import ImportForm, JobList, JobTold, job_told
from service.api.refusals import BodyTooLarge, FieldUnknown
from service.api.repeats import Repeat
from service.api.schemas import Name
from service.api.selection import selected
from service.audit.act import noted
from service.auth.guard import Asking
from service.auth.redact import holds_secret
from service.auth.refusals import SecretMisplaced
from service.ingest.families import family_names
from service.ingest.rows import ENDINGS
from service.jobs.ask import ImportAsk
from service.jobs.desk import Arriving, ImportDesk
from service.jobs.refusals import (
    EndingRefused,
    ErrorsNotFound,
    JobEnded,
    JobNotFound,
    MalformedUpload,
    UploadNotKept,
    UploadTypeRefused,
)
from service.jobs.upload import FieldRefused, Form, boundary_of

router = APIRouter(prefix="/v1/imports", tags=["imports"])

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_SILENT_SECONDS = 60
_PIECE = 1 << 20
_AROUND = 1 << 17  # what a form may have around its file


async def _desk(request: Request, caller: Asking) -> ImportDesk:
    return ImportDesk(request.state.imports, caller.tenant)


Desk = Annotated[ImportDesk, Depends(_desk)]
JobId = Annotated[Name, Path(openapi_examples=examples.JOB_IDS)]


def _answers(status: int, content: Mapping[str, Any], *problems: Any) -> dict[int | str, Any]:
    told = answers(None, *problems)
    del told[200]
    return {status: {"description": "OK", "content": content}, **told}


@router.post(
    "",
    operation_id="importFile",
    response_model=JobTold,
    summary="Hand in a file",
    status_code=202,
    responses=_answers(
        202,
        {"application/json": {"example": examples.QUEUED}},
        BodyTooLarge(512 << 20),
        UploadTypeRefused(),
        EndingRefused(".pdf", ", ".join(ENDINGS)),
        MalformedUpload("found two files", "one file, in the field 'file'"),
        SecretMisplaced("body"),
        UploadNotKept("no space left on device"),
    ),
    openapi_extra={"requestBody": examples.FORM},
)
async def import_file(request: Request, response: Response, desk: Desk) -> JobTold | Response:
    """Keep the file on disk and answer; a process of its own imports it, one file at a time.

    What was answered with 202 is imported even if the service dies in between. The file is gone
    when the job has ended.
    """
    boundary = boundary_of(request.headers.get("content-type", "").encode("latin-1"))
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length[:20]) > desk.most_bytes + _AROUND:
        raise BodyTooLarge(desk.most_bytes)
    try:
        with desk.arriving() as upload:
            arrived = await _receive(_pieces(request, desk.most_bytes), boundary, upload)
            return await _accept(request, response, desk, upload, arrived)
    except OSError as error:
        raise UploadNotKept((error.strerror or "no reason given").lower()) from error
    except FieldRefused as refused:
        raise _invalid(refused.field, refused.kind, refused.message) from refused


@router.get(
    "",
    operation_id="listImports",
    summary="The last 50 jobs",
    dependencies=[selected(JobList, "imports.job_id,imports.state")],
    responses=answers({"imports": [examples.DONE | {"report": None}]}, FieldUnknown("colour")),
)
def list_imports(desk: Desk) -> JobList:
    """Return the last jobs, newest first, without their reports."""
    return JobList(imports=[job_told(found) for found in desk.latest()])


@router.get(
    "/{job_id}",
    operation_id="getImport",
    summary="One job",
    dependencies=[selected(JobTold, "state,rows")],
    responses=answers(examples.DONE, JobNotFound(examples.JOB_ID), FieldUnknown("colour")),
)
def get_import(desk: Desk, job_id: JobId) -> JobTold:
    """Return how far a job is, and its report when it is done."""
    return job_told(desk.get(job_id))


@router.delete(
    "/{job_id}",
    operation_id="cancelImport",
    summary="Cancel a job",
    responses=answers(
        examples.CANCELLED, JobNotFound(examples.JOB_ID), JobEnded(examples.JOB_ID, "done")
    ),
)
def cancel_import(desk: Desk, job_id: JobId) -> JobTold:
    """Stop a job that is queued or running; nothing of its file stays in the catalogue."""
    noted(job_id)
    return job_told(desk.cancel(job_id))


@router.get(
    "/{job_id}/errors.xlsx",
    operation_id="getImportErrors",
    summary="Error workbook",
    response_class=FileResponse,
    responses=_answers(
        200,
        {XLSX: {"schema": {"type": "string", "format": "binary"}}},
        JobNotFound(examples.JOB_ID),
        ErrorsNotFound(examples.JOB_ID),
    ),
)
def get_import_errors(desk: Desk, job_id: JobId) -> FileResponse:
    """Return the refused rows as a workbook: the rows as they came, what is wrong, the cure."""
    noted(job_id)
    path, name = desk.errors(job_id)
    return FileResponse(path, media_type=XLSX, filename=f"{FilePath(name).stem}-errors.xlsx")


async def _pieces(request: Request, most: int) -> AsyncIterator[bytes]:
    """Yield the body in pieces worth a trip to a thread; counted as they come, whatever is said."""
    size, waiting, held = 0, list[bytes](), 0
    try:
        async for chunk in _timely(request.stream()):
            size += len(chunk)
            if size > most + _AROUND:
                raise BodyTooLarge(most)
            waiting.append(chunk)
            held += len(chunk)
            if held >= _PIECE:
                yield b"".join(waiting)
                waiting, held = [], 0
    except ClientDisconnect as error:
        raise MalformedUpload("found the connection closed", "the whole form") from error
    yield b"".join(waiting)


async def _timely(stream: AsyncGenerator[bytes, None]) -> AsyncIterator[bytes]:
    """Yield the chunks; a sender that falls silent does not hold connection and disk for ever."""
    while True:
        try:
            with fail_after(_SILENT_SECONDS):
                chunk = await anext(stream)
        except StopAsyncIteration:
            return
        except TimeoutError as error:
            raise MalformedUpload(
                f"found nothing arriving for {_SILENT_SECONDS} seconds", "the whole form"
            ) from error
        yield chunk


@dataclass(frozen=True, slots=True)
class _Arrived:
    """A form that was read: what is asked, what the file was called, what was sent in all."""

    ask: ImportAsk
    file_name: str
    fields: Mapping[str, str]


async def _receive(pieces: AsyncIterator[bytes], boundary: bytes, upload: Arriving) -> _Arrived:
    with Form(boundary, upload.path) as form:
        async for piece in pieces:
            await to_thread.run_sync(form.feed, piece)
        await to_thread.run_sync(form.end)
    if any(map(holds_secret, (*form.fields.values(), form.file_name))):
        raise SecretMisplaced("body")
    asked = _form(form.fields)
    ending = FilePath(form.file_name).suffix.lower()
    if ending not in ENDINGS:
        raise EndingRefused(ending, ", ".join(ENDINGS))
    return _Arrived(asked.ask(), form.file_name, dict(form.fields))


async def _accept(
    request: Request, response: Response, desk: ImportDesk, upload: Arriving, arrived: _Arrived
) -> JobTold | Response:
    """Keep the job; under an Idempotency-Key that was answered before, answer so again."""
    repeat: Repeat | None = getattr(request.state, "repeat", None)
    if repeat is None:
        told = await _job(desk, upload, arrived)
        response.headers["location"] = f"/v1/imports/{told.job_id}"
        return told
    begun = await repeat.begin(await to_thread.run_sync(_fingerprint, arrived, upload.path))
    if isinstance(begun, Response):
        return begun
    done = False
    try:
        told = await _job(desk, upload, arrived)
        done = True
    finally:
        if not done:
            await repeat.free(begun)
    where = {"location": f"/v1/imports/{told.job_id}"}
    answer = JSONResponse(told.model_dump(mode="json"), 202, where)
    await repeat.end(begun, answer)
    return answer


async def _job(desk: ImportDesk, upload: Arriving, arrived: _Arrived) -> JobTold:
    job_id = await to_thread.run_sync(upload.accept, arrived.ask, arrived.file_name)
    noted(job_id, what=arrived.ask.what)
    return job_told(await to_thread.run_sync(desk.get, job_id))


def _fingerprint(arrived: _Arrived, path: FilePath) -> str:
    """Return a digest of the content: the boundary between its parts is new at each attempt."""
    with path.open("rb") as file:
        content = hashlib.file_digest(file, "sha256").hexdigest()
    told = [content, arrived.file_name, sorted(arrived.fields.items())]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def _form(fields: Mapping[str, str]) -> ImportForm:
    try:
        form = ImportForm.model_validate({**fields})
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=True)
        raise RequestValidationError(
            [{**one, "loc": ("body", *one["loc"])} for one in found]
        ) from error
    known = family_names(form.what)
    if form.family not in known:
        raise _invalid("as", "family", f"Input should be one of {', '.join(known)}")
    if form.kind and form.what != "relations":
        raise _invalid("kind", "kind", "Goes with relations only")
    return form


def _invalid(field: str, kind: str, message: str) -> RequestValidationError:
    return RequestValidationError([{"type": kind, "loc": ("body", field), "msg": message}])
