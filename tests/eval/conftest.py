"""One sample home for all tests of the evaluation; none of them changes the catalogue."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from eval.judgments import Qrels, read_qrels
from service.bootstrap import Home, open_home
from tests.eval.sample_home import SAMPLE, build_sample_home


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    settings = build_sample_home(tmp_path_factory.mktemp("sample") / "home")
    with open_home(settings) as opened:
        yield opened


@pytest.fixture(scope="session")
def qrels() -> Qrels:
    return read_qrels(SAMPLE / "judgments.qrels")
