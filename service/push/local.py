"""Units of a round over processes of this machine, started fresh (spawn) and opened once."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from pathlib import Path

from matcher.errors import UnavailableError
from matcher.push.candidates import Searcher
from matcher.push.plan import do_unit, searcher_of
from matcher.push.round_folder import RoundFolder
from matcher.readers import Readers
from service.bootstrap import open_home
from service.config import Settings

_THREADS = "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"


class LocalExecutor:
    """Implements ``matcher.push.plan.Executor`` with processes.

    Args:
        settings: of the home; each process opens it for itself.
        processes: how many work at once, each on one thread.
    """

    def __init__(self, settings: Settings, processes: int) -> None:
        self._settings = settings
        self._processes = processes

    def run(self, folder: RoundFolder, units: Sequence[int], done: Callable[[int], None]) -> None:
        """Do every unit; raise ``UnavailableError`` where a process was killed."""
        if not units:
            return
        try:
            with _one_thread_each(), self._pool(folder, len(units)) as pool:
                asked = [pool.submit(_unit, number) for number in units]
                try:
                    for future in as_completed(asked):
                        done(future.result())
                except BaseException:
                    pool.shutdown(wait=False, cancel_futures=True)
                    raise
        except BrokenProcessPool as error:
            raise UnavailableError(
                "found that a process at work on the round was killed",
                "processes that run to their end",
                "go on with 'panhuo push plan --resume'; if memory was short, use --processes 1",
            ) from error

    def _pool(self, folder: RoundFolder, units: int) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(
            min(self._processes, units),
            multiprocessing.get_context("spawn"),
            initializer=_open,
            initargs=(self._settings.model_dump_json(), str(folder.path)),
        )


class _Opened:
    """What a working process holds, from its first unit to its end."""

    folder: RoundFolder
    searcher: Searcher
    readers: Readers
    stack = ExitStack()


def _open(settings: str, folder: str) -> None:
    home = _Opened.stack.enter_context(open_home(Settings.model_validate_json(settings)))
    _Opened.folder = RoundFolder(Path(folder))
    _Opened.readers = home.readers
    _Opened.searcher = searcher_of(_Opened.folder, home.engine(), home.readers)


def _unit(number: int) -> int:
    do_unit(_Opened.folder, number, _Opened.searcher, _Opened.readers)
    return number


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Processes inherit the environment: each gets one thread, so that they do not fight."""
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
