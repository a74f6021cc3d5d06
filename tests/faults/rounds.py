"""What a published round comes to, without its name and its time: to hold two rounds together."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from service.bootstrap import open_home
from service.config import Settings

OWN = ("round", "made_at")


@dataclass(frozen=True)
class Outcome:
    """Everything that a round leaves.

    Attributes:
        items: bytes of the file.
        prices: bytes of the file.
        rows: of the store.
        told: what the command printed and kept, certificate and exceptions among it.
    """

    items: bytes
    prices: bytes
    rows: list[tuple[object, ...]]
    told: dict[str, Any]


def outcome(home: Path) -> Outcome:
    """Return what the only round of a home came to; fail where more than that is left."""
    with open_home(Settings(home=home, threads=1)) as opened:
        store = opened.store.push_rounds
        (made,) = store.rounds()
        firms = [firm.uscc for firm in opened.store.firms.iterate()]
        stored = store.items_of_firms(made.round_id, firms)
    (folder,) = (path for path in (home / "push").iterdir() if path.is_dir())
    assert folder.name == made.round_id
    left = {path.name for path in folder.iterdir()}
    assert left >= {"done.json", "items.parquet", "plan.json", "prices.npz"}
    assert "work" not in left  # what only its making needed
    assert not [name for name in left if name.startswith(".")]  # drafts of a process that died
    told = json.loads((folder / "done.json").read_text("utf-8"))
    return Outcome(
        items=(folder / "items.parquet").read_bytes(),
        prices=(folder / "prices.npz").read_bytes(),
        rows=[
            (i.uscc, i.rank, i.patent_id, i.score, i.worth, i.propensity, i.segment)
            for uscc in sorted(stored)
            for i in stored[uscc]
        ],
        told={key: value for key, value in told.items() if key not in OWN},
    )
