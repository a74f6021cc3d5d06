"""Firm, demand or free text to the profile the engine asks with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from embeddings.normalise import name_words, normalise, scope_items
from matcher.demand_text import demand_parts
from matcher.types import Demand, Firm, FirmProfile, ItemKind, PatentId

MOST_ITEMS = 24
_SHORT_TEXT = 80


def profile_of_firm(
    firm: Firm,
    demands: Sequence[Demand] = (),
    own_patents: Iterable[PatentId] = (),
    excluded: Iterable[PatentId] = (),
) -> FirmProfile:
    """Return the firm's profile: needs and demands first, then products, then scope items.

    A scope of nothing but boilerplate falls back to the name's trade words, so that the profile
    still asks for something; a firm without either has no items.

    Args:
        firm: the record.
        demands: its posted demands.
        own_patents: patents it holds; they describe it and are never recommended to it.
        excluded: what else must not come back.
    """
    own = tuple(sorted(set(own_patents)))
    words = name_words(firm.name, (firm.province, firm.city))
    kinds = _item_kinds(firm, demands) or ({words: ItemKind.NAME} if words else {})
    return FirmProfile(
        name_words=words,
        items=tuple(kinds)[:MOST_ITEMS],
        province=firm.province,
        city=firm.city,
        industry_code=firm.industry_code,
        uscc=firm.uscc,
        own_patents=own,
        excluded=frozenset((*own, *excluded)),
        item_kinds=tuple(kinds.values())[:MOST_ITEMS],
    )


def _item_kinds(firm: Firm, demands: Sequence[Demand]) -> dict[str, ItemKind]:
    """Return what the firm asks for, in order; said twice, it is what was said first."""
    told = [
        *((text, ItemKind.NEED) for text in firm.needs),
        *((text, ItemKind.DEMAND) for demand in demands for text in _asked(demand)),
        *((text, ItemKind.PRODUCT) for text in firm.products),
    ]
    kinds: dict[str, ItemKind] = {}
    for text, kind in told:
        item = normalise(text)
        if item:
            kinds.setdefault(item, kind)
    for item in scope_items(firm.business_scope):
        kinds.setdefault(item, ItemKind.SCOPE)
    return kinds


def profile_of_demand(demand: Demand, excluded: Iterable[PatentId] = ()) -> FirmProfile:
    """Return the profile of one technical demand: its title, then the parts of its text.

    Args:
        demand: the record; its place is where it asks from.
        excluded: what must not come back to the firm that posted it.
    """
    items = tuple(dict.fromkeys(text for text in map(normalise, _asked(demand)) if text))
    return FirmProfile(
        name_words="",
        items=items[:MOST_ITEMS],
        province=demand.province,
        city=demand.city,
        uscc=demand.uscc,
        excluded=frozenset(excluded),
        item_kinds=(ItemKind.DEMAND,) * min(len(items), MOST_ITEMS),
    )


def _asked(demand: Demand) -> tuple[str, ...]:
    return (demand.title, *(part.text for part in demand_parts(demand)))


def profile_of_text(text: str, province: str = "", city: str = "") -> FirmProfile:
    """Return the profile of free text: a list of products, or a sentence that tells a need.

    A short sentence stays whole beside its parts, because cutting it may lose what joins them.
    """
    whole = normalise(text)
    parts = scope_items(text)
    asked = (whole, *parts) if len(whole) <= _SHORT_TEXT and whole else parts
    items = tuple(dict.fromkeys(asked))[:MOST_ITEMS] or ((whole,) if whole else ())
    return FirmProfile(
        name_words="",
        items=items,
        province=province,
        city=city,
        item_kinds=(ItemKind.TEXT,) * len(items),
    )
