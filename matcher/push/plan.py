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
from matcher.push.edges import Counts
from matcher.push.explore import check_share
from matcher.push.items import Items
from matcher.push.lately import Unrepeated
from matcher.push.round_folder import RoundFolder
from matcher.push.sieve_arrays import CPU, Opener, as_it_is, read_sieve
from matcher.readers import Readers
from matcher.types import Firm, Uscc

Progress = Callable[[str, int, int | None], None]

_LIMITS = "per_firm", "least", "most", "sought"


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
        campaign: the campaign file's text, "" for none.
        device: where the candidates are looked for; see ``Opener``.
        since: the full round since which changes are pushed, "" for a round over all.
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
    campaign: str = ""
    device: str = CPU
    since: str = ""

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
        """Return what ``to_dict`` was called on; what stands beside it is left."""
        own = {name: content[name] for name in cls.__dataclass_fields__ if name in content}
        return cls(**{**own, "depths": Depths(**content["depths"])})


class Executor(Protocol):
    """Does units of a round somewhere; their results are files in the round's folder."""

    def run(self, folder: RoundFolder, units: Sequence[int], done: Callable[[int], None]) -> None:
        """Do every unit and tell each when its file is there; raise the first error."""


def units_of(folder: RoundFolder) -> int:
    """Return how many units a planned round has."""
    plan = folder.read_plan()
    return -(-int(plan["n_firms"]) // int(plan["unit"]))


def searcher_of(
    folder: RoundFolder, engine: Engine, readers: Readers, opener: Opener = as_it_is
) -> Searcher:
    """Return what finds the candidates of a planned round's units.

    Args:
        folder: of the round.
        engine: over the index it was planned with.
        readers: the catalogue now.
        opener: puts the sieve on the plan's device.
    """
    plan = read_plan(folder)
    sieve = opener(read_sieve(folder, engine.index.patents, engine.policy), plan.device)
    least = np.asarray(folder.read_array("least"))
    items = np.asarray(folder.read_array("item_of_row"))
    profiles = Unrepeated(
        readers.profiles,
        np.asarray(folder.read_array("firms")),
        np.asarray(folder.read_array("repeat_firm")),
        np.asarray(folder.read_array("repeat_row")),
        engine.index.patents.ids,
    )
    return Searcher(engine, sieve, plan.depths, profiles, least, items)


def do_unit(folder: RoundFolder, number: int, searcher: Searcher, readers: Readers) -> None:
    """Find the candidates of one unit and keep them."""
    size = read_plan(folder).unit
    names = folder.read_array("firms")[number * size : (number + 1) * size]
    before = dict(searcher.spent)
    found = searcher.candidates(read_firms(readers, names))
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

    Of a round of changes those of what changed: firms, or patents.

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
    if plan.since:
        fresh = np.asarray(folder.read_array("fresh_firm"))[firm]
        fresh |= np.asarray(folder.read_array("fresh_row"))[row]
        firm, row, score, near, kept = (part[fresh] for part in (firm, row, score, near, kept))
    kept[_best_firms(row, score, np.flatnonzero(near), plan.depths.per_patent)] = True
    return Pairs(firm[kept], row[kept], score[kept], np.concatenate(cause))


def spent_on(folder: RoundFolder) -> dict[str, float]:
    """Return step → seconds of all processes together, over all units."""
    units = [folder.read_spent(number) for number in range(units_of(folder))]
    return {step: sum(one[n] for one in units if one) for n, step in enumerate(STEPS)}


def read_items(folder: RoundFolder) -> Items:
    """Return the items of a planned round."""
    names, of_row, holder, stratum = (
        np.asarray(folder.read_array(name))
        for name in ("item_names", "item_of_row", "item_holders", "item_strata")
    )
    return Items(names, of_row, holder, folder.read_plan()["kept_out"], stratum)


@dataclass(frozen=True, slots=True)
class Asked:
    """The limits of a round as they were fixed when it was planned.

    Attributes:
        per_firm: int32 (firms,), K.
        least: int32 (items,), L.
        most: int32 (items,), U, -1 where it follows from the mean load.
        sought: bool (items,), those for which firms are sought; others are offered, not missed.
        kept_out: why firms of the catalogue are not in the round → how many.
    """

    per_firm: Counts
    least: Counts
    most: Counts
    sought: npt.NDArray[np.bool_]
    kept_out: Mapping[str, int] = field(default_factory=dict)


def read_asked(folder: RoundFolder) -> Asked:
    """Return the limits of a planned round."""
    per_firm, least, most, sought = (
        np.array(folder.read_array(f"limit_{name}")) for name in _LIMITS
    )
    return Asked(per_firm, least, most, sought, folder.read_plan()["firms_kept_out"])


def write_asked(folder: RoundFolder, asked: Asked) -> None:
    """Keep the limits; ``kept_out`` stands in the plan."""
    for name in _LIMITS:
        folder.write_array(f"limit_{name}", getattr(asked, name))


def read_plan(folder: RoundFolder) -> PushPlan:
    """Return the plan of a round; raise ``BadFile`` where there is none."""
    return PushPlan.from_dict(folder.read_plan())


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


def read_firms(readers: Readers, names: npt.NDArray[np.str_]) -> list[Firm | None]:
    """Return the firms as they are now, ``None`` for those that are no more."""
    ids = [Uscc(str(name)) for name in names]
    stored = readers.firms.many(ids)
    return [stored.get(name) for name in ids]
