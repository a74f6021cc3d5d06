"""What a file named as a workbook really is, checked before anything is unpacked for use."""

from __future__ import annotations

import re
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from matcher.errors import BadFile

_ZIP = b"PK"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_MARKUP = re.compile(rb"\s*(?:<|MIME-Version:)", re.IGNORECASE)
_BLOCK = 1 << 18
_OUT = 1 << 20
_SAVE_AS = "open it in Excel or WPS and save it as .xlsx"
_AGAIN = "download or save the file again"


@dataclass(frozen=True, slots=True)
class SheetLimits:
    """What a workbook may cost.

    Absolute limits, no compression ratio: a ratio refuses honest workbooks that are mostly
    styles. An honest export of 300,000 patents with abstract and first claim unpacks to 1.2 GB,
    and the child that reads it peaks at 2.4 GB of address space.
    """

    memory_bytes: int = 4 << 30
    seconds: int = 120
    cells: int = 30_000_000
    unpacked_bytes: int = 2 << 30
    parts: int = 10_000


@dataclass(frozen=True, slots=True)
class Container:
    """What the file is: ``.xlsx`` or ``.xls``, and to how many bytes it unpacks."""

    ending: str
    unpacked: int

    def memory(self, limits: SheetLimits) -> int:
        """Return the address space that an honest workbook of this size may need, in bytes.

        Measured: up to three times what it unpacks to, besides the library and a grid of the
        allowed cells at 24 bytes each. A small file that asks for more is stopped soon.
        """
        return min(limits.memory_bytes, (512 << 20) + 24 * limits.cells + 3 * self.unpacked)


def examine_workbook(path: Path, limits: SheetLimits) -> Container:
    """Return what the workbook is by its first bytes, whatever its ending says.

    Raises:
        BadFile: the file is none, is protected, cut off, or unpacks to more than the limits.
    """
    with path.open("rb") as source:
        head = source.read(512)
        if head.startswith(_OLE):
            if _holds(source, _ENCRYPTED):
                raise protected(path)
            return Container(".xls", path.stat().st_size)
        if head.startswith(_ZIP):
            return Container(".xlsx", _check_parts(path, source, limits))
    if not head:
        raise BadFile(str(path), "found an empty file", "a workbook", _AGAIN)
    if _MARKUP.match(head.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe")):
        raise BadFile(str(path), "found a web page or XML text", "a workbook", _SAVE_AS)
    if b"\0" not in head:
        cure = "give it the ending .csv, or " + _SAVE_AS
        raise BadFile(str(path), "found plain text", "a workbook", cure)
    raise BadFile(str(path), "found no workbook", "an .xlsx or .xls file", _SAVE_AS)


def protected(path: Path) -> BadFile:
    """Return the error of a workbook that asks for a password."""
    return BadFile(
        str(path),
        "found a workbook protected by a password",
        "one that opens without",
        "open it in Excel or WPS, take the password off and save it again",
    )


def too_large(path: Path, found: str, limits: SheetLimits) -> BadFile:
    """Return the error of a workbook past the limits."""
    return BadFile(
        str(path),
        found,
        f"a workbook of at most {limits.cells:,} cells from A1 to the last one, "
        f"{limits.unpacked_bytes >> 20} MB unpacked, read within {limits.seconds} seconds",
        "delete empty rows and columns beyond the data, or save the sheet as CSV",
    )


def _holds(source: BinaryIO, wanted: bytes) -> bool:
    source.seek(0)
    last = b""
    while block := source.read(_OUT):
        if wanted in last + block:
            return True
        last = block[-len(wanted) :]
    return False


def _check_parts(path: Path, source: BinaryIO, limits: SheetLimits) -> int:
    """Return how many bytes the parts unpack to, after a look at each."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise _cut(path, str(error)) from error
    if len(parts) > limits.parts:
        raise too_large(path, f"found {len(parts)} parts", limits)
    unpacked = sum(part.file_size for part in parts)
    if unpacked > limits.unpacked_bytes:
        raise too_large(path, f"found {unpacked:,} bytes unpacked", limits)
    if not any(part.filename.startswith("xl/") for part in parts):
        raise BadFile(str(path), "found an archive without sheets", "a workbook", _SAVE_AS)
    for part in parts:
        try:
            _check_size(path, source, part)
        except (zlib.error, OSError, ValueError) as error:
            raise _cut(path, str(error)) from error
    return unpacked


def _check_size(path: Path, source: BinaryIO, part: zipfile.ZipInfo) -> None:
    """Raise unless the part unpacks to the size that the archive says: a reader trusts that."""
    source.seek(part.header_offset)
    header = source.read(30)
    # What the local header calls its name and extra field stands between it and the data.
    skipped = int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
    source.seek(part.header_offset + 30 + skipped)
    if part.flag_bits & 1:
        raise protected(path)
    if part.compress_type == zipfile.ZIP_STORED:
        size = part.compress_size
    elif part.compress_type == zipfile.ZIP_DEFLATED:
        size = _inflated(source, part.compress_size, part.file_size)
    else:
        raise ValueError(f"compression {part.compress_type} of {part.filename}")
    if size != part.file_size:
        raise ValueError(f"{part.filename} does not unpack to the {part.file_size} bytes it states")


def _inflated(source: BinaryIO, packed: int, most: int) -> int:
    """Return how many bytes come out, at most one block more than ``most``; -1 for a cut stream."""
    unpacker = zlib.decompressobj(-15)
    size = 0
    while packed > 0 and size <= most and not unpacker.eof:
        block = source.read(min(_BLOCK, packed))
        if not block:
            return -1
        packed -= len(block)
        while block and size <= most:
            size += len(unpacker.decompress(block, _OUT))
            block = unpacker.unconsumed_tail
    return size if unpacker.eof else max(size, most) + 1


def _cut(path: Path, said: str) -> BadFile:
    return BadFile(str(path), f"found a damaged workbook: {said}", "a whole .xlsx file", _AGAIN)
