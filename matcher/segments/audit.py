"""What routing costs: the recall that search by segment loses silently, for every build."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from embeddings.encoder import Encoder
from matcher.index.side import Side
from matcher.segments.probe import SegmentProbe
from matcher.segments.routing import Router

AUDITED_FIRMS = 200
DEPTH = 20


def audit_routing(
    router: Router, encoder: Encoder, side: Side, texts: Sequence[str], codes: Sequence[str]
) -> dict[str, Any]:
    """Return what share of the unrouted dense top 20 lies in the segments that are searched.

    Looks at 200 to 400 firms spread evenly; each is routed as it is when it asks: by its code, its
    whole text and each of its items.

    Args:
        router: with its text classifier.
        encoder: the index's encoder.
        side: the patents.
        texts: profile texts of the firms, items joined by ``；``.
        codes: their industry codes.

    Returns:
        ``firms`` looked at, ``recall`` (0–1; 1 where there are no firms), ``searched`` (mean share
        of the catalogue that routing leaves to search), ``segments`` (strongest segment of the
        firms → how many of them, and their recall).
    """
    probe = SegmentProbe(side.vectors, side.shares, side.codes)
    kept: list[float] = []
    searched: list[float] = []
    by_segment: dict[str, list[float]] = {}
    for row in range(0, len(texts), max(1, len(texts) // AUDITED_FIRMS)):
        vectors = encoder.encode_query([texts[row], *texts[row].split("；")])
        if vectors[0].any():
            asked = tuple(router.ask(codes[row], vectors, probe.near(vectors[0])))
            inside = side.routed(asked)
            scores = side.vectors @ vectors[0]
            depth = min(DEPTH, len(scores))
            best = np.argpartition(-scores, depth - 1)[:depth]
            kept.append(float(inside[best].mean()))
            searched.append(float(inside.mean()))
            by_segment.setdefault(str(asked[0]) if asked else "none", []).append(kept[-1])
    if not kept:
        return {"firms": 0, "recall": 1.0, "searched": 1.0, "segments": {}}
    return {
        "firms": len(kept),
        "recall": round(float(np.mean(kept)), 4),
        "searched": round(float(np.mean(searched)), 4),
        "segments": {
            code: {"firms": len(found), "recall": round(float(np.mean(found)), 4)}
            for code, found in sorted(by_segment.items())
        },
    }
