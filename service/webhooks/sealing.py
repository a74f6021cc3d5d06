"""Secrets of endpoints at rest: AES-256-GCM under the server's secret, bound to their endpoint.

They have to sign, so they cannot be kept as digests. A database alone tells nothing of them.
"""

from __future__ import annotations

import base64
import secrets as random
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from service.auth.refusals import SecretUnusable
from service.auth.secret import Secret
from service.channels.signatures import parse_secret
from service.store.webhooks import Endpoint

_MARK = "w1."
_NONCE = 12
_BYTES = 32


class Wrapping(Protocol):
    """Where the server's secrets are had from."""

    def current(self) -> Secret:
        """Return the one in force; make it where there is none yet."""

    def known(self) -> tuple[Secret, ...]:
        """Return those that are taken, the one in force first."""


def new_secret() -> str:
    """Return a new secret as its receiver gets it: ``whsec_`` and 32 random bytes in base64."""
    return "whsec_" + base64.b64encode(random.token_bytes(_BYTES)).decode()


def sealed(text: str, endpoint_id: str, secret: Secret) -> str:
    """Return an endpoint's secret encrypted; "" stays ""."""
    if not text:
        return ""
    nonce = random.token_bytes(_NONCE)
    raw = AESGCM(secret.wrapping).encrypt(nonce, text.encode(), endpoint_id.encode())
    return f"{_MARK}{secret.secret_id}.{base64.urlsafe_b64encode(nonce + raw).decode()}"


def opened(text: str, endpoint_id: str, known: Sequence[Secret]) -> str:
    """Return the secret that was encrypted.

    Raises:
        SecretUnusable: the server's secret under which it stands is gone, or it was changed.
    """
    name, _, told = text.removeprefix(_MARK).partition(".")
    secret = next((one for one in known if one.secret_id == name), None)
    if secret is None or not text.startswith(_MARK):
        raise _unusable(endpoint_id)
    raw = base64.urlsafe_b64decode(told)
    try:
        cipher = AESGCM(secret.wrapping)
        return cipher.decrypt(raw[:_NONCE], raw[_NONCE:], endpoint_id.encode()).decode()
    except InvalidTag as error:
        raise _unusable(endpoint_id) from error


def is_current(text: str, secret: Secret) -> bool:
    """Return whether it is encrypted under the secret in force."""
    return not text or text.startswith(f"{_MARK}{secret.secret_id}.")


def keys_of(endpoint: Endpoint, known: Sequence[Secret], now: datetime) -> list[bytes]:
    """Return what messages to the endpoint are signed with now, the newest first.

    Raises:
        SecretUnusable: see ``opened``.
    """
    texts = [endpoint.secret]
    if endpoint.old_secret and now < datetime.fromisoformat(endpoint.old_until):
        texts.append(endpoint.old_secret)
    name = endpoint.endpoint_id
    return [parse_secret(opened(text, name, known), f"endpoint {name}") for text in texts]


def _unusable(endpoint_id: str) -> SecretUnusable:
    return SecretUnusable(
        f"found the secret of endpoint {endpoint_id} under a server secret that is not known",
        "the one it was made under",
        "put it back (PANHUO_KEY_SECRET=NEW,OLD, or key-secret in the home), or rotate this one",
    )
