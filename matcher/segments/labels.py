"""Texts whose segment is known without any catalogue: IPC titles and industry names."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from matcher.segments.facts import read_segment_facts
from matcher.segments.routing import Router


def labelled_texts(router: Router) -> tuple[list[str], npt.NDArray[np.float32]]:
    """Return (texts, float32 (n, segments) shares) of IPC titles and industry names that route."""
    titles = [(row[0], row[1]) for row in read_segment_facts("ipc_titles.csv") if len(row[0]) >= 4]
    names = [(row[0], row[1]) for row in read_segment_facts("industry_names.csv")]
    symbols: list[tuple[str, ...]] = [(code,) for code, _ in titles] + [()] * len(names)
    codes: list[tuple[str, ...]] = [()] * len(titles) + [(code,) for code, _ in names]
    routed = router.declared(symbols, codes)
    known = np.diff(routed.shares.indptr) > 0
    texts = [text for (_, text), keep in zip([*titles, *names], known, strict=True) if keep]
    shares: npt.NDArray[np.float32] = routed.shares[np.flatnonzero(known)].toarray()
    return texts, shares
