"""A tokeniser that cut many texts in advance, in several processes, and remembers their words.

A build asks for the words of every text four times: for the vocabulary, the training, the vectors
and BM25. Cutting is most of that work and holds Python's lock, so it is done once, by processes.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import islice

import numpy as np
import numpy.typing as npt

from embeddings.tokeniser import Tokeniser

Parts = tuple[str, ...]
Progress = Callable[[int, int], None]
_Ids = npt.NDArray[np.int32]
_Chunk = tuple[_Ids, npt.NDArray[np.int64], list[str]]

_CHUNK = 4_000
_WORTH = 50_000  # texts from which on starting processes saves time


class CutAhead(Tokeniser):
    """Cuts as the tokeniser it is made from does; remembered texts are looked up.

    Args:
        base: whose words are given.
    """

    def __init__(self, base: Tokeniser) -> None:
        super().__init__(base.domain_words, sorted(base.stop_words))
        self._row: dict[str, tuple[int, int]] = {}
        self._ids: _Ids = np.zeros(0, dtype=np.int32)
        self._offsets: npt.NDArray[np.int64] = np.zeros(1, dtype=np.int64)
        self._all: list[str] = []

    def remember(
        self,
        texts: Sequence[Parts],
        processes: int,
        progress: Progress = lambda done, total: None,
        *,
        least: int = _WORTH,
    ) -> None:
        """Cut texts now; the parts and the whole of each are known from here on.

        Nothing is done for fewer than ``least`` texts, or for one process: they are cut when asked
        for. What was remembered before is forgotten.

        Args:
            texts: each as parts that are put together without a word across a seam, such as a title
                and a body that begins with a full stop.
            processes: how many work at once.
            progress: called with (texts cut, texts).
            least: from how many texts on it is worth while.
        """
        if processes < 2 or len(texts) < least:
            return
        numbers: dict[str, int] = {}
        flat: list[_Ids] = []
        sizes: list[npt.NDArray[np.int64]] = [np.zeros(1, dtype=np.int64)]
        done = 0
        for ids, lengths, words in self._chunks(texts, processes):
            known = [numbers.setdefault(word, len(numbers)) for word in words]
            flat.append(np.array(known, dtype=np.int32)[ids])
            sizes.append(lengths)
            done += _CHUNK
            progress(min(done, len(texts)), len(texts))
        self._ids = np.concatenate(flat)
        self._offsets = np.cumsum(np.concatenate(sizes))
        self._all = list(numbers)
        self._row = dict(_rows(texts))

    def tokenise(self, text: str) -> list[str]:
        """Return the content words of ``text``, in order, repeats kept."""
        row = self._row.get(text)
        if row is None:
            return super().tokenise(text)
        ids = self._ids[self._offsets[row[0]] : self._offsets[row[1]]].tolist()
        return list(map(self._all.__getitem__, ids))

    def _chunks(self, texts: Sequence[Parts], processes: int) -> Iterator[_Chunk]:
        """Yield the words of all parts, chunk after chunk, no more in hand than is needed."""
        lexicon = self.domain_words, sorted(self.stop_words)
        chunks = (texts[n : n + _CHUNK] for n in range(0, len(texts), _CHUNK))
        spawn = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(processes, spawn, _start, lexicon) as pool:
            waiting = [pool.submit(_cut, chunk) for chunk in islice(chunks, 2 * processes)]
            while waiting:
                found = waiting.pop(0).result()
                waiting += [pool.submit(_cut, chunk) for chunk in islice(chunks, 1)]
                yield found


def _rows(texts: Iterable[Parts]) -> Iterator[tuple[str, tuple[int, int]]]:
    """Yield every part and every whole with the range of rows that it is."""
    row = 0
    for parts in texts:
        for number, part in enumerate(parts, start=row):
            yield part, (number, number + 1)
        yield "".join(parts), (row, row + len(parts))
        row += len(parts)


class _Worker:
    tokeniser: Tokeniser


def _start(domain_words: Sequence[str], stop_words: Sequence[str]) -> None:
    os.environ["OMP_NUM_THREADS"] = "1"
    _Worker.tokeniser = Tokeniser(domain_words, stop_words)


def _cut(texts: Sequence[Parts]) -> _Chunk:
    """Return int32 ids of all words, how many each part has, and the words in the order of ids."""
    numbers: dict[str, int] = {}
    ids: list[int] = []
    lengths: list[int] = []
    for parts in texts:
        for part in parts:
            words = _Worker.tokeniser.tokenise(part)
            ids.extend(numbers.setdefault(word, len(numbers)) for word in words)
            lengths.append(len(words))
    return np.array(ids, dtype=np.int32), np.array(lengths, dtype=np.int64), list(numbers)
