"""A home built from the packaged sample catalogue, quickly: LSA vectors, exact indexes."""

from __future__ import annotations

from pathlib import Path

import service
from service.bootstrap import open_home
from service.config import Settings
from service.ingest.importer import import_files

SAMPLE = Path(service.__file__).parent / "sample"
FILES = {
    "patents": "patents.ndjson",
    "firms": "firms.csv",
    "demands": "demands.ndjson",
    "relations": "relations.csv",
}


def build_sample_home(folder: Path) -> Settings:
    """Import and index the sample in ``folder``; return the settings that open it."""
    settings = Settings(home=folder, encoder="lsa", index_engine="exact", threads=1)
    with open_home(settings) as home:
        for what, name in FILES.items():
            import_files(home.store, what, [SAMPLE / name])
        home.build(lambda stage, done, total: None)
    return settings
