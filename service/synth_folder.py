"""A synthetic catalogue as a folder, written whole or not at all.

The folder holds ``patents.parquet``, ``firms.parquet``, ``relations.parquet`` where the
source has relations, and ``synthetic.json``, which says what it is. Nothing in it depends on the
clock or the machine: the same order, source and library versions give the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from eval.synth import Columns, Order, Progress, Synthesis
from eval.synth_fidelity import Fidelity
from eval.synth_names import MARK
from matcher.errors import BadFile
from service.folder_records import ReadSource

MANIFEST = "synthetic.json"
SAMPLE = Path(__file__).parent / "sample"
"""The packaged sample catalogue."""

_DAYS = frozenset({"filing_date", "publication_date", "registered_on"})
_LISTS = frozenset({"ipc", "industry_codes", "products", "needs", "tags"})
_FLAGS = frozenset({"open_licence"})
# Long texts hardly repeat: a dictionary of them costs time and memory, and saves nothing.
_FREE_TEXTS = frozenset(
    {"application_no", "publication_no", "title", "abstract", "first_claim", "technical_field"}
    | {"name", "uscc", "business_scope"}
)


def write_folder(out: Path, read: ReadSource, order: Order, progress: Progress) -> Fidelity:
    """Make the catalogue and write it to ``out``; return how near it is to its source.

    The files are written beside ``out`` and take its name at the end: there is a whole folder or
    none.

    Raises:
        BadFile: ``out`` is there and not an empty folder, or cannot be written.
        InputError: the order is out of bounds, or the source cannot serve it.
    """
    check_out(out)
    synthesis = Synthesis(read.source, order)
    with _whole_folder(out) as draft:
        _write(draft / "firms.parquet", _counted(synthesis.firms(), "firms", order.firms, progress))
        chunks = _counted(synthesis.patents(), "patents", order.patents, progress)
        _write(draft / "patents.parquet", chunks)
        relations = synthesis.relations()
        if relations["uscc"]:
            _write(draft / "relations.parquet", [relations])
        found = synthesis.fidelity()
        text = json.dumps(_manifest(draft, read, order, found), ensure_ascii=False, indent=1)
        (draft / MANIFEST).write_text(text + "\n", "utf-8")
    return found


def check_out(out: Path) -> None:
    """Raise ``BadFile`` unless ``out`` is a place for a new folder."""
    taken = out.exists() and (not out.is_dir() or any(out.iterdir()))
    if taken or not out.absolute().parent.is_dir():
        raise BadFile(
            str(out),
            "found files there already" if taken else "found no folder to put it in",
            "a new or empty folder inside one that exists",
            "name another --out",
        )


@contextmanager
def _whole_folder(out: Path) -> Iterator[Path]:
    target = out.absolute()
    draft = target.with_name(f".{target.name}.{secrets.token_hex(8)}")
    try:
        draft.mkdir()
        yield draft
        for path in draft.iterdir():
            with path.open("rb+") as written:
                os.fsync(written.fileno())
        draft.replace(target)  # an empty folder of that name gives way
    except OSError as error:
        raise BadFile(
            str(out),
            f"cannot write it ({error.strerror or error})",
            "a place that can be written",
            "choose another --out, or free the place",
        ) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _counted(
    chunks: Iterable[Columns], stage: str, total: int, progress: Progress
) -> Iterator[Columns]:
    done = 0
    for chunk in chunks:
        yield chunk
        done += len(next(iter(chunk.values())))
        progress(stage, done, total)


def _write(path: Path, chunks: Iterable[Columns]) -> None:
    writer: pq.ParquetWriter | None = None
    try:
        for chunk in chunks:
            schema = pa.schema([(name, _type(name)) for name in chunk])
            batch = pa.record_batch(
                [pa.array(values, _type(name)) for name, values in chunk.items()], schema
            )
            if writer is None:
                worded = [name for name in chunk if name not in _FREE_TEXTS | _LISTS]
                writer = pq.ParquetWriter(
                    path, schema, compression="zstd", use_dictionary=worded, write_statistics=False
                )
            writer.write_batch(batch)
    finally:
        if writer is not None:
            writer.close()


def _type(name: str) -> pa.DataType:
    if name in _DAYS:
        return pa.date32()
    if name in _LISTS:
        return pa.list_(pa.string())
    return pa.bool_() if name in _FLAGS else pa.string()


def _manifest(draft: Path, read: ReadSource, order: Order, found: Fidelity) -> dict[str, Any]:
    source = read.source
    return {
        "synthetic": True,
        "mark": MARK,
        "order": asdict(order),
        "files": {path.name: _sha256(path) for path in sorted(draft.iterdir())},
        "source": {
            "files": read.files,
            "patents": len(source.patents),
            "firms": len(source.firms),
            "relations": len(source.relations),
            "refused": read.refused,
        },
        "fidelity": found.as_content(),
        "versions": {name: version(name) for name in ("panhuo", "numpy", "pyarrow", "rjieba")},
    }


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
