"""One opened index version: both sides, the text classifier, and what belongs to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from embeddings.encoder import Encoder, Vectors
from matcher.errors import PolicyMismatch
from matcher.index.cluster_table import ClusterTable
from matcher.index.manifest import Manifest
from matcher.index.publish import current_version
from matcher.index.side import Side
from matcher.segments.classifier import SegmentClassifier
from matcher.segments.probe import SegmentProbe
from matcher.types import PatentId, RowArray, SegmentCode

_MOST_OWN = 64


@dataclass(frozen=True, slots=True)
class IndexSet:
    """Everything one published version holds, mapped from disk.

    Attributes:
        folder: where it lies.
        manifest: what it says of itself.
        patents: the side that firms search.
        firms: the side that patents search.
        classifier: text → segments.
        table: the patents in clusters.
        probe: where the patents near a text are filed; made of the patents' side.
    """

    folder: Path
    manifest: Manifest
    patents: Side
    firms: Side
    classifier: SegmentClassifier
    table: ClusterTable
    probe: SegmentProbe = field(init=False)

    def __post_init__(self) -> None:
        side = self.patents
        object.__setattr__(self, "probe", SegmentProbe(side.vectors, side.shares, side.codes))

    @classmethod
    def open(cls, root: Path, digests: bool = True) -> IndexSet:
        """Return the current version under ``root``.

        Args:
            root: the index folder of a home.
            digests: check the SHA-256 of every file before anything is read.

        Raises:
            IndexMissing: nothing was published.
            IndexStale: a file is missing, cut or changed, or the layout is another.
        """
        folder = current_version(root)
        manifest = Manifest.read(folder)
        manifest.verify(folder, digests)
        codes = tuple(SegmentCode(code) for code in manifest.codes)
        patents = Side.load(folder / "patents", codes, manifest.engine)
        return cls(
            folder=folder,
            manifest=manifest,
            patents=patents,
            firms=Side.load(folder / "firms", codes, manifest.engine),
            classifier=SegmentClassifier.load(codes, folder / "classifier.npy"),
            table=ClusterTable.load(folder / "clusters", patents),
        )

    def check(self, encoder: Encoder) -> None:
        """Raise ``PolicyMismatch`` unless ``encoder`` is the one that built this index."""
        built, given = self.manifest.encoder, encoder.info
        if built.fingerprint != given.fingerprint:
            raise PolicyMismatch(f"found encoder {given.version}", f"{built.version}, as indexed")

    def own_rows(self, patent_ids: Sequence[PatentId]) -> RowArray:
        """Return rows of patents a firm holds; of many, an even spread of 64."""
        return spread_of(self.patents.ids.rows_of(patent_ids))

    def own_vectors(self, patent_ids: Sequence[PatentId]) -> Vectors:
        """Return float32 (found, dim) rows of ``own_rows``."""
        return np.asarray(self.patents.vectors[self.own_rows(patent_ids)])


def spread_of(rows: RowArray) -> RowArray:
    """Return the rows, of many an even spread of 64."""
    if len(rows) <= _MOST_OWN:
        return rows
    return rows[np.linspace(0, len(rows) - 1, _MOST_OWN).astype(np.int64)]
