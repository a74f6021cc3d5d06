"""Scopes and titles that name the same thing: pairs between the words of firms and of patents.

A scope item that stands word for word in a title ties the rest of the scope to that title. The item
itself is dropped from half of the pairs, so that what is learnt is the company it keeps.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

SHORTEST, LONGEST = 3, 10
_MOST_TITLES = 200
_MOST_SCOPES = 400
_LEAST_DRAWS, _MOST_DRAWS = 4, 20
_TITLES = 200_000


def named_pairs(
    scopes: Sequence[Sequence[str]], titles: Sequence[str], seed: int
) -> list[tuple[str, int]]:
    """Return (scope text, title row) pairs, 4 to 20 for each item that is named.

    Items of fewer than 3 or more than 10 characters name nothing or are never met; items that stand
    in more than 200 titles or 400 scopes name too much. Of more than 200,000 titles a spread is
    searched.

    Args:
        scopes: items of each scope.
        titles: one a patent.
        seed: of the draw; the same input gives the same pairs.

    >>> pairs = named_pairs([["食品加工", "豆浆机", "五金"]], ["一种豆浆机的控制方法"], 0)
    >>> {row for _, row in pairs}, all("五金" in left for left, _ in pairs)
    ({0}, True)
    """
    owners = _owners(scopes)
    rng = np.random.default_rng(seed)
    pairs: list[tuple[str, int]] = []
    for item, rows in _named(owners, titles).items():
        held = owners[item]
        for _ in range(min(_MOST_DRAWS, max(_LEAST_DRAWS, len(rows)))):
            scope, row = held[rng.integers(len(held))], rows[rng.integers(len(rows))]
            with_item = bool(rng.random() < 0.5)
            left = [other for other in scopes[scope] if other != item or with_item]
            pairs.append(("；".join(left), row))
    return pairs


def _owners(scopes: Sequence[Sequence[str]]) -> Mapping[str, list[int]]:
    """Return item → scopes that hold it and two more; what stands in too many is left out."""
    owners: dict[str, list[int]] = defaultdict(list)
    for number, items in enumerate(scopes):
        if len(items) > 2:
            for item in dict.fromkeys(items):
                if SHORTEST <= len(item) <= LONGEST:
                    owners[item].append(number)
    return {item: held for item, held in owners.items() if len(held) <= _MOST_SCOPES}


def _named(owners: Mapping[str, list[int]], titles: Sequence[str]) -> dict[str, list[int]]:
    """Return item → titles that it stands in, in order."""
    found: dict[str, list[int]] = defaultdict(list)
    step = max(1, -(-len(titles) // _TITLES))
    for row in range(0, len(titles), step):
        title = titles[row]
        parts = {
            title[start : start + size]
            for size in range(SHORTEST, LONGEST + 1)
            for start in range(len(title) - size + 1)
        }
        for item in sorted(parts & owners.keys()):
            found[item].append(row)
    return {item: rows for item, rows in sorted(found.items()) if len(rows) <= _MOST_TITLES}
