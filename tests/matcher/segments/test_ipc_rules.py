"""Pattern syntax, and which of literal listing, exclusion and wildcard wins."""

import pytest

from matcher.errors import InputError
from matcher.segments.ipc import parse_ipc
from matcher.segments.ipc_rules import IpcPattern, IpcRule, RuleBook, parse_pattern


def book(*lines: str) -> RuleBook:
    """Build a book from lines such as ``S1 r1 + H01M*``."""
    rules = []
    for line in lines:
        segment, rule, sign, pattern = line.split()
        relation = "include" if sign == "+" else "exclude"
        rules.append(IpcRule(segment, rule, relation, parse_pattern(pattern)))
    return RuleBook(rules)


def hits(rules: RuleBook, symbol: str) -> set[str]:
    """Return the matching segments as a plain set."""
    return set(rules.matches(parse_ipc(symbol)))


@pytest.mark.parametrize(
    ("text", "prefix", "literal"),
    [
        ("G06F11*", "G06F11", False),
        ("G06F11/14", "G06F11/14", True),
        ("h03m 13", "H03M13", False),
        ("G16*", "G16", False),
        ("C*", "C", False),
        ("H01M10/05*", "H01M10/05", False),
        ("Ｈ０１Ｍ１０／０５２５", "H01M10/0525", True),
    ],
)
def test_pattern_syntax(text: str, prefix: str, literal: bool) -> None:
    assert parse_pattern(text) == IpcPattern(prefix, literal)


@pytest.mark.parametrize("text", ["", "*", "电池", "H1M*", "H01M10/*"])
def test_bad_pattern(text: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_pattern(text)
    assert caught.value.cure


def test_main_group_wildcard_does_not_reach_longer_numbers() -> None:
    rules = book("S r + H04B1*")
    assert hits(rules, "H04B1/16") == {"S"}
    assert hits(rules, "H04B10/16") == set()


def test_literal_names_one_place_alone() -> None:
    rules = book("S r + H01M10/05")
    assert hits(rules, "H01M10/05") == {"S"}
    assert hits(rules, "H01M10/0525") == set()


def test_exclusion_beats_wildcard() -> None:
    for exclusion in ("H01M10/05", "H01M10*"):
        rules = book("S r + H01M*", f"S r - {exclusion}")
        assert hits(rules, "H01M10/05") == set()
        assert hits(rules, "H01M4/05") == {"S"}


def test_literal_beats_exclusion() -> None:
    for exclusion in ("H01M10/05", "H01M10*", "H01*"):
        rules = book("S r + H01M10/05", f"S r - {exclusion}")
        assert hits(rules, "H01M10/05") == {"S"}


def test_exclusion_binds_its_own_rule_only() -> None:
    rules = book("S r1 + H01M*", "S r1 - H01M10*", "S r2 + H01M10*", "U r1 + H01M10*")
    assert hits(rules, "H01M10/05") == {"S", "U"}
    only = book("S r1 + H01M*", "S r1 - H01M10*", "U r1 + H01M*")
    assert hits(only, "H01M10/05") == {"U"}
