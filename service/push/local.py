"""Units of a round over processes of this machine, started fresh (spawn) and opened once."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from threading import Thread

from matcher.errors import UnavailableError
from matcher.push.round_folder import RoundFolder
from service.config import Settings
from service.push.mishap import Mishap
from service.push.threads import ONE_THREAD
from service.push.unit_work import work


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
        order = self._settings.model_dump_json(), str(folder.path)
        try:
            with _one_thread_each(), self._pool(len(units)) as pool:
                asked = [pool.submit(work, *order, number) for number in units]
                try:
                    for future in as_completed(asked):
                        told = future.result()
                        if isinstance(told, Mishap):
                            raise told.error()
                        done(told)
                except BaseException:
                    pool.shutdown(cancel_futures=True)  # what is in hand is ended, not left behind
                    raise
        except BrokenProcessPool as error:
            raise UnavailableError(
                "found that a process at work on the round was killed",
                "processes that run to their end",
                "go on with 'panhuo push plan --resume'; if memory was short, use --processes 1",
            ) from error

    def _pool(self, units: int) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(
            min(self._processes, units),
            multiprocessing.get_context("spawn"),
            initializer=_start_work,
        )


def _start_work() -> None:
    """Have this process end at Ctrl-C, and when the one that started it was killed.

    It would go on to the end of its unit, or wait for ever; a unit that is cut off leaves no trace.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if parent := multiprocessing.parent_process():

        def wait() -> None:
            parent.join()
            os._exit(1)

        Thread(target=wait, name="end-with-parent", daemon=True).start()


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Processes inherit the environment: each gets one thread, so that they do not fight."""
    before = {name: os.environ.get(name) for name in ONE_THREAD}
    os.environ.update(ONE_THREAD)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
