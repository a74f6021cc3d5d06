"""Ray for tests: without it they skip, with ``PANHUO_REQUIRE=ray`` they fail instead."""

from __future__ import annotations

import os
from importlib.util import find_spec

import pytest


def need_ray() -> None:
    """Skip the test, or fail it, where Ray is not installed."""
    if find_spec("ray") is not None:
        return
    reason = "no Ray is installed (pip install 'panhuo[ray]')"
    if "ray" in os.environ.get("PANHUO_REQUIRE", "").replace(",", " ").split():
        pytest.fail(f"PANHUO_REQUIRE=ray, but {reason}")
    pytest.skip(reason)
