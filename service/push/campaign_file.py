"""A campaign as a TOML file: what it may say, and what that means in this home."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from matcher.codes import FirmTag, HolderKind, LicenceKind
from matcher.errors import BadFile, InputError
from matcher.places.places import Place, PlaceTable
from matcher.push.campaign import (
    OTHER_STAGES,
    STAGES,
    Attention,
    Campaign,
    FirmChoice,
    FirmStratum,
    PatentChoice,
    PatentStratum,
    Quiet,
    Terms,
)
from matcher.segments.facts import read_facts
from matcher.segments.taxonomy import Taxonomy
from service.export.patents import HOLDER_WORDS
from service.ingest.codes import MATURITIES
from service.push.toml_table import TomlTable

_CURE = "correct the file; see docs/campaigns.md"
_LARGEST = 1 << 20
_LONGEST_NAME = 100
_TOP = ("name", "firms", "patents", "limits", "repeat", "rotation", "attention", "quiet")
_FIRMS = ("segments", "regions", "tags")
_PATENTS = ("segments", "maturity", "licences", "holders")
_MOST_ITEMS, _MOST_FIRMS, _MOST_DAYS, _MOST_ROUNDS = 100, 1_000_000, 3_660, 1_000

TAGS: Mapping[str, FirmTag] = {
    "专精特新": FirmTag.SPECIALISED_SME,
    "小巨人": FirmTag.LITTLE_GIANT,
    "高新技术企业": FirmTag.HIGH_TECH,
    **{tag.value: tag for tag in FirmTag},
}
LICENCES: Mapping[str, LicenceKind] = {
    "开放许可": LicenceKind.OPEN,
    "普通许可": LicenceKind.ORDINARY,
    "排他许可": LicenceKind.SOLE,
    "独占许可": LicenceKind.EXCLUSIVE,
    "转让": LicenceKind.ASSIGNMENT,
    **{kind.value: kind for kind in LicenceKind},
}
HOLDERS: Mapping[str, HolderKind] = {
    **{word: kind for kind, word in HOLDER_WORDS.items()},
    **{kind.value: kind for kind in HolderKind},
}
MATURITY: Mapping[str, str] = {
    **dict(zip(MATURITIES, STAGES, strict=True)),
    **{stage: stage for stage in (*STAGES, *OTHER_STAGES)},
}
"""Words of the file → what they mean."""


@dataclass(frozen=True, slots=True)
class Gazetteer:
    """What the names of a campaign are looked up in."""

    taxonomy: Taxonomy
    places: PlaceTable


def read_campaign(path: Path, gazetteer: Gazetteer) -> Campaign:
    """Return the campaign of a file.

    Args:
        path: TOML in UTF-8, at most a megabyte.
        gazetteer: segments in use, and regions.

    Raises:
        BadFile: it cannot be read, has an unknown key or name, or a value of a wrong kind.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
    except OSError as error:
        found = f"cannot read it ({error.strerror})"
        raise BadFile(str(path), found, "a file that can be read", _CURE) from error
    if len(content) > _LARGEST:
        raise BadFile(str(path), "found more than a megabyte", "a campaign", _CURE)
    try:
        text = content.decode("utf-8-sig").replace("\r\n", "\n")
        values = tomllib.loads(text)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadFile(str(path), f"found no TOML ({error})", "TOML in UTF-8", _CURE) from error
    return _campaign(TomlTable(str(path), "", values, _CURE), text, gazetteer)


def terms_of(text: str, round_id: str) -> Terms:
    """Return what of a stored campaign binds later rounds and every sending; none for ``""``.

    Segments and regions are not looked up: the taxonomy may be another by now.
    """
    if not text:
        return Terms("")
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = f"found no campaign that can be read ({error})"
        raise BadFile(f"push_round {round_id}", found, "its TOML as it was planned", "") from error
    return _terms(TomlTable(f"push_round {round_id}", "", values, _CURE))


def _campaign(top: TomlTable, text: str, gazetteer: Gazetteer) -> Campaign:
    top.only(_TOP)
    firms, patents, limits = (top.table(key) for key in ("firms", "patents", "limits"))
    repeat, rotation = top.table("repeat"), top.table("rotation")
    firms.only((*_FIRMS, "strata"))
    patents.only((*_PATENTS, "strata"))
    limits.only(("per_firm", "least", "most", "explore"))
    repeat.only(("days",))
    rotation.only(("rounds",))
    found = Campaign(
        terms=_terms(top),
        text=text,
        firms=_firm_choice(firms, gazetteer),
        patents=_patent_choice(patents, gazetteer),
        per_firm=limits.whole("per_firm", 1, _MOST_ITEMS, 10),
        least=limits.whole("least", 0, _MOST_FIRMS, 1),
        most=_most_or_auto(limits),
        explore=limits.share("explore", 0.1, 0.03),
        firm_strata=tuple(_firm_stratum(one, gazetteer) for one in firms.tables("strata")),
        patent_strata=tuple(_patent_stratum(one, gazetteer) for one in patents.tables("strata")),
        no_repeat_days=repeat.whole("days", 1, _MOST_DAYS, 0),
        rotation=rotation.whole("rounds", 1, _MOST_ROUNDS, 0),
    )
    _check_limits(top, found)
    return found


def _terms(top: TomlTable) -> Terms:
    name = top.text("name")
    if len(name) > _LONGEST_NAME:
        raise top.wrong("name", f"at most {_LONGEST_NAME} characters")
    attention = None
    if "attention" in top.values:
        table = top.table("attention")
        table.only(("items", "days"))
        items = table.whole("items", 1, _MOST_FIRMS, None)
        days = table.whole("days", 1, _MOST_DAYS, None)
        if items is None or days is None:
            raise table.bad(
                f"found no {'days' if items else 'items'}", "items and days, both whole numbers"
            )
        attention = Attention(items, days)
    return Terms(name, tuple(map(_quiet, top.tables("quiet"))), attention)


def _quiet(table: TomlTable) -> Quiet:
    table.only(("from", "until"))
    quiet = Quiet(table.day("from"), table.day("until"))
    if quiet.last < quiet.first:
        raise table.bad(
            f"found from {quiet.first} until {quiet.last}", "an end on the first day or after it"
        )
    return quiet


def _firm_stratum(table: TomlTable, gazetteer: Gazetteer) -> FirmStratum:
    table.only((*_FIRMS, "per_firm"))
    per_firm = table.whole("per_firm", 1, _MOST_ITEMS, None)
    if per_firm is None:
        raise table.wrong("per_firm", f"a whole number from 1 to {_MOST_ITEMS}")
    return FirmStratum(_firm_choice(table, gazetteer), per_firm)


def _patent_stratum(table: TomlTable, gazetteer: Gazetteer) -> PatentStratum:
    table.only((*_PATENTS, "least", "most"))
    least = table.whole("least", 0, _MOST_FIRMS, None)
    most = _most(table)
    if least is None and most is None:
        raise table.bad("found neither least nor most", "one of them, or both")
    return PatentStratum(_patent_choice(table, gazetteer), least, most)


def _most(table: TomlTable) -> int | None:
    return table.whole("most", 1, _MOST_FIRMS, None)


def _most_or_auto(table: TomlTable) -> int | None:
    value = table.values.get("most", "auto")
    if isinstance(value, str) and value != "auto":
        raise table.wrong("most", f"'auto' or a whole number from 1 to {_MOST_FIRMS}")
    return None if value == "auto" else _most(table)


def _firm_choice(table: TomlTable, gazetteer: Gazetteer) -> FirmChoice:
    return FirmChoice(
        _segments(table, gazetteer.taxonomy),
        tuple(_region(table, word, gazetteer.places) for word in table.words("regions")),
        frozenset(table.named("tags", TAGS, "tags of firms")),
    )


def _patent_choice(table: TomlTable, gazetteer: Gazetteer) -> PatentChoice:
    return PatentChoice(
        _segments(table, gazetteer.taxonomy),
        tuple(table.named("maturity", MATURITY, "stages of maturity")),
        frozenset(table.named("licences", LICENCES, "what a holder offers")),
        frozenset(table.named("holders", HOLDERS, "kinds of holders")),
    )


def _segments(table: TomlTable, taxonomy: Taxonomy) -> frozenset[str]:
    """Return codes; a group (新能源产业) stands for all of its segments."""
    known: dict[str, list[str]] = {}
    for segment in taxonomy:
        for name in filter(None, (segment.group, segment.name, segment.name_en)):
            known.setdefault(name, []).append(str(segment.code))
    known.update((str(segment.code), [str(segment.code)]) for segment in taxonomy)
    what = f"codes, names or groups of the {len(taxonomy)} segments, 'panhuo segments list'"
    return frozenset(code for codes in table.named("segments", known, what) for code in codes)


def _region(table: TomlTable, word: str, places: PlaceTable) -> Place:
    try:
        return places.parse_region(word)
    except InputError as error:
        names = list(
            dict.fromkeys(row[2] for row in read_facts("matcher.places.tables", "regions.csv"))
        )
        raise table.bad(f"found regions with {word!r}", error.expected, word, names) from error


def _check_limits(top: TomlTable, campaign: Campaign) -> None:
    """Raise ``BadFile`` where an L is more than the U of the same patents."""
    limits = {"[limits]": (None, None)} | {
        f"[[patents.strata]] {at}": (one.least, one.most)
        for at, one in enumerate(campaign.patent_strata, start=1)
    }
    for where, (own_least, own_most) in limits.items():
        least = campaign.least if own_least is None else own_least
        most = campaign.most if own_most is None else own_most
        if most is not None and least > most:
            raise top.bad(
                f"{where}: found at least {least} and at most {most} firms a patent",
                "a least that is not above the most",
            )
