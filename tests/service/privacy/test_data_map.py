"""The data map: no column of any table is missing, and none that is gone is told."""

from __future__ import annotations

import re
from pathlib import Path

import service.store.engine
from service.config import Settings
from service.privacy.data_map import KINDS, data_map
from service.store.schema import metadata


def test_every_column_is_mapped_once_and_nothing_else_is() -> None:
    assert service.store.engine  # all tables are declared
    there = {(table.name, column.name) for table in metadata.tables.values() for column in table.c}
    mapped = set(data_map())
    assert there - mapped == set(), "columns that data_map.toml does not know"
    assert mapped - there == set(), "columns that are gone"


def test_every_kind_is_explained_and_used() -> None:
    text = Path("service/privacy/data_map.toml").read_text("utf-8")
    for kind in KINDS:
        assert re.search(rf"^# {kind} ", text, re.M), kind
    assert {one.kind for one in data_map().values()} == set(KINDS)


def test_every_setting_it_names_exists() -> None:
    names = {f"PANHUO_{name.upper()}" for name in Settings.model_fields}
    for one in data_map().values():
        assert set(re.findall(r"PANHUO_\w+", one.kept)) <= names


def test_columns_that_name_a_firm_by_their_own_name_are_firms() -> None:
    for (table, column), one in data_map().items():
        if column == "uscc":
            assert one.kind == "firm", table
        if column in {"person", "phone", "inventors"}:
            assert one.kind == "person", table
