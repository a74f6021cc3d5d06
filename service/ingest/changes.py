"""What became different: rows of history from a record before and after."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple, fields, is_dataclass
from datetime import date
from enum import Enum

from matcher.types import Patent
from service.ingest.records import FileContext
from service.store.declarations import Declaration
from service.store.history import Change

# A whole claim twice over would be most of the database; its beginning tells which it was.
_LONGEST = 300
# Where a value was read, and when, is told by the row of history itself.
_NOTES = frozenset({"patent_id", "checked_on", "source_file", "sequence"})


def changes(
    before: Patent | Declaration, after: Patent | Declaration, context: FileContext
) -> Iterator[Change]:
    """Yield a row for each field that changed, in the order of fields.

    Fields of a declaration are called ``declaration.`` and their name.
    """
    prefix = "declaration." if isinstance(after, Declaration) else ""
    for one in fields(after):
        old, new = getattr(before, one.name), getattr(after, one.name)
        if one.name not in _NOTES and old != new:
            yield Change(
                patent_id=after.patent_id,
                field=prefix + one.name,
                before=_cut(_written(old)),
                after=_cut(_written(new)),
                source_file=context.name,
                sha256=context.sha256,
                at=context.at,
            )


def _written(value: object) -> str:
    """Return the value as people read it: a date as ISO, a list with ；, an option with /."""
    if value is None:
        return ""
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, date):
        return value.isoformat()
    if is_dataclass(value) and not isinstance(value, type):
        return "/".join(part for part in astuple(value) if part)
    if isinstance(value, tuple):
        return "；".join(map(_written, value))
    return str(value)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…（共{len(text)}字）"
