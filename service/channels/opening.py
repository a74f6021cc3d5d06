"""From the operator's words to a channel that sends."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from matcher.errors import InputError
from matcher.ports import DeliveryChannel
from matcher.pushed import ChannelLimits
from service.channels import file_outbox, inbox, webhook
from service.channels.config import ChannelConfig
from service.channels.file_outbox import FileOutbox
from service.channels.inbox import Inbox
from service.channels.post import Rules, parse_target, system_resolve
from service.channels.signatures import parse_secret
from service.channels.webhook import Webhook
from service.store.push_inbox import PushInbox

Clock = Callable[[], datetime]


def open_channel(
    config: ChannelConfig, home: Path, table: PushInbox, variables: Mapping[str, str], clock: Clock
) -> DeliveryChannel:
    """Return the channel.

    Args:
        config: as the operator wrote it.
        home: where relative paths begin.
        table: of the inbox.
        variables: the environment, with the secrets.
        clock: the moment, with zone.

    Raises:
        InputError: a secret is missing or is none, or the certificates cannot be read.
    """
    if config.kind == "webhook":
        return _webhook(config, home, variables, clock)
    if config.kind == "file":
        limits = _scheduled(file_outbox.LIMITS, config)
        folder = home / config.folder
        return FileOutbox(config.name, folder, format=config.format, limits=limits, clock=clock)
    return Inbox(config.name, table, _scheduled(inbox.LIMITS, config), clock)


def _webhook(
    config: ChannelConfig, home: Path, variables: Mapping[str, str], clock: Clock
) -> Webhook:
    rules = Rules(config.allow_networks, webhook.SECONDS, _context(config, home), system_resolve)
    limits = ChannelLimits(1, config.parallel, webhook.SECONDS, webhook.SCHEDULE)
    return Webhook(
        config.name,
        parse_target(config.url),
        keys=[parse_secret(_secret(name, config, variables), name) for name in config.secret_env],
        rules=rules,
        limits=_scheduled(limits, config),
        clock=clock,
    )


def _secret(name: str, config: ChannelConfig, variables: Mapping[str, str]) -> str:
    if not variables.get(name):
        raise InputError(
            f"found no environment variable {name}",
            f"the secret of channel {config.name!r}",
            f"set {name}, or name another variable in channels.toml",
        )
    return variables[name].strip()


def _context(config: ChannelConfig, home: Path) -> ssl.SSLContext:
    if not config.ca_file:
        return ssl.create_default_context()
    path = home / config.ca_file
    try:
        return ssl.create_default_context(cafile=path)
    except (OSError, ssl.SSLError) as error:
        raise InputError(
            f"found ca_file {path} that cannot be read ({error.strerror or error})",
            "certificates in PEM",
            f"correct ca_file of channel {config.name!r}",
        ) from error


def _scheduled(limits: ChannelLimits, config: ChannelConfig) -> ChannelLimits:
    schedule = config.schedule or limits.schedule
    return ChannelLimits(limits.batch, limits.parallel, limits.seconds, schedule)
