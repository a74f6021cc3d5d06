"""The sieve of a round as arrays of its folder: made once, mapped by every process."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from matcher.errors import InputError
from matcher.index.segment_index import Mask
from matcher.index.side import Side
from matcher.push.candidates import Looking
from matcher.push.clusters import Clusters, clusters_of, order_of
from matcher.push.round_folder import RoundFolder
from matcher.push.sieve import FACTS, Sieve
from matcher.ranking.features import FEATURES
from matcher.ranking.policy import Policy
from matcher.types import FloatArray

CPU = "cpu"
Opener = Callable[[Sieve, str], Looking]
"""Puts a sieve on a device."""

_CLUSTERS = "order", "start", "centre", "radius"


def write_sieve(folder: RoundFolder, side: Side, policy: Policy, allowed: Mask) -> None:
    """Keep the sieve over the patents that may be recommended.

    Args:
        folder: of the round.
        side: the patents.
        policy: in force for the round.
        allowed: bool (patents,).
    """
    table, clusters = table_of(side, policy, allowed)
    folder.write_array("table", table)
    for name in _CLUSTERS:
        folder.write_array(f"cluster_{name}", getattr(clusters, name))


def as_it_is(sieve: Sieve, device: str) -> Looking:
    """Return the sieve itself: the opener of the one device that needs nothing else.

    Raises:
        InputError: another device than ``cpu``.
    """
    if device != CPU:
        raise InputError(f"found device {device!r}", f"{CPU!r}, all that this opener knows")
    return sieve


def read_sieve(folder: RoundFolder, side: Side, policy: Policy) -> Sieve:
    """Return the sieve that ``write_sieve`` kept for the same side and policy."""
    table, *parts = (
        np.asarray(folder.read_array(name))
        for name in ("table", *(f"cluster_{name}" for name in _CLUSTERS))
    )
    return Sieve.of(side, policy, table, Clusters(*parts))


def table_of(side: Side, policy: Policy, allowed: Mask) -> tuple[FloatArray, Clusters]:
    """Return float32 (m, dim + 2 + segments), the m allowed patents as ``Sieve`` multiplies them.

    Args:
        side: the patents.
        policy: weighs what a patent has by itself.
        allowed: bool (patents,), those that may be recommended.
    """
    weights = dict(zip(FEATURES, policy.effective, strict=True))
    dim = side.vectors.shape[1]
    parts = order_of(side.vectors, side.columns["province"], np.flatnonzero(allowed))
    rows = np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)
    table = np.zeros((len(rows), dim + FACTS + len(side.codes)), dtype=np.float32)
    table[:, :dim] = side.vectors[rows]
    columns = side.columns
    table[:, dim] = (
        weights["hubness"] * columns["hubness"][rows]
        + weights["public_holder"] * (columns["public_holder"][rows] == 1)
        + weights["in_force"] * (columns["in_force"][rows] == 1)
    )
    table[:, dim + 1] = columns["province"][rows] < 0
    table[:, dim + FACTS :] = side.shares[rows].toarray()
    return table, clusters_of(parts, table, dim)
