from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from embeddings.tokeniser import Tokeniser, lexicon_words, prepared

SAMPLE = Path(__file__).parents[2] / "service" / "sample"


@pytest.fixture(scope="module")
def texts() -> list[str]:
    lines = (SAMPLE / "patents.ndjson").read_text("utf-8").splitlines()
    patents = [json.loads(line) for line in lines]
    found = [p["title"] + p.get("abstract", "") + p.get("first_claim", "") for p in patents]
    found += (SAMPLE / "firms.csv").read_text("utf-8").splitlines()
    return [
        *found,
        "IP电话phone-to-phone业务",
        "3.5GHz无线接入TD-LTE/LTEFDD",
        "a1.a2-20090002",
        "100%棉",
    ]


@pytest.mark.filterwarnings("ignore:.*pkg_resources.*")
def test_rjieba_cuts_as_jieba_does(texts: list[str]) -> None:
    import jieba

    jieba.setLogLevel(logging.ERROR)
    reference = jieba.Tokenizer()
    for word in lexicon_words("domain"):
        reference.add_word(word)
    tokeniser = Tokeniser()
    differing = [t for t in texts if tokeniser.cut(t) != list(reference.cut(prepared(t)))]
    assert differing == []


def test_the_lexicon_keeps_terms_whole() -> None:
    assert Tokeniser().tokenise("石墨烯改性磷酸铁锂正极材料") == [
        "石墨烯",
        "改性",
        "磷酸铁锂",
        "正极材料",
    ]
    assert Tokeniser(domain_words=()).tokenise("石墨烯改性磷酸铁锂正极材料") != [
        "石墨烯",
        "改性",
        "磷酸铁锂",
        "正极材料",
    ]


def test_frame_words_numbers_and_punctuation_go() -> None:
    assert Tokeniser().tokenise("一种用于轴承的检测装置，1.5mm、20") == ["轴承", "检测", "5mm"]


def test_fingerprint_changes_with_the_lexicon() -> None:
    assert Tokeniser().fingerprint == Tokeniser().fingerprint
    assert Tokeniser().fingerprint != Tokeniser(domain_words=("石墨烯",)).fingerprint


def test_lexicons_are_sorted_out() -> None:
    domain, stop = lexicon_words("domain"), lexicon_words("stop")
    assert len(domain) == len(set(domain))
    assert len(stop) == len(set(stop))
    assert not set(domain) & set(stop)
