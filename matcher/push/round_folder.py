"""A round on its way: what it was planned with and what is done, as files that survive a kill.

Each file is written beside its place, brought to the disk and renamed: it is whole or not there.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from matcher.errors import BadFile
from matcher.push.candidates import Candidates

_PLAN, _DONE, _SEEN = "plan.json", "done.json", "seen.npz"


class RoundFolder:
    """The folder of one round.

    Args:
        path: where it lies; it is made when something is written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def planned(self) -> bool:
        """Whether everything that units need is there; the plan is written last."""
        return (self.path / _PLAN).exists()

    @property
    def done(self) -> bool:
        """Whether the round was published."""
        return (self.path / _DONE).exists()

    def write_plan(self, plan: Mapping[str, Any]) -> None:
        """Keep the plan; from here on the round can be resumed."""
        self._write_json(_PLAN, plan)

    def read_plan(self) -> dict[str, Any]:
        """Return the plan; raise ``BadFile`` where there is none that can be read."""
        return self._read_json(_PLAN)

    def write_done(self, content: Mapping[str, Any]) -> None:
        """Keep what the round came to, and drop what only its making needed."""
        self._write_json(_DONE, content)
        self.tidy()

    def tidy(self) -> None:
        """Drop what only the making of a published round needed; a kill may have left it."""
        if self.done:
            shutil.rmtree(self.path / "work", ignore_errors=True)

    def read_done(self) -> dict[str, Any]:
        """Return what ``write_done`` kept; raise ``BadFile`` where there is none."""
        return self._read_json(_DONE)

    def write_array(self, name: str, array: npt.NDArray[Any]) -> None:
        """Keep an array of the plan."""
        self._write(f"work/{name}.npy", lambda out: np.save(out, array, allow_pickle=False))

    def read_array(self, name: str) -> npt.NDArray[Any]:
        """Return an array of the plan, mapped from disk; raise ``BadFile`` where there is none."""
        path = self.path / "work" / f"{name}.npy"
        if not path.exists():
            raise BadFile(
                str(path),
                "found no such array",
                "a round that this release planned",
                "plan a new one",
            )
        found: npt.NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
        return found

    def write_unit(self, number: int, found: Candidates, spent: Sequence[float] = ()) -> None:
        """Keep the candidates of one unit, and the seconds that each step took."""
        columns = {name: getattr(found, name) for name in Candidates.__dataclass_fields__}
        columns["spent"] = np.array(spent, dtype=np.float64)
        self._write(f"work/unit-{number:06}.npz", lambda out: np.savez(out, **columns))

    def read_spent(self, number: int) -> list[float]:
        """Return the seconds that the steps of a finished unit took."""
        with np.load(self._unit(number), allow_pickle=False) as columns:
            found: list[float] = columns["spent"].tolist()
        return found

    def read_unit(self, number: int) -> Candidates:
        """Return the candidates of a finished unit."""
        with np.load(self._unit(number), allow_pickle=False) as columns:
            return Candidates(**{name: columns[name] for name in Candidates.__dataclass_fields__})

    def missing(self, units: int) -> list[int]:
        """Return the numbers of the units that are not finished."""
        return [number for number in range(units) if not self._unit(number).exists()]

    def write_prices(self, names: npt.NDArray[np.str_], prices: npt.NDArray[np.float64]) -> None:
        """Keep the price of every item, for the round after this one."""
        self._write("prices.npz", lambda out: np.savez(out, names=names, prices=prices))

    def read_prices(self) -> dict[str, npt.NDArray[Any]]:
        """Return ``names`` and ``prices``."""
        with np.load(self.path / "prices.npz", allow_pickle=False) as columns:
            return {"names": columns["names"], "prices": columns["prices"]}

    def write_seen(self, columns: dict[str, Any]) -> None:
        """Keep what the round saw of the catalogue, to tell later what has changed since."""
        self._write(_SEEN, lambda out: np.savez(out, **columns))

    def read_seen(self) -> dict[str, npt.NDArray[Any]]:
        """Return what ``write_seen`` kept; empty where it was not, or was forgotten."""
        path = self.path / _SEEN
        if not path.exists():
            return {}
        with np.load(path, allow_pickle=False) as columns:
            return dict(columns)

    def forget_seen(self) -> None:
        """Drop it: a newer round saw more."""
        (self.path / _SEEN).unlink(missing_ok=True)

    def _unit(self, number: int) -> Path:
        return self.path / "work" / f"unit-{number:06}.npz"

    def _write_json(self, name: str, content: Mapping[str, Any]) -> None:
        text = json.dumps(content, ensure_ascii=False, indent=1) + "\n"
        self._write(name, lambda out: out.write(text.encode()))

    def _read_json(self, name: str) -> dict[str, Any]:
        path = self.path / name
        try:
            content = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise BadFile(
                str(path), f"found no readable round ({error})", "a round's file", "plan a new one"
            ) from error
        if not isinstance(content, dict):
            raise BadFile(str(path), "found no JSON object", "a round's file", "plan a new one")
        return content

    def _write(self, name: str, save: Callable[[IO[bytes]], object]) -> None:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        # Machines that share a disk may number their processes alike.
        draft = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
        with draft.open("wb") as out:
            save(out)
            out.flush()
            os.fsync(out.fileno())
        draft.replace(path)
        _sync(path.parent)


def folders(root: Path) -> Iterator[RoundFolder]:
    """Yield the rounds under a folder, newest name first."""
    if root.is_dir():
        for path in sorted(root.iterdir(), reverse=True):
            if path.is_dir() and not path.name.startswith("."):
                yield RoundFolder(path)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
