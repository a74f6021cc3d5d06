"""Sending webhooks beside the requests of a service, or in a process of its own."""

from __future__ import annotations

import random
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from matcher.errors import InputError
from matcher.push.send import Clockwork
from service.channels.post import system_resolve
from service.config import Settings
from service.webhooks.runner import DeliveryRunner, Stores
from service.webhooks.sealing import Wrapping
from service.webhooks.sender import Line


def runner_of(
    settings: Settings, stores: Stores, secrets: Wrapping, threads: int
) -> DeliveryRunner:
    """Return what sends webhooks for a home.

    Args:
        settings: of the process.
        stores: of the operator and the tenants.
        secrets: of the server.
        threads: attempts at once.

    Raises:
        InputError: the certificates that the settings name cannot be read.
    """
    clockwork = Clockwork(lambda: datetime.now(UTC), time.sleep, random.random)
    line = Line(secrets, _context(settings.webhook_ca_file), system_resolve, clockwork)
    return DeliveryRunner(stores, line, threads, settings.webhook_days)


@contextmanager
def sending(settings: Settings, stores: Stores, secrets: Wrapping) -> Iterator[None]:
    """Send webhooks until the block ends; nothing where the settings say no threads."""
    if not settings.webhook_threads:
        yield
        return
    runner = runner_of(settings, stores, secrets, settings.webhook_threads)
    runner.start()
    try:
        yield
    finally:
        runner.stop()


def _context(ca_file: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        raise InputError(
            f"found PANHUO_WEBHOOK_CA_FILE={str(ca_file)!r} that cannot be read "
            f"({error.strerror or error})",
            "certificates in PEM",
            "correct or unset it",
        ) from error
