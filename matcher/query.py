"""Profiles to query arrays: one encoder call for all texts of all firms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from embeddings.encoder import Encoder, Vectors
from embeddings.tokeniser import Tokeniser
from matcher.types import FirmProfile, PatentId, SegmentCode


class OwnVectors(Protocol):
    """Looks up the vectors of patents a firm holds."""

    def __call__(self, patent_ids: Sequence[PatentId]) -> Vectors:
        """Return float32 (found, dim)."""


@dataclass(frozen=True, slots=True)
class FirmQuery:
    """One firm as arrays.

    Attributes:
        profile: where it comes from.
        whole: float32 (dim,), the row of all items together.
        name: float32 (dim,), the row of the name's trade words (zero without).
        items: float32 (m, dim), one row an item.
        own: float32 (o, dim), rows of the patents it holds.
        words: each content word once, in order.
        item_words: the same by item.
        segments: where it asks, with confidence.
        province: code of its province, -1 for none.
        city: code of its city, -1 for none.
    """

    profile: FirmProfile
    whole: Vectors
    name: Vectors
    items: Vectors
    own: Vectors
    words: tuple[str, ...]
    item_words: tuple[tuple[str, ...], ...]
    segments: Mapping[SegmentCode, float]
    province: int = -1
    city: int = -1

    def asked_rows(self) -> Vectors:
        """Return float32 (m + 2, dim): every text row, for routing."""
        return np.vstack([self.whole[None, :], self.name[None, :], self.items])


def encode_profiles(
    profiles: Sequence[FirmProfile], encoder: Encoder, tokeniser: Tokeniser, own: OwnVectors
) -> list[FirmQuery]:
    """Return the profiles as arrays, segments and places still empty.

    Args:
        profiles: any number.
        encoder: the index's own encoder; called once.
        tokeniser: cuts the items into words.
        own: gives the rows of patents a firm holds.
    """
    texts: list[str] = []
    for profile in profiles:
        texts += [profile.text, profile.name_words, *profile.items]
    vectors = encoder.encode_query(texts)
    queries: list[FirmQuery] = []
    start = 0
    for profile in profiles:
        end = start + 2 + len(profile.items)
        item_words = tuple(tuple(tokeniser.tokenise(item)) for item in profile.items)
        queries.append(
            FirmQuery(
                profile=profile,
                whole=vectors[start],
                name=vectors[start + 1],
                items=vectors[start + 2 : end],
                own=own(profile.own_patents),
                words=tuple(dict.fromkeys(word for words in item_words for word in words)),
                item_words=item_words,
                segments={},
            )
        )
        start = end
    return queries
