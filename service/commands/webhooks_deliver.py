"""``panhuo webhooks deliver``: send what is due, in a process of its own."""

from __future__ import annotations

import signal
import threading
from contextlib import closing
from pathlib import Path

import click

from service.auth.redact import redacted_logs
from service.auth.secret import Secrets
from service.commands.options import Context, common
from service.config import Settings
from service.tenancy import Tenancy
from service.webhooks.at_work import runner_of


@click.command("deliver")
@click.option("--once", is_flag=True, help="Send what is due now, then end.")
@click.option("--threads", type=click.IntRange(1, 64), default=16, show_default=True)
@common
def deliver(context: Context, *, once: bool, threads: int) -> None:
    """Send what is due to every tenant's endpoints, until Ctrl-C or SIGTERM.

    For services that are started with PANHUO_WEBHOOK_THREADS=0; several may run at once, beside
    services that send themselves.
    """
    settings = context.settings(tenant="")
    with redacted_logs(), context.open(tenant="") as home, closing(Tenancy(home)) as homes:
        runner = runner_of(settings, homes, secrets_of(settings), threads)
        if once:
            try:
                count = runner.until_idle()
            finally:
                runner.stop()
            click.echo(f"{count} attempts")
            return
        asked = threading.Event()
        before = signal.signal(signal.SIGTERM, lambda *_: asked.set())
        runner.start()
        try:
            asked.wait()
        finally:
            runner.stop()
            signal.signal(signal.SIGTERM, before)


def secrets_of(settings: Settings) -> Secrets:
    """Return the secrets of the server that the settings speak of."""
    return Secrets(Path(settings.home), settings.key_secret.get_secret_value())
