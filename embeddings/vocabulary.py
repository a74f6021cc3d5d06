"""Words to ids, and many texts as one flat array of ids."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt

Ids = npt.NDArray[np.int32]
UNKNOWN = "[UNK]"


@dataclass(frozen=True, slots=True)
class Bags:
    """Many texts as ids: text ``i`` is ``ids[offsets[i]:offsets[i + 1]]``.

    Attributes:
        ids: int32, all texts after one another.
        offsets: int64 (n + 1,).
    """

    ids: Ids
    offsets: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def take(self, rows: npt.NDArray[np.int64]) -> Bags:
        """Return the chosen texts, in the order asked."""
        starts = self.offsets[rows]
        lengths = self.offsets[rows + 1] - starts
        offsets = np.zeros(len(rows) + 1, dtype=np.int64)
        np.cumsum(lengths, out=offsets[1:])
        position = np.arange(offsets[-1]) - np.repeat(offsets[:-1], lengths)
        return Bags(self.ids[np.repeat(starts, lengths) + position], offsets)

    def lengths(self) -> npt.NDArray[np.int64]:
        """Return int64 (n,): how many ids each text has."""
        return np.diff(self.offsets)


class Vocabulary:
    """The words an encoder knows, most frequent first; a rare word is spelled by its characters.

    Args:
        words: in the order of their ids; the first must be ``[UNK]``, which is never emitted.
    """

    def __init__(self, words: Sequence[str]) -> None:
        self.words = tuple(words)
        self._ids = {word: number for number, word in enumerate(self.words)}

    @classmethod
    def learn(cls, documents: Iterable[Sequence[str]], most: int, min_count: int) -> Vocabulary:
        """Return the vocabulary of tokenised documents: words and every character, by frequency."""
        counts: Counter[str] = Counter()
        for words in documents:
            counts.update(words)
        characters: Counter[str] = Counter()
        for word, count in counts.items():
            for character in word:
                characters[character] += count
        kept = {w: c for w, c in counts.items() if c >= min_count}
        for character, count in characters.items():
            kept.setdefault(character, min(count, min_count))
        ranked = sorted(kept, key=lambda word: (-kept[word], word))[: most - 1]
        return cls((UNKNOWN, *ranked))

    def __len__(self) -> int:
        return len(self.words)

    def ids_of(self, words: Sequence[str]) -> list[int]:
        """Return the ids of words; an unknown word gives the ids of its known characters."""
        numbers = list(map(self._ids.get, words))
        if None not in numbers:
            return cast("list[int]", numbers)
        found: list[int] = []
        for word, number in zip(words, numbers, strict=True):
            if number is not None:
                found.append(number)
            else:
                found.extend(n for c in word if (n := self._ids.get(c)) is not None)
        return found

    def bags(self, documents: Iterable[Sequence[str]]) -> Bags:
        """Return tokenised documents as ids."""
        # Arrays of the standard library: four bytes an id, where a list would take eight and more.
        flat, ends = array("i"), array("q", [0])
        for words in documents:
            flat.extend(self.ids_of(words))
            ends.append(len(flat))
        return Bags(np.array(flat, dtype=np.int32), np.array(ends, dtype=np.int64))
