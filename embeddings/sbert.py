"""Any sentence-transformers model, by folder or by name; what it cuts off is counted."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from embeddings.encoder import EncoderInfo, Vectors, unit_rows


class ModelNotFound(Exception):
    """The model cannot be loaded; the message says what was found, expected and what to do."""


@dataclass(slots=True)
class Truncation:
    """How many texts were longer than the model reads.

    Attributes:
        texts: texts encoded so far.
        cut: of these, texts that lost their end.
        tokens_lost: tokens that were not read, over all texts.
    """

    texts: int = 0
    cut: int = 0
    tokens_lost: int = 0


class SbertEncoder:
    """Wraps a ``SentenceTransformer``; prompts come from the model's own configuration.

    Padding moves the last bits of a transformer's row, so one text has one row to about 1e-6 only.
    Safe from many threads: one encodes at a time.

    Args:
        name: folder or name of the model, as the user gave it.
        device: where it runs; ``cpu`` by default.
        batch: texts a step.
    """

    def __init__(self, name: str, device: str = "cpu", batch: int = 64) -> None:
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        from sentence_transformers import SentenceTransformer

        try:
            self._model: Any = SentenceTransformer(name, device=device)
        except (OSError, ValueError) as error:
            raise ModelNotFound(
                f"found no sentence-transformers model at {name!r}; expected a model folder or a "
                "name that the model hub can deliver; give the path of a downloaded model."
            ) from error
        self._batch = batch
        self._lock = threading.Lock()
        self.truncation = Truncation()
        dim = int(self._model.get_embedding_dimension() or 0)
        self._info = EncoderInfo(name, dim, self._fingerprint())

    @property
    def info(self) -> EncoderInfo:
        """Name, dimensions and a digest over weights, modules, prompts and tokenizer."""
        return self._info

    def encode_query(self, texts: Sequence[str]) -> Vectors:
        """Return float32 (len(texts), dim) unit rows, with the model's query prompt if any."""
        return self._encode(self._model.encode_query, texts)

    def encode_document(self, texts: Sequence[str]) -> Vectors:
        """Return the same for documents, with the model's document prompt if it has one."""
        return self._encode(self._model.encode_document, texts)

    def _encode(self, method: Any, texts: Sequence[str]) -> Vectors:
        if not texts:
            return np.zeros((0, self._info.dim), dtype=np.float32)
        # Counting and encoding set the truncation of one shared tokenizer, each its own way.
        with self._lock:
            self._count(texts)
            rows = method(
                list(texts), batch_size=self._batch, convert_to_numpy=True, show_progress_bar=False
            )
        return unit_rows(rows)

    def _count(self, texts: Sequence[str]) -> None:
        limit = self._model.max_seq_length
        self.truncation.texts += len(texts)
        if not limit or not np.isfinite(limit):
            return
        tokenizer = self._model.tokenizer
        for ids in tokenizer(list(texts), truncation=False, padding=False, verbose=False)[
            "input_ids"
        ]:
            if len(ids) > limit:
                self.truncation.cut += 1
                self.truncation.tokens_lost += len(ids) - int(limit)

    def _fingerprint(self) -> str:
        model = self._model
        settings = {
            "max_seq_length": str(model.max_seq_length),
            "prompts": model.prompts,
            "default_prompt_name": model.default_prompt_name,
            "modules": [
                (name, type(module).__qualname__, module.get_config_dict())
                for name, module in model.named_modules()
                if hasattr(module, "get_config_dict")
            ],
            "tokenizer": _tokenizer_settings(getattr(model, "tokenizer", None)),
        }
        # Objects by their type: what they print may hold an address, another one each time.
        text = json.dumps(settings, sort_keys=True, default=lambda value: type(value).__qualname__)
        digest = hashlib.sha256(text.encode())
        for key, tensor in sorted(model.state_dict().items()):
            digest.update(f"{key} {tensor.dtype} {tuple(tensor.shape)}".encode())
            digest.update(np.ascontiguousarray(tensor.detach().cpu().float().numpy()).tobytes())
        return digest.hexdigest()


def _tokenizer_settings(tokenizer: Any) -> Any:
    """Return what a tokenizer does to text, but for the truncation and padding of its last call."""
    backend = getattr(tokenizer, "backend_tokenizer", tokenizer)
    if hasattr(backend, "to_str"):
        content = json.loads(backend.to_str())
        return {k: v for k, v in content.items() if k not in {"truncation", "padding"}}
    if hasattr(tokenizer, "get_vocab"):
        return [type(tokenizer).__qualname__, tokenizer.get_vocab()]
    return type(tokenizer).__qualname__


def is_model_folder(name: str) -> bool:
    """Return whether ``name`` is a folder that holds a saved model."""
    return (Path(name) / "modules.json").is_file() or (Path(name) / "config.json").is_file()
