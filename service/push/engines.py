"""Which engine does the units of a round."""

from __future__ import annotations

from matcher.errors import InputError
from matcher.push.plan import Executor
from service.config import Settings
from service.push.local import LocalExecutor
from service.push.ray_engine import RayExecutor

ENGINES = ("local", "ray")


def executor_of(
    engine: str, settings: Settings, processes: int | None = None, address: str | None = None
) -> Executor:
    """Return the engine of a name.

    Args:
        engine: one of ``ENGINES``.
        settings: of the home.
        processes: units at work at once; ``None`` for what the settings or the cluster say.
        address: of a Ray cluster, instead of the one of the settings.

    Raises:
        ExtraMissing: Ray is asked for and not installed.
        InputError: an address without Ray.
    """
    if engine == "ray":
        return RayExecutor(settings, processes, address or settings.ray_address)
    if address:
        raise InputError(
            f"found --ray-address {address!r} with --engine {engine}",
            "an address with --engine ray only",
            "add --engine ray",
        )
    return LocalExecutor(settings, processes or settings.threads)
