"""A push without pushing: the lists a sample of firms would get today, and whom they would show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from eval.content import rounded
from eval.exposure import Exposure, exposure
from eval.facts import UNKNOWN
from eval.firm_sample import blocks, has_words, sample_firms
from matcher.engine import Engine
from matcher.errors import InputError
from matcher.pick import Picked, Picker
from matcher.query import FirmQuery
from matcher.ranking.policy import probability
from matcher.ranking.rank import Ranked
from matcher.readers import Readers
from matcher.types import PatentId, Uscc

_REFUSALS = ("floor", "excluded", "stopped", "family", "holder", "group")
CAUSES = ("no_text", "no_candidates", "gone", *_REFUSALS)
"""Why a list is empty: nothing to ask with, nothing found, all found deleted since the build, or
what kept out most candidates."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One item of a list.

    Attributes:
        patent_id: which patent.
        title: as stored.
        holder: as stored, may be empty.
        province: of the holder in short form, ``unknown`` where it is not known.
        probability: what the policy predicts for the pair.
    """

    patent_id: PatentId
    title: str
    holder: str
    province: str
    probability: float


@dataclass(frozen=True, slots=True)
class FirmList:
    """One firm's list.

    Attributes:
        uscc: of the firm.
        name: as registered.
        province: in short form, ``unknown`` where it is not known.
        asked: what the engine asked with, in order.
        items: in the order shown.
        cause: one of ``CAUSES`` where the list is empty, else ``""``.
        refused: cause → candidates that were kept out.
    """

    uscc: Uscc
    name: str
    province: str
    asked: tuple[str, ...]
    items: tuple[Shown, ...]
    cause: str
    refused: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class CapEffect:
    """What it would mean to show no patent more than ``most`` times; counted, nothing is moved.

    Attributes:
        most: times a patent may be shown.
        patents: patents shown more often than that.
        slots: places beyond it, which other patents would have to fill.
        share: these places as a share of all.
    """

    most: int
    patents: int
    slots: int
    share: float


@dataclass(frozen=True, slots=True)
class DryRun:
    """The lists of a sample, and what they add up to.

    Attributes:
        lists: one a firm, in the order of USCC.
        n_pool: indexed patents.
        n: most items of a list.
        policy: version of the policy.
    """

    lists: tuple[FirmList, ...]
    n_pool: int
    n: int
    policy: str

    @property
    def causes(self) -> dict[str, int]:
        """Cause → empty lists, most first."""
        return dict(Counter(one.cause for one in self.lists if one.cause).most_common())

    @property
    def refused(self) -> dict[str, int]:
        """Cause → candidates kept out of all lists, most first."""
        found: Counter[str] = Counter()
        for one in self.lists:
            found.update(one.refused)
        return {cause: count for cause, count in found.most_common() if count}

    @property
    def times(self) -> dict[PatentId, int]:
        """Patent → lists it stands in, most first, ties by id; patents in none are absent."""
        found = Counter(item.patent_id for one in self.lists for item in one.items)
        return dict(sorted(found.items(), key=lambda entry: (-entry[1], entry[0])))

    @property
    def histogram(self) -> dict[int, int]:
        """Times shown → patents, 0 included."""
        found = Counter(self.times.values())
        return {0: self.n_pool - len(self.times), **dict(sorted(found.items()))}

    @property
    def holders(self) -> dict[str, int]:
        """Holder → places of all lists, most first; ``""`` for nameless ones."""
        found = Counter(item.holder for one in self.lists for item in one.items)
        return dict(found.most_common())

    @property
    def flows(self) -> dict[tuple[str, str], int]:
        """(province of the firm, province of the holder) → places of all lists."""
        return dict(Counter((one.province, i.province) for one in self.lists for i in one.items))

    @property
    def local(self) -> float | None:
        """Share of the places, both provinces known, that stay in one; ``None`` without any."""
        known = {pair: n for pair, n in self.flows.items() if UNKNOWN not in pair}
        inside = sum(count for (firm, holder), count in known.items() if firm == holder)
        return inside / sum(known.values()) if known else None

    def exposure(self) -> Exposure:
        """Return coverage, Gini and their like, of the first ten places as everywhere."""
        return exposure([[i.patent_id for i in one.items] for one in self.lists], self.n_pool)

    def caps(self, most: Sequence[int] = (1, 2, 3, 5, 10, 20)) -> tuple[CapEffect, ...]:
        """Return what caps on the times a patent is shown would take away."""
        counts, total = list(self.times.values()), sum(self.times.values())
        found = []
        for cap in most:
            beyond = [count - cap for count in counts if count > cap]
            found.append(CapEffect(cap, len(beyond), sum(beyond), sum(beyond) / max(total, 1)))
        return tuple(found)

    def to_dict(self) -> dict[str, Any]:
        """Return the sums as JSON content; of the lists only how many there are."""
        content: dict[str, Any] = rounded(
            {
                "firms": len(self.lists),
                "n_pool": self.n_pool,
                "n": self.n,
                "policy": self.policy,
                "empty": self.causes,
                "refused": self.refused,
                "histogram": self.histogram,
                "exposure": asdict(self.exposure()),
                "local": self.local,
                "flows": [[*pair, count] for pair, count in sorted(self.flows.items())],
                "caps": [asdict(effect) for effect in self.caps()],
            }
        )
        return content


def dry_run(
    engine: Engine, readers: Readers, n_firms: int = 100, *, n: int = 10, seed: int = 0
) -> DryRun:
    """Return the lists that a sample of firms would get today; none is recorded.

    Args:
        engine: the opened engine; floor, caps, place and diversity are those of its policy.
        readers: the catalogue now.
        n_firms: how many active firms are drawn.
        n: most items of a list.
        seed: of the draw.

    Raises:
        InputError: ``n`` or ``n_firms`` below 1.
    """
    if n < 1 or n_firms < 1:
        raise InputError(f"found n = {n} and {n_firms} firms", "1 or more of both")
    picker = Picker(readers, engine.index.patents, engine.policy)
    found: list[FirmList] = []
    for part in blocks(sample_firms(engine, readers, n_firms, seed)):
        stored = readers.firms.many(list(part))
        firms = [stored[uscc] for uscc in part]
        queries = engine.queries(readers.profiles(firms))
        rankings = engine.rank_many(queries)
        for firm, query, ranked in zip(firms, queries, rankings, strict=True):
            picked, refused = _picked(picker, query, ranked, n)
            found.append(
                FirmList(
                    uscc=firm.uscc,
                    name=firm.name,
                    province=_province(engine, query.province),
                    asked=query.profile.items,
                    items=tuple(_shown(engine, ranked, one) for one in picked),
                    cause="" if picked else _cause(query, ranked, refused),
                    refused={cause: count for cause, count in refused.items() if count},
                )
            )
    return DryRun(tuple(found), len(engine.index.patents), n, engine.policy.version)


def _picked(
    picker: Picker, query: FirmQuery, ranked: Ranked, n: int
) -> tuple[list[Picked], Mapping[str, int]]:
    """Return the list as ``Recommender`` would hand it out, and what was kept out."""
    return picker.pick(query.profile, ranked, n) if has_words(query) else ([], {})


def _cause(query: FirmQuery, ranked: Ranked, refused: Mapping[str, int]) -> str:
    if not has_words(query):
        return "no_text"
    if not len(ranked.rows):
        return "no_candidates"
    return max(_REFUSALS, key=lambda c: refused.get(c, 0)) if any(refused.values()) else "gone"


def _shown(engine: Engine, ranked: Ranked, one: Picked) -> Shown:
    code = int(engine.index.patents.columns["province"][one.row])
    return Shown(
        patent_id=one.patent.patent_id,
        title=one.patent.title,
        holder=one.patent.holder,
        province=_province(engine, code),
        probability=float(probability(ranked.scores[one.place : one.place + 1])[0]),
    )


def _province(engine: Engine, code: int) -> str:
    return engine.index.manifest.names["provinces"][code] if code >= 0 else UNKNOWN
