"""What an index version says of itself; nothing is read before this is checked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from embeddings.encoder import EncoderInfo
from matcher.errors import IndexStale

LAYOUT = 3
MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class Manifest:
    """One index version.

    Attributes:
        version: name of the version and of its folder.
        layout: file layout; another layout is refused.
        built_at: ISO time, UTC.
        encoder: the encoder that built the vectors.
        engine: ``faiss`` or ``exact``.
        codes: segment codes, in column order.
        names: ``provinces`` and ``cities`` (``province/city``), each in the order of its codes.
        catalogue: stamps and counts of what was indexed.
        routing: how many records each basis routed, and the recall on a sample.
        files: relative path → [bytes, SHA-256].
    """

    version: str
    built_at: str
    encoder: EncoderInfo
    engine: str
    codes: tuple[str, ...]
    names: Mapping[str, tuple[str, ...]]
    catalogue: Mapping[str, Any]
    routing: Mapping[str, Any]
    layout: int = LAYOUT
    files: Mapping[str, tuple[int, str]] = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        """Digest every file of ``folder`` and write the manifest beside them."""
        files = {
            str(path.relative_to(folder)): (path.stat().st_size, _digest(path))
            for path in sorted(folder.rglob("*"))
            if path.is_file() and path.name != MANIFEST
        }
        content = {**asdict(self), "files": files}
        text = json.dumps(content, ensure_ascii=False, indent=1)
        (folder / MANIFEST).write_text(text, "utf-8")

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """Return the manifest of a version folder; raise ``IndexStale`` if it is none of ours."""
        try:
            content = json.loads((folder / MANIFEST).read_text("utf-8"))
            layout = content["layout"]
            if layout != LAYOUT:
                raise IndexStale(
                    f"found index layout {layout} in {folder.name}", f"layout {LAYOUT}"
                )
            return cls(
                version=content["version"],
                built_at=content["built_at"],
                encoder=EncoderInfo(**content["encoder"]),
                engine=content["engine"],
                codes=tuple(content["codes"]),
                names={key: tuple(value) for key, value in content["names"].items()},
                catalogue=content["catalogue"],
                routing=content["routing"],
                files={name: (size, digest) for name, (size, digest) in content["files"].items()},
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise IndexStale(
                f"found no readable manifest in {folder.name}", "the manifest of a finished build"
            ) from error

    def verify(self, folder: Path, digests: bool = True) -> None:
        """Raise ``IndexStale`` unless every file is there, of its size and (if asked) digest."""
        for name, (size, digest) in self.files.items():
            path = folder / name
            if not path.is_file() or path.stat().st_size != size:
                raise IndexStale(f"found {name} missing or cut short", f"{size} bytes")
            if digests and _digest(path) != digest:
                raise IndexStale(f"found {name} changed since the build", "its SHA-256")


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
