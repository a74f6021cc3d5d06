"""A round from firms and patents to lists: planned in units, each done once, then settled as one.

Every step is a function of files that were written before it, so a round that was killed anywhere
ends as it would have ended undisturbed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from matcher.engine import Engine
from matcher.errors import InputError
from matcher.push.candidates import CAUSES, STEPS, Depths, Searcher
from matcher.push.explore import check_share
from matcher.push.items import Items, items_of
from matcher.push.round_folder import RoundFolder
from matcher.push.sieve import Sieve, table_of
from matcher.readers import Readers
from matcher.types import Firm, Uscc

Progress = Callable[[str, int, int | None], None]

_SAMPLE = 4_096


@dataclass(frozen=True, slots=True)
class PushPlan:
    """What a round is made with; nothing else decides what it comes to.

    Attributes:
        round_id: names the round and its folder.
        made_at: ISO time.
        per_firm: K, most items of a firm.
        least: L, fewest firms of an item that has candidates.
        most: U, most firms of an item; ``None`` for five times the mean load.
        explore: share of places given to chance.
        seed: of the draws.
        unit: firms of a unit.
        depths: how many candidates are kept.
        versions: encoder, index and policy.
        stamps: of patents, firms and what else was read, when the round was planned.
        warm: the round whose prices are the start, "" for none.
    """

    round_id: str
    made_at: str
    per_firm: int = 10
    least: int = 1
    most: int | None = None
    explore: float = 0.03
    seed: int = 0
    unit: int = 4_096
    depths: Depths = field(default_factory=Depths)
    versions: Mapping[str, str] = field(default_factory=dict)
    stamps: Mapping[str, str] = field(default_factory=dict)
    warm: str = ""

    def __post_init__(self) -> None:
        if not 1 <= self.per_firm <= 100:
            raise InputError(f"found {self.per_firm} items a firm", "1 to 100", "10 is usual")
        if not 0 <= self.least <= (self.least if self.most is None else self.most):
            raise InputError(
                f"found at least {self.least} and at most {self.most} firms a patent",
                "0 ≤ least ≤ most",
            )
        check_share(self.explore)
        if self.most is not None and self.most < 1:
            raise InputError(f"found at most {self.most} firms a patent", "1 or more")

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as JSON content."""
        return asdict(self)

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> PushPlan:
        """Return what ``to_dict`` was called on."""
        depths = Depths(**content["depths"])
        return cls(**{**content, "depths": depths})


class Executor(Protocol):
    """Does units of a round somewhere; their results are files in the round's folder."""

    def run(self, folder: RoundFolder, units: Sequence[int], done: Callable[[int], None]) -> None:
        """Do every unit and tell each when its file is there; raise the first error."""


def prepare(
    folder: RoundFolder, plan: PushPlan, engine: Engine, readers: Readers, progress: Progress
) -> None:
    """Write all that units need, the plan last.

    Raises:
        InputError: the catalogue holds no firm.
    """
    progress("items", 0, None)
    side = engine.index.patents
    items = items_of(side.ids, readers.patents, readers.groups)
    folder.write_array("item_of_row", items.of_row)
    folder.write_array("item_names", items.names)
    folder.write_array("item_holders", items.holder)
    progress("firms", 0, None)
    firms, segments = _firms(engine, readers)
    if not len(firms):
        raise InputError(
            "found no firm in the catalogue", "firms to push to", "run 'panhuo import firms FILE'"
        )
    folder.write_array("firms", firms)
    folder.write_array("firm_segments", segments)
    folder.write_array("table", table_of(side, engine.policy, items.offered))
    progress("sample", 0, None)
    folder.write_array("least", _least(folder, plan, engine, readers, firms))
    folder.write_plan({**plan.to_dict(), "kept_out": items.kept_out, "n_firms": len(firms)})


def units_of(folder: RoundFolder) -> int:
    """Return how many units a planned round has."""
    plan = folder.read_plan()
    return -(-int(plan["n_firms"]) // int(plan["unit"]))


def searcher_of(folder: RoundFolder, engine: Engine, readers: Readers) -> Searcher:
    """Return what finds the candidates of a planned round's units."""
    plan = read_plan(folder)
    table = np.asarray(folder.read_array("table"))
    sieve = Sieve.of(engine.index.patents, engine.policy, table)
    least = np.asarray(folder.read_array("least"))
    items = np.asarray(folder.read_array("item_of_row"))
    return Searcher(engine, sieve, plan.depths, readers.profiles, least, items)


def do_unit(folder: RoundFolder, number: int, searcher: Searcher, readers: Readers) -> None:
    """Find the candidates of one unit and keep them."""
    size = read_plan(folder).unit
    names = folder.read_array("firms")[number * size : (number + 1) * size]
    before = dict(searcher.spent)
    found = searcher.candidates(_read(readers, names))
    folder.write_unit(number, found, [searcher.spent[step] - before[step] for step in STEPS])


@dataclass(frozen=True, slots=True)
class Pairs:
    """The candidates of a whole round.

    Attributes:
        firm: int32 (pairs,), position among the round's firms.
        row: int32 (pairs,), row of the patent.
        score: float32 (pairs,), log-odds.
        cause: int8 (firms,), why a firm has none, position in ``CAUSES``.
    """

    firm: npt.NDArray[np.int32]
    row: npt.NDArray[np.int32]
    score: npt.NDArray[np.float32]
    cause: npt.NDArray[np.int8]

    def causes(self) -> dict[str, int]:
        """Return why firms have no candidate → how many."""
        counts = np.bincount(self.cause, minlength=len(CAUSES)).tolist()
        return {cause: n for cause, n in zip(CAUSES, counts, strict=True) if cause and n}


def gathered(folder: RoundFolder) -> Pairs:
    """Return each firm's best candidates and each patent's best firms, of all units.

    Args:
        folder: with every unit done.
    """
    plan = read_plan(folder)
    columns: list[list[npt.NDArray[Any]]] = [[], [], [], [], []]
    cause = []
    for number in range(units_of(folder)):
        unit = folder.read_unit(number)
        first = _places(unit.firm) < plan.depths.per_firm
        found = unit.firm + np.int32(number * plan.unit), unit.row, unit.score, unit.near, first
        for column, part in zip(columns, found, strict=True):
            column.append(part)
        cause.append(unit.cause)
    firm, row, score, near, kept = (np.concatenate(column) for column in columns)
    kept[_best_firms(row, score, np.flatnonzero(near), plan.depths.per_patent)] = True
    return Pairs(firm[kept], row[kept], score[kept], np.concatenate(cause))


def spent_on(folder: RoundFolder) -> dict[str, float]:
    """Return step → seconds of all processes together, over all units."""
    units = [folder.read_spent(number) for number in range(units_of(folder))]
    return {step: sum(one[n] for one in units if one) for n, step in enumerate(STEPS)}


def read_items(folder: RoundFolder) -> Items:
    """Return the items of a planned round."""
    names, of_row, holder = (
        np.asarray(folder.read_array(name))
        for name in ("item_names", "item_of_row", "item_holders")
    )
    return Items(names, of_row, holder, folder.read_plan()["kept_out"])


def read_plan(folder: RoundFolder) -> PushPlan:
    """Return the plan of a round; raise ``BadFile`` where there is none."""
    content = folder.read_plan()
    return PushPlan.from_dict(
        {k: v for k, v in content.items() if k not in ("kept_out", "n_firms")}
    )


def _places(firm: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
    """Return the position of each pair among those of its firm; pairs stand firm after firm."""
    if not len(firm):
        return np.zeros(0, dtype=np.int64)
    start = np.flatnonzero(np.concatenate([[True], firm[1:] != firm[:-1]]))
    sizes = np.diff(np.concatenate([start, [len(firm)]]))
    return np.arange(len(firm)) - np.repeat(start, sizes)


def _best_firms(
    row: npt.NDArray[np.int32],
    score: npt.NDArray[np.float32],
    among: npt.NDArray[np.int64],
    most: int,
) -> npt.NDArray[np.int64]:
    """Return which of the pairs are among the best of their patent; ties go to the first firm."""
    order = among[np.lexsort((among, -score[among], row[among]))]
    return order[_places(row[order]) < most]


def _firms(engine: Engine, readers: Readers) -> tuple[npt.NDArray[np.str_], npt.NDArray[np.str_]]:
    """Return every firm of the catalogue and its main segment, firms of one segment together."""
    side = engine.index.firms
    names, segments = [], []
    for firm in readers.firms.iterate():
        row = side.ids.row_of(firm.uscc)
        names.append(str(firm.uscc))
        segments.append("" if row is None else str(side.main_segment(row) or ""))
    found, filed = np.array(names, dtype=np.str_), np.array(segments, dtype=np.str_)
    order = np.argsort(filed, kind="stable")
    return found[order], filed[order]


def _least(
    folder: RoundFolder,
    plan: PushPlan,
    engine: Engine,
    readers: Readers,
    firms: npt.NDArray[np.str_],
) -> npt.NDArray[np.float32]:
    side = engine.index.patents
    sieve = Sieve.of(side, engine.policy, np.asarray(folder.read_array("table")))
    rows = np.unique(np.linspace(0, max(len(firms) - 1, 0), min(_SAMPLE, len(firms))).astype(int))
    sample = [firm for firm in _read(readers, firms[rows]) if firm is not None]
    return Searcher(engine, sieve, plan.depths, readers.profiles).sample(sample, len(firms))


def _read(readers: Readers, names: npt.NDArray[np.str_]) -> list[Firm | None]:
    ids = [Uscc(str(name)) for name in names]
    stored = readers.firms.many(ids)
    return [stored.get(name) for name in ids]
