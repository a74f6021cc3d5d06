"""An operator's own taxonomy and concordances, kept in the home folder."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from matcher.errors import BadFile
from matcher.segments.concordance import (
    IndustryConcordance,
    IpcConcordance,
    load_industry_concordance,
    load_ipc_concordance,
)
from matcher.segments.operator_file import RowProblem
from matcher.segments.taxonomy import Taxonomy, load_taxonomy

SegmentFile = Literal["taxonomy", "ipc", "industry"]
FILES: tuple[SegmentFile, ...] = ("taxonomy", "ipc", "industry")
_MODES = "modes.json"


@dataclass(frozen=True, slots=True)
class SegmentTables:
    """Taxonomy and both concordances as the home has them."""

    taxonomy: Taxonomy
    ipc: IpcConcordance
    industry: IndustryConcordance


def load_segments(root: Path) -> SegmentTables:
    """Return the packaged tables, extended or replaced by the operator's files under ``root``."""
    modes = _modes(root)
    paths = {name: root / f"{name}.csv" if name in modes else None for name in FILES}
    taxonomy = load_taxonomy(paths["taxonomy"], extend=modes.get("taxonomy") == "extend")
    return SegmentTables(
        taxonomy,
        load_ipc_concordance(paths["ipc"], taxonomy=taxonomy, extend=modes.get("ipc") != "replace")[
            0
        ],
        load_industry_concordance(
            paths["industry"], taxonomy=taxonomy, extend=modes.get("industry") != "replace"
        )[0],
    )


def import_segments(
    root: Path, what: SegmentFile, path: Path, *, replace: bool
) -> tuple[RowProblem, ...]:
    """Check an operator's file and keep a copy; return its bad rows, which are left out in use.

    Args:
        root: the segments folder of a home.
        what: which table the file is.
        path: the CSV file.
        replace: stand in for the packaged table instead of adding to it.

    Raises:
        BadFile: the file cannot be read; nothing is kept.
    """
    taxonomy = load_segments(root).taxonomy
    problems: tuple[RowProblem, ...] = ()
    if what == "taxonomy":
        load_taxonomy(path, extend=not replace)
    elif what == "ipc":
        problems = load_ipc_concordance(path, taxonomy=taxonomy, extend=not replace)[1]
    else:
        problems = load_industry_concordance(path, taxonomy=taxonomy, extend=not replace)[1]
    root.mkdir(parents=True, exist_ok=True)
    draft = root / f".{what}.{os.getpid()}"
    shutil.copyfile(path, draft)
    draft.replace(root / f"{what}.csv")
    _write_modes(root, {**_modes(root), what: "replace" if replace else "extend"})
    return problems


def keep_segments(root: Path, folder: Path) -> None:
    """Copy the operator's files, if any, into a new folder, for an index to stay with them."""
    folder.mkdir()
    for path in (root / _MODES, *(root / f"{name}.csv" for name in _modes(root))):
        if path.is_file():
            shutil.copyfile(path, folder / path.name)


def _modes(root: Path) -> dict[str, str]:
    path = root / _MODES
    if not path.is_file():
        return {}
    try:
        modes: dict[str, str] = dict(json.loads(path.read_text("utf-8")))
    except (ValueError, TypeError) as error:
        raise BadFile(
            str(path),
            "found no readable JSON",
            "what 'panhuo segments import' wrote",
            "import again",
        ) from error
    return modes


def _write_modes(root: Path, modes: dict[str, str]) -> None:
    draft = root / f".{_MODES}.{os.getpid()}"
    draft.write_text(json.dumps(modes), "utf-8")
    draft.replace(root / _MODES)
