"""What is no text, whatever its ending says: told by its first bytes."""

from __future__ import annotations

from pathlib import Path

from matcher.errors import BadFile

LOOKED_AT = 1 << 16
"""So many bytes tell."""

_EXPECTED = "a table as text in UTF-8, GB18030, or UTF-16 with a byte order mark"
# First bytes → what people call it.
_KINDS = (
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"\x1f\x8b", "a compressed archive"),
    (b"Rar!", "a compressed archive"),
    (b"7z\xbc\xaf", "a compressed archive"),
    (b"PAR1", "a Parquet file"),
    (b"SQLite format 3", "a database"),
)
_LINE_MARKS = frozenset(b"\t\n\r\f\v\x1a\x1b")
# Of random bytes one in nine is a control character; of text hardly any.
_MOST_CONTROLS = 0.04
# Of text nearly every character is a letter, a Chinese one, a digit or a mark that people type.
_LEAST_TYPED = 0.9


def refuse_no_text(path: Path, head: bytes) -> None:
    """Return for what may be text in UTF-8, GB18030, or UTF-16 with its mark.

    Args:
        path: of the file, for the error.
        head: its first bytes, without a byte order mark of UTF-16.

    Raises:
        BadFile: the bytes are another kind of file, UTF-16 without its mark, or no text at all.
    """
    for start, kind in _KINDS:
        if head.startswith(start):
            cure = "export the table as CSV UTF-8 or .xlsx and import that"
            raise BadFile(str(path), f"found {kind} named {path.suffix}", _EXPECTED, cure)
    controls = sum(byte < 0x20 and byte not in _LINE_MARKS for byte in head)
    if not controls:
        return
    if 0 in head and any(map(_typed, _as_utf16(head))):
        raise BadFile(
            str(path),
            "found text in UTF-16 without a byte order mark",
            _EXPECTED,
            "open it in Notepad, Excel or WPS and save it as UTF-8 (CSV UTF-8)",
        )
    if controls > 1 and controls > _MOST_CONTROLS * len(head):
        raise BadFile(
            str(path),
            f"found bytes that are no text ({controls:,} control characters in the first "
            f"{len(head):,} bytes)",
            _EXPECTED,
            "check that it is the right file; open it in the program that wrote it and save it as "
            "CSV UTF-8 or .xlsx",
        )


def _as_utf16(head: bytes) -> tuple[str, str]:
    whole = head[: len(head) // 2 * 2]
    return whole.decode("utf-16-le", "replace"), whole.decode("utf-16-be", "replace")


def _typed(text: str) -> bool:
    """Return whether the text is one that people type; ASCII with a NUL between is not."""
    typed = sum(_is_typed(char) for char in text)
    return "\0" not in text and typed >= _LEAST_TYPED * len(text)


def _is_typed(char: str) -> bool:
    return (
        char in "\t\r\n"
        or " " <= char <= "~"
        or "\u4e00" <= char <= "\u9fff"
        or "\u3000" <= char <= "\u303f"
        or "\uff00" <= char <= "\uffef"
    )
