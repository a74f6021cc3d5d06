"""Keys and tokens in texts: found, and kept out of logs and answers."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote

from service.auth.keys import is_key

# A key that was mistyped or cut off is hidden too; "panhuo_template.xlsx" is not one.
_KEY = re.compile(r"panhuo_[0-9A-Za-z]{20,}")
_TOKEN = re.compile(r"eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}", re.ASCII)
# The secret of a webhook, from a length on at which no file is called so.
_SIGNING = re.compile(r"whsec_[0-9A-Za-z+/=_-]{20,}")
_FORMATTER = logging.Formatter()


def holds_secret(text: str) -> bool:
    """Return whether a whole key, or something like a token, stands in the text.

    >>> holds_secret("panhuo_template.xlsx")
    False
    """
    if "panhuo_" in text and any(is_key(found[:43]) for found in _KEY.findall(text)):
        return True
    if "whsec_" in text and _SIGNING.search(text):
        return True
    return "eyJ" in text and _TOKEN.search(text) is not None


def redacted(text: str) -> str:
    """Return the text with every key and token hidden.

    >>> redacted("panhuo_" + "x" * 36)
    'panhuo_•••'
    """
    if "%" in text:
        # Addresses are logged as they came, any character of them percent-encoded.
        plain = unquote(text)
        if plain != text and any(one.search(plain) for one in (_KEY, _TOKEN, _SIGNING)):
            text = plain
    if "panhuo_" in text:
        text = _KEY.sub("panhuo_•••", text)
    if "whsec_" in text:
        text = _SIGNING.sub("whsec_•••", text)
    return _TOKEN.sub("•••", text) if "eyJ" in text else text


@contextmanager
def redacted_logs() -> Iterator[None]:
    """Hide keys and tokens in every log record of this process, whoever writes it.

    An access log holds addresses as they came, and an exception may quote what it met.
    """
    before = logging.getLogRecordFactory()
    logging.setLogRecordFactory(_hiding(before))
    try:
        yield
    finally:
        logging.setLogRecordFactory(before)


def _hiding(make: Callable[..., logging.LogRecord]) -> Callable[..., logging.LogRecord]:
    def made(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = make(*args, **kwargs)
        if isinstance(record.msg, str):
            record.msg = redacted(record.msg)
        if isinstance(record.args, tuple):
            record.args = tuple(map(_shown, record.args))
        elif isinstance(record.args, Mapping):
            record.args = {name: _shown(value) for name, value in record.args.items()}
        if record.exc_info and record.exc_info[1] is not None:
            # Formatters take the text that is there already.
            record.exc_text = redacted(_FORMATTER.formatException(record.exc_info))
        return record

    return made


def _shown(value: object) -> object:
    if isinstance(value, str):
        return redacted(value)
    if isinstance(value, int | float) or value is None:
        return value
    text = str(value)
    hidden = redacted(text)
    return value if hidden == text else hidden
