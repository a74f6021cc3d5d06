"""One table of a TOML file that people write: every key read, every mistake one sentence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from difflib import get_close_matches
from typing import Any, TypeVar

from matcher.errors import BadFile

T = TypeVar("T")
_NEAR = 3
_LISTED = 12


@dataclass(frozen=True, slots=True)
class TomlTable:
    """A table, and where it stands.

    Attributes:
        path: of the file, for the sentence.
        place: such as ``[firms]``, ``""`` for the top of the file.
        values: key → value.
        cure: what the sentence ends with.
    """

    path: str
    place: str
    values: Mapping[str, Any]
    cure: str

    def only(self, keys: Sequence[str]) -> None:
        """Raise ``BadFile`` where the table has another key."""
        for key in self.values:
            if key not in keys:
                raise self.bad(f"found the key {key!r}", f"one of {', '.join(keys)}", key, keys)

    def text(self, key: str) -> str:
        """Return a text that must be there and say something."""
        value = self.values.get(key)
        if not isinstance(value, str) or not value.strip():
            raise self.wrong(key, "a text that says something")
        return value.strip()

    def whole(self, key: str, least: int, most: int, default: T) -> int | T:
        """Return a whole number within bounds, or the default where the key is missing."""
        if key not in self.values:
            return default
        value = self.values[key]
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise self.wrong(key, f"a whole number from {least} to {most}")
        return value

    def share(self, key: str, most: float, default: float) -> float:
        """Return a number from 0 on, or the default where the key is missing."""
        value = self.values.get(key, default)
        right = isinstance(value, int | float) and not isinstance(value, bool)
        if not right or not 0 <= value <= most:
            raise self.wrong(key, f"a number from 0 to {most}")
        return float(value)

    def day(self, key: str) -> date:
        """Return a day that must be there."""
        value = self.values.get(key)
        if not isinstance(value, date) or isinstance(value, datetime):
            raise self.wrong(key, "a day without quotes, such as 2027-02-04")
        return value

    def words(self, key: str) -> list[str]:
        """Return a list of texts, empty where the key is missing."""
        value = self.values.get(key, [])
        if (
            not isinstance(value, list)
            or not all(isinstance(word, str) for word in value)
            or (key in self.values and not value)
        ):
            raise self.wrong(key, 'a list of texts, such as ["…", "…"]; leave the key out for all')
        return value

    def named(self, key: str, known: Mapping[str, T], what: str) -> list[T]:
        """Return what the words of a key name.

        Args:
            key: of a list of texts.
            known: every name → what it means.
            what: of which the names are, for the sentence.
        """
        found = []
        for word in self.words(key):
            if word not in known:
                names = list(known)
                listed = ", ".join(names[:_LISTED]) + (", …" if len(names) > _LISTED else "")
                raise self.bad(f"found {key} with {word!r}", f"{what} ({listed})", word, names)
            found.append(known[word])
        return found

    def table(self, key: str) -> TomlTable:
        """Return a table inside this one, an empty one where the key is missing."""
        value = self.values.get(key, {})
        if not isinstance(value, dict):
            raise self.wrong(key, f"a table [{self._inside(key)}]")
        return TomlTable(self.path, f"[{self._inside(key)}]", value, self.cure)

    def tables(self, key: str) -> Iterator[TomlTable]:
        """Yield the tables of a list of tables, none where the key is missing."""
        value = self.values.get(key, [])
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            raise self.wrong(key, f"tables [[{self._inside(key)}]]")
        for at, one in enumerate(value, start=1):
            yield TomlTable(self.path, f"[[{self._inside(key)}]] {at}", one, self.cure)

    def wrong(self, key: str, expected: str) -> BadFile:
        """Return the error of a key that is missing or has a wrong value."""
        found = (
            f"found {key} = {_shown(self.values[key])}" if key in self.values else f"found no {key}"
        )
        return self.bad(found, expected)

    def bad(self, found: str, expected: str, word: str = "", known: Sequence[str] = ()) -> BadFile:
        """Return an error that says where it is, and which known words are near."""
        near = get_close_matches(word, known, _NEAR, 0.5)
        meant = f"; did you mean {' or '.join(map(repr, near))}?" if near else ""
        where = f"{self.place}: " if self.place else ""
        return BadFile(self.path, where + found, expected + meant, self.cure)

    def _inside(self, key: str) -> str:
        above = self.place.strip("[]")
        return f"{above}.{key}" if above else key


def _shown(value: object) -> str:
    text = value.isoformat() if isinstance(value, date) else repr(value)
    return text if len(text) <= 80 else f"{text[:77]}…"
