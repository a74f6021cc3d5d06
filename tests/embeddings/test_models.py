"""How a setting becomes a plugged-in model, is kept with the index, and is refused."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from embeddings.config import ModelConfig
from embeddings.errors import DeviceMissing, DimensionTooLarge, EncoderError, ModelNotFound
from embeddings.sbert import SbertEncoder
from embeddings.tokeniser import default_tokeniser
from matcher.errors import BadFile, InputError, PolicyMismatch
from service.encoders import EncoderChoice, model_of, open_encoder, truncation_of
from tests.contracts.test_encoders import TEXTS, tiny_transformer
from tests.embeddings.test_training import corpus


def silent(done: int, total: int) -> None:
    """Report no progress."""


def test_an_index_opens_a_model_as_it_was_used(tmp_path: Path) -> None:
    model, folder = str(tiny_transformer(tmp_path / "m")), tmp_path / "encoder"
    folder.mkdir()
    used = ModelConfig(dim=8, query_prompt="齿轮")
    choice = EncoderChoice(model, default_tokeniser(), 1, used)
    built = choice(corpus(), silent)
    built.encode_query(["茶叶"])
    built.encode_document(["混凝土" * 10, "茶叶"])
    choice.save(built, folder)
    assert truncation_of(folder) == {
        "texts": 3,
        "cut": 1,
        "tokens_lost": 16,
        "roles": {
            "query": {"texts": 1, "cut": 0, "tokens_lost": 0},
            "document": {"texts": 2, "cut": 1, "tokens_lost": 16},
        },
    }
    opened = open_encoder(built.info, folder, default_tokeniser())
    assert opened.info == built.info
    assert opened.encode_query(TEXTS).tolist() == built.encode_query(TEXTS).tolist()
    kept = model_of(folder)
    assert kept is not None
    assert (kept["dim"], kept["whole_dim"], kept["query_prompt"]) == (8, 32, "齿轮")
    assert 0 < kept["kept"] < 1


def test_a_model_that_shrank_is_not_the_one_that_built(tmp_path: Path) -> None:
    model = tiny_transformer(tmp_path)
    info = SbertEncoder(str(model)).info
    (tmp_path / "model.json").write_text('{"dim": 64}', "utf-8")
    with pytest.raises(PolicyMismatch, match="found 64 columns asked of"):
        open_encoder(info, tmp_path, default_tokeniser())


@pytest.mark.parametrize("name", ["static", "lsa"])
@pytest.mark.parametrize(
    ("model", "setting"),
    [
        (ModelConfig(dim=64), "PANHUO_ENCODER_DIM"),
        (ModelConfig(query_prompt="密封"), "PANHUO_QUERY_PROMPT"),
        (ModelConfig(document_prompt=""), "PANHUO_DOCUMENT_PROMPT"),
    ],
)
def test_a_setting_without_effect_is_refused(name: str, model: ModelConfig, setting: str) -> None:
    choice = EncoderChoice(name, default_tokeniser(), 1, model)
    with pytest.raises(InputError, match=f"found {setting} with encoder '{name}'"):
        choice(corpus(), silent)


def _without_weights(folder: Path) -> None:
    (folder / "model.safetensors").unlink()


def _half_downloaded(folder: Path) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:2_000])


def _no_bert(folder: Path) -> None:
    (folder / "config.json").write_text("{}", "utf-8")


def told(error: Exception) -> str:
    """Return the message, which must be one sentence on one line."""
    text = str(error)
    assert "\n" not in text
    assert "; expected " in text
    assert text.endswith(".")
    return text


@pytest.mark.parametrize("prefix", ["", "distil:"])
@pytest.mark.parametrize(
    ("harm", "found"),
    [
        (shutil.rmtree, "found no sentence-transformers model"),
        (_without_weights, "cannot be loaded (Error no file named model.safetensors"),
        (_half_downloaded, "cannot be loaded (Error while deserializing header"),
        (_no_bert, "cannot be loaded (Unrecognized model"),
    ],
)
def test_a_model_that_cannot_be_loaded_says_so(
    prefix: str, harm: Callable[[Path], None], found: str, tmp_path: Path
) -> None:
    folder = tiny_transformer(tmp_path)
    harm(folder)
    with pytest.raises(ModelNotFound) as direct:
        SbertEncoder(str(folder))
    assert found in told(direct.value)
    choice = EncoderChoice(f"{prefix}{folder}", default_tokeniser(), 1)
    with pytest.raises(BadFile) as chosen:
        choice(corpus(), silent)
    assert found in told(chosen.value)


@pytest.mark.parametrize(
    ("config", "kind", "found"),
    [
        (ModelConfig(dim=33), DimensionTooLarge, "found 33 columns asked of"),
        (ModelConfig(device="cuda:99"), DeviceMissing, "found no usable device 'cuda:99'"),
        (ModelConfig(device="abacus"), DeviceMissing, "found no usable device 'abacus'"),
    ],
)
def test_what_a_model_cannot_do_is_refused(
    config: ModelConfig, kind: type[EncoderError], found: str, tmp_path: Path
) -> None:
    folder = str(tiny_transformer(tmp_path))
    with pytest.raises(kind) as direct:
        SbertEncoder(folder, config)
    assert found in told(direct.value)
    with pytest.raises(InputError) as chosen:
        EncoderChoice(folder, default_tokeniser(), 1, config)(corpus(), silent)
    assert found in told(chosen.value)
