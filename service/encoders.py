"""The encoder that a setting names: how it is made for a build, kept, and opened again."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from embeddings.config import StaticConfig
from embeddings.encoder import Encoder, EncoderInfo
from embeddings.pairs import Corpus
from embeddings.tokeniser import Tokeniser
from matcher.errors import BadFile, IndexStale

_TRUNCATION = "truncation.json"


@dataclass(frozen=True, slots=True)
class EncoderChoice:
    """One encoder setting.

    Attributes:
        name: ``static``, ``lsa``, or a sentence-transformers model's folder or name.
        tokeniser: used by the first two.
        threads: of the training.
    """

    name: str
    tokeniser: Tokeniser
    threads: int = 2

    def __call__(self, corpus: Corpus, progress: Callable[[int, int], None]) -> Encoder:
        """Return the encoder for a build: trained on ``corpus``, or loaded as it is."""
        if self.name == "static":
            from embeddings.static import train_static

            config = replace(StaticConfig(), threads=self.threads)
            return train_static(corpus, config, self.tokeniser, progress)
        if self.name == "lsa":
            from embeddings.lsa import LsaEncoder

            return LsaEncoder.train(corpus.texts(), tokeniser=self.tokeniser)
        return _model(_settled(self.name))

    def save(self, encoder: Encoder, folder: Path) -> None:
        """Keep a trained encoder in ``folder``; of a plugged-in model, what it did not read."""
        from embeddings.lsa import LsaEncoder
        from embeddings.sbert import SbertEncoder
        from embeddings.static import StaticEncoder

        if isinstance(encoder, StaticEncoder | LsaEncoder):
            encoder.save(folder)
        elif isinstance(encoder, SbertEncoder):
            counts = json.dumps(asdict(encoder.truncation))
            (folder / _TRUNCATION).write_text(counts, "utf-8")


def truncation_of(folder: Path) -> dict[str, int] | None:
    """Return ``texts``, ``cut`` and ``tokens_lost`` of the build of an encoder folder.

    ``None`` for an encoder that reads every text to its end.
    """
    path = folder / _TRUNCATION
    if not path.is_file():
        return None
    counts: dict[str, int] = json.loads(path.read_text("utf-8"))
    return counts


def open_encoder(built: EncoderInfo, folder: Path, tokeniser: Tokeniser) -> Encoder:
    """Return the encoder an index was built with.

    Args:
        built: what the index says of it.
        folder: the encoder folder of the index version.
        tokeniser: cuts texts for the trained encoders.

    Raises:
        IndexStale: its files cannot be read.
        BadFile: a plugged-in model is not where it was.
    """
    try:
        if built.name == "static":
            from embeddings.static import StaticEncoder

            return StaticEncoder.load(folder, tokeniser)
        if built.name == "lsa":
            from embeddings.lsa import LsaEncoder

            return LsaEncoder.load(folder, tokeniser)
    except (OSError, ValueError, KeyError) as error:
        raise IndexStale(
            f"found no usable encoder {built.name!r} ({error})", "its files as the build saved them"
        ) from error
    return _model(built.name)


def _settled(name: str) -> str:
    """Return a model's folder as a full path, so that an index opens from any folder."""
    from embeddings.sbert import is_model_folder

    return str(Path(name).resolve()) if is_model_folder(name) else name


def _model(name: str) -> Encoder:
    from embeddings.sbert import ModelNotFound, SbertEncoder

    try:
        return SbertEncoder(name)
    except ModelNotFound as error:
        raise BadFile(
            name,
            "found no sentence-transformers model there",
            "'static', 'lsa', or the folder or name of a model",
            "give the path of a downloaded model",
        ) from error
