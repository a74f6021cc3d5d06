"""Signatures of webhooks as Standard Webhooks 1.0 has them: HMAC-SHA256 of id, time and body."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Sequence
from hashlib import sha256

from matcher.errors import InputError

_PREFIX = "whsec_"
_FEWEST, _MOST = 24, 64


def parse_secret(text: str, source: str) -> bytes:
    """Return the key that a secret holds.

    >>> len(parse_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "A_SECRET"))
    24

    Args:
        text: ``whsec_`` and 24 to 64 bytes in base64.
        source: where it was found, for the complaint; the secret itself is never told.

    Raises:
        InputError: it is none.
    """
    expected = f"{_PREFIX} and {_FEWEST} to {_MOST} random bytes in base64"
    cure = 'make one with: python -c "import base64, secrets; '
    cure += "print('whsec_' + base64.b64encode(secrets.token_bytes(32)).decode())\""
    if not text.startswith(_PREFIX):
        raise InputError(f"found a secret in {source} without the prefix", expected, cure)
    try:
        key = base64.b64decode(text.removeprefix(_PREFIX), validate=True)
    except ValueError:  # binascii.Error among them
        raise InputError(f"found a secret in {source} that is no base64", expected, cure) from None
    if not _FEWEST <= len(key) <= _MOST:
        raise InputError(f"found a secret of {len(key)} bytes in {source}", expected, cure)
    return key


def sign(keys: Sequence[bytes], message_id: str, timestamp: int, body: bytes) -> str:
    """Return the header ``webhook-signature``: one signature a key, the newest key first.

    >>> key = parse_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "x")
    >>> sign([key], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='
    """
    signed = b".".join((message_id.encode(), str(timestamp).encode(), body))
    marks = (hmac.new(key, signed, sha256).digest() for key in keys)
    return " ".join("v1," + base64.b64encode(mark).decode() for mark in marks)
