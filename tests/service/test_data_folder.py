"""What a folder holds, by name; every ending that import reads counts, and is written down."""

from __future__ import annotations

from pathlib import Path

import pytest

from matcher.errors import BadFile
from matcher.types import RelationKind
from service.cli import panhuo
from service.data_folder import read_folder
from service.ingest.rows import ENDINGS, TABLE_ENDINGS

ROOT = Path(__file__).parents[2]


def folder_with(path: Path, *names: str) -> Path:
    for name in names:
        (path / name).touch()
    return path


@pytest.mark.parametrize("ending", [*TABLE_ENDINGS, ".CSV", ".XLSX"])
def test_every_table_that_import_reads_is_found(tmp_path: Path, ending: str) -> None:
    found = read_folder(folder_with(tmp_path, f"patents{ending}", f"firms{ending}"))
    assert found.patents == (tmp_path / f"patents{ending}",)
    assert found.firms == (tmp_path / f"firms{ending}",)


def test_other_names_and_endings_are_passed_over(tmp_path: Path) -> None:
    names = ("patents.csv", "patents.ndjson", "patents.md", "patents_old.csv", "firms.xls")
    found = read_folder(folder_with(tmp_path, *names))
    assert found.patents == (tmp_path / "patents.csv", tmp_path / "patents.ndjson")


def test_what_is_missing_is_named_with_the_endings(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match=r"found no firms file; .*\.xlsm"):
        read_folder(folder_with(tmp_path, "patents.csv", "firms.doc"))


def test_qrels_are_relations_by_kind_or_judgments(tmp_path: Path) -> None:
    names = ("patents.csv", "firms.csv", "owns_2024.qrels", "coapp_dev.QRELS", "coapp.pool")
    found = read_folder(folder_with(tmp_path, *names))
    assert found.relations == ((tmp_path / "owns_2024.qrels", RelationKind.OWNS),)
    (judged,) = found.judged
    assert (judged.qrels.name, judged.pool) == ("coapp_dev.QRELS", tmp_path / "coapp.pool")


def test_help_and_manuals_name_every_ending() -> None:
    told = panhuo.commands["import"].help or ""
    assert [ending for ending in ENDINGS if ending not in told] == []
    for readme in ("README.md", "README.zh-CN.md"):
        text = (ROOT / readme).read_text("utf-8")
        tables = next(line for line in text.splitlines() if line.startswith("`*` "))
        assert [e for e in TABLE_ENDINGS if f"`{e[1:]}`" not in tables] == []
