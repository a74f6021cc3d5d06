"""Where the neighbours are filed, and what routing loses without knowing it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import scipy.sparse as sp

from embeddings.encoder import EncoderInfo
from embeddings.lexical import LexicalIndex
from matcher.index.id_map import IdMap
from matcher.index.side import Side
from matcher.segments.audit import DEPTH, audit_routing
from matcher.segments.classifier import SegmentClassifier
from matcher.segments.concordance import IndustryConcordance, IpcConcordance
from matcher.segments.probe import FEWEST, SAMPLE, SegmentProbe
from matcher.segments.routing import Router, RoutingConfig
from matcher.types import SegmentCode

PUMPS, MOTORS, LAMPS = SegmentCode("泵"), SegmentCode("电机"), SegmentCode("灯")
CODES = PUMPS, MOTORS, LAMPS
DIM = 6


def around(axis: int, n: int, seed: int) -> np.ndarray:
    rows = np.random.default_rng(seed).normal(scale=0.05, size=(n, DIM)).astype(np.float32)
    rows[:, axis] += 1.0
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture
def side() -> Side:
    """120 patents that speak of pumps, yet are filed under lamps; 120 motors filed as such."""
    vectors = np.vstack([around(0, 120, 1), around(1, 120, 2)])
    shares = np.zeros((240, 3), dtype=np.float32)
    shares[:120, 2] = 1.0
    shares[120:, 1] = 1.0
    ids = IdMap.of([f"P{n:03d}" for n in range(240)])
    columns = {"province": np.full(240, -1, dtype=np.int32)}
    words = LexicalIndex.build([["词"]] * 240)
    return Side.assemble(ids, vectors, words, CODES, sp.csr_matrix(shares), columns, "exact")


@pytest.fixture
def router() -> Router:
    """A classifier that reads the first axis as pumps and the second as motors."""
    weights = np.zeros((DIM + 1, 3), dtype=np.float32)
    weights[0, 0] = weights[1, 1] = 30.0
    return Router(
        CODES,
        IpcConcordance({}, ()),
        IndustryConcordance(()),
        SegmentClassifier(CODES, weights),
        RoutingConfig(),
    )


class Axes:
    """An encoder of two words."""

    info = EncoderInfo("axes", DIM, "0" * 12)

    def encode_query(self, texts: Sequence[str]) -> np.ndarray:
        rows = np.zeros((len(texts), DIM), dtype=np.float32)
        for row, text in enumerate(texts):
            rows[row, 0] = "泵" in text
            rows[row, 1] = "电机" in text
        length = np.linalg.norm(rows, axis=1, keepdims=True)
        found: np.ndarray = rows / np.where(length > 0, length, 1)
        return found

    encode_document = encode_query


def test_the_segment_that_the_text_does_not_name_is_found(side: Side, router: Router) -> None:
    probe = SegmentProbe(side.vectors, side.shares, side.codes)
    text = np.eye(DIM, dtype=np.float32)[:1]
    assert list(router.ask("", text)) == [PUMPS]
    assert probe.near(text[0]) == (LAMPS,)
    asked = router.ask("", text, probe.near(text[0]))
    assert list(asked) == [PUMPS, LAMPS]
    assert asked[LAMPS] < 0.01  # opened, but no more agreed with than the text says


def test_segments_come_in_the_order_of_columns(side: Side) -> None:
    shares = np.ones((240, 3), dtype=np.float32)
    probe = SegmentProbe(side.vectors, sp.csr_matrix(shares), CODES)
    assert probe.near(side.vectors[3]) == CODES
    assert SegmentProbe(side.vectors, sp.csr_matrix((240, 3)), CODES).near(side.vectors[3]) == ()


def test_a_row_without_words_is_near_nothing(side: Side) -> None:
    probe = SegmentProbe(side.vectors, side.shares, side.codes)
    assert probe.near(np.zeros(DIM, dtype=np.float32)) == ()
    empty = SegmentProbe(side.vectors[:0], side.shares[:0], side.codes)
    assert empty.near(side.vectors[0]) == ()


def test_the_nearest_of_a_small_sample_count_and_no_others(side: Side) -> None:
    # Of the pumps, the nearest to the first axis lie in one segment and the next in another.
    order = np.argsort(-side.vectors[:, 0], kind="stable")
    shares = np.zeros((240, 3), dtype=np.float32)
    shares[order[:FEWEST], 0] = 1.0
    shares[order[FEWEST:], 1] = 1.0
    axis = np.eye(DIM, dtype=np.float32)[0]
    assert SegmentProbe(side.vectors, sp.csr_matrix(shares), CODES).near(axis) == (PUMPS,)
    shares[order[FEWEST - 1]] = [0, 0, 1]
    assert SegmentProbe(side.vectors, sp.csr_matrix(shares), CODES).near(axis) == (PUMPS, LAMPS)


def test_of_many_patents_a_spread_is_kept() -> None:
    n = 3 * SAMPLE
    vectors = np.ones((n, 1), dtype=np.float32)
    shares = sp.csr_matrix(np.eye(3, dtype=np.float32)[np.arange(n) % 3])
    probe = SegmentProbe(vectors, shares, CODES)
    assert len(probe._vectors) == SAMPLE
    assert probe.near(vectors[0]) == (PUMPS,)  # each third row


def test_the_audit_tells_what_each_segment_keeps(side: Side, router: Router) -> None:
    texts = ["泵；水泵", "泵", "电机", "电机；马达", "电机轴", "无"]
    found = audit_routing(router, Axes(), side, texts, [""] * 6)
    assert found["firms"] == 5  # the last has no known word
    assert found["segments"] == {
        str(PUMPS): {"firms": 2, "recall": 1.0},
        str(MOTORS): {"firms": 3, "recall": 1.0},
    }
    assert found["searched"] == 0.5
    assert found["recall"] == 1.0


def test_figures_of_segments_average_to_the_whole(
    side: Side, router: Router, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Without the probe, pumps are lost and motors are not; 5 of the nearest 20 motors are filed as
    # lamps.
    monkeypatch.setattr(SegmentProbe, "near", lambda probe, vector: ())
    nearest = np.argsort(-side.vectors[:, 1], kind="stable")[:DEPTH]
    shares = side.shares.toarray()
    shares[nearest[:5]] = [0, 0, 1]
    columns = {"province": side.columns["province"]}
    refiled = Side.assemble(
        side.ids, side.vectors, side.lexical, CODES, sp.csr_matrix(shares), columns, "exact"
    )
    texts = ["泵", "泵", "电机", "电机", "电机"]
    found = audit_routing(router, Axes(), refiled, texts, [""] * 5)
    assert found["segments"] == {
        str(PUMPS): {"firms": 2, "recall": 0.0},
        str(MOTORS): {"firms": 3, "recall": 15 / 20},
    }
    assert found["recall"] == pytest.approx((2 * 0 + 3 * 15 / 20) / 5)
    parts = found["segments"].values()
    assert sum(p["firms"] * p["recall"] for p in parts) / 5 == pytest.approx(found["recall"])


def test_nobody_to_audit(side: Side, router: Router) -> None:
    expected = {"firms": 0, "recall": 1.0, "searched": 1.0, "segments": {}}
    assert audit_routing(router, Axes(), side, [], []) == expected
    assert audit_routing(router, Axes(), side, ["无"], [""]) == expected
