"""Which encoding a text file is in, decided on every byte of it."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from matcher.errors import BadFile

_BLOCK = 1 << 20
_CURE = "save the file again as UTF-8, or mend that line"


@dataclass(frozen=True, slots=True)
class TextFile:
    """What one look at the whole file tells: the encoding to open it with, and its SHA-256."""

    encoding: str
    sha256: str


@dataclass(frozen=True, slots=True)
class _Attempt:
    """How far an encoding carried: to the end (None), or to this byte on this line."""

    stopped_at: int | None
    line: int
    hanzi: int
    others: int


def examine(path: Path) -> TextFile:
    """Return the encoding (utf-8-sig, utf-8 or gb18030) and the hash of a text file.

    Raises:
        BadFile: the bytes are no text in any of the three, or UTF-8 with a wrong byte in it.
    """
    digest = sha256()
    with path.open("rb") as source:
        head = source.read(4)
        source.seek(0)
        while block := source.read(_BLOCK):
            digest.update(block)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise BadFile(str(path), "found UTF-16 text", "UTF-8 or GB18030", _CURE)
    utf8 = _attempt(path, "utf-8")
    has_mark = head.startswith(codecs.BOM_UTF8)
    if utf8.stopped_at is None:
        return TextFile("utf-8-sig" if has_mark else "utf-8", digest.hexdigest())
    # GB18030 reads nearly any bytes as some text. A file that was good UTF-8 up to here, with
    # Chinese in it, is UTF-8 with a wrong byte; reading it as GB18030 would garble all of it.
    if not has_mark and utf8.hanzi <= utf8.others:
        gb = _attempt(path, "gb18030")
        if gb.stopped_at is None:
            return TextFile("gb18030", digest.hexdigest())
        raise _bad(path, "GB18030", gb)
    raise _bad(path, "UTF-8", utf8)


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
