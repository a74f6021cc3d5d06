"""How numbers are spelled as keys: one spelling for import and for look-up.

Only the spelling is settled here; whether a number is right (check digit, year) is the business
of ``service/ingest/numbers.py``.
"""

from __future__ import annotations

import re
import unicodedata

_DROPPED = re.compile(r"[\s\-_/\u200b\ufeff]+")
_APPLICATION = re.compile(r"(?:CN|ZL|CNZL)?\.?(\d{12}|\d{8})\.?([0-9X])?")
_PUBLICATION = re.compile(r"[A-Z]{2}\d{4,13}[A-Z]\d?")


def compact(text: str) -> str:
    """Return the text in NFKC, upper case, without blanks and hyphens.

    >>> compact(" zl 201710601862．x")
    'ZL201710601862.X'
    """
    if not (text.isascii() and text.isalnum() and text.isupper()):
        text = _DROPPED.sub("", unicodedata.normalize("NFKC", text)).upper()
    return text


def check_digit(digits: str) -> str:
    """Return the modulo-11 check character of an application number's 8 or 12 digits.

    >>> check_digit("201710601862"), check_digit("95115608")
    ('3', 'X')
    """
    total = sum(int(digit) * (2 + place % 8) for place, digit in enumerate(digits))
    return "0123456789X"[total % 11]


def application_parts(text: str) -> tuple[str, str] | None:
    """Return (digits, check character or "") of an application number, None for other text.

    >>> application_parts("ZL201710601862.3"), application_parts("CN109990757A")
    (('201710601862', '3'), None)
    """
    match = _APPLICATION.fullmatch(compact(text))
    return (match[1], match[2] or "") if match else None


def application_key(text: str) -> str:
    """Return the one spelling of an application number, "" for text that is none.

    A missing check character is computed, so that a number typed without it is found.

    >>> application_key("ZL 2017106018623"), application_key("201710601862")
    ('CN201710601862.3', 'CN201710601862.3')
    """
    parts = application_parts(text)
    if parts is None:
        return ""
    digits, check = parts
    return f"CN{digits}.{check or check_digit(digits)}"


def publication_key(text: str) -> str:
    """Return the one spelling of a publication number, "" for text that is none.

    >>> publication_key("cn 109990757 a"), publication_key("109990757A"), publication_key("x")
    ('CN109990757A', 'CN109990757A', '')
    """
    text = compact(text)
    if text[:1].isdigit():
        text = "CN" + text
    return text if _PUBLICATION.fullmatch(text) else ""
