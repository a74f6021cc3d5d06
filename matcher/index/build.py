"""Catalogue to index version: read, train, encode, route, index, audit, publish."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from embeddings.encoder import Encoder, EncoderInfo, Vectors
from embeddings.lexical import LexicalIndex
from matcher.errors import InputError
from matcher.index.build_input import BuildInput as BuildInput
from matcher.index.build_input import EncoderMaker as EncoderMaker
from matcher.index.build_input import Kept as Kept
from matcher.index.build_input import Progress as Progress
from matcher.index.cluster_table import ClusterTable
from matcher.index.corpus import Known, training_corpus
from matcher.index.hubness import FILE as HUBS
from matcher.index.hubness import mean_nearness, nearness, spread
from matcher.index.making import columns_of, side_of
from matcher.index.manifest import Manifest
from matcher.index.publish import new_version
from matcher.index.rows import (
    Codebook,
    FirmRows,
    PatentRows,
    PlaceCodes,
    read_firms,
    read_patents,
)
from matcher.index.side import Columns, Side
from matcher.segments.audit import audit_routing
from matcher.segments.classifier import SegmentClassifier
from matcher.segments.labels import labelled_texts
from matcher.segments.routing import Routed

_BLOCK = 20_000
_LISTED = 100


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build made; also kept in the manifest.

    Attributes:
        version: the published version.
        encoder: its encoder.
        patents: how many were indexed.
        firms: how many were indexed.
        routing: counts by basis, unrouted ids (the first hundred), recall of the audit.
        seconds: wall time of each stage.
    """

    version: str
    encoder: EncoderInfo
    patents: int
    firms: int
    routing: dict[str, Any]
    seconds: dict[str, float] = field(default_factory=dict)


class _Clock:
    """Seconds since the last stage, by stage."""

    def __init__(self) -> None:
        self._last = datetime.now(UTC)
        self.seconds: dict[str, float] = {}

    def stage(self, name: str) -> None:
        now = datetime.now(UTC)
        self.seconds[name] = round((now - self._last).total_seconds(), 2)
        self._last = now


def build_index(
    source: BuildInput, maker: EncoderMaker, root: Path, progress: Progress, now: datetime
) -> BuildReport:
    """Build a new index version under ``root`` and make it current.

    Raises:
        InputError: the catalogue holds no patent.
        StateError: the version that something was kept of is not the current one any more.
    """
    clock = _Clock()
    made = _make(source, maker, progress, clock)
    version = now.astimezone(UTC).strftime("%Y%m%dT%H%M%S%fZ")
    with new_version(root, version, source.kept.version if source.kept else None) as folder:
        routing = _write_sides(folder, source, made, progress, clock)
        (folder / "encoder").mkdir()
        maker.save(made.encoder, folder / "encoder")
        source.keep(folder)
        made.classifier.save(folder / "classifier.npy")
        Manifest(
            version=version,
            built_at=now.astimezone(UTC).isoformat(timespec="seconds"),
            encoder=made.encoder.info,
            engine=source.engine,
            codes=source.router.codes,
            names=made.names,
            catalogue=made.catalogue,
            routing=routing,
        ).write(folder)
    clock.stage("publish")
    n_patents, n_firms = len(made.patents.ids), len(made.firms.ids)
    return BuildReport(version, made.encoder.info, n_patents, n_firms, routing, clock.seconds)


@dataclass(frozen=True, slots=True)
class _Made:
    """What a build holds in memory before it writes."""

    patents: PatentRows
    firms: FirmRows
    encoder: Encoder
    classifier: SegmentClassifier
    vectors: Vectors
    firm_vectors: Vectors
    routed: Routed
    filed: Routed
    names: dict[str, tuple[str, ...]]
    catalogue: dict[str, Any]


def _make(source: BuildInput, maker: EncoderMaker, progress: Progress, clock: _Clock) -> _Made:
    """Read, train, encode and route."""
    # Before anything is read: what is written from here on is changed later than this.
    stamps: dict[str, Any] = {"changes": source.moment()}
    stamps |= {"patents": source.patents.stamp(), "firms": source.firms.stamp()}
    codes, subclasses = PlaceCodes(source.places), Codebook()
    tick = _ticker(progress, "read patents", source.patents.count())
    patents = read_patents(source.patents.iterate(), codes, tick, subclasses)
    firms = read_firms(
        source.firms.iterate(), codes, _ticker(progress, "read firms", source.firms.count())
    )
    if not patents.ids:
        raise InputError(
            "found no patent in the catalogue", "at least one", "run 'panhuo import patents FILE'"
        )
    clock.stage("read")
    texts = [*zip(patents.titles, patents.bodies, strict=True), *((text,) for text in firms.texts)]
    source.cut_ahead(texts, lambda done, total: progress("cut", done, total))
    clock.stage("cut")
    encoder = (
        source.kept.encoder if source.kept else _train(source, maker, patents, firms, progress)
    )
    clock.stage("train")
    vectors = _encode(encoder.encode_document, patents.texts, progress, "encode patents")
    firm_vectors = _encode(encoder.encode_query, firms.texts, progress, "encode firms")
    clock.stage("encode")
    progress("route", 0, 1)
    classifier, routed = _route_patents(source, encoder, patents, vectors)
    filed = source.router.with_classifier(classifier).firms(firms.industries, firm_vectors)
    progress("route", 1, 1)
    clock.stage("route")
    names = {
        "provinces": tuple(codes.provinces.names),
        "cities": tuple(codes.cities.names),
        "subclasses": tuple(subclasses.names),
    }
    catalogue = {**stamps, "n_patents": len(patents.ids), "n_firms": len(firms.ids)}
    return _Made(
        patents, firms, encoder, classifier, vectors, firm_vectors, routed, filed, names, catalogue
    )


def _train(
    source: BuildInput,
    maker: EncoderMaker,
    patents: PatentRows,
    firms: FirmRows,
    progress: Progress,
) -> Encoder:
    known = Known(source.relations, source.demands)
    corpus = training_corpus(patents, firms, known, source.ipc_path)
    return maker(corpus, lambda done, total: progress("train encoder", done, total))


def _write_sides(
    folder: Path, source: BuildInput, made: _Made, progress: Progress, clock: _Clock
) -> dict[str, Any]:
    """Write both sides and return the account of routing, its audit included."""
    asked = spread(made.firm_vectors)
    np.save(folder / HUBS, asked, allow_pickle=False)
    near = nearness(made.vectors, asked)
    mean = mean_nearness(made.vectors, near)
    made.catalogue["hubness_mean"] = float(mean)
    near[np.asarray(made.vectors).any(axis=1)] -= mean
    columns = columns_of(made.patents, near)
    side = _save_side(
        folder / "patents", source, made.patents, (made.vectors, made.routed, columns), progress
    )
    filed = made.firm_vectors, made.filed, columns_of(made.firms)
    _save_side(folder / "firms", source, made.firms, filed, progress)
    clock.stage("index")
    progress("cluster", 0, 1)
    ClusterTable.of(side).save(folder / "clusters")
    progress("cluster", 1, 1)
    clock.stage("cluster")
    routing = _account(made.patents, made.firms, made.routed, made.filed)
    router = source.router.with_classifier(made.classifier)
    routing["audit"] = audit_routing(
        router, made.encoder, side, made.firms.texts, made.firms.industries
    )
    clock.stage("audit")
    return routing


def _encode(
    method: Callable[[Sequence[str]], Vectors], texts: Sequence[str], progress: Progress, stage: str
) -> Vectors:
    blocks: list[Vectors] = []
    for start in range(0, len(texts), _BLOCK):
        progress(stage, start, len(texts))
        blocks.append(method(texts[start : start + _BLOCK]))
    progress(stage, len(texts), len(texts))
    return np.concatenate(blocks) if blocks else method([""])[:0]


def _route_patents(
    source: BuildInput, encoder: Encoder, patents: PatentRows, vectors: Vectors
) -> tuple[SegmentClassifier, Routed]:
    """Train the text classifier on what IPC tells, or keep it, then route every patent."""
    router = source.router
    declared = router.declared(patents.ipc, patents.industries)
    if source.kept:
        kept = source.kept.classifier
        return kept, router.with_classifier(kept).patents(declared, vectors)
    known = np.setdiff1d(np.arange(len(patents.ids)), declared.unrouted())
    texts, shares = labelled_texts(router)
    labels = np.concatenate([declared.shares[known].toarray(), shares]).astype(np.float32)
    labels /= np.maximum(labels.sum(axis=1, keepdims=True), 1e-9)
    examples = np.concatenate([vectors[known], encoder.encode_document(texts)])
    classifier = SegmentClassifier.train(router.codes, examples, labels)
    return classifier, router.with_classifier(classifier).patents(declared, vectors)


def _save_side(
    folder: Path,
    source: BuildInput,
    rows: PatentRows | FirmRows,
    made: tuple[Vectors, Routed, Columns],
    progress: Progress,
) -> Side:
    vectors, routed, columns = made
    tick = _ticker(progress, f"index {folder.name}", len(rows.ids))
    words = (_ticked(source.tokeniser.tokenise(text), tick) for text in rows.texts)
    lexical = LexicalIndex.build(words)
    side = side_of(
        rows,
        vectors,
        routed.shares,
        lexical,
        columns=columns,
        codes=source.router.codes,
        engine=source.engine,
    )
    side.save(folder, source.engine)
    return side


def _account(patents: PatentRows, firms: FirmRows, routed: Routed, filed: Routed) -> dict[str, Any]:
    """Return how many records each basis routed, and name those that nothing routed."""
    lost, lost_firms = routed.unrouted(), filed.unrouted()
    return {
        "patents": routed.counts(),
        "firms": filed.counts(),
        "unrouted_patents": [patents.ids[row] for row in lost[:_LISTED]],
        "unrouted_firms": [firms.ids[row] for row in lost_firms[:_LISTED]],
    }


def _ticker(progress: Progress, stage: str, total: int) -> Callable[[], None]:
    """Return a function that counts one record and reports now and then."""
    done = 0
    every = max(1, total // 100)
    progress(stage, 0, total)

    def tick() -> None:
        nonlocal done
        done += 1
        if done % every == 0 or done == total:
            progress(stage, done, total)

    return tick


def _ticked(words: list[str], tick: Callable[[], None]) -> list[str]:
    tick()
    return words
