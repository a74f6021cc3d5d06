"""API keys as text: ``panhuo_``, 30 random characters, and 6 that tell a typo without a look-up."""

from __future__ import annotations

import re
import secrets
from zlib import crc32

PREFIX = "panhuo_"
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_RANDOM, _CHECK = 30, 6
_KEY = re.compile(rf"{PREFIX}[0-9A-Za-z]{{{_RANDOM + _CHECK}}}", re.ASCII)


def new_key() -> str:
    """Return a new key with 178 random bits."""
    body = "".join(secrets.choice(_DIGITS) for _ in range(_RANDOM))
    return PREFIX + body + _check(body)


def is_key(text: str) -> bool:
    """Return whether the text is written as a key is, checksum included.

    >>> key = new_key()
    >>> is_key(key), is_key(key.swapcase()), is_key(key[:-1])
    (True, False, False)
    """
    if not _KEY.fullmatch(text):
        return False
    body, check = text[len(PREFIX) : -_CHECK], text[-_CHECK:]
    return check == _check(body)


def _check(body: str) -> str:
    # CRC32 finds every change of up to 32 neighbouring bits: any one character, any swap of two.
    left = crc32((PREFIX + body).encode("ascii"))
    digits = ""
    for _ in range(_CHECK):
        left, digit = divmod(left, len(_DIGITS))
        digits = _DIGITS[digit] + digits
    return digits
