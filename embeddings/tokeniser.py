"""Text to words: rjieba (Rust) with our lexicon; jieba is its reference in the tests."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from importlib import resources

from embeddings.normalise import normalise

_WORD = re.compile(r"[0-9a-z㐀-鿿]")
_REMEMBERED = 500_000
_NUMERIC = re.compile(r"^[0-9]+$")
# rjieba and jieba cut "td-lte" and "3.5ghz" differently; without the joiner both agree.
_JOINER = re.compile(r"[-+#&._%]")


def lexicon_words(name: str) -> tuple[str, ...]:
    """Return the words of a packaged list (``domain`` or ``stop``), in file order."""
    text = (resources.files("embeddings") / "lexicon" / f"{name}.txt").read_text("utf-8")
    lines = (line.strip() for line in text.lstrip("\ufeff").splitlines())
    return tuple(line for line in lines if line and not line.startswith("#"))


def prepared(text: str) -> str:
    """Return the text as the cutter gets it: normalised, ASCII joiners turned into spaces."""
    return _JOINER.sub(" ", normalise(text))


class _Kept(dict[str, bool]):
    """Word → whether it is kept, found out once a word."""

    def __init__(self, stop: frozenset[str]) -> None:
        super().__init__()
        self._stop = stop

    def __missing__(self, word: str) -> bool:
        if len(self) >= _REMEMBERED:
            self.clear()
        found = (
            word not in self._stop
            and _WORD.search(word) is not None
            and _NUMERIC.match(word) is None
        )
        self[word] = found
        return found


class Tokeniser:
    """Cuts normalised text into words; stop words, punctuation and bare numbers are dropped.

    Args:
        domain_words: words added to the dictionary; ``None`` takes the packaged list.
        stop_words: words dropped after cutting; ``None`` takes the packaged list.

    >>> Tokeniser().tokenise("一种石墨烯导热膜的制备方法")
    ['石墨烯', '导热', '膜']
    """

    def __init__(
        self,
        domain_words: Sequence[str] | None = None,
        stop_words: Sequence[str] | None = None,
    ) -> None:
        import rjieba

        self._words = tuple(lexicon_words("domain") if domain_words is None else domain_words)
        stop = lexicon_words("stop") if stop_words is None else stop_words
        self._stop = frozenset(stop)
        self._jieba = rjieba.Jieba()
        for word in self._words:
            self._jieba.add_word(word, None, None)
        self._kept = _Kept(self._stop)

    @property
    def domain_words(self) -> tuple[str, ...]:
        """Words added to the dictionary."""
        return self._words

    @property
    def stop_words(self) -> frozenset[str]:
        """Words dropped after cutting."""
        return self._stop

    @property
    def fingerprint(self) -> str:
        """Hex digest over dictionary additions and stop words."""
        text = "\n".join((*self._words, "--", *sorted(self._stop)))
        return hashlib.sha256(text.encode()).hexdigest()

    def cut(self, text: str) -> list[str]:
        """Return every piece of the normalised text, nothing dropped."""
        pieces: list[str] = self._jieba.cut(prepared(text))
        return pieces

    def tokenise(self, text: str) -> list[str]:
        """Return the content words of ``text``, in order, repeats kept."""
        return list(filter(self._kept.__getitem__, self.cut(text)))

    def tokenise_many(self, texts: Iterable[str]) -> Iterator[list[str]]:
        """Yield the content words of each text, in order."""
        for text in texts:
            yield self.tokenise(text)


@lru_cache(maxsize=1)
def default_tokeniser() -> Tokeniser:
    """Return the one tokeniser with the packaged lexicon; building it reads a dictionary once."""
    return Tokeniser()
