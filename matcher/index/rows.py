"""Records of the catalogue to the columns a build works on, one pass over each reader."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from matcher.errors import InputError
from matcher.patent_text import document_text
from matcher.places.places import PlaceTable
from matcher.profile import profile_of_firm
from matcher.segments.ipc import parse_ipc
from matcher.types import Firm, HolderKind, LegalStatus, Patent

Tick = Callable[[], None]


@dataclass(slots=True)
class Codebook:
    """Numbers for names, in the order first met; -1 stands for no name."""

    names: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, names: Iterable[str]) -> Codebook:
        """Return the book whose first names these are, in their order."""
        return cls({name: number for number, name in enumerate(names)})

    def code(self, name: str) -> int:
        """Return the number of a name, a new one where it is new."""
        return self.names.setdefault(name, len(self.names)) if name else -1


@dataclass(slots=True)
class PlaceCodes:
    """Numbers of provinces and cities, shared by both sides of the index."""

    table: PlaceTable
    provinces: Codebook = field(default_factory=Codebook)
    cities: Codebook = field(default_factory=Codebook)
    _seats: dict[str, tuple[int, int]] = field(default_factory=dict)

    def of_region(self, province: str, city: str) -> tuple[int, int]:
        """Return the codes of a record's region; (-1, -1) where it is unknown."""
        place = self.table.normalise_region(province, city) if province or city else None
        if place is None:
            return -1, -1
        # A city is told apart from its namesake by its province.
        return self.provinces.code(place.province), self.cities.code(
            f"{place.province}/{place.city}" if place.city else ""
        )

    def of_holder(self, patent: Patent) -> tuple[int, int]:
        """Return where a patent's holder sits: by the record, else by the institution table."""
        if patent.holder_province or patent.holder_city:
            return self.of_region(patent.holder_province, patent.holder_city)
        if patent.holder not in self._seats:
            place = self.table.of_holder(patent.holder) if patent.holder else None
            self._seats[patent.holder] = (
                (-1, -1) if place is None else self.of_region(place.province, place.city)
            )
        return self._seats[patent.holder]


@dataclass(slots=True)
class PatentRows:
    """Patents as columns, in the order of ids."""

    ids: list[str] = field(default_factory=list)
    titles: list[str] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    ipc: list[tuple[str, ...]] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    industries: list[tuple[str, ...]] = field(default_factory=list)
    facts: list[tuple[int, ...]] = field(default_factory=list)

    def columns(self) -> dict[str, npt.NDArray[np.int32]]:
        """Return the facts by name: province, city, subclass, public_holder, in_force."""
        names = ("province", "city", "subclass", "public_holder", "in_force")
        table = np.array(self.facts, dtype=np.int32).reshape(-1, len(names))
        return {name: np.ascontiguousarray(table[:, i]) for i, name in enumerate(names)}


@dataclass(slots=True)
class FirmRows:
    """Firms as columns, in the order of USCC."""

    ids: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    industries: list[str] = field(default_factory=list)
    facts: list[tuple[int, int]] = field(default_factory=list)

    def columns(self) -> dict[str, npt.NDArray[np.int32]]:
        """Return the facts by name: province, city."""
        table = np.array(self.facts, dtype=np.int32).reshape(-1, 2)
        return {n: np.ascontiguousarray(table[:, i]) for i, n in enumerate(("province", "city"))}


_PUBLIC = {HolderKind.UNIVERSITY, HolderKind.INSTITUTE, HolderKind.HOSPITAL}


def read_patents(
    patents: Iterable[Patent], places: PlaceCodes, tick: Tick, subclasses: Codebook
) -> PatentRows:
    """Return every patent as columns; the codebooks grow by what they did not know."""
    rows = PatentRows()
    for patent in patents:
        subclass, group = _first_ipc(patent.ipc)
        text = document_text(patent)
        rows.ids.append(patent.patent_id)
        rows.titles.append(patent.title)
        rows.bodies.append(text[len(patent.title) :])
        rows.texts.append(text)
        rows.ipc.append(patent.ipc)
        rows.groups.append(group)
        rows.industries.append(patent.industry_codes)
        rows.facts.append(
            (
                *places.of_holder(patent),
                subclasses.code(subclass),
                int(patent.holder_kind in _PUBLIC),
                int(patent.legal_status is LegalStatus.IN_FORCE),
            )
        )
        tick()
    return rows


def read_firms(firms: Iterable[Firm], places: PlaceCodes, tick: Tick) -> FirmRows:
    """Return every firm as columns; its text is what its profile asks with."""
    rows = FirmRows()
    for firm in firms:
        profile = profile_of_firm(firm)
        rows.ids.append(firm.uscc)
        rows.names.append(profile.name_words)
        rows.texts.append(profile.text)
        rows.industries.append(firm.industry_code)
        rows.facts.append(places.of_region(firm.province, firm.city))
        tick()
    return rows


def _first_ipc(symbols: tuple[str, ...]) -> tuple[str, str]:
    """Return (subclass, main group) of the first readable symbol; ``""`` where there is none."""
    for text in symbols:
        try:
            symbol = parse_ipc(text)
        except InputError:
            continue
        return symbol.subclass, symbol.main_group
    return "", ""
