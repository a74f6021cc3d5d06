"""What lies in a folder of catalogue files, by name.

``patents.*``, ``firms.*``, ``demands.*`` or ``tech_demands.*``, ``relations.*``, with any ending
that import reads as a table (``service.ingest.rows.TABLE_ENDINGS``); TREC qrels whose
name begins with a relation kind (``owns_2024.qrels``) are relations, all others judgments; the pool
of ``coapp_dev.qrels`` is ``coapp.pool`` where that stands beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from matcher.errors import BadFile
from matcher.types import RelationKind
from service.ingest.rows import QRELS, TABLE_ENDINGS


@dataclass(frozen=True, slots=True)
class Judged:
    """One set of judgments and the pool it is ranked over (``None``: all patents)."""

    qrels: Path
    pool: Path | None


@dataclass(frozen=True, slots=True)
class DataFolder:
    """Files by what they hold; relation files of one kind carry that kind."""

    patents: tuple[Path, ...]
    firms: tuple[Path, ...]
    demands: tuple[Path, ...]
    relations: tuple[tuple[Path, RelationKind | None], ...]
    judged: tuple[Judged, ...]


def read_folder(folder: Path) -> DataFolder:
    """Return what ``folder`` holds; raise ``BadFile`` unless there are patents and firms."""
    if not folder.is_dir():
        raise BadFile(str(folder), "found no such folder", "a folder with data files", "check DATA")
    patents, firms = _tables(folder, "patents"), _tables(folder, "firms")
    if not patents or not firms:
        raise BadFile(
            str(folder),
            "found no " + ("patents" if not patents else "firms") + " file",
            f"patents.* and firms.* ({', '.join(TABLE_ENDINGS)})",
            "name the files so",
        )
    qrels = sorted(path for path in folder.iterdir() if path.suffix.lower() in QRELS)
    kinds = {path: _kind(path) for path in qrels}
    relations = [(path, None) for path in _tables(folder, "relations")]
    return DataFolder(
        patents=patents,
        firms=firms,
        demands=(*_tables(folder, "demands"), *_tables(folder, "tech_demands")),
        relations=(*relations, *((path, kind) for path, kind in kinds.items() if kind)),
        judged=tuple(Judged(path, _pool(path)) for path, kind in kinds.items() if not kind),
    )


def _tables(folder: Path, stem: str) -> tuple[Path, ...]:
    found = (path for path in folder.iterdir() if path.stem == stem and path.is_file())
    known = [path for path in found if path.suffix.lower() in TABLE_ENDINGS]
    return tuple(sorted(known, key=lambda path: (TABLE_ENDINGS.index(path.suffix.lower()), path)))


def _kind(path: Path) -> RelationKind | None:
    for kind in RelationKind:
        if path.stem == kind or path.stem.startswith(f"{kind}_"):
            return kind
    return None


def _pool(path: Path) -> Path | None:
    pool = path.with_name(path.stem.split("_")[0] + ".pool")
    return pool if pool.is_file() else None
