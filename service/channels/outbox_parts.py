"""The parts of a file outbox: each appears complete, and no message stands in two of them.

    ROUND/part-000001.ndjson           published: a platform may read it, and take it away
    ROUND/.panhuo/part-000001.ndjson   complete, about to be published
    ROUND/.panhuo/part-000001.ids      which messages the part holds; kept for ever
    ROUND/.panhuo/lock                 held by whoever writes

A part is written beside its place, then its ids are, then it is renamed. With its ids it counts as
written: whoever comes after a kill renames what still stands there, and throws away what has no
ids. That a platform took a part away does not make its messages unwritten.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

from matcher.errors import UnavailableError
from matcher.pushed import MessageId
from service.export.whole_file import whole_file
from service.jobs.locks import held

_STATE = ".panhuo"
_LOCK = "lock"
_IDS = ".ids"
_LOCK_SECONDS = 20.0
_LOOK_SECONDS = 0.05


class Parts:
    """The parts of one push_round, while the lock of its folder is held."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._state = folder / _STATE

    def written(self, wanted: Collection[MessageId]) -> set[MessageId]:
        """Return those of the messages that stand in a part."""
        sought = set(wanted)
        found: set[MessageId] = set()
        if sought:
            for ids in self._all_ids():
                lines = ids.read_text("ascii").split()
                found.update(sought.intersection(map(MessageId, lines)))
        return found

    def add(
        self, message_ids: Sequence[MessageId], ending: str, write: Callable[[Path], object]
    ) -> Path:
        """Publish a part that holds these messages and return where it stands.

        Args:
            message_ids: of what it holds.
            ending: of its name, such as ``.ndjson``.
            write: writes the whole part to a path, and leaves it on the disk.
        """
        numbers = [int(ids.stem.rpartition("-")[2]) for ids in self._all_ids()]
        stem = f"part-{max(numbers, default=0) + 1:06d}"
        draft = self._state / (stem + ending)
        write(draft)
        with whole_file(draft.with_suffix(_IDS)) as ids:
            ids.write_text("\n".join(message_ids) + "\n", "ascii")
        return self._publish(draft)

    def mend(self) -> None:
        """Publish what was complete when its writer died, and remove what was not."""
        for path in sorted(self._state.iterdir()):
            if path.name == _LOCK or (path.suffix == _IDS and not path.name.startswith(".")):
                continue
            whole = not path.name.startswith(".") and path.with_suffix(_IDS).exists()
            if whole:
                self._publish(path)
            else:
                path.unlink()

    def _publish(self, draft: Path) -> Path:
        place = self._folder / draft.name
        draft.replace(place)
        for folder in (self._folder, self._state):
            _sync(folder)
        return place

    def _all_ids(self) -> list[Path]:
        return sorted(self._state.glob(f"part-*{_IDS}"))


@contextmanager
def parts_of(folder: Path) -> Iterator[Parts]:
    """Yield the parts of a push_round's folder, mended; made where there is none.

    Raises:
        UnavailableError: another process writes there.
        OSError: the folder cannot be written.
    """
    state = folder / _STATE
    state.mkdir(parents=True, exist_ok=True)
    give_up = monotonic() + _LOCK_SECONDS
    while monotonic() < give_up:
        with held(state / _LOCK) as lock:
            if lock is not None:
                parts = Parts(folder)
                parts.mend()
                yield parts
                return
        sleep(_LOOK_SECONDS)
    raise UnavailableError(f"found another process that writes to {folder}")


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
