"""A home over the sample catalogue, built once; tests that write take a copy."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "2")

# Here and not beside the stores: other tests import the laws, too, and earlier.
pytest.register_assert_rewrite(
    *(
        f"tests.contracts.store_{laws}"
        for laws in (
            "catalogue",
            "changes",
            "feedback",
            "jobs",
            "manners",
            "push",
            "stock",
            "tenants",
            "webhooks",
        )
    )
)

SAMPLE = Path(__file__).parent.parent / "service" / "sample"
SAMPLE_FILES = (
    ("patents", "patents.ndjson"),
    ("firms", "firms.csv"),
    ("demands", "demands.ndjson"),
    ("relations", "relations.csv"),
)


def build_sample(folder: Path, encoder: str) -> Path:
    from service.bootstrap import open_home
    from service.config import Settings
    from service.ingest.importer import import_files

    with open_home(Settings(home=folder)) as home:
        for what, name in SAMPLE_FILES:
            import_files(home.store, what, [SAMPLE / name])
        home.build(lambda stage, done, total: None, encoder)
    return folder


@pytest.fixture(scope="session")
def lsa_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a home built with LSA (fast and the same on every machine); read only."""
    return build_sample(tmp_path_factory.mktemp("lsa-home"), "lsa")


@pytest.fixture(scope="session")
def static_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a home built with the default encoder; read only."""
    return build_sample(tmp_path_factory.mktemp("static-home"), "static")


@pytest.fixture
def own_home(lsa_home: Path, tmp_path: Path) -> Path:
    """A copy of the LSA home that the test may change."""
    return Path(shutil.copytree(lsa_home, tmp_path / "home"))
