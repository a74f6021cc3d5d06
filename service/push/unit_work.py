"""What a process at work on a round does, whoever started it: one unit after the other.

The home is opened with the first unit and stays open. Each process works on one thread: processes
are what a machine is filled with.
"""

from __future__ import annotations

from contextlib import ExitStack
from functools import lru_cache
from pathlib import Path
from platform import node

from matcher.errors import MatcherError, StateError, UnavailableError
from matcher.push.candidates import Searcher
from matcher.push.plan import do_unit, read_plan, searcher_of
from matcher.push.round_folder import RoundFolder
from matcher.readers import Readers
from service.bootstrap import Home, open_home
from service.config import Settings
from service.push.mishap import Mishap
from service.push.torch_sieve import looking_on

_OPEN = ExitStack()  # what nobody holds would be closed while it is in use


def work(settings: str, folder: str, unit: int) -> int | Mishap:
    """Do a unit; return its number, or what went wrong.

    Args:
        settings: of the home, as JSON; paths are absolute.
        folder: of the round.
        unit: its number.
    """
    try:
        round_folder, searcher, readers = _opened(settings, folder)
        do_unit(round_folder, unit, searcher, readers)
    except MatcherError as error:
        return Mishap.of(error)
    return unit


@lru_cache(maxsize=1)
def _opened(settings: str, folder: str) -> tuple[RoundFolder, Searcher, Readers]:
    """Open the home; it closes with the process."""
    round_folder = RoundFolder(Path(folder))
    if not round_folder.planned:
        raise UnavailableError(
            f"found no push_round in {folder} on {node()}",
            "the home at the same path on every machine that works on a round",
            "share it (such as over NFS), then go on with 'panhuo push plan --resume'",
        )
    chosen = Settings.model_validate_json(settings).model_copy(update={"threads": 1})
    with ExitStack() as stack:
        home = stack.enter_context(open_home(chosen))
        _as_planned(round_folder, home)
        searcher = searcher_of(round_folder, home.engine(), home.readers, looking_on)
        _OPEN.enter_context(stack.pop_all())
    return round_folder, searcher, home.readers


def _as_planned(folder: RoundFolder, home: Home) -> None:
    """Raise ``StateError`` where this process would work with another index or policy."""
    engine = home.engine()
    manifest = engine.index.manifest
    now = {
        "encoder": manifest.encoder.version,
        "index": manifest.version,
        "policy": engine.policy.version,
    }
    then = read_plan(folder).versions
    if other := [name for name in now if then.get(name, now[name]) != now[name]]:
        raise StateError(
            f"found another {' and '.join(other)} on {node()} than the round was planned with",
            "one index and one policy while a round is made",
            "plan a new one, and build when it is published",
        )
