"""What a service will need of memory, told before anything is loaded."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from matcher.errors import StateError
from matcher.index.publish import current_version

_MIB = 1 << 20
# Measured: a worker with its libraries, over an index of nothing.
_WORKER = 420 * _MIB
# What is mapped is held once for all workers; everything else of an index is read by each.
_MAPPED = frozenset({".npy"})
# Texts become Python objects: words of the encoder, ids.
_READ_FACTOR = 2.5
_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


class MemoryTooSmall(StateError):
    """The machine has clearly less memory than the service will need."""

    def __init__(self, budget: Budget) -> None:
        super().__init__(
            f"found {budget.machine // _MIB:,} MiB of memory, and {budget.workers} workers that "
            f"need about {budget.expected // _MIB:,}",
            "memory for the workers and for the index that they share",
            "start fewer workers with --workers, or force it with --force-memory",
        )


@dataclass(frozen=True, slots=True)
class Budget:
    """Bytes of memory.

    Attributes:
        mapped: of index files that all workers share.
        read: of index files that each worker holds for itself.
        machine: that there is, or that the container may use; 0 where nobody tells.
    """

    workers: int
    mapped: int
    read: int
    machine: int

    @property
    def worker(self) -> int:
        """What one worker holds for itself."""
        return _WORKER + int(self.read * _READ_FACTOR)

    @property
    def expected(self) -> int:
        """What all of them hold together with what they share."""
        return self.mapped + self.workers * self.worker

    def check(self) -> None:
        """Return if it fits.

        Raises:
            MemoryTooSmall: it clearly does not: what workers hold for themselves, and half of what
                they share, is more than there is.
        """
        least = self.mapped // 2 + self.workers * self.worker
        if self.machine and least > self.machine:
            raise MemoryTooSmall(self)

    def sentence(self) -> str:
        """Return the budget for people."""
        told = (
            f"memory: {self.workers} workers × {self.worker // _MIB:,} MiB + "
            f"{self.mapped // _MIB:,} MiB of index that they share = about "
            f"{self.expected // _MIB:,} MiB"
        )
        return told + (f" of {self.machine // _MIB:,}" if self.machine else "")


def budget_of(index_root: Path, workers: int, machine: int | None = None) -> Budget:
    """Return what so many workers over the current index will need; without one, the libraries'.

    Args:
        index_root: folder of index versions.
        workers: processes.
        machine: bytes that there are; ``None`` asks the system.
    """
    mapped = read = 0
    for path in _files(index_root):
        if path.suffix in _MAPPED:
            mapped += path.stat().st_size
        else:
            read += path.stat().st_size
    return Budget(workers, mapped, read, memory() if machine is None else machine)


def memory() -> int:
    """Return the bytes of memory that this process and its children may use, 0 where unknown."""
    found = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for path in _LIMITS:
        try:
            text = path.read_text("ascii").strip()
        except OSError:
            continue
        if text.isdecimal():
            found.append(int(text))
    return min(found)


def _files(index_root: Path) -> Iterator[Path]:
    try:
        folder = current_version(index_root)
    except StateError:
        return
    yield from (path for path in folder.rglob("*") if path.is_file())
