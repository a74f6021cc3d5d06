"""Contact persons encrypted at rest: AES-256-GCM under a key that stands outside the database.

Bound to its place: the text of one patent's phone cannot be moved to another's. Fernet would do as
well, at four times the cost for each of a million cells and without that binding.

``PANHUO_CONTACT_KEY`` holds the key, or several with commas between: the first encrypts, all
decrypt. Without the setting it is ``contact-key`` in the home, made when it is first needed: plain
text is never stored. An auditor wants it apart from the data, so the doctor asks for the setting.
"""

from __future__ import annotations

import base64
import hmac
import json
import os
import secrets
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b, sha256
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from matcher.errors import StateError

FILE = "contact-key"
MARK = "c1."
_SHORTEST = 32
_NONCE = 12


class ContactKeyUnusable(StateError):
    """The key of contact data is gone, open to others, or another one."""


@dataclass(frozen=True, slots=True, repr=False)
class _Key:
    """One key: its name, and what is derived from it."""

    key_id: str
    cipher: AESGCM
    hashing: bytes

    @classmethod
    def of(cls, text: str) -> _Key:
        raw = text.encode()
        parts = [hmac.new(raw, f"panhuo contact {use}".encode(), sha256).digest() for use in _USES]
        return cls(parts[0].hex()[:8], AESGCM(parts[1]), parts[2])


_USES = ("id", "cipher", "hash")


class ContactKeys:
    """The keys of contact data of one installation.

    Args:
        home: its folder.
        setting: ``PANHUO_CONTACT_KEY``, "" where it is not set.

    Raises:
        ContactKeyUnusable: the setting holds no key that can be used.
    """

    def __init__(self, home: Path, setting: str) -> None:
        self._path = home / FILE
        self.beside_data = not setting
        self._keys = _parsed(setting.split(","), "PANHUO_CONTACT_KEY") if setting else ()

    def seal(self, text: str, place: str) -> str:
        """Return the text encrypted for its place; "" stays ""."""
        if not text:
            return ""
        key, nonce = self._first(), os.urandom(_NONCE)
        sealed = nonce + key.cipher.encrypt(nonce, text.encode("utf-8", "surrogatepass"), _b(place))
        return f"{MARK}{key.key_id}.{base64.urlsafe_b64encode(sealed).decode('ascii')}"

    def open(self, sealed: str, place: str) -> str:
        """Return the text; what was stored before encryption is given back as it is.

        Raises:
            ContactKeyUnusable: its key is not known, or it was moved or changed.
        """
        if not sealed.startswith(MARK):
            return sealed
        key_id, _, told = sealed.removeprefix(MARK).partition(".")
        key = next((one for one in self._known() if one.key_id == key_id), None)
        if key is None:
            raise ContactKeyUnusable(
                f"found contacts under key {key_id}, which is not known",
                "the key they were stored under",
                "put it back (PANHUO_CONTACT_KEY=NEW,OLD, or contact-key in the home)",
            )
        raw = base64.urlsafe_b64decode(told)
        try:
            text = key.cipher.decrypt(raw[:_NONCE], raw[_NONCE:], _b(place))
        except InvalidTag as error:
            raise ContactKeyUnusable(
                f"found a contact of {place} changed, or moved from elsewhere",
                "the text as it was stored",
                "import the file that holds it once more",
            ) from error
        return text.decode("utf-8", "surrogatepass")

    def digest(self, values: Sequence[str]) -> str:
        """Return 32 hexadecimal digits that tell contents apart to whoever has the key alone."""
        told = json.dumps(values, ensure_ascii=False).encode("utf-8", "surrogatepass")
        return blake2b(told, key=self._first().hashing, digest_size=16).hexdigest()

    def current(self, sealed: str) -> bool:
        """Return whether a stored text is encrypted under the key in force."""
        return not sealed or sealed.startswith(f"{MARK}{self._first().key_id}.")

    def _known(self) -> Sequence[_Key]:
        if not self._keys and self._path.exists():
            self._keys = _parsed(self._lines(), str(self._path))
        return self._keys

    def _first(self) -> _Key:
        if not self._known():
            self._make()
        return self._known()[0]

    def _lines(self) -> list[str]:
        if stat.S_IMODE(self._path.stat().st_mode) & 0o077:
            raise ContactKeyUnusable(
                f"found {self._path} open to other users of this machine",
                "a file that its owner alone may read (mode 600)",
                f"run: chmod 600 {self._path}",
            )
        return self._path.read_text("utf-8").split()

    def _make(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        beside = self._path.with_name(f"{FILE}.{secrets.token_hex(4)}")
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(secrets.token_urlsafe(32) + "\n")
                file.flush()
                os.fsync(file.fileno())
            try:  # of two that make it at once, one wins
                self._path.hardlink_to(beside)
            except FileExistsError:
                return
        finally:
            beside.unlink(missing_ok=True)


def _parsed(texts: Sequence[str], place: str) -> tuple[_Key, ...]:
    found = [text.strip() for text in texts]
    if not found or any(len(text) < _SHORTEST for text in found):
        raise ContactKeyUnusable(
            f"found no key that can be used in {place}",
            f"one or several, each of at least {_SHORTEST} characters",
            "make one with: openssl rand -base64 32",
        )
    return tuple(map(_Key.of, found))


def _b(place: str) -> bytes:
    return place.encode("utf-8", "surrogatepass")
