"""The operator's channels: ``channels.toml`` in the home, every mistake one sentence."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matcher.errors import BadFile, InputError
from service.channels.addresses import Network, parse_network
from service.channels.post import parse_target

FILE = "channels.toml"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MOST_PARALLEL = 32
_MOST_ATTEMPTS = 20
_LONGEST_PAUSE = 7 * 86_400.0
_EVERY = frozenset({"name", "kind", "schedule"})
_OWN = {
    "webhook": frozenset({"url", "secret_env", "allow_networks", "ca_file", "parallel"}),
    "file": frozenset({"folder", "format"}),
    "inbox": frozenset[str](),
}
_LARGEST = 1 << 20


@dataclass(frozen=True, slots=True)
class ChannelConfig:
    """One channel as the operator wrote it; what its kind does not know is empty.

    Attributes:
        kind: ``webhook``, ``file`` or ``inbox``.
        secret_env: names of environment variables that hold its secrets, the newest first.
        allow_networks: networks that are not public, and may be sent to.
        ca_file: certificates that may prove the receiver, instead of the system's.
        format: ``ndjson`` or ``xlsx``.
        schedule: seconds before each attempt, () for the kind's own.
    """

    name: str
    kind: str
    url: str = ""
    secret_env: tuple[str, ...] = ()
    allow_networks: tuple[Network, ...] = ()
    ca_file: str = ""
    folder: str = ""
    format: str = "ndjson"
    parallel: int = 8
    schedule: tuple[float, ...] = ()


def load_channels(home: Path) -> tuple[ChannelConfig, ...]:
    """Return the channels of a home, none where it has no ``channels.toml``.

    Raises:
        BadFile: the file cannot be read, is no TOML, or a channel in it is wrong.
    """
    path = home / FILE
    try:
        with path.open("rb") as file:
            text = file.read(_LARGEST + 1)
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise _bad(path, f"cannot read it ({error.strerror})", "a file that can be read") from error
    if len(text) > _LARGEST:
        raise _bad(path, "found more than a megabyte", "a few channels")
    try:
        document = tomllib.loads(text.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _bad(path, f"found no TOML ({error})", "TOML in UTF-8") from error
    return _channels(path, document)


def channel_named(home: Path, name: str) -> ChannelConfig:
    """Return the channel of this name.

    Raises:
        BadFile: ``channels.toml`` is wrong.
        InputError: there is no such channel.
    """
    channels = load_channels(home)
    for channel in channels:
        if channel.name == name:
            return channel
    known = ", ".join(channel.name for channel in channels) or "none so far"
    raise InputError(
        f"found no channel {name!r}",
        f"one of {home / FILE} ({known})",
        "name it, or write it there",
    )


def _channels(path: Path, document: Mapping[str, Any]) -> tuple[ChannelConfig, ...]:
    tables = document.get("channel", [])
    if set(document) - {"channel"} or not isinstance(tables, list):
        raise _bad(path, f"found {', '.join(document)}", "tables [[channel]] and nothing else")
    found: dict[str, ChannelConfig] = {}
    for at, table in enumerate(tables, start=1):
        if not isinstance(table, dict):
            raise _bad(path, f"channel {at}: found no table", "a table [[channel]]")
        try:
            channel = _channel(table)
        except InputError as error:
            where = f"channel {table.get('name', at)!r}: "
            raise _bad(path, where + error.found, error.expected, error.cure) from error
        if channel.name in found:
            raise _bad(path, f"found two channels named {channel.name!r}", "each name once")
        found[channel.name] = channel
    return tuple(found.values())


def _channel(table: Mapping[str, Any]) -> ChannelConfig:
    kind = table.get("kind")
    if kind not in _OWN:
        raise InputError(f"found kind {kind!r}", f"one of {', '.join(_OWN)}")
    if {"secret", "secrets"} & set(table):
        raise InputError(
            "found a secret in the file",
            "secret_env with the name of an environment variable",
            "move the secret into the environment, and change it",
        )
    for key in table:
        if key not in _EVERY | _OWN[kind]:
            keys = ", ".join(sorted(_EVERY | _OWN[kind]))
            raise InputError(f"found {key!r} in a channel of kind {kind!r}", f"one of {keys}")
    values = {key: _READ[key](value) for key, value in table.items() if key != "kind"}
    for key in {"webhook": ("name", "url", "secret_env"), "file": ("name", "folder")}.get(
        kind, ("name",)
    ):
        if key not in values:
            raise InputError(f"found no {key}", f"{key} for a channel of kind {kind!r}")
    return ChannelConfig(kind=kind, **values)


def _name(value: Any) -> str:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise InputError(
            f"found name {value!r}", "1 to 64 letters, digits, '.', '_' or '-', as text"
        )
    return value


def _url(value: Any) -> str:
    if not isinstance(value, str):
        raise InputError(f"found url {value!r}", "a text")
    parse_target(value)
    return value


def _text(key: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if not isinstance(value, str) or not value.strip() or "\0" in value:
            raise InputError(f"found {key} {value!r}", "a path, as text")
        return value

    return read


def _variables(value: Any) -> tuple[str, ...]:
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not names:
        raise InputError("found secret_env without a name", "names of environment variables")
    for name in names:
        # Whoever puts the secret here instead of a name must not find it in a log.
        if not isinstance(name, str) or not _VARIABLE.fullmatch(name) or name.startswith("whsec_"):
            raise InputError(
                "found secret_env that is no name of an environment variable",
                'a name such as "PROVINCE_SECRET", or a list of names',
                "put the secret into that variable, never into the file",
            )
    return tuple(names)


def _networks(value: Any) -> tuple[Network, ...]:
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise InputError(f"found allow_networks {value!r}", 'a list such as ["10.20.0.0/16"]')
    return tuple(parse_network(text) for text in value)


def _format(value: Any) -> str:
    if value not in {"ndjson", "xlsx"}:
        raise InputError(f"found format {value!r}", "ndjson or xlsx")
    return str(value)


def _parallel(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= _MOST_PARALLEL:
        raise InputError(f"found parallel {value!r}", f"a whole number from 1 to {_MOST_PARALLEL}")
    return value


def _schedule(value: Any) -> tuple[float, ...]:
    right = isinstance(value, list) and 1 <= len(value) <= _MOST_ATTEMPTS
    if not right or not all(
        isinstance(one, int | float) and not isinstance(one, bool) and 0 <= one <= _LONGEST_PAUSE
        for one in value
    ):
        raise InputError(
            f"found schedule {value!r}",
            f"1 to {_MOST_ATTEMPTS} pauses in seconds, such as [0, 5, 300]",
        )
    return tuple(float(one) for one in value)


_READ: Mapping[str, Callable[[Any], Any]] = {
    "name": _name,
    "url": _url,
    "secret_env": _variables,
    "allow_networks": _networks,
    "ca_file": _text("ca_file"),
    "folder": _text("folder"),
    "format": _format,
    "parallel": _parallel,
    "schedule": _schedule,
}


def _bad(path: Path, found: str, expected: str, cure: str = "") -> BadFile:
    return BadFile(str(path), found, expected, cure or "correct the file; see docs/push-send.md")
