"""Units of a round over the machines of a Ray cluster, or over one that is started for it here."""

from __future__ import annotations

import multiprocessing
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from multiprocessing.connection import Connection
from typing import Any

from matcher.errors import ExtraMissing, InputError, UnavailableError
from matcher.push.round_folder import RoundFolder
from service.config import Settings
from service.push.mishap import Mishap
from service.push.ray_driver import RayOrder, drive, given_up

# A file that another machine wrote is seen here after so many seconds at most: NFS keeps what it
# knows of a folder for up to a minute.
_SEEN_WITHIN = 90.0
_BETWEEN_LOOKS = 0.5
_END_WITHIN = 15.0


class RayExecutor:
    """Implements ``matcher.push.plan.Executor`` with tasks of Ray, one a unit.

    A unit whose machine or process dies is done elsewhere; done twice it leaves the same file.

    Args:
        settings: of the home, which lies at the same path on every machine.
        processes: units at work at once; ``None`` for as many as the cluster has CPUs, or as the
            settings say where a cluster is started here.
        address: of the cluster, "" to start one here, on loopback.

    Raises:
        ExtraMissing: Ray is not installed.
        InputError: an address of the Ray client, which this does not speak.
    """

    def __init__(self, settings: Settings, processes: int | None, address: str = "") -> None:
        if find_spec("ray") is None:
            raise ExtraMissing("ray", "ray")
        if address.startswith("ray://"):
            raise InputError(
                f"found the Ray address {address!r}",
                "HOST:PORT of the head node, or 'auto'",
                "run the command on a machine of the cluster",
            )
        self._settings = settings
        self._processes = processes
        self._address = address

    def run(self, folder: RoundFolder, units: Sequence[int], done: Callable[[int], None]) -> None:
        """Do every unit; raise ``UnavailableError`` where the cluster cannot be had or dies."""
        if not units:
            return
        with self._driver(folder, units) as pipe:
            for _ in units:
                done(_heard(pipe))
        _wait_for_files(folder, units)

    @contextmanager
    def _driver(self, folder: RoundFolder, units: Sequence[int]) -> Iterator[Connection]:
        """Yield the pipe to a process that hands the units out; end it, and what it started."""
        ours, theirs = multiprocessing.Pipe()
        # Sockets lie under it, and a path of a socket is 107 bytes at most.
        scratch = tempfile.mkdtemp(prefix="panhuo-ray-", dir="/tmp")
        process = multiprocessing.get_context("spawn").Process(
            target=drive, args=(self._order(folder, units, scratch), theirs), name="panhuo-ray"
        )
        try:
            process.start()
            theirs.close()
            yield ours
        finally:
            ours.close()
            process.join(_END_WITHIN)
            if process.is_alive():
                process.kill()
                process.join()
            shutil.rmtree(scratch, ignore_errors=True)

    def _order(self, folder: RoundFolder, units: Sequence[int], scratch: str) -> RayOrder:
        path = folder.path.resolve()
        most = len(units)
        if not self._address:
            most = min(most, self._processes or self._settings.threads)
        elif self._processes:
            most = min(most, self._processes)
        return RayOrder(
            settings=_everywhere(self._settings).model_dump_json(),
            folder=str(path),
            units=tuple(units),
            address=self._address,
            most=most,
            scratch=scratch,
            log=str(path / "work" / "ray.log"),
        )


def _everywhere(settings: Settings) -> Settings:
    """Return the settings as another machine can read them: paths in full."""
    changes: dict[str, Any] = {"home": settings.home.resolve()}
    if settings.policy:
        changes["policy"] = settings.policy.resolve()
    return settings.model_copy(update=changes)


def _heard(pipe: Connection) -> int:
    """Return the number of the next finished unit; raise what went wrong."""
    try:
        told = pipe.recv()
    except (EOFError, ConnectionResetError) as error:
        raise given_up("it ended the process that asked it") from error
    if isinstance(told, Mishap):
        raise told.error()
    if isinstance(told, BaseException):
        raise told
    return int(told)


def _wait_for_files(folder: RoundFolder, units: Sequence[int]) -> None:
    ends = time.monotonic() + _SEEN_WITHIN
    while missing := set(units).intersection(folder.missing(max(units) + 1)):
        if time.monotonic() > ends:
            raise UnavailableError(
                f"found no file of {len(missing)} units that other machines have done",
                f"{folder.path} on a file system that all machines share",
                "share it (such as over NFS), then go on with 'panhuo push plan --resume'",
            )
        time.sleep(_BETWEEN_LOOKS)
