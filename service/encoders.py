"""The encoder that a setting names: how it is made for a build, kept, and opened again."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from embeddings.config import DistilConfig, ModelConfig, StaticConfig
from embeddings.encoder import Encoder, EncoderInfo
from embeddings.errors import DimensionTooLarge, EncoderError, ModelNotFound, TooFewTexts
from embeddings.pairs import Corpus
from embeddings.sbert import SbertEncoder, is_model_folder
from embeddings.static import StaticEncoder, train_static
from embeddings.tokeniser import Tokeniser
from matcher.errors import BadFile, IndexStale, InputError, PolicyMismatch

_TRUNCATION, _MODEL = "truncation.json", "model.json"
_DISTIL = "distil:"
_MEASURED = 1_000


@dataclass(frozen=True, slots=True)
class EncoderChoice:
    """One encoder setting.

    Attributes:
        name: ``static``, ``lsa``, a sentence-transformers model's folder or name, or ``distil:``
            and such a model.
        tokeniser: used by all but a plugged-in model.
        threads: of the training.
        start: a static encoder to go on training, ``None`` to begin from scratch.
        model: how a plugged-in model is used; ``dim`` is that of the table where it is distilled.
    """

    name: str
    tokeniser: Tokeniser
    threads: int = 2
    model: ModelConfig = field(default_factory=ModelConfig)
    start: StaticEncoder | None = None

    def __call__(self, corpus: Corpus, progress: Callable[[int, int], None]) -> Encoder:
        """Return the encoder for a build: trained on ``corpus``, or loaded as it is.

        Raises:
            BadFile: no model can be loaded.
            InputError: a setting does not go with the encoder.
        """
        if self.name in ("static", "lsa"):
            self._refuse_model_settings()
        if self.name == "static":
            config = replace(StaticConfig(), threads=self.threads)
            return train_static(corpus, config, self.tokeniser, progress, start=self.start)
        if self.name == "lsa":
            from embeddings.lsa import LsaEncoder

            return LsaEncoder.train(corpus.texts(), tokeniser=self.tokeniser)
        if self.name.startswith(_DISTIL):
            return self._distilled(corpus, progress)
        encoder = _model(_settled(self.name), self.model)
        step = max(1, len(corpus.titles) // _MEASURED)
        encoder.measure_cut(list(dict.fromkeys(corpus.titles[::step]))[:_MEASURED])
        return encoder

    def _distilled(self, corpus: Corpus, progress: Callable[[int, int], None]) -> Encoder:
        from embeddings.distil import distil

        name = _settled(self.name.removeprefix(_DISTIL))
        teacher = _model(name, replace(self.model, dim=None))
        config = DistilConfig(threads=self.threads)
        if self.model.dim is not None:
            config = replace(config, dim=self.model.dim)
        try:
            return distil(teacher, corpus, config, self.tokeniser, progress)
        except TooFewTexts as error:
            raise InputError(error.found, error.expected, error.cure) from error

    def _refuse_model_settings(self) -> None:
        """Raise ``InputError`` where a setting would have no effect."""
        for setting in ("dim", "query_prompt", "document_prompt"):
            if getattr(self.model, setting) is not None:
                name = "ENCODER_DIM" if setting == "dim" else setting.upper()
                raise InputError(
                    f"found PANHUO_{name} with encoder {self.name!r}",
                    "a plugged-in model, which alone has it",
                    "unset it, or choose a model",
                )

    def save(self, encoder: Encoder, folder: Path) -> None:
        """Keep a trained encoder in ``folder``; of a plugged-in model, how it was used.

        That is its cut and its prompts, without which the index would not open again, and what it
        did not read.
        """
        from embeddings.lsa import LsaEncoder

        if isinstance(encoder, StaticEncoder | LsaEncoder):
            encoder.save(folder)
        elif isinstance(encoder, SbertEncoder):
            used = {
                "dim": encoder.config.dim,
                "query_prompt": encoder.config.query_prompt,
                "document_prompt": encoder.config.document_prompt,
                "whole_dim": encoder.whole_dim,
                "kept": encoder.kept,
            }
            (folder / _MODEL).write_text(json.dumps(used, ensure_ascii=False), "utf-8")
            (folder / _TRUNCATION).write_text(json.dumps(_counts(encoder)), "utf-8")


def _counts(encoder: SbertEncoder) -> dict[str, Any]:
    """Return what a model did not read: in all, and by role."""
    roles = {str(role): asdict(counts) for role, counts in encoder.truncation.items()}
    names = ("texts", "cut", "tokens_lost")
    return {**{n: sum(c[n] for c in roles.values()) for n in names}, "roles": roles}


def truncation_of(folder: Path) -> dict[str, Any] | None:
    """Return ``texts``, ``cut`` and ``tokens_lost`` of the build of an encoder folder.

    ``roles`` holds the same for ``query`` and ``document``; it is absent in an index of an older
    release. ``None`` for an encoder that reads every text to its end.
    """
    return _kept(folder / _TRUNCATION)


def model_of(folder: Path) -> dict[str, Any] | None:
    """Return how the plugged-in model of an encoder folder is used.

    ``dim``, ``query_prompt`` and ``document_prompt`` as set or ``None``, ``whole_dim``, and
    ``kept``: the share of ten nearest that a cut keeps. ``None`` for other encoders.
    """
    return _kept(folder / _MODEL)


def teacher_of(folder: Path) -> dict[str, Any] | None:
    """Return the fields of ``embeddings.static.Teacher`` of an encoder folder.

    ``None`` for an encoder that was not distilled.
    """
    meta = _kept(folder / "panhuo.json") or {}
    taught: dict[str, Any] | None = meta.get("teacher")
    return taught


def _kept(path: Path) -> dict[str, Any] | None:
    if not path.is_file():
        return None
    content: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return content


def open_encoder(
    built: EncoderInfo, folder: Path, tokeniser: Tokeniser, device: str = "cpu"
) -> Encoder:
    """Return the encoder an index was built with.

    Args:
        built: what the index says of it.
        folder: the encoder folder of the index version.
        tokeniser: cuts texts for the trained encoders.
        device: where a plugged-in model computes.

    Raises:
        IndexStale: its files cannot be read.
        BadFile: a plugged-in model is not where it was.
        PolicyMismatch: the model there has fewer columns than the index was built with.
        InputError: the device is not there.
    """
    try:
        if built.name == "static":
            return StaticEncoder.load(folder, tokeniser)
        if built.name == "lsa":
            from embeddings.lsa import LsaEncoder

            return LsaEncoder.load(folder, tokeniser)
        used = model_of(folder) or {}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise IndexStale(
            f"found no usable encoder {built.name!r} ({error})", "its files as the build saved them"
        ) from error
    config = ModelConfig(
        dim=used.get("dim"),
        query_prompt=used.get("query_prompt"),
        document_prompt=used.get("document_prompt"),
        device=device,
    )
    try:
        return _model(built.name, config)
    except InputError as error:
        if isinstance(error.__cause__, DimensionTooLarge):
            raise PolicyMismatch(error.found, f"{built.version}, as indexed") from error
        raise


def _settled(name: str) -> str:
    """Return a model's folder as a full path, so that an index opens from any folder."""
    return str(Path(name).resolve()) if is_model_folder(name) else name


def _model(name: str, config: ModelConfig) -> SbertEncoder:
    try:
        return SbertEncoder(name, config)
    except ModelNotFound as error:
        known = "'static', 'lsa', or the folder or name of a model"
        raise BadFile(name, error.found, known, error.cure) from error
    except EncoderError as error:
        raise InputError(error.found, error.expected, error.cure) from error
