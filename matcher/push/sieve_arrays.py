"""The sieve of a round as arrays of its folder: made once, mapped by every process."""

from __future__ import annotations

from collections.abc import Callable

from matcher.errors import InputError
from matcher.index.cluster_table import ClusterTable, saved_names
from matcher.index.index_set import IndexSet
from matcher.index.segment_index import Mask
from matcher.index.side import Side
from matcher.push.candidates import Looking
from matcher.push.round_folder import RoundFolder
from matcher.ranking.policy import Policy
from matcher.sieve.sieve import Sieve

CPU = "cpu"
Opener = Callable[[Sieve, str], Looking]
"""Puts a sieve on a device."""


def write_sieve(folder: RoundFolder, index: IndexSet, allowed: Mask) -> None:
    """Keep the clusters of the patents that may be recommended.

    Args:
        folder: of the round.
        index: with the clusters of all patents.
        allowed: bool (patents,).
    """
    table = index.table.among(index.patents, allowed)
    for name, array in table.arrays().items():
        folder.write_array(f"sieve_{name}", array)


def as_it_is(sieve: Sieve, device: str) -> Looking:
    """Return the sieve itself: the opener of the one device that needs nothing else.

    Raises:
        InputError: another device than ``cpu``.
    """
    if device != CPU:
        raise InputError(f"found device {device!r}", f"{CPU!r}, all that this opener knows")
    return sieve


def read_sieve(folder: RoundFolder, side: Side, policy: Policy) -> Sieve:
    """Return the sieve over what ``write_sieve`` kept for the same side."""
    kept = {name: folder.read_array(f"sieve_{name}") for name in saved_names()}
    return Sieve.of(side, policy, ClusterTable.from_arrays(side, kept))
