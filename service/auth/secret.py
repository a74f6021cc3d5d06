"""The server's secret: under it keys are recognised and tokens signed; two may hold at once.

``PANHUO_KEY_SECRET`` holds it, or two of them with a comma between. Without the setting it is a
file in the home, which the first key makes. The first secret is in force; what was made under the
second is still taken.
"""

from __future__ import annotations

import hmac
import os
import secrets
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from service.auth.refusals import SecretUnusable

FILE = "key-secret"
_SHORTEST = 32
_MOST = 2


@dataclass(frozen=True, slots=True, repr=False)
class Secret:
    """One secret, and what is derived from it.

    Attributes:
        secret_id: 8 hexadecimal digits that name it and tell nothing of it.
        signing: 32 bytes, the key of token signatures.
        wrapping: 32 bytes, the key under which secrets of webhooks are encrypted.
    """

    secret_id: str
    signing: bytes
    _hashing: bytes
    _sealing: bytes
    wrapping: bytes

    @classmethod
    def of(cls, text: str) -> Secret:
        """Return the secret of a text."""
        raw = text.encode()
        derived = (_derived(raw, purpose) for purpose in ("token", "key", "audit", "webhook"))
        return cls(_derived(raw, "id").hex()[:8], *derived)

    def digest(self, key: str) -> str:
        """Return what a key is recognised by: 64 hexadecimal digits."""
        return hmac.new(self._hashing, key.encode(), sha256).hexdigest()

    def seal(self, text: str) -> str:
        """Return what shows that a row of the audit is ours: 64 hexadecimal digits."""
        return hmac.new(self._sealing, text.encode(), sha256).hexdigest()


def _derived(raw: bytes, purpose: str) -> bytes:
    return hmac.new(raw, f"panhuo {purpose}".encode(), sha256).digest()


class Secrets:
    """The secrets of one installation.

    Args:
        home: its folder.
        setting: ``PANHUO_KEY_SECRET``, "" where it is not set.
    """

    def __init__(self, home: Path, setting: str) -> None:
        self._path = home / FILE
        self._setting = setting
        self._read: tuple[tuple[int, int, int], tuple[Secret, ...]] | None = None
        if setting:
            self._given = _parsed(setting.split(","), "PANHUO_KEY_SECRET")

    def known(self) -> tuple[Secret, ...]:
        """Return the secrets, the one in force first; none where there is no file yet.

        A file that another process changed is read again.

        Raises:
            SecretUnusable: the file is open to others, or what stands in it is no secret.
        """
        if self._setting:
            return self._given
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return ()
        version = (found.st_mtime_ns, found.st_size, found.st_ino)
        if self._read is None or self._read[0] != version:
            self._read = version, _parsed(self._lines(found.st_mode), str(self._path))
        return self._read[1]

    def current(self) -> Secret:
        """Return the secret in force, and make the file where there is none yet."""
        if not self.known():
            self._write([secrets.token_urlsafe(32)])
        return self.known()[0]

    def rotate(self) -> Secret:
        """Put a new secret in force beside the one that was, and return it.

        Raises:
            SecretUnusable: the secret comes from the environment.
        """
        if self._setting:
            raise SecretUnusable(
                "found the secret in PANHUO_KEY_SECRET",
                "one in the home",
                "set PANHUO_KEY_SECRET to NEW,OLD everywhere instead",
            )
        self.current()
        self._write([secrets.token_urlsafe(32), self._lines(self._path.stat().st_mode)[0]])
        return self.known()[0]

    def _lines(self, mode: int) -> list[str]:
        if stat.S_IMODE(mode) & 0o077:
            raise SecretUnusable(
                f"found {self._path} open to other users of this machine",
                "a file that its owner alone may read (mode 600)",
                f"run: chmod 600 {self._path}",
            )
        return self._path.read_text("utf-8").split()

    def _write(self, lines: Sequence[str]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        beside = self._path.with_name(f"{FILE}.{secrets.token_hex(4)}")
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write("\n".join(lines) + "\n")
                file.flush()
                os.fsync(file.fileno())
            self._place(beside, first=len(lines) == 1)
        finally:
            beside.unlink(missing_ok=True)

    def _place(self, beside: Path, *, first: bool) -> None:
        if not first:
            beside.replace(self._path)
            return
        try:  # a link does not replace: of two that make the first secret at once, one wins
            self._path.hardlink_to(beside)
        except FileExistsError:
            return


def _parsed(texts: Sequence[str], place: str) -> tuple[Secret, ...]:
    """Return the secrets; what is wrong with them is told without a character of them."""
    found = [text.strip() for text in texts]
    if not 1 <= len(found) <= _MOST or any(len(text) < _SHORTEST for text in found):
        raise SecretUnusable(
            f"found no secret that can be used in {place}",
            f"one or two, each of at least {_SHORTEST} characters",
            "make one with: openssl rand -base64 32",
        )
    return tuple(map(Secret.of, found))
