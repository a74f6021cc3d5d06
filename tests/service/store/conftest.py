"""The store on each database; see ``tests/contracts/store_fixtures.py``."""

import pytest

from tests.contracts import store_fixtures

pytest.register_assert_rewrite(
    "tests.contracts.store_catalogue",
    "tests.contracts.store_feedback",
    "tests.contracts.store_jobs",
    "tests.contracts.store_push",
    "tests.contracts.store_stock",
)


def pytest_configure(config: pytest.Config) -> None:
    """Register the fixtures once, whoever asks first: two copies would start two servers."""
    if not config.pluginmanager.has_plugin("panhuo-store"):
        config.pluginmanager.register(store_fixtures, "panhuo-store")
