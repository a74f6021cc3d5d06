"""Keys as text: unique, and a typo is told without a look-up."""

from __future__ import annotations

import re
import string

from hypothesis import given
from hypothesis import strategies as st

from service.auth.keys import is_key, new_key

_CHARACTERS = string.digits + string.ascii_letters


def test_a_key_is_readable_and_of_one_length() -> None:
    keys = {new_key() for _ in range(20_000)}
    assert len(keys) == 20_000
    assert all(re.fullmatch(r"panhuo_[0-9A-Za-z]{36}", key) and is_key(key) for key in keys)


def test_every_one_character_typo_is_told() -> None:
    key = new_key()
    typos = [
        key[:place] + other + key[place + 1 :]
        for place in range(len(key))
        for other in _CHARACTERS + "_-. 壹"
        if other != key[place]
    ]
    assert len(typos) > 2_500
    assert not any(map(is_key, typos))


def test_swaps_and_cuts_are_told() -> None:
    key = new_key()
    for place in range(len(key) - 1):
        swapped = key[:place] + key[place + 1] + key[place] + key[place + 2 :]
        assert swapped == key or not is_key(swapped)
        assert not is_key(key[:place])
    assert not is_key(key + "\n")
    assert not is_key(f" {key}")


@given(st.text(max_size=60))
def test_no_other_text_is_a_key(text: str) -> None:
    assert not is_key(text)
    assert not is_key("panhuo_" + text)
