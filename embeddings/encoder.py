"""The encoder seam: text in, unit rows out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]
"""float32 (n, d), C-order; every row has length 1, or is all zero where a text has no word."""


@dataclass(frozen=True, slots=True)
class EncoderInfo:
    """What an index must know of the encoder that built it.

    Attributes:
        name: how the encoder is chosen (``static``, ``lsa``, or a model's path or name).
        dim: columns of its vectors.
        fingerprint: hex digest over everything that changes a vector.
    """

    name: str
    dim: int
    fingerprint: str

    @property
    def version(self) -> str:
        """Short form written into every list, such as ``static-3f2a9c01d4e5``."""
        return f"{self.name.rsplit('/', 1)[-1]}-{self.fingerprint[:12]}"


@runtime_checkable
class Encoder(Protocol):
    """Turns texts into unit rows.

    The same text gives the same row whatever the batch: bit for bit with ``static`` and ``lsa``, to
    about 1e-6 with a transformer, where padding to the longest text of a batch moves the last bits.
    """

    @property
    def info(self) -> EncoderInfo:
        """What an index records of this encoder."""

    def encode_query(self, texts: Sequence[str]) -> Vectors:
        """Return (len(texts), dim) rows for texts that ask."""

    def encode_document(self, texts: Sequence[str]) -> Vectors:
        """Return (len(texts), dim) rows for texts that are searched."""


def unit_rows(matrix: npt.NDArray[np.floating]) -> Vectors:
    """Return ``matrix`` as float32 C-order with rows of length 1; zero rows stay zero."""
    rows = np.ascontiguousarray(matrix, dtype=np.float32)
    norms = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    rows /= np.where(norms > 0, norms, 1.0)[:, None]
    return rows
