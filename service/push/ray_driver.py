"""Ray's side of a push: a process of its own, which Ray may log from, fill and end as it likes.

Where a cluster dies, Ray ends the process that spoke to it, without an exception. The command line
therefore never speaks to Ray itself. Little is imported here: what a worker loads must find the
threads set.
"""

from __future__ import annotations

import logging
import os
import secrets
import shutil
import signal
import socket
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from matcher.errors import InputError, UnavailableError
from service.push.mishap import Mishap
from service.push.threads import ONE_THREAD

# How often a unit is tried again whose process, machine or memory went away under it.
_RETRIES = 5
_BEAT = 0.5
_KNOCK_SECONDS = 5.0
_LEAST_STORE = 80 << 20


@dataclass(frozen=True, slots=True)
class RayOrder:
    """What is to be done, and where.

    Attributes:
        settings: of the home, as JSON; paths are absolute.
        folder: of the round.
        units: their numbers.
        address: of the cluster, "" to start one on this machine.
        most: units at work at once.
        scratch: folder for the files of a cluster that is started here.
        log: file for what Ray has to say.
    """

    settings: str
    folder: str
    units: tuple[int, ...]
    address: str
    most: int
    scratch: str
    log: str


def drive(order: RayOrder, pipe: Connection) -> None:
    """Hand the units out; tell each number, or what went wrong, through the pipe.

    Ends early when the other end of the pipe is closed.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the one who asked closes the pipe
    _say_into(Path(order.log))
    _prepare_environment(order.address)
    import ray
    from ray.exceptions import RayError, RayTaskError

    try:
        with _connected(ray, order):
            _hand_out(ray, order, pipe)
    except RayTaskError as error:
        pipe.send(error.cause)
    except RayError as error:
        pipe.send(Mishap.of(given_up(str(error))))
    except (InputError, UnavailableError) as error:
        pipe.send(Mishap.of(error))
    except BrokenPipeError:
        pass  # nobody waits for it any more
    finally:
        shutil.rmtree(order.scratch, ignore_errors=True)


def given_up(why: str) -> UnavailableError:
    """Return what is raised where Ray could not get a unit done."""
    first = next(iter(why.strip().splitlines()), "it does not answer")
    return UnavailableError(
        f"found that Ray gave up ({first.rstrip('. ')})",
        "a cluster that stays up, with memory for each unit at work",
        "look after the cluster, then go on with 'panhuo push plan --resume'; if memory was "
        "short, give --processes",
    )


def _say_into(log: Path) -> None:
    """Point both outputs of this process, and of those it starts, to a file."""
    with log.open("ab") as out:
        for descriptor in (1, 2):
            os.dup2(out.fileno(), descriptor)


def _prepare_environment(address: str) -> None:
    """Set what Ray reads when it is imported, and what the workers of a local one inherit."""
    os.environ.update(ONE_THREAD)
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ.setdefault("RAY_task_oom_retries", str(_RETRIES))
    os.environ.setdefault("RAY_NUM_REDIS_GET_RETRIES", "2")  # to reach a head, half a minute each
    if not address:
        # Nobody else of this machine may hand work to it.
        os.environ.update(RAY_AUTH_MODE="token", RAY_AUTH_TOKEN=secrets.token_hex(32))
    if not address or _is_loopback(address):
        # Else Ray takes the machine's own address in place of loopback, and listens everywhere.
        os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"


def _is_loopback(address: str) -> bool:
    host = address.rsplit(":", 1)[0].strip("[]")
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


@contextmanager
def _connected(ray: Any, order: RayOrder) -> Iterator[None]:
    quiet = {"logging_level": logging.ERROR, "log_to_driver": False}
    try:
        if order.address:
            _knock(order.address)
            ray.init(address=order.address, **quiet)
        else:
            ray.init(
                address="local",
                num_cpus=order.most,
                num_gpus=0,
                include_dashboard=False,
                object_store_memory=_LEAST_STORE,  # numbers go in, numbers come out
                _node_ip_address="127.0.0.1",
                _temp_dir=order.scratch,
                **quiet,
            )
    except (OSError, RuntimeError, ValueError) as error:
        raise _unreachable(order.address, error) from error
    try:
        yield
    finally:
        ray.shutdown()


def _knock(address: str) -> None:
    """Raise ``OSError`` where nobody listens: Ray itself would try for ten minutes."""
    host, colon, port = address.rpartition(":")
    if colon and port.isdecimal():
        socket.create_connection((host.strip("[]"), int(port)), _KNOCK_SECONDS).close()


def _unreachable(address: str, error: Exception) -> UnavailableError:
    first = next(iter(str(error).splitlines()), type(error).__name__)
    if not address:
        return UnavailableError(
            f"found that Ray does not start here ({first})",
            "a machine that lets it start processes and listen on 127.0.0.1",
            "use --engine local",
        )
    return UnavailableError(
        f"found no Ray cluster at {address!r} ({first})",
        "HOST:PORT of a head node, asked from a machine of the cluster",
        "see 'ray status' there; set RAY_AUTH_MODE as the cluster has it",
    )


def _hand_out(ray: Any, order: RayOrder, pipe: Connection) -> None:
    unit = ray.remote(num_cpus=1, max_retries=_RETRIES)(_unit)
    waiting = deque(order.units)
    asked: set[Any] = set()
    while (waiting or asked) and not pipe.poll():
        while waiting and len(asked) < order.most:
            asked.add(unit.remote(order.settings, order.folder, waiting.popleft()))
        ready, _ = ray.wait(list(asked), num_returns=1, timeout=_BEAT)
        for one in ready:
            asked.remove(one)
            told = ray.get(one)
            pipe.send(told)
            if isinstance(told, Mishap):
                return


def _unit(settings: str, folder: str, number: int) -> int | Mishap:
    """Do a unit in a worker of Ray; machines of a cluster have an environment of their own."""
    os.environ.update(ONE_THREAD)
    from service.push.unit_work import work

    return work(settings, folder, number)
