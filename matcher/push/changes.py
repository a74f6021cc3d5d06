"""What has changed since a round over all, and a round of its own for that alone.

Firms that are new or changed are held against every patent, and new or changed patents against the
firms that the index finds nearest to them: by the same search, the same scores and the same files
as a round over all. What earlier rounds took of lists and loads counts as taken.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from matcher.engine import Engine
from matcher.errors import StateError
from matcher.index.search import Ask, search
from matcher.push.items import items_of
from matcher.push.lately import Lately, Past, read_lately
from matcher.push.plan import Asked, Progress, PushPlan, read_firms, write_asked
from matcher.push.prepare import (
    Firms,
    Scope,
    deeper,
    main_segments,
    sampled_least,
    write_columns,
)
from matcher.push.round_folder import RoundFolder
from matcher.push.sieve_arrays import Opener, as_it_is, write_sieve
from matcher.readers import Readers
from matcher.types import PatentId, PlaceSetting, RowArray

_QUERY_WORDS = 40
_ASKED_AT_ONCE = 256
_FEW_FIRMS = 4_096  # so many are asked sooner than looked for
_NEAR = 3  # times the firms wanted of a patent: what is near is not yet what scores best


@dataclass(frozen=True, slots=True)
class Prints:
    """Fingerprints of records, to tell later which of them are new or changed.

    Attributes:
        names: bytes (records,), ascending, ids in UTF-8.
        prints: uint64 (records,), of the content.
    """

    names: npt.NDArray[np.bytes_]
    prints: npt.NDArray[np.uint64]

    @classmethod
    def of(cls, told: Mapping[str, int]) -> Prints:
        """Return the fingerprints of id → print."""
        names = np.array([name.encode() for name in told], dtype=np.bytes_)
        order = np.argsort(names, kind="stable")
        prints = np.fromiter(told.values(), dtype=np.uint64, count=len(told))
        return cls(names[order], prints[order])

    def among(self, kept: npt.NDArray[np.bool_]) -> Prints:
        """Return those of a bool (records,)."""
        return Prints(self.names[kept], self.prints[kept])

    def new_since(self, before: Prints) -> list[str]:
        """Return the ids that were not there before, or had another print; in their order."""
        if not len(before.names):
            return [bytes(name).decode() for name in self.names]
        place = np.searchsorted(before.names, self.names)
        place = np.minimum(place, len(before.names) - 1)
        same = (before.names[place] == self.names) & (before.prints[place] == self.prints)
        return [bytes(name).decode() for name in self.names[~same]]


@dataclass(frozen=True, slots=True)
class Changes:
    """What a round of changes is for.

    Attributes:
        firms: USCC of those that are new or changed.
        patents: ids of those, all in the index.
        per_firm: most items of a firm in this round.
        in_all: most items of a firm in the full round and all rounds of changes since.
        most: most firms of an item, likewise in all of them.
    """

    firms: Sequence[str]
    patents: Sequence[PatentId]
    per_firm: int
    in_all: int
    most: int


def prepare_changes(
    folder: RoundFolder,
    plan: PushPlan,
    engine: Engine,
    readers: Readers,
    progress: Progress,
    *,
    changes: Changes,
    scope: Scope,
    opener: Opener = as_it_is,
) -> None:
    """Write all that units need, the plan last.

    Args:
        folder: of the round.
        plan: with the full round since which changes are told.
        engine: over the current index.
        readers: the catalogue now.
        progress: told of the stage.
        changes: what is new or changed.
        scope: its windows count the full round and the rounds of changes since.
        opener: puts the sieve on the plan's device.

    Raises:
        StateError: no firm has a place or attention left.
    """
    side = engine.index.patents
    progress("items", 0, None)
    items = items_of(side.ids, readers.patents, readers.groups)
    fresh_item = np.zeros(len(items), dtype=bool)
    changed = items.of_row[side.ids.rows_of([str(name) for name in changes.patents])]
    fresh_item[changed[changed >= 0]] = True
    fresh_row = np.isin(items.of_row, np.flatnonzero(fresh_item))
    progress("firms", 0, None)
    every = _every_firm(engine)
    rows = np.flatnonzero(fresh_row)
    near = nearest_firms(engine, readers, rows, plan.depths.per_patent * _NEAR)
    firms = _firms(engine, readers, changes.firms, near)
    progress("past", 0, None)
    past = Past(scope.past, firms.names, items, side.ids, readers.patents, readers.groups)
    firms, lately, asked = _bounded(
        changes, plan, firms, fresh_item, read_lately(scope.windows, past)
    )
    plan = replace(plan, depths=deeper(plan, lately))
    write_columns(folder, firms, items, lately)
    write_asked(folder, asked)
    folder.write_array("fresh_firm", np.isin(firms.names, np.array(changes.firms, dtype=np.str_)))
    folder.write_array("fresh_row", fresh_row)
    write_sieve(folder, engine.index, items.offered)
    progress("sample", 0, None)
    least = sampled_least(folder, plan, engine, readers, every, opener=opener)
    folder.write_array("least", np.where(fresh_row, least, np.float32(np.inf)).astype(np.float32))
    told = {"kept_out": items.kept_out, "firms_kept_out": dict(firms.kept_out)}
    counts = {"firms": len(changes.firms), "patents": len(changes.patents)}
    folder.write_plan({**plan.to_dict(), **told, "n_firms": len(firms), "changes": counts})


def nearest_firms(
    engine: Engine, readers: Readers, rows: RowArray, most: int
) -> npt.NDArray[np.str_]:
    """Return str, USCC of firms to which any of the patents may be among the best; ascending.

    Few firms are all returned. Otherwise they are found as a patent's firms are found online.

    Args:
        engine: over the current index.
        readers: give the titles.
        rows: int64, rows of patents.
        most: firms of each patent.
    """
    side, every = engine.index.firms, _every_firm(engine)
    if not len(rows):
        return every[:0]
    if len(every) <= _FEW_FIRMS or len(rows) * most >= len(every):
        return every
    found = np.zeros(len(every), dtype=bool)
    for start in range(0, len(rows), _ASKED_AT_ONCE):
        asks = _asks(engine, readers, rows[start : start + _ASKED_AT_ONCE])
        for near in search(side, asks, engine.config):
            found[near[:most]] = True
    return every[found]


def _asks(engine: Engine, readers: Readers, rows: RowArray) -> list[Ask]:
    side = engine.index.patents
    local = engine.policy.place is PlaceSetting.LOCAL_FIRST
    names = [PatentId(name) for name in side.ids.ids_at(rows)]
    stored = readers.patents.many(names)
    asks = []
    for row, name in zip(rows.tolist(), names, strict=True):
        title = stored[name].title if name in stored else ""
        words = list(dict.fromkeys(engine.tokeniser.tokenise(title)))
        start, end = side.shares.indptr[row], side.shares.indptr[row + 1]
        asks.append(
            Ask(
                vectors=np.asarray(side.vectors[row : row + 1]),
                words=tuple(words[:_QUERY_WORDS]),
                segments=tuple(side.codes[n] for n in side.shares.indices[start:end]),
                province=int(side.columns["province"][row]) if local else -1,
            )
        )
    return asks


def _every_firm(engine: Engine) -> npt.NDArray[np.str_]:
    ids = engine.index.firms.ids
    return np.array(ids.ids_at(np.arange(len(ids))), dtype=np.str_)


def _firms(
    engine: Engine, readers: Readers, changed: Sequence[str], near: npt.NDArray[np.str_]
) -> Firms:
    """Return the firms of the round with their main segments, those of one segment together."""
    names = np.union1d(np.array(changed, dtype=np.str_), near)
    stored = [firm for firm in read_firms(readers, names) if firm is not None and firm.active]
    segments = np.array(main_segments(engine, readers, stored, None), dtype=np.str_)
    found = np.array([str(firm.uscc) for firm in stored], dtype=np.str_)
    order = np.argsort(segments, kind="stable")
    codes = np.zeros(len(found), dtype=np.int32)
    return Firms(found[order], segments[order], codes, {})


def _bounded(
    changes: Changes,
    plan: PushPlan,
    firms: Firms,
    fresh_item: npt.NDArray[np.bool_],
    lately: Lately,
) -> tuple[Firms, Lately, Asked]:
    """Return limits less what was taken, without the firms that have no place or attention left."""
    kept = lately.had < changes.in_all
    firms, lately = firms.only(kept, "no_place_left"), lately.only(kept)
    kept = lately.left > 0
    firms, lately = firms.only(kept, "no_attention_left"), lately.only(kept)
    if not len(firms):
        raise StateError(
            "found no firm with a place left for what has changed",
            f"firms with fewer than {changes.in_all} items since the full round",
            "allow more with --room, or plan a full round",
        )
    room = np.minimum(changes.in_all - lately.had, changes.per_firm)
    per_firm = np.minimum(room, lately.left)
    most = np.maximum(changes.most - lately.load, 0)
    least = np.where(fresh_item, np.clip(plan.least - lately.load, 0, most), 0)
    limits: list[Any] = [part.astype(np.int32) for part in (per_firm, least, most)]
    return firms, lately, Asked(limits[0], limits[1], limits[2], fresh_item, firms.kept_out)
