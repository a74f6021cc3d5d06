"""Synthetic patents: what a source's patent is, said in words of several of its kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from eval.synth_names import (
    KIND_DIGITS,
    MARK,
    application_nos,
    application_texts,
    brand,
    ending_of,
    publication_no,
)
from eval.synth_source import Source
from eval.synth_texts import DRAWS_OF_TEXT, DRAWS_OF_TITLE, Parts, Titles, thing_of
from matcher.codes import HolderKind, PatentKind
from matcher.errors import InputError
from matcher.places.places import Place, load_places
from matcher.types import Patent

_SIDE_DRAWS = 6
_PATENTS_OF_A_HOLDER = 4  # of holders whose name the source does not give
_SECOND_LINK = 150
_ENDINGS: Mapping[HolderKind, tuple[str, ...]] = {
    HolderKind.UNIVERSITY: (
        "理工大学", "科技大学", "工业大学", "师范大学", "农业大学", "医科大学", "交通大学", "大学",
        "职业技术学院", "师范学院", "学院",
    ),
    HolderKind.INSTITUTE: ("设计研究院", "研究院", "研究所", "研究中心"),
    HolderKind.HOSPITAL: ("中医医院", "人民医院", "医院"),
    HolderKind.FIRM: ("股份有限公司", "有限责任公司", "有限公司", "厂"),
    HolderKind.OTHER: ("中心", "协会"),
}  # fmt: skip
_DEFAULT_ENDINGS = {
    HolderKind.UNIVERSITY: "大学",
    HolderKind.INSTITUTE: "研究院",
    HolderKind.HOSPITAL: "医院",
    HolderKind.FIRM: "有限公司",
    HolderKind.OTHER: "中心",
}
_OPENINGS = ("{w}公开了{t}。", "{w}涉及{t}。", "{w}提供{t}。", "{w}提出了{t}。")
_CALLED = {1: "本发明", 2: "本实用新型", 3: "本外观设计"}
_COPIED = (
    "industry_codes",
    "publication_date",
    "maturity",
    "open_licence",
    "price_band",
    "emerging_industry",
)

Names = Callable[[int], str]


class PatentMaker:
    """Makes the patents of one order, chunk by chunk.

    Args:
        source: what is drawn from.
        templates: row of the source's patent behind each synthetic one, int64 (n,).
        seed: of the order.
        abstracts: share of patents that have one.
        owners: patent → number of the synthetic firm that owns it.
        firm_name: name of a synthetic firm by its number.

    Raises:
        InputError: abstracts are asked of a source without any, or numbers run out.
    """

    def __init__(
        self,
        source: Source,
        templates: npt.NDArray[np.int64],
        seed: int,
        abstracts: float,
        owners: Mapping[int, int],
        firm_name: Names,
    ) -> None:
        self._source = source
        self._templates = templates
        self._seed = seed
        self._share = abstracts
        self._owners = owners
        self._firm_name = firm_name
        self.titles = Titles([patent.title for patent in source.patents], source.symbols)
        self._lengths = [len(p.abstract) for p in source.patents if p.abstract]
        self._claims = Parts(self._texts("first_claim"))
        self._abstracts = Parts(_told(source), opened=True)
        if abstracts > 0 and not (self._lengths and len(self._abstracts)):
            raise InputError(
                "found no abstract in the source",
                "at least one abstract of two sentences to recombine",
                "name another folder with --from, or say --abstracts 0",
            )
        self._days = [p.filing_date for p in source.patents if p.filing_date is not None]
        if not self._days:
            raise InputError(
                "found no filing date in the source",
                "at least one patent with a filing date",
                "name another folder with --from",
            )
        self._places: dict[str, Place | None] = {}

    @cached_property
    def numbers(self) -> npt.NDArray[np.int64]:
        """The twelve digits of each application number, int64 (n,)."""
        patents = self._source.patents
        years = np.array([self._day(row).year for row in range(len(patents))], np.int64)
        kinds = np.array([_digit(patent) for patent in patents], np.int64)
        return application_nos(years[self._templates], kinds[self._templates])

    @cached_property
    def _holders(self) -> dict[str, int]:
        names = dict.fromkeys(patent.holder for patent in self._source.patents)
        return {name: at for at, name in enumerate(names)}

    def chunk(self, start: int, stop: int) -> dict[str, list[Any]]:
        """Return column → values of the patents ``start`` to below ``stop``.

        A chunk depends on the seed and its start alone; chunks are made once, in ascending order,
        because no title comes twice.
        """
        rng = np.random.default_rng([self._seed, 1, start])
        rows = self._templates[start:stop].tolist()
        n = len(rows)
        titled = rng.random((n, DRAWS_OF_TITLE)).tolist()
        sides = rng.random((n, _SIDE_DRAWS + DRAWS_OF_TEXT)).tolist()
        numbers = application_texts(self.numbers[start:stop])
        columns: dict[str, list[Any]] = {}
        for at in range(n):
            record = self._record(start + at, rows[at], titled[at], sides[at])
            for name, value in record.items():
                columns.setdefault(name, []).append(value)
        return {"application_no": numbers, **columns}

    def _record(
        self, at: int, row: int, titled: Sequence[float], sides: Sequence[float]
    ) -> dict[str, Any]:
        patent = self._source.patents[row]
        title = self.titles.make(row, titled)
        place = self._place(patent)
        return {
            "publication_no": publication_no(at, _digit(patent), patent.publication_no[-1:]),
            "title": title,
            "abstract": self._abstract(row, title, sides),
            "first_claim": self._claim(row, title, sides),
            "technical_field": self._field(row, title),
            "ipc": list(patent.ipc),
            "kind": _kind(patent).value,
            "filing_date": self._day(row),
            "legal_status": patent.legal_status.value,
            "stop_state": patent.stop_state.value,
            "holder": self._holder(at, patent, sides[0]),
            "holder_kind": patent.holder_kind.value,
            "holder_province": place.province if place else "",
            "holder_city": place.city if place else "",
            **{name: getattr(patent, name) for name in _COPIED},
        }

    def _abstract(self, row: int, title: str, sides: Sequence[float]) -> str:
        if sides[1] >= self._share:
            return ""
        patent = self._source.patents[row]
        length = len(patent.abstract) or self._lengths[int(sides[2] * len(self._lengths))]
        opening = _OPENINGS[int(sides[3] * len(_OPENINGS))]
        opening = opening.format(w=_CALLED[_digit(patent)], t=title)
        thing = thing_of(title)
        for turn in range(1 + (length > _SECOND_LINK)):
            opening += self.titles.link(row, thing, sides[3 + turn : 6 + turn])
        return self._abstracts.make(opening, self._source.symbols[row], length, sides[_SIDE_DRAWS:])

    def _claim(self, row: int, title: str, sides: Sequence[float]) -> str:
        like = self._source.patents[row].first_claim
        if not like:
            return ""
        opening = f"{title}，其特征在于，包括："
        draws = sides[:_SIDE_DRAWS:-1]  # not in the abstract's order, so not its sentences
        return self._claims.make(opening, self._source.symbols[row], len(like), draws)

    def _field(self, row: int, title: str) -> str:
        patent = self._source.patents[row]
        if not patent.technical_field:
            return ""
        called = _CALLED[_digit(patent)]
        return f"{called}涉及{self.titles.thing(row)}技术领域，尤其涉及{title}。"

    def _holder(self, at: int, patent: Patent, draw: float) -> str:
        kind = patent.holder_kind
        if at in self._owners and kind in {HolderKind.FIRM, HolderKind.OTHER}:
            return self._firm_name(self._owners[at])
        if patent.holder:
            number = self._holders[patent.holder]
        else:
            number = len(self._holders)
            number += int(draw * max(1, len(self._templates) // _PATENTS_OF_A_HOLDER))
        ending = ending_of(patent.holder, _ENDINGS[kind], _DEFAULT_ENDINGS[kind])
        return brand(number + 7_919 * (self._seed + 1)) + ending + MARK

    def _place(self, patent: Patent) -> Place | None:
        if patent.holder_province:
            return Place(patent.holder_province, patent.holder_city)
        name = patent.holder
        if name not in self._places:
            self._places[name] = load_places().of_holder(name) if name else None
        return self._places[name]

    def _day(self, row: int) -> Any:
        return self._source.patents[row].filing_date or self._days[row % len(self._days)]

    def _texts(self, field: str) -> list[tuple[str, str]]:
        pairs = zip(self._source.symbols, self._source.patents, strict=True)
        return [(symbol, getattr(patent, field)) for symbol, patent in pairs]


def _told(source: Source) -> list[tuple[str, str]]:
    """Return (symbol, abstract); a claim, which says the same things, where that is missing."""
    pairs = zip(source.symbols, source.patents, strict=True)
    return [(symbol, patent.abstract or patent.first_claim) for symbol, patent in pairs]


def _kind(patent: Patent) -> PatentKind:
    return patent.kind if patent.kind in KIND_DIGITS else PatentKind.INVENTION


def _digit(patent: Patent) -> int:
    return KIND_DIGITS[_kind(patent)]
