"""Items of a campaign: who stands in them, and in which stratum they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from matcher.index.id_map import IdMap
from matcher.push.campaign import OUTSIDE
from matcher.push.items import items_of
from matcher.types import GroupKind, LegalStatus, Patent, PatentGroup, PatentId


@dataclass
class Patents:
    rows: list[Patent]

    def iterate(self) -> Iterator[Patent]:
        return iter(self.rows)


@dataclass
class Groups:
    of: dict[str, PatentGroup]

    def of_patents(self, patent_ids: Sequence[PatentId]) -> dict[PatentId, PatentGroup]:
        return {name: self.of[name] for name in patent_ids if name in self.of}


def patent(name: str, family: str = "", status: LegalStatus = LegalStatus.IN_FORCE) -> Patent:
    return Patent(PatentId(name), name, family_id=family, holder="大学", legal_status=status)


def test_an_item_holds_chosen_members_and_stands_in_their_first_stratum() -> None:
    pool = PatentGroup("g", GroupKind.GROUPED, "一组", holder="大学")
    patents = Patents(
        [
            patent("a"), patent("b"), patent("c"), patent("d", "f"), patent("e", "f"),
            patent("x"), patent("y", status=LegalStatus.LAPSED), patent("z"),
        ]
    )  # fmt: skip
    codes = {"a": 0, "b": 2, "c": OUTSIDE, "d": 3, "e": 1, "x": 0, "z": OUTSIDE}

    def choose(page: Sequence[Patent], rows: Sequence[int]) -> list[int]:
        assert [ids.id_at(row) for row in rows] == [one.patent_id for one in page]
        return [codes[one.patent_id] for one in page]

    ids = IdMap.of(list("abcdexy"))
    found = items_of(ids, patents, Groups(dict.fromkeys("abc", pool)), choose)  # type: ignore[arg-type]
    assert found.names.tolist() == ["family:f", "group:g", "x"]
    # c is outside the campaign and does not lead; b makes the group one of stratum 2, though a,
    # in no stratum, comes first; of the family's two strata the first one counts.
    assert found.of_row.tolist() == [1, 1, -1, 0, 0, 2, -1]
    assert found.stratum.tolist() == [1, 2, 0]
    assert found.kept_out == {"stopped": 1, "not_indexed": 1, "outside_campaign": 1}
    assert found.places_of(found.names[[2, 0]]).tolist() == [2, 0]
