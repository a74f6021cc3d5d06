"""multipart/form-data with one file, written to disk as it arrives.

Not Starlette's ``request.form()``: that keeps a file of any size in the system's temporary folder
first, and decodes names without telling what was wrong with them.
"""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path
from types import TracebackType

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from service.jobs.refusals import MalformedUpload, UploadTypeRefused

FILE = "file"
LONGEST_NAME = 255
_MOST_PARTS = 20
_LONGEST_VALUE = 4_096
_HEADERS = {"max_header_count": 8, "max_header_size": 4_096}
# Marks that turn the direction of a text: they make a name read as another.
_TURNS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class FieldRefused(Exception):
    """A part that does not fit, told as a field of the request.

    Args:
        field: name of the part.
        kind: of the problem, as pydantic calls it.
        message: in English.
    """

    def __init__(self, field: str, kind: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.kind = kind
        self.message = message


def boundary_of(content_type: bytes) -> bytes:
    """Return the boundary that a Content-Type header names; raise ``UploadTypeRefused`` if none."""
    kind, options = parse_options_header(content_type)
    boundary = options.get(b"boundary", b"")
    if kind != b"multipart/form-data" or not 1 <= len(boundary) <= 70:
        raise UploadTypeRefused
    return boundary


class Form:
    """A form as it arrives.

    Args:
        boundary: of the parts.
        path: where the file goes.
    """

    def __init__(self, boundary: bytes, path: Path) -> None:
        self.fields: dict[str, str] = {}
        self.file_name = ""
        self._path = path
        self._file = path.open("xb")
        self._parts = 0
        self._whole = False
        self._start_part()
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._start_part,
                "on_header_field": self._on_header_name,
                "on_header_value": self._on_header_value,
                "on_header_end": self._on_header_end,
                "on_headers_finished": self._on_headers,
                "on_part_data": self._on_data,
                "on_part_end": self._on_part_end,
                "on_end": self._on_end,
            },
            **_HEADERS,
        )

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes.

        Raises:
            MalformedUpload: they are no form, or a form of too many parts.
            FieldRefused: a part that does not fit.
            OSError: the disk takes no more.
        """
        try:
            self._parser.write(chunk)
        except FormParserError as error:
            raise MalformedUpload(
                "found a body that breaks off or is no form", "multipart/form-data (RFC 7578)"
            ) from error

    def end(self) -> None:
        """Return when the file would survive a power cut.

        Raises:
            MalformedUpload: the last boundary has not come.
            FieldRefused: there was no file.
        """
        if not self._whole:
            raise MalformedUpload("found no end of the form", "a closing boundary")
        if not self.file_name:
            raise FieldRefused(FILE, "missing", "Field required")
        self._file.flush()
        os.fsync(self._file.fileno())

    def __enter__(self) -> Form:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def _start_part(self) -> None:
        self._header_name = self._header_value = b""
        self._headers: dict[bytes, bytes] = {}
        self._value = b""
        self._name = ""
        self._is_file = False

    def _on_header_name(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def _on_header_end(self) -> None:
        self._headers[self._header_name.lower()] = self._header_value
        self._header_name = self._header_value = b""

    def _on_headers(self) -> None:
        self._parts += 1
        if self._parts > _MOST_PARTS:
            raise MalformedUpload("found too many parts", f"at most {_MOST_PARTS}")
        kind, options = parse_options_header(self._headers.get(b"content-disposition"))
        if kind != b"form-data" or b"name" not in options:
            raise MalformedUpload("found a part without a name", "Content-Disposition: form-data")
        if b"content-transfer-encoding" in self._headers:
            raise MalformedUpload("found a part in a transfer encoding", "the bytes themselves")
        self._name = _text(options[b"name"], "the name of a part")
        self._is_file = b"filename" in options
        if self._is_file:
            self._begin_file(options[b"filename"])
        elif self._name == FILE:
            raise FieldRefused(FILE, "missing", "Field required: a file, with its name")
        elif self._name in self.fields:
            raise MalformedUpload(f"found the field {self._name[:40]!r} twice", "each field once")

    def _begin_file(self, name: bytes) -> None:
        if self._name != FILE:
            raise FieldRefused(self._name, "extra_forbidden", "Extra inputs are not permitted")
        if self.file_name:
            raise MalformedUpload("found two files", "one file, in the field 'file'")
        self.file_name = file_name(_text(name, "the name of the file"))

    def _on_data(self, data: bytes, start: int, end: int) -> None:
        if self._is_file:
            self._file.write(memoryview(data)[start:end])
            return
        self._value += data[start:end]
        if len(self._value) > _LONGEST_VALUE:
            raise FieldRefused(self._name, "value_too_long", f"at most {_LONGEST_VALUE} bytes")

    def _on_part_end(self) -> None:
        if not self._is_file:
            self.fields[self._name] = _text(self._value, "a field")

    def _on_end(self) -> None:
        self._whole = True


def file_name(sent: str) -> str:
    r"""Return the name of a file as it is told in reports: the last part of what was sent.

    It is never a path of ours; the upload lies on disk under a name of our own.

    >>> file_name("C:\\报表\\专利.xlsx"), file_name("../../etc/专利.csv")
    ('专利.xlsx', '专利.csv')

    Raises:
        FieldRefused: nothing is left, it is too long, or holds marks that no honest name has.
    """
    name = sent.replace("\\", "/").rsplit("/", 1)[-1].strip()
    if not name or name in {".", ".."}:
        raise FieldRefused(FILE, "missing", "Field required: a file, with its name")
    if len(name) > LONGEST_NAME:
        raise FieldRefused(FILE, "file_name", f"a name of at most {LONGEST_NAME} characters")
    if any(unicodedata.category(mark) in {"Cc", "Cs"} or mark in _TURNS for mark in name):
        raise FieldRefused(FILE, "file_name", "a name without control characters")
    return name


def _text(value: bytes, what: str) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedUpload(f"found {what} in another encoding", "UTF-8") from error
