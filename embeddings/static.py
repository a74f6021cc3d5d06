"""The default encoder: a word table trained on the catalogue itself.

Saved as a sentence-transformers ``StaticEmbedding`` (``model.safetensors`` and ``tokenizer.json``
over words joined by spaces), read back without torch.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from embeddings.config import StaticConfig
from embeddings.encoder import EncoderInfo, Vectors, unit_rows
from embeddings.pairs import Corpus
from embeddings.tokeniser import Tokeniser, default_tokeniser
from embeddings.training import Progress, train_table
from embeddings.vocabulary import UNKNOWN, Vocabulary

_TENSOR = "embedding.weight"
_WEIGHTS, _TOKENIZER, _META = "model.safetensors", "tokenizer.json", "panhuo.json"


@dataclass(frozen=True, slots=True)
class Teacher:
    """Who taught a distilled table, and how much of it the table kept.

    Attributes:
        name: the teacher's name.
        fingerprint: hex digest of everything that changes its vectors.
        dim: columns of its vectors.
        texts: how many texts it encoded.
        cut: how many of them it did not read to their end.
        held_out: how many of them only measured.
        kept: share of its ten nearest among the held-out texts that are the table's ten nearest.
        speed: how many texts the table encodes while the teacher encodes one, on that machine.
    """

    name: str
    fingerprint: str
    dim: int
    texts: int
    cut: int
    held_out: int
    kept: float
    speed: float


_CONTINUED = 3


class StaticEncoder:
    """Mean of trained word vectors, as unit rows; queries and documents are encoded alike.

    Args:
        vocabulary: the words.
        table: float32 (words, dim).
        tokeniser: cuts the texts; must be the one the table was trained with.
        losses: held-out loss at each check of the training, for the report.
        teacher: who taught the table; ``None`` for one trained on the catalogue's own pairs.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        table: npt.NDArray[np.float32],
        tokeniser: Tokeniser | None = None,
        losses: Sequence[float] = (),
        teacher: Teacher | None = None,
    ) -> None:
        self._vocabulary = vocabulary
        self._table = table
        self._tokeniser = tokeniser or default_tokeniser()
        self.losses = tuple(losses)
        self.teacher = teacher
        self._info = EncoderInfo("static", int(table.shape[1]), self._fingerprint())

    @property
    def info(self) -> EncoderInfo:
        """Name, dimensions and a digest over words, table and tokeniser."""
        return self._info

    def encode_query(self, texts: Sequence[str]) -> Vectors:
        """Return float32 (len(texts), dim) unit rows; a text of unknown words gives zeros."""
        return self._encode(texts)

    def encode_document(self, texts: Sequence[str]) -> Vectors:
        """Return the same as ``encode_query``: the table knows no roles."""
        return self._encode(texts)

    def _encode(self, texts: Sequence[str]) -> Vectors:
        bags = self._vocabulary.bags(self._tokeniser.tokenise_many(texts))
        ones = np.ones(len(bags.ids), dtype=np.float32)
        matrix = sp.csr_matrix((ones, bags.ids, bags.offsets), shape=(len(bags), len(self._table)))
        return unit_rows(matrix @ self._table)

    def taught_by(self, teacher: Teacher) -> StaticEncoder:
        """Return the same encoder, with its teacher named."""
        return StaticEncoder(self._vocabulary, self._table, self._tokeniser, self.losses, teacher)

    def _fingerprint(self) -> str:
        digest = hashlib.sha256(self._tokeniser.fingerprint.encode())
        digest.update("\n".join(self._vocabulary.words).encode())
        digest.update(np.ascontiguousarray(self._table).tobytes())
        return digest.hexdigest()

    def rows_of(
        self, vocabulary: Vocabulary, dim: int, tokeniser: Tokeniser
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
        """Return (ids, rows) of the words of another vocabulary that this encoder knows.

        Raises:
            ValueError: the width is not ``dim``, or the words were cut by another tokeniser.
        """
        if self._table.shape[1] != dim or self._tokeniser.fingerprint != tokeniser.fingerprint:
            raise ValueError(
                f"found an encoder of {self._table.shape[1]} columns; expected {dim} and the same "
                "tokeniser; train from scratch"
            )
        here = {word: number for number, word in enumerate(self._vocabulary.words)}
        shared = [(n, here[word]) for n, word in enumerate(vocabulary.words) if word in here]
        ids = np.array(shared, dtype=np.int64).reshape(-1, 2)
        return ids[:, 0], self._table[ids[:, 1]]

    def save(self, folder: Path) -> None:
        """Write weights, tokenizer and settings into an existing folder."""
        from safetensors.numpy import save_file
        from tokenizers import Tokenizer
        from tokenizers.models import WordLevel
        from tokenizers.pre_tokenizers import WhitespaceSplit

        words = {word: number for number, word in enumerate(self._vocabulary.words)}
        tokenizer = Tokenizer(WordLevel(words, unk_token=UNKNOWN))
        tokenizer.pre_tokenizer = WhitespaceSplit()
        tokenizer.save(str(folder / _TOKENIZER))
        save_file({_TENSOR: np.ascontiguousarray(self._table)}, str(folder / _WEIGHTS))
        meta = {
            "tokeniser": self._tokeniser.fingerprint,
            "losses": self.losses,
            "teacher": asdict(self.teacher) if self.teacher else None,
        }
        (folder / _META).write_text(json.dumps(meta), "utf-8")

    @classmethod
    def load(cls, folder: Path, tokeniser: Tokeniser | None = None) -> StaticEncoder:
        """Return the encoder saved in ``folder``.

        Raises:
            ValueError: ``tokeniser`` cuts otherwise than the one the table was trained with.
        """
        from safetensors.numpy import load_file

        meta = json.loads((folder / _META).read_text("utf-8"))
        cutter = tokeniser or default_tokeniser()
        if meta["tokeniser"] != cutter.fingerprint:
            raise ValueError(
                f"the words were cut by tokeniser {meta['tokeniser'][:12]}, "
                f"this is {cutter.fingerprint[:12]}"
            )
        content = json.loads((folder / _TOKENIZER).read_text("utf-8"))
        vocabulary: dict[str, int] = content["model"]["vocab"]
        words = sorted(vocabulary, key=lambda word: vocabulary[word])
        table = load_file(str(folder / _WEIGHTS))[_TENSOR]
        taught = meta.get("teacher")
        teacher = Teacher(**taught) if taught else None
        return cls(Vocabulary(words), table, cutter, meta["losses"], teacher)


def train_static(
    corpus: Corpus,
    config: StaticConfig | None = None,
    tokeniser: Tokeniser | None = None,
    progress: Progress | None = None,
    leave_out: Sequence[str] = (),
    *,
    start: StaticEncoder | None = None,
) -> StaticEncoder:
    """Return a static encoder trained on ``corpus``.

    Args:
        corpus: texts and what pairs them.
        config: settings; the same corpus and settings give the same encoder.
        tokeniser: cuts the texts.
        progress: called with (step, steps).
        leave_out: pair sources not to use, for ablations.
        start: an encoder to go on from: words it knows begin where it has them, new ones at their
            LSA vector; a third of the steps at a third of the rate. One of other width or tokeniser
            is no start and is refused with ``ValueError``.
    """
    settings, cutter = config or StaticConfig(), tokeniser or default_tokeniser()
    # Cut twice rather than kept: the words of a million patents as objects fill 10 GB and more.
    vocabulary = Vocabulary.learn(
        cutter.tokenise_many(corpus.texts()), settings.vocabulary, settings.min_count
    )
    bags = vocabulary.bags(cutter.tokenise_many(corpus.texts()))
    known = None
    if start is not None:
        known = start.rows_of(vocabulary, settings.dim, cutter)
        settings = replace(
            settings,
            steps=max(1, settings.steps // _CONTINUED),
            learning_rate=settings.learning_rate / _CONTINUED,
        )
    table, losses = train_table(
        corpus, bags, vocabulary, settings, progress, leave_out, known=known
    )
    return StaticEncoder(vocabulary, table, cutter, losses)
