"""Examples of uploads and import jobs for OpenAPI; a test holds each to its schema."""

from __future__ import annotations

from typing import Any

from fastapi.openapi.models import Example

from service.api.import_schemas import ImportForm

JOB_ID = "4f1d0c8e2b7a4d6f9a3c5e7b1d2f4a60"
JOB_IDS: dict[str, Example] = {"job": {"summary": "As answered to the upload", "value": JOB_ID}}
_JOB: dict[str, Any] = {
    "job_id": JOB_ID,
    "what": "patents",
    "file_name": "钱江湾理工大学-存量专利.xlsx",
    "options": {
        "as": "auto",
        "sheet": "",
        "checked_on": "2026-01-15",
        "holder": "",
        "kind": "",
        "dry_run": False,
    },
    "attempts": 0,
    "created_at": "2026-01-31T08:00:00.000000Z",
    "started_at": None,
    "finished_at": None,
    "progress": {"rows": 0},
    "cancelling": False,
    "report": None,
    "failure": None,
    "errors_url": None,
}
QUEUED: dict[str, Any] = {**_JOB, "state": "queued"}
CANCELLED: dict[str, Any] = {
    **_JOB,
    "state": "cancelled",
    "attempts": 1,
    "started_at": "2026-01-31T08:00:01.000000Z",
    "finished_at": "2026-01-31T08:00:04.000000Z",
}
DONE: dict[str, Any] = {
    **CANCELLED,
    "state": "done",
    "progress": {"rows": 3},
    "errors_url": f"/v1/imports/{JOB_ID}/errors.xlsx",
    "report": {
        "what": "patents",
        "dry_run": False,
        "files": [
            {
                "file": "钱江湾理工大学-存量专利.xlsx",
                "family": "patsnap",
                "rows": 3,
                "records": 2,
                "new": 2,
                "changed": 0,
                "unchanged": 0,
                "refused": 1,
                "errors": [
                    {
                        "row": 4,
                        "column": "申请号",
                        "value": "20211940210",
                        "problem": "syntax",
                        "cure": "Write the application number in full, like CN202119402100.4.",
                    }
                ],
            }
        ],
    },
}


def _form() -> dict[str, Any]:
    schema = ImportForm.model_json_schema(by_alias=True)
    kinds = schema.pop("$defs", {})
    fields = schema["properties"]
    fields["file"] = {"type": "string", "format": "binary", "description": "one file to import"}
    fields["kind"]["anyOf"] = [kinds["RelationKind"], {"type": "null"}]
    schema["required"] = ["file", *schema["required"]]
    shown = {"what": "patents", "checked_on": "2026-01-15", "file": "(the bytes of a workbook)"}
    media = {"schema": schema, "examples": {"patents": {"summary": "Patents", "value": shown}}}
    return {"required": True, "content": {"multipart/form-data": media}}


FORM = _form()
