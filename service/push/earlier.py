"""What earlier rounds of a home leave to a new one: prices to start from, and what they saw."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from matcher.errors import StateError
from matcher.push.changes import Prints
from matcher.push.plan import PushPlan, read_plan
from matcher.push.round_folder import RoundFolder, folders
from matcher.pushed import RoundId


def warm_round(root: Path, campaign: str) -> str:
    """Return the newest round of the campaign with prices, else the newest over all, else "".

    Rounds of changes are passed over: their prices are those of a few firms.
    """
    found = {"": "", campaign: ""}
    for folder in folders(root):
        if folder.done and (folder.path / "prices.npz").exists():
            told = folder.read_done()
            name = told.get("campaign", {}).get("name", "")
            if found.get(name) == "" and not told.get("since"):
                found[name] = folder.path.name
    return found[campaign] or found[""]


def prices_of(
    root: Path, round_id: str, names: npt.NDArray[np.str_]
) -> npt.NDArray[np.float64] | None:
    """Return float64 (items,), a round's prices of these items, nought for new ones.

    ``None`` where the round has none.
    """
    if not round_id or not (root / round_id / "prices.npz").exists():
        return None
    before = RoundFolder(root / round_id).read_prices()
    found = np.zeros(len(names))
    if len(before["names"]):
        place = np.minimum(np.searchsorted(before["names"], names), len(before["names"]) - 1)
        known = before["names"][place] == names
        found[known] = before["prices"][place[known]]
    return found


@dataclass(frozen=True, slots=True)
class Seen:
    """What the newest round over all and the rounds of changes since saw and took.

    Attributes:
        full: plan of the newest round over all.
        last: the newest of all of them.
        chain: all of them.
        load_limit: most firms of an item in the full round.
        patents: fingerprints of the patents that the last of them offered from.
        firms: of its firms.
    """

    full: PushPlan
    last: str
    chain: frozenset[RoundId]
    load_limit: int
    patents: Prints
    firms: Prints


def last_seen(root: Path) -> Seen:
    """Return what was seen last.

    Raises:
        StateError: no round over all tells it.
    """
    chain: list[RoundId] = []
    last = RoundFolder(root)
    for folder in folders(root):
        told = folder.read_done() if folder.done else {}
        if not told or told.get("campaign", {}).get("name"):
            continue
        chain.append(RoundId(folder.path.name))
        last = folder if len(chain) == 1 else last
        if not told.get("since"):
            if columns := last.read_seen():
                patents = Prints(columns["patents"], columns["patent_prints"])
                firms = Prints(columns["firms"], columns["firm_prints"])
                limit = int(told["certificate"]["load_limit"])
                full, here = read_plan(folder), frozenset(chain)
                return Seen(full, last.path.name, here, limit, patents, firms)
            break
    raise StateError(
        "found no push_round over all firms and patents that tells what it saw",
        "one that was planned without --campaign by this release",
        "run 'panhuo push plan' without --changed first",
    )


def forget_seen(root: Path, newer: RoundFolder) -> None:
    """Drop what rounds before this one saw, if it saw something itself."""
    if newer.read_seen():
        for folder in folders(root):
            if folder.path.name < newer.path.name:
                folder.forget_seen()
