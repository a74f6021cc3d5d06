"""The store on each database; see ``tests/contracts/store_fixtures.py``."""

import pytest

from tests.contracts import store_fixtures


def pytest_configure(config: pytest.Config) -> None:
    """Register the fixtures once, whoever asks first: two copies would start two servers."""
    if not config.pluginmanager.has_plugin("panhuo-store"):
        config.pluginmanager.register(store_fixtures, "panhuo-store")
