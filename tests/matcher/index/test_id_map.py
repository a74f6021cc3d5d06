from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.errors import InputError
from matcher.index.id_map import IdMap

IDS = st.lists(
    st.text(
        st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=8
    ),
    unique=True,
)


@given(IDS, IDS)
def test_ids_to_rows_and_back(known: list[str], others: list[str]) -> None:
    ordered = sorted(known, key=lambda i: i.encode())
    ids = IdMap.of(ordered)
    assert [ids.row_of(i) for i in ordered] == list(range(len(ordered)))
    assert ids.ids_at(ids.rows_of(known)) == known
    for other in set(others) - set(known):
        assert ids.row_of(other) is None


@pytest.mark.parametrize("ids", [["b", "a"], ["a", "a"]])
def test_disorder_is_refused(ids: list[str]) -> None:
    with pytest.raises(InputError, match="out of order or repeated"):
        IdMap.of(ids)


def test_save_equals_load(tmp_path: Path) -> None:
    IdMap.of(["CN1", "CN2", "盘"]).save(tmp_path / "ids.npy")
    loaded = IdMap.load(tmp_path / "ids.npy")
    assert (len(loaded), loaded.id_at(2), loaded.row_of("CN2")) == (3, "盘", 1)
