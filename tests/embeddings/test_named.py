"""Pairs of scopes and titles that name one thing."""

from __future__ import annotations

import doctest

import pytest

from embeddings import named
from embeddings.named import named_pairs


def test_the_example_in_the_docstring_holds() -> None:
    found = doctest.testmod(named)
    assert (found.attempted, found.failed) == (2, 0)


def test_the_item_itself_is_there_in_about_half_of_the_pairs() -> None:
    scopes = [["豆浆机", "五金", "食品加工"]]
    lefts = [left for seed in range(200) for left, _ in named_pairs(scopes, ["一种豆浆机"], seed)]
    assert set(lefts) == {"豆浆机；五金；食品加工", "五金；食品加工"}
    assert 0.4 < sum("豆浆机" in left for left in lefts) / len(lefts) < 0.6


def test_the_same_input_gives_the_same_pairs() -> None:
    scopes = [["豆浆机", "五金", f"食品{n}"] for n in range(9)]
    titles = [f"豆浆机的方法{n}" for n in range(9)]
    assert named_pairs(scopes, titles, 5) == named_pairs(scopes, titles, 5)
    assert named_pairs(scopes, titles, 5) != named_pairs(scopes, titles, 6)


@pytest.mark.parametrize(
    ("item", "title"),
    [("五金", "一种五金件"), ("一" * 11, "一" * 11), ("豆浆机", "一种豆腐机")],
    ids=["too short", "too long", "not named"],
)
def test_what_names_nothing_makes_no_pair(item: str, title: str) -> None:
    assert named_pairs([[item, "甲", "乙"]], [title], 0) == []


def test_ten_characters_and_three_still_name() -> None:
    for item in ("一二三", "一二三四五六七八九十"):
        assert len(named_pairs([[item, "甲", "乙"]], [item], 0)) == 4


def test_an_item_of_a_scope_without_two_others_says_too_little() -> None:
    assert named_pairs([["豆浆机", "五金"]], ["豆浆机"], 0) == []


def test_what_is_named_too_often_names_nothing() -> None:
    scope = ["豆浆机", "五金", "食品"]
    assert len(named_pairs([scope], ["豆浆机"] * 200, 0)) == 20
    assert named_pairs([scope], ["豆浆机"] * 201, 0) == []
    assert len(named_pairs([scope] * 400, ["豆浆机"], 0)) == 4
    assert named_pairs([scope] * 401, ["豆浆机"], 0) == []


def test_pairs_follow_how_many_titles_name_an_item_and_reach_all_of_them() -> None:
    scope = ["豆浆机", "五金", "食品"]
    pairs = named_pairs([scope, ["别的甲乙", "丙", "丁"]], ["灯", *["豆浆机"] * 7], 0)
    assert len(pairs) == 7
    assert {row for _, row in pairs} <= set(range(1, 8))
    reached = {row for seed in range(30) for _, row in named_pairs([scope], ["豆浆机"] * 7, seed)}
    assert reached == set(range(7))


def test_of_many_titles_a_spread_is_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(named, "_TITLES", 4)
    scope = ["豆浆机", "五金", "食品"]
    rows = {row for seed in range(30) for _, row in named_pairs([scope], ["豆浆机"] * 10, seed)}
    assert rows == {0, 3, 6, 9}
