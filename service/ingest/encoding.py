"""Which encoding a text file is in, decided on every byte of it."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from matcher.errors import BadFile
from service.ingest.not_text import LOOKED_AT, refuse_no_text
from service.ingest.problems import HIDDEN, RowProblem, file_problem

_BLOCK = 1 << 20
_CURE = "save the file again as UTF-8, or mend that line"
# Past one bad line in so many the encoding is more likely mistaken than the lines.
_GOOD_FOR_ONE_BAD = 10


@dataclass(frozen=True, slots=True)
class TextFile:
    """What one look at the whole file tells.

    Attributes:
        encoding: to open it with.
        sha256: of its bytes.
        bad_lines: how many lines have bytes that are no text in this encoding.
    """

    encoding: str
    sha256: str
    bad_lines: int = 0

    @property
    def damaged(self) -> bool:
        """Return whether some lines do not decode."""
        return self.bad_lines > 0

    @property
    def errors(self) -> str:
        """Return the error handler to open the file with; ``decodes`` finds what it marks."""
        return "surrogateescape" if self.damaged else "strict"

    @property
    def notes(self) -> tuple[str, ...]:
        """Return what a report must say of the encoding."""
        if not self.damaged:
            return ()
        return (f"{self.bad_lines} lines have bytes that are not {self.encoding}: refused",)


def decodes(text: str) -> bool:
    """Return whether the text holds no byte that its encoding could not read."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def undecoded(line: int) -> RowProblem:
    """Return the problem of a line with such a byte."""
    cure = "Save the file again in one encoding, best UTF-8, and check the characters of this row."
    return file_problem(line, HIDDEN, "encoding", cure)


@dataclass(frozen=True, slots=True)
class _Attempt:
    """How far an encoding carried: to the end (None), or to this byte on this line."""

    stopped_at: int | None
    line: int
    hanzi: int
    others: int


def examine(path: Path) -> TextFile:
    """Return the encoding (utf-8-sig, utf-8, gb18030 or utf-16) and the hash of a text file.

    A file of which one line in ten at most has a wrong byte is still of its encoding; these
    lines are for the reader to refuse.

    Raises:
        BadFile: the bytes are no text in any of the four; UTF-16 needs its byte order mark.
    """
    digest = sha256()
    with path.open("rb") as source:
        head = source.read(LOOKED_AT)
        source.seek(0)
        while block := source.read(_BLOCK):
            digest.update(block)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        utf16 = _attempt(path, "utf-16")
        if utf16.stopped_at is not None:
            raise _bad(path, "UTF-16", utf16)
        return TextFile("utf-16", digest.hexdigest())
    refuse_no_text(path, head)
    has_mark = head.startswith(codecs.BOM_UTF8)
    encoding, bad_lines = _of_bytes(path, "utf-8-sig" if has_mark else "utf-8")
    return TextFile(encoding, digest.hexdigest(), bad_lines)


def _of_bytes(path: Path, utf: str) -> tuple[str, int]:
    """Return (encoding, lines that it cannot read): UTF-8 or GB18030, whichever reads more."""
    utf8 = _attempt(path, "utf-8")
    if utf8.stopped_at is None:
        return utf, 0
    attempts = {utf: utf8}
    # GB18030 reads nearly any bytes as some text. A file that was good UTF-8 up to here, with
    # Chinese in it, is UTF-8 with a wrong byte; reading it as GB18030 would garble all of it.
    if utf == "utf-8" and utf8.hanzi <= utf8.others:
        attempts["gb18030"] = _attempt(path, "gb18030")
        if attempts["gb18030"].stopped_at is None:
            return "gb18030", 0
    bad, lines, encoding = min(
        (*_bad_lines(path, name.removesuffix("-sig")), name) for name in attempts
    )
    if bad * _GOOD_FOR_ONE_BAD > lines:
        raise _bad(path, *next(reversed(_named(attempts).items())))
    return encoding, bad


def _named(attempts: dict[str, _Attempt]) -> dict[str, _Attempt]:
    return {name.removesuffix("-sig").upper(): one for name, one in attempts.items()}


def _bad_lines(path: Path, encoding: str) -> tuple[int, int]:
    """Return (lines that do not decode, all lines); a line feed is no part of any character."""
    bad = lines = 0
    with path.open("rb") as source:
        for line in source:
            lines += 1
            try:
                line.decode(encoding)
            except UnicodeDecodeError:
                bad += 1
    return bad, lines


def _bad(path: Path, encoding: str, attempt: _Attempt) -> BadFile:
    return BadFile(
        str(path),
        f"found a byte that is not {encoding} on line {attempt.line} (byte {attempt.stopped_at})",
        "text in one encoding from the first line to the last",
        _CURE,
    )


def _attempt(path: Path, encoding: str) -> _Attempt:
    decoder = codecs.getincrementaldecoder(encoding)()
    done = hanzi = others = 0
    line = 1
    with path.open("rb") as source:
        while True:
            block = source.read(_BLOCK)
            # Bytes of a character that the last block cut in two.
            pending = decoder.getstate()[0]
            try:
                text = decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                good = (pending + block)[: error.start].decode(encoding, "ignore")
                more, rest = _census(good)
                return _Attempt(
                    done - len(pending) + error.start,
                    line + good.count("\n"),
                    hanzi + more,
                    others + rest,
                )
            if not block:
                return _Attempt(None, line, hanzi, others)
            if hanzi + others < 1000:
                more, rest = _census(text[:_BLOCK])
                hanzi, others = hanzi + more, others + rest
            line += text.count("\n")
            done += len(block)


def _census(text: str) -> tuple[int, int]:
    """Return (Chinese characters and their punctuation, other characters outside ASCII)."""
    if text.isascii():
        return 0, 0
    wide = [char for char in text if char > "\x7f"]
    hanzi = sum("\u2e80" <= char <= "\u9fff" or "\uff00" <= char <= "\uffef" for char in wide)
    return hanzi, len(wide) - hanzi
