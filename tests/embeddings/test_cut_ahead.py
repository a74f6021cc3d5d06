"""Words cut in advance by processes are those that are cut when asked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embeddings.cut_ahead import CutAhead
from embeddings.tokeniser import Tokeniser, default_tokeniser

SAMPLE = Path(__file__).parents[2] / "service" / "sample" / "patents.ndjson"


@pytest.fixture(scope="module")
def texts() -> list[tuple[str, ...]]:
    rows = [json.loads(line) for line in SAMPLE.read_text("utf-8").splitlines()]
    found = [(row["title"], f"。{row['abstract']}") for row in rows]
    return [*found, ("轴承密封；法兰",), ("",), ("", "只有正文")]


def test_remembered_words_are_those_of_the_base(texts: list[tuple[str, ...]]) -> None:
    base = default_tokeniser()
    ahead = CutAhead(base)
    told: list[tuple[int, int]] = []
    ahead.remember(texts, 2, lambda done, total: told.append((done, total)), least=1)
    assert told[-1] == (len(texts), len(texts))
    asked = [part for parts in texts for part in (*parts, "".join(parts))]
    assert list(ahead.tokenise_many(asked)) == list(base.tokenise_many(asked))
    assert ahead.tokenise("从未见过的石墨烯") == base.tokenise("从未见过的石墨烯")
    assert ahead.fingerprint == base.fingerprint
    # Looked up, not cut again.
    ahead.cut = None  # type: ignore[method-assign,assignment]
    assert ahead.tokenise(asked[0]) == base.tokenise(asked[0])
    with pytest.raises(TypeError):
        ahead.tokenise("从未见过的石墨烯")


def test_a_lexicon_of_ones_own_goes_to_the_processes() -> None:
    base = Tokeniser(("石墨烯导热膜",), ("方法",))
    ahead = CutAhead(base)
    ahead.remember([("石墨烯导热膜方法",)], 2, least=1)
    assert ahead.tokenise("石墨烯导热膜方法") == ["石墨烯导热膜"]


def test_few_texts_or_one_process_are_cut_when_asked() -> None:
    ahead = CutAhead(default_tokeniser())
    ahead.remember([("轴承",)], 1, least=1)
    ahead.remember([("轴承",)], 2)
    assert not ahead._row
    assert ahead.tokenise("轴承") == ["轴承"]


@given(st.text(max_size=30), st.text(max_size=30))
def test_no_word_crosses_a_full_stop(left: str, right: str) -> None:
    base = default_tokeniser()
    whole = base.tokenise(f"{left}。{right}")
    assert whole == base.tokenise(left) + base.tokenise(f"。{right}")
