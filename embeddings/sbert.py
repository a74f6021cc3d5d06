"""Any sentence-transformers model, by folder or by name; what it cuts off is counted."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from embeddings.config import ModelConfig
from embeddings.encoder import EncoderInfo, Vectors, unit_rows
from embeddings.errors import DeviceMissing, DimensionTooLarge, ModelNotFound
from embeddings.neighbours import neighbours_kept

Role = Literal["query", "document"]
_DOCUMENT_PROMPTS = "document", "passage", "corpus"  # as sentence-transformers looks for them


@dataclass(slots=True)
class Truncation:
    """How many texts of one role were longer than the model reads, its prompt included.

    Attributes:
        texts: texts encoded so far.
        cut: of these, texts that lost their end.
        tokens_lost: tokens that were not read, over all texts.
    """

    texts: int = 0
    cut: int = 0
    tokens_lost: int = 0


class SbertEncoder:
    """Wraps a ``SentenceTransformer``; its prompts are the model's own unless ``config`` has some.

    Padding moves the last bits of a transformer's row, so one text has one row to about 1e-6 only;
    weights kept in half precision are therefore computed with in float32. Safe from many threads:
    one encodes at a time.

    Args:
        name: folder or name of the model, as the user gave it.
        config: columns kept, prompts, device.

    Raises:
        ModelNotFound: nothing loadable stands there.
        DeviceMissing: ``config.device`` is not there.
        DimensionTooLarge: ``config.dim`` is above the model's.
    """

    def __init__(self, name: str, config: ModelConfig | None = None) -> None:
        self._config = config or ModelConfig()
        self._model: Any = _loaded(name, self._config.device)
        self._prompts = self._settle_prompts()
        self._lock = threading.Lock()
        self.truncation: dict[Role, Truncation] = {"query": Truncation(), "document": Truncation()}
        self.kept: float | None = None
        self.whole_dim = int(self._model.get_embedding_dimension() or 0)
        dim = self._config.dim or self.whole_dim
        if dim > self.whole_dim:
            raise DimensionTooLarge(
                f"found {dim} columns asked of {name!r}",
                f"1 to {self.whole_dim}, as the model gives",
                "ask for fewer (PANHUO_ENCODER_DIM), or for none to keep them all",
            )
        self._info = EncoderInfo(name, dim, self._fingerprint(dim))

    @property
    def info(self) -> EncoderInfo:
        """Name, columns kept and a digest over weights, modules, prompts, tokenizer and cut."""
        return self._info

    @property
    def config(self) -> ModelConfig:
        """What it was made with."""
        return self._config

    def encode_query(self, texts: Sequence[str]) -> Vectors:
        """Return float32 (len(texts), dim) unit rows, with the query prompt if there is one."""
        return self._encode("query", texts)

    def encode_document(self, texts: Sequence[str]) -> Vectors:
        """Return the same for documents, with the document prompt if there is one."""
        return self._encode("document", texts)

    def measure_cut(self, texts: Sequence[str]) -> None:
        """Put into ``kept`` the share of the ten nearest documents that the cut columns keep.

        Measured among ``texts`` against all columns; tells whether a model allows the cut. ``None``
        where nothing is cut. The texts are not counted as encoded.
        """
        if self._info.dim == self.whole_dim or not texts:
            return
        with self._lock:
            whole = unit_rows(self._rows("document", texts))
        self.kept = neighbours_kept(unit_rows(whole[:, : self._info.dim]), whole)

    def _encode(self, role: Role, texts: Sequence[str]) -> Vectors:
        if not texts:
            return np.zeros((0, self._info.dim), dtype=np.float32)
        # Counting and encoding set the truncation of one shared tokenizer, each its own way.
        with self._lock:
            self._count(role, texts)
            rows = self._rows(role, texts)
        return unit_rows(rows[:, : self._info.dim])

    def _rows(self, role: Role, texts: Sequence[str]) -> Vectors:
        encode = self._model.encode_query if role == "query" else self._model.encode_document
        rows: Vectors = encode(
            list(texts),
            prompt=self._prompts[role],
            batch_size=self._config.batch,
            convert_to_numpy=True,
            show_progress_bar=False,
        )
        return rows

    def _count(self, role: Role, texts: Sequence[str]) -> None:
        limit, counts = self._model.max_seq_length, self.truncation[role]
        counts.texts += len(texts)
        if not limit or not np.isfinite(limit):
            return
        given = [self._prompts[role] + text for text in texts]
        for ids in self._model.tokenizer(given, truncation=False, padding=False, verbose=False)[
            "input_ids"
        ]:
            if len(ids) > limit:
                counts.cut += 1
                counts.tokens_lost += len(ids) - int(limit)

    def _settle_prompts(self) -> dict[Role, str]:
        """Put the configured prompts among the model's and return the one of each role."""
        prompts, config = self._model.prompts, self._config
        if config.query_prompt is not None:
            prompts["query"] = config.query_prompt
        if config.document_prompt is not None:
            prompts["document"] = config.document_prompt
        default = prompts.get(self._model.default_prompt_name) or ""
        named = [prompts[name] for name in _DOCUMENT_PROMPTS if name in prompts]
        return {
            "query": prompts.get("query", default) or "",
            "document": (named[0] if named else default) or "",
        }

    def _fingerprint(self, dim: int) -> str:
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
        if dim < self.whole_dim:
            settings["dim"] = dim
        # Objects by their type: what they print may hold an address, another one each time.
        text = json.dumps(settings, sort_keys=True, default=lambda value: type(value).__qualname__)
        digest = hashlib.sha256(text.encode())
        for key, tensor in sorted(model.state_dict().items()):
            digest.update(f"{key} {tensor.dtype} {tuple(tensor.shape)}".encode())
            digest.update(np.ascontiguousarray(tensor.detach().cpu().float().numpy()).tobytes())
        return digest.hexdigest()


def _loaded(name: str, device: str) -> Any:
    """Return the model, computing in float32; raise ``ModelNotFound`` where none can be loaded."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    from safetensors import SafetensorError
    from sentence_transformers import SentenceTransformer

    _check_device(device)
    try:
        return SentenceTransformer(name, device=device).float()
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        found, cure = "found no sentence-transformers model", "give the path of a downloaded model"
        if is_model_folder(name):
            reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
            found = f"found a model folder that cannot be loaded ({reason})"
            cure = "download it again"
        raise ModelNotFound(
            f"{found} at {name!r}", "weights and settings as sentence-transformers saves them", cure
        ) from error


def _check_device(device: str) -> None:
    import torch

    try:
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise DeviceMissing(
            f"found no usable device {device!r}",
            "one that torch knows on this machine",
            "set PANHUO_DEVICE=cpu",
        ) from error


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
