"""The law of the encoder seam, for every implementation."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from embeddings.config import DistilConfig, ModelConfig
from embeddings.distil import distil
from embeddings.encoder import Encoder, unit_rows
from embeddings.lsa import LsaEncoder
from embeddings.pairs import Corpus
from embeddings.sbert import SbertEncoder
from embeddings.static import StaticEncoder, train_static
from embeddings.tokeniser import Tokeniser
from matcher.errors import IndexStale
from service.encoders import open_encoder
from tests.embeddings.test_training import SMALL, TOPICS, corpus

TEXTS = ["轴承润滑脂", "光伏组件背板逆变器", "", "茶叶", "混凝土骨料减水剂养护" * 30, "???"]


def tiny_transformer(folder: Path) -> Path:
    """Write a real BERT of two small layers with a character vocabulary; random but seeded."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from tokenizers import BertWordPieceTokenizer
    from transformers import BertConfig, BertModel, BertTokenizer

    torch.manual_seed(0)
    folder.mkdir(parents=True, exist_ok=True)
    characters = sorted({c for topic in TOPICS for c in topic if c.strip()})
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *characters]
    vocabulary = folder / "vocab.txt"
    vocabulary.write_text("\n".join(words), "utf-8")
    tokenizer = BertTokenizer(
        tokenizer_object=BertWordPieceTokenizer(str(vocabulary))._tokenizer, model_max_length=16
    )
    model = BertModel(
        BertConfig(
            vocab_size=len(words),
            hidden_size=32,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=64,
            max_position_embeddings=32,
        )
    )
    model.save_pretrained(folder / "bert")
    tokenizer.save_pretrained(folder / "bert")
    transformer = Transformer(str(folder / "bert"), max_seq_length=16)
    sbert = SentenceTransformer(
        modules=[transformer, Pooling(32)], prompts={"query": "轴承", "document": ""}, device="cpu"
    )
    sbert.save(str(folder / "model"))
    return folder / "model"


def make_static(_: Path) -> Encoder:
    return train_static(corpus(), SMALL)


def make_lsa(_: Path) -> Encoder:
    return LsaEncoder.train(corpus().texts(), dim=16)


def make_sbert(folder: Path) -> Encoder:
    return SbertEncoder(str(tiny_transformer(folder)))


def make_cut_sbert(folder: Path) -> Encoder:
    return SbertEncoder(str(tiny_transformer(folder)), ModelConfig(dim=8, query_prompt="密封"))


def make_student(folder: Path) -> Encoder:
    config = DistilConfig(dim=16, batch=64, epochs=2, threads=1)
    return distil(SbertEncoder(str(tiny_transformer(folder))), corpus(), config)


MAKERS = [make_static, make_lsa, make_sbert, make_cut_sbert, make_student]


@pytest.fixture(scope="module", params=MAKERS)
def encoder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    make: Callable[[Path], Encoder] = request.param
    return make(tmp_path_factory.mktemp("encoder"))


def test_rows_are_unit_float32_or_zero(encoder: Encoder) -> None:
    for rows in (encoder.encode_query(TEXTS), encoder.encode_document(TEXTS)):
        assert rows.dtype == np.float32
        assert rows.shape == (len(TEXTS), encoder.info.dim)
        assert rows.flags["C_CONTIGUOUS"]
        norms = np.linalg.norm(rows, axis=1)
        assert np.all((np.abs(norms - 1) < 1e-5) | (norms == 0))


def test_a_text_has_one_row_whatever_the_batch(encoder: Encoder) -> None:
    together = encoder.encode_document(TEXTS)
    alone = np.vstack([encoder.encode_document([text]) for text in TEXTS])
    backwards = encoder.encode_document(TEXTS[::-1])[::-1]
    if isinstance(encoder, SbertEncoder):  # padding moves a transformer's last bits
        assert together == pytest.approx(alone, abs=2e-6)
        assert together == pytest.approx(backwards, abs=2e-6)
    else:
        assert together.tolist() == alone.tolist() == backwards.tolist()


def test_no_texts_give_no_rows(encoder: Encoder) -> None:
    assert encoder.encode_query([]).shape == (0, encoder.info.dim)


def test_info_names_the_encoder(encoder: Encoder) -> None:
    assert encoder.info.version.endswith(encoder.info.fingerprint[:12])
    assert len(encoder.info.fingerprint) == 64


@pytest.mark.parametrize("make", [make_static, make_lsa, make_student])
def test_save_equals_load(make: Callable[[Path], Encoder], tmp_path: Path) -> None:
    encoder = make(tmp_path)
    assert isinstance(encoder, StaticEncoder | LsaEncoder)
    encoder.save(tmp_path)
    loaded = type(encoder).load(tmp_path)
    assert loaded.info == encoder.info
    assert loaded.encode_query(TEXTS).tolist() == encoder.encode_query(TEXTS).tolist()


def test_a_transformer_uses_its_prompts_and_counts_what_it_cuts(tmp_path: Path) -> None:
    encoder = SbertEncoder(str(tiny_transformer(tmp_path)))
    asked, read = encoder.encode_query(["茶叶"]), encoder.encode_document(["茶叶"])
    assert not np.allclose(asked, read)
    asking, searched = encoder.truncation["query"], encoder.truncation["document"]
    assert (asking.texts, asking.cut, searched.texts, searched.cut) == (1, 0, 1, 0)
    encoder.encode_document(["混凝土" * 10, "茶叶"])
    assert (searched.texts, searched.cut, searched.tokens_lost) == (3, 1, 30 + 2 - 16)
    encoder.encode_query(["混凝土" * 10])  # the prompt 轴承 takes two of the sixteen tokens
    assert (asking.texts, asking.cut, asking.tokens_lost) == (2, 1, 2 + 30 + 2 - 16)


def test_a_prompt_is_what_stands_before_the_text(tmp_path: Path) -> None:
    folder = str(tiny_transformer(tmp_path))
    own = SbertEncoder(folder)
    plain = SbertEncoder(folder, ModelConfig(query_prompt=""))
    other = SbertEncoder(folder, ModelConfig(query_prompt="齿轮", document_prompt="密封"))
    asked = plain.encode_query(["轴承茶叶", "齿轮茶叶"])
    assert own.encode_query(["茶叶"])[0] == pytest.approx(asked[0], abs=2e-6)
    assert other.encode_query(["茶叶"])[0] == pytest.approx(asked[1], abs=2e-6)
    assert np.abs(asked[0] - asked[1]).max() > 1e-3
    searched = other.encode_document(["茶叶"])
    assert searched == pytest.approx(own.encode_document(["密封茶叶"]), abs=2e-6)
    assert len({e.info.fingerprint for e in (own, plain, other)}) == 3


def test_a_cut_keeps_the_first_columns_as_unit_rows(tmp_path: Path) -> None:
    folder = str(tiny_transformer(tmp_path))
    whole = SbertEncoder(folder)
    texts = list(TOPICS[:30])
    for dim in (1, 8, 31):
        cut = SbertEncoder(folder, ModelConfig(dim=dim))
        expected = unit_rows(whole.encode_document(texts)[:, :dim])
        assert cut.info.dim == dim
        assert cut.encode_document(texts) == pytest.approx(expected, abs=2e-5)
        assert cut.info.fingerprint != whole.info.fingerprint
        cut.measure_cut(texts)
        assert cut.kept is not None
        assert 0 < cut.kept < 1
    same = SbertEncoder(folder, ModelConfig(dim=32))
    same.measure_cut(texts)
    assert (same.kept, same.info) == (None, whole.info)


def test_half_precision_weights_compute_in_float32(tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(tiny_transformer(tmp_path)), device="cpu")
    model.half().save(str(tmp_path / "half"))
    encoder = SbertEncoder(str(tmp_path / "half"))
    together = encoder.encode_document(TEXTS)
    alone = np.vstack([encoder.encode_document([text]) for text in TEXTS])
    assert together == pytest.approx(alone, abs=2e-6)


def test_another_weight_is_another_fingerprint(tmp_path: Path) -> None:
    folder = tiny_transformer(tmp_path)
    first = SbertEncoder(str(folder)).info.fingerprint
    assert SbertEncoder(str(folder)).info.fingerprint == first
    config = json.loads((folder / "sentence_bert_config.json").read_text("utf-8"))
    config["max_seq_length"] = 8
    (folder / "sentence_bert_config.json").write_text(json.dumps(config), "utf-8")
    assert SbertEncoder(str(folder)).info.fingerprint != first


def test_another_prompt_pooling_or_tokenizer_is_another_fingerprint(tmp_path: Path) -> None:
    folder = tiny_transformer(tmp_path)

    def fingerprint(name: str, change: Callable[[dict[str, Any]], None]) -> str:
        copy = Path(shutil.copytree(folder, tmp_path / name.replace("/", "-")))
        content = json.loads((copy / name).read_text("utf-8"))
        change(content)
        (copy / name).write_text(json.dumps(content), "utf-8")
        return SbertEncoder(str(copy)).info.fingerprint

    def pooled(config: dict[str, Any]) -> None:
        config["pooling_mode"] = "cls"

    def worded(config: dict[str, Any]) -> None:
        words = config["model"]["vocab"]
        words["轴"], words["承"] = words["承"], words["轴"]

    found = [
        SbertEncoder(str(folder)).info.fingerprint,
        fingerprint(
            "config_sentence_transformers.json", lambda c: c["prompts"].update(query="齿轮")
        ),
        fingerprint("1_Pooling/config.json", pooled),
        fingerprint("tokenizer.json", worded),
    ]
    assert len(set(found)) == 4


def test_use_does_not_change_the_fingerprint(tmp_path: Path) -> None:
    encoder = SbertEncoder(str(tiny_transformer(tmp_path)))
    encoder.encode_document(TEXTS)
    assert encoder._fingerprint(encoder.info.dim) == encoder.info.fingerprint


def test_many_threads_get_the_rows_of_one(tmp_path: Path) -> None:
    encoder = SbertEncoder(str(tiny_transformer(tmp_path)))
    texts = [[topic * 8, topic] for topic in TOPICS[:40]]
    alone = [encoder.encode_query(pair) for pair in texts]
    before = replace(encoder.truncation["query"])
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(encoder.encode_query, texts))
    assert np.vstack(together) == pytest.approx(np.vstack(alone), abs=2e-6)
    after = encoder.truncation["query"]
    assert after.texts == 2 * before.texts
    assert after.cut == 2 * before.cut
    assert after.tokens_lost == 2 * before.tokens_lost


def test_training_with_two_threads_is_repeatable() -> None:
    two = replace(SMALL, threads=2)
    first = train_static(corpus(), two).info.fingerprint
    assert train_static(corpus(), two).info.fingerprint == first


def test_a_table_of_another_tokeniser_is_refused(tmp_path: Path) -> None:
    encoder = make_static(tmp_path)
    assert isinstance(encoder, StaticEncoder)
    encoder.save(tmp_path)
    with pytest.raises(ValueError, match="cut by tokeniser"):
        StaticEncoder.load(tmp_path, Tokeniser(domain_words=()))
    with pytest.raises(IndexStale, match=r"'static' \(the words were cut by tokeniser"):
        open_encoder(encoder.info, tmp_path, Tokeniser(domain_words=()))


def test_lsa_shrinks_to_a_small_catalogue() -> None:
    assert LsaEncoder.train(["轴承密封", "轴承润滑"], dim=256).info.dim <= 2
    assert isinstance(Corpus(["轴承"], [""], [""]).texts().__next__(), str)
