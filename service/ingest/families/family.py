"""One file family: the headings its files carry, and how its cells are put right."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

Cleaner = Callable[[object], object]
"""A cell to a better one: "" for a cell that says nothing, None for one it cannot read."""

AUTO = "auto"
GENERIC = "generic"


@dataclass(frozen=True, slots=True)
class Family:
    """What is known of the files that one product writes.

    Attributes:
        name: how the family is called on the command line.
        what: patents, firms, demands, relations or groups.
        headings: field → headings, in the order in which they count.
        distinctive: headings by which its files are told from those of other families.
        marks: words that its disclaimer lines above the header hold.
        required: fields that make no sense to miss, in groups of which one must be there.
        cleaners: field → what is done to its cells before they are read.
        continues: a row without its keys belongs to the row above.
    """

    name: str
    what: str
    headings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    distinctive: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    required: tuple[tuple[str, ...], ...] = ()
    cleaners: Mapping[str, Cleaner] = field(default_factory=dict)
    continues: bool = False


def table(**names: str) -> dict[str, tuple[str, ...]]:
    """Return field → headings from words with blanks between them.

    >>> table(title="标题 名称")
    {'title': ('标题', '名称')}
    """
    return {name: tuple(words.split()) for name, words in names.items()}
