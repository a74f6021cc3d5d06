"""The push as one would write it first: jieba, TF-IDF, SVD, and one search per firm.

What the engine's push is timed against. It knows no places, no reasons, no limits and no
relations, and answers one direction.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass

from matcher.errors import InputError
from matcher.index.faiss_index import FaissIndex


@dataclass(frozen=True, slots=True)
class PlainTimes:
    """Seconds of the plain way on a sample, and what they come to at size.

    Attributes:
        patents: texts of the sample that were indexed.
        firms: texts of the sample that were searched with.
        prepare_s: to cut, weigh and reduce the sample's patents.
        search_s: to cut, weigh, reduce and search the sample's firms, one after the other.
        estimated_s: all of it: preparation grows with patents, search with firms × patents.
    """

    patents: int
    firms: int
    prepare_s: float
    search_s: float
    estimated_s: float


def plain_push(
    patents: Sequence[str],
    firms: Sequence[str],
    whole: tuple[int, int],
    *,
    dim: int = 256,
    k: int = 100,
) -> PlainTimes:
    """Time the plain way on a sample and scale it up.

    A search of one firm reads every patent's vector, so its time is the sample's, of which the part
    that reads is scaled by the number of patents; cutting and weighing the firm's text is not.

    Args:
        patents: texts of a sample, more than ``dim``.
        firms: texts of a sample.
        whole: patents and firms of the catalogue it stands for.
        dim: columns of the SVD.
        k: neighbours of each firm.
    """
    import jieba
    import numpy as np
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer

    if len(patents) <= dim or not firms:
        raise InputError(
            f"found {len(patents)} patents and {len(firms)} firms to time the plain way on",
            f"more than {dim} patents and a firm",
        )
    jieba.setLogLevel(logging.WARNING)
    jieba.initialize()
    begun = time.perf_counter()
    words = TfidfVectorizer(tokenizer=jieba.lcut, token_pattern=None, lowercase=False)
    reduced = TruncatedSVD(dim, random_state=0)
    rows = reduced.fit_transform(words.fit_transform(patents)).astype(np.float32)
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    index = FaissIndex(rows)
    prepared = time.perf_counter() - begun
    reading = asking = 0.0
    for text in firms:
        begun = time.perf_counter()
        row = reduced.transform(words.transform([text])).astype(np.float32)
        asked = time.perf_counter()
        index.search(row, min(k, len(patents)), None)
        asking += asked - begun
        reading += time.perf_counter() - asked
    n_patents, n_firms = whole
    estimated = prepared * n_patents / len(patents)
    estimated += n_firms / len(firms) * (asking + reading * n_patents / len(patents))
    return PlainTimes(
        len(patents),
        len(firms),
        round(prepared, 3),
        round(asking + reading, 3),
        round(estimated, 1),
    )
