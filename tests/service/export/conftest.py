"""A store of its own for each test, and workbooks read back without the code under test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from service.privacy.contact_key import ContactKeys
from service.store.engine import Store, open_store
from service.store.migrate import upgrade
from tests.contracts.store_fixtures import CONTACT_KEY


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store."""
    with open_store(f"sqlite:///{tmp_path}/store.db") as opened:
        upgrade(opened)
        opened.contacts.keys = ContactKeys(Path(), CONTACT_KEY)
        yield opened
