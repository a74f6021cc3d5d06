"""Column names: what people write above a column, and which field it is.

A heading is compared as ``headings.tidy`` says: first whole, then without its brackets. Headings
of one field stand in the order in which they count: the operator's, the family's, those of
``aliases.toml``. The first one with a value in the row gives it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from service.ingest.aliases import Aliases, load_aliases
from service.ingest.families import FAMILIES, Family
from service.ingest.fields import text
from service.ingest.headings import is_personal, shorter, tidy

Place = tuple[int, int, str]
"""(Rank of the heading within its field, 1 for one found without its brackets, field.)"""

# A product that writes main and further classes into two columns means both.
_JOINED = frozenset({"ipc"})
_OWN, _FAMILY, _SHIPPED = 0, 1_000, 2_000
# The rules that forms put into a heading take some hundred characters; more is a cell of data.
_LONGEST_HEADING = 2_000


class Columns:
    """The columns of one kind of record, as a family names them in the rows of one file."""

    def __init__(
        self, what: str, family: Family | None = None, aliases: Aliases | None = None
    ) -> None:
        self.what = what
        self.family = family or FAMILIES[what][-1]
        known = aliases or load_aliases()
        self._named_here = _places(self.family.headings, _FAMILY)
        self._places = {
            **_places(known.shipped[what], _SHIPPED),
            **self._named_here,
            **_places(known.own.get(what, {}), _OWN),
        }
        self._met: dict[str, Place | None] = {}
        self._layouts: dict[tuple[str, ...], dict[str, tuple[str, ...]]] = {}

    def field_of(self, header: str) -> str | None:
        """Return the field that the header names, None for a column of no use here.

        >>> Columns("patents").field_of("*[标]当前申请（专利权）人"), Columns("firms").field_of("x")
        ('holder', None)
        """
        place = self._place(header)
        return place[2] if place else None

    def recognised(self, headers: Iterable[str]) -> int:
        """Return how many different fields the headers name."""
        return len({field for field in map(self.field_of, headers) if field})

    def named_here(self, headers: Iterable[str]) -> frozenset[str]:
        """Return the fields whose headings the family itself knows, not only the generic table."""
        found = (_found(self._named_here, tidy(header)) for header in headers)
        return frozenset(place[2] for place in found if place)

    def cells(self, row: Mapping[str, object]) -> dict[str, object]:
        """Return field → value for the fields that have one in this row."""
        found = {}
        for field, headers in self._layout(row).items():
            value = self._value(field, headers, row)
            if value is not None:
                found[field] = value
        return found

    def written(self, row: Mapping[str, object]) -> dict[str, object]:
        """Return field → cell as it was written: uncleaned, marks for nothing among them."""
        return {
            field: next((row[header] for header in headers if row[header] not in {"", None}), "")
            for field, headers in self._layout(row).items()
        }

    def header(self, field: str, row: Mapping[str, object]) -> str:
        """Return the header in this row's file under which the field stands, or its own name."""
        headers = self._layout(row).get(field, ())
        return next((name for name in headers if text(row[name])), headers[0] if headers else field)

    def has(self, field: str, row: Mapping[str, object]) -> bool:
        """Return whether the row's file has a column for the field."""
        return field in self._layout(row)

    def by_field(self, headers: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """Return field → headers, those that count more first."""
        ranked: dict[str, list[tuple[Place, str]]] = {}
        for header in dict.fromkeys(headers):
            if place := self._place(header):
                ranked.setdefault(place[2], []).append((place, header))
        return {
            field: tuple(header for _, header in sorted(found, key=_rank))
            for field, found in ranked.items()
        }

    def joins(self, field: str) -> bool:
        """Return whether all columns of the field are read as one list."""
        return field in _JOINED

    def _value(self, field: str, headers: Sequence[str], row: Mapping[str, object]) -> object:
        clean = self.family.cleaners.get(field)
        held = [row[header] for header in headers if _holds(row[header])]
        if not held:
            return None
        if field in _JOINED and len(held) > 1:
            return _joined(held)
        if clean is None:
            return held[0]
        # None says "not readable": the next column may be, else the reader names the first.
        read = next((value for value in map(clean, held) if value is not None), held[0])
        return read if _holds(read) else None

    def _layout(self, row: Mapping[str, object]) -> dict[str, tuple[str, ...]]:
        keys = tuple(row)
        layout = self._layouts.get(keys)
        if layout is None:
            if len(self._layouts) > 1000:  # rows of free form: do not keep every one of them
                self._layouts.clear()
            layout = self._layouts[keys] = self.by_field(keys)
        return layout

    def _place(self, header: str) -> Place | None:
        if len(header) > _LONGEST_HEADING:
            return None
        if header not in self._met:
            if len(self._met) > 10_000:
                self._met.clear()
            self._met[header] = self._looked_up(header)
        return self._met[header]

    def _looked_up(self, header: str) -> Place | None:
        name = tidy(header)
        # Only a family whose forms ask for a contact person has one; it says so by its own table.
        if is_personal(header) and not _found(self._named_here, name):
            return None
        return _found(self._places, name)


def _places(headings: Mapping[str, Iterable[str]], base: int) -> dict[str, Place]:
    return {
        tidy(name): (base + rank, 0, field)
        for field, names in headings.items()
        for rank, name in enumerate(names)
    }


def _found(places: Mapping[str, Place], name: str) -> Place | None:
    if place := places.get(name):
        return place
    for short in shorter(name):
        if place := places.get(short):
            return place[0], 1, place[2]
    return None


def _rank(pair: tuple[Place, str]) -> tuple[int, int]:
    return pair[0][0], pair[0][1]


def _joined(values: Sequence[object]) -> object:
    if all(isinstance(value, list | tuple) for value in values):
        return [part for value in values for part in value]  # type: ignore[attr-defined]
    return " | ".join(map(text, values))


def _holds(value: object) -> bool:
    """Return whether the cell may hold something; only short text can be a mark for nothing."""
    if isinstance(value, str) and len(value) <= 4:
        return bool(text(value))
    return value is not None
