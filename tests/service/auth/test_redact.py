"""Keys and tokens in texts and logs."""

from __future__ import annotations

import io
import logging

import pytest

from service.auth.keys import new_key
from service.auth.redact import holds_secret, redacted, redacted_logs
from tests.service.auth.test_tokens import signed

KEY, TOKEN = new_key(), signed()


@pytest.mark.parametrize("secret", [KEY, TOKEN], ids=["key", "token"])
@pytest.mark.parametrize("around", ["{}", "a {} b", "?key={}&n=1", '{{"text": "{}"}}', "键{}。"])
def test_they_are_found_and_hidden_wherever_they_stand(secret: str, around: str) -> None:
    text = around.format(secret)
    assert holds_secret(text)
    assert secret not in redacted(text)
    assert secret[7:30] not in redacted(text)
    assert not holds_secret(redacted(text))


@pytest.mark.parametrize(
    "text", ["panhuo_template.xlsx", "panhuo_", "x" * 99, "eyJ", "a.b.c", "panhuo_" + "x" * 36]
)
def test_other_words_hold_none(text: str) -> None:
    assert not holds_secret(text)


def test_percent_signs_hide_nothing() -> None:
    for secret in (KEY, TOKEN):
        encoded = "".join(f"%{ord(character):02X}" for character in secret)
        for text in (encoded, f"{secret[:4]}%{ord(secret[4]):x}{secret[5:]}"):
            shown = redacted(f"GET /x?a={text}&b=1")
            assert secret[9:30] not in shown
            assert encoded[27:90] not in shown
    assert redacted("100% of %s") == "100% of %s"


def test_what_is_nearly_a_key_is_hidden_too() -> None:
    assert KEY[8:25] not in redacted(KEY[:-3])
    assert redacted("panhuo_template.xlsx") == "panhuo_template.xlsx"


def test_no_log_holds_one_whoever_writes_it() -> None:
    said = io.StringIO()
    log = logging.getLogger("somebody.else")
    handler = logging.StreamHandler(said)
    handler.setFormatter(logging.Formatter("%(message)s"))
    log.addHandler(handler)
    before = logging.getLogRecordFactory()
    try:
        with redacted_logs():
            log.warning(f"plain {KEY}")
            log.warning('"GET %s HTTP/1.1" %d', f"/v1/x?key={KEY}", 401)
            log.warning("%s", ValueError(TOKEN))
            log.warning("%(key)s", {"key": KEY})
            try:
                raise ValueError(f"quoting {KEY}")
            except ValueError:
                log.exception("it broke")
    finally:
        log.removeHandler(handler)
    text = said.getvalue()
    assert KEY not in text
    assert TOKEN not in text
    assert text.count("panhuo_•••") >= 4
    assert "ValueError: quoting" in text
    assert logging.getLogRecordFactory() is before
