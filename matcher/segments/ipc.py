"""IPC symbols: how people write them, what they are called, which older places they stand for."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache

from matcher.errors import InputError
from matcher.segments.facts import read_segment_facts

_PADDED = re.compile(r"([A-H]\d\d[A-Z])(\d{4})(\d{6})")
_WRITTEN = re.compile(r"([A-H]\d\d[A-Z])(?:[ -]*(\d{1,4})(?:[ ]*[/-][ ]*(\d{2,6}))?)?")
_EDITION = re.compile(r"[\s(\[]*(?:19|20)\d\d[.\d]*[)\]]*[AIN,;\s]*$")


@dataclass(frozen=True, slots=True)
class IpcSymbol:
    """One place of the IPC.

    Attributes:
        subclass: four characters, ``B65G``.
        main_group: subclass and main group, ``B65G47``; ``""`` where the symbol stops above it.
        full: ``B65G47/90``; ``B65G47/00`` for a main group; the subclass where that is all.
    """

    subclass: str
    main_group: str
    full: str


@lru_cache(maxsize=200_000)
def parse_ipc(text: str) -> IpcSymbol:
    """Return the symbol that a text means.

    Reads ``B65G47/90``, ``B65G 47/90``, full width, lower case, the padded form
    ``B65G0047900000``, an edition mark behind the symbol, a main group or a subclass alone.

    Raises:
        InputError: the text is no IPC symbol of at least a subclass (Locarno codes are none).
    """
    folded = unicodedata.normalize("NFKC", text).upper().replace("∕", "/").strip(" ;,.|")
    padded = _PADDED.fullmatch(folded)
    match = padded or _WRITTEN.fullmatch(folded) or _WRITTEN.fullmatch(_EDITION.sub("", folded))
    if match is None:
        raise InputError(
            f"found IPC symbol {text!r}",
            "a symbol such as 'B65G47/90' or a subclass such as 'B65G'",
            "write section, class and subclass first; leave the cell empty for design patents",
        )
    subclass, main, sub = match.groups()
    if main is None:
        return IpcSymbol(subclass, "", subclass)
    if padded:
        sub = sub.rstrip("0").ljust(2, "0")
    main_group = f"{subclass}{int(main)}"
    return IpcSymbol(subclass, main_group, f"{main_group}/{sub or '00'}")


def ipc_title(symbol: str) -> str | None:
    """Return the short Chinese title of the symbol's main group, or of the level it stops at.

    ``ipc_title("B65G47/90")`` is the title of B65G47/00. Sections and classes are read too.
    ``None`` where the tables hold no title for that level.

    Raises:
        InputError: the text is no IPC symbol.
    """
    plain = unicodedata.normalize("NFKC", symbol).strip().upper()
    if plain in _titles():
        return _titles()[plain]
    parsed = parse_ipc(symbol)
    return _titles().get(f"{parsed.main_group}/00" if parsed.main_group else parsed.subclass)


def ipc_path(symbol: str) -> tuple[str, ...]:
    """Return the titles of class, subclass and main group, outermost first.

    A level without a title, or below the one the symbol stops at, is left out.

    Raises:
        InputError: the text is no IPC symbol of at least a subclass.
    """
    parsed = parse_ipc(symbol)
    codes = [parsed.subclass[:3], parsed.subclass]
    if parsed.main_group:
        codes.append(f"{parsed.main_group}/00")
    return tuple(title for title in map(_titles().get, codes) if title)


def equivalents(symbol: IpcSymbol) -> tuple[IpcSymbol, ...]:
    """Return the places this symbol stands for in other editions; mostly none.

    IPC places get renumbered (H01L51 became H10K, G06K9 became G06V) while concordances keep
    the edition they were written for. The bridge is approximate and goes both ways; the longest
    known prefix of the symbol wins.
    """
    for end in range(len(symbol.full), 3, -1):
        if symbol.full[:end] in _bridge() and _whole(symbol, end):
            return _bridge()[symbol.full[:end]]
    return ()


def _whole(symbol: IpcSymbol, end: int) -> bool:
    """Say whether a prefix of that length stops at a level of the IPC, not inside a number."""
    return end in (4, len(symbol.main_group)) or end > len(symbol.main_group) + 2


@cache
def _titles() -> dict[str, str]:
    return {row[0]: row[1] for row in read_segment_facts("ipc_titles.csv")}


@cache
def _bridge() -> dict[str, tuple[IpcSymbol, ...]]:
    found: dict[str, tuple[IpcSymbol, ...]] = {}
    for symbol, stands_for in read_segment_facts("ipc_bridge.csv"):
        found[symbol] = (*found.get(symbol, ()), parse_ipc(stands_for))
    return found
