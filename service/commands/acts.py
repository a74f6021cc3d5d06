"""Every verb is an act of the audit: wrapped here, all of them, so that none can forget it.

What a verb writes to a database takes its row along in the same commit. A verb that is not named
below also gets a row when it ends: it may write files, such as an index or a secret, or it failed.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from matcher.errors import MatcherError
from service.audit.act import Act, Actor, at_work
from service.audit.entry import Entry, Sealer
from service.audit.machine import machine_user
from service.audit.spool import Spool
from service.auth.redact import redacted
from service.auth.secret import Secrets
from service.commands.options import Context
from service.config import Settings
from service.store.tenants import OPERATOR
from service.tenancy import open_own_home

# Verbs that end without a row unless they wrote to a database: they only show.
READS = frozenset(
    {"history", "webhooks list", "webhooks show", "webhooks deliveries",
     "contacts list", "keys list", "recommend", "firms-for", "eval", "policy show",
     "segments list", "grade", "push list", "push show", "push report", "doctor", "audit show",
     "audit verify", "privacy map", "bench road", "bench growth", "bench scale", "bench workbook",
     "bench api", "synth", "openapi", "export firms", "export patents", "export recommendations"}
)  # fmt: skip
# What a person is called, and what was searched for, stands in no audit.
_PRIVATE = frozenset({"firm", "person", "phone", "url", "text", "as_json", "quiet", "home"})
ON_BEHALF = "PANHUO_ACT_FOR"


def audit_all(group: click.Group, before: Sequence[str] = ()) -> None:
    """Make every verb of a group an act."""
    for name, command in group.commands.items():
        words = [*before, name]
        if isinstance(command, click.Group):
            audit_all(command, words)
        elif command.callback is not None:
            command.callback = _audited(" ".join(words), command.callback)


def drain(settings: Settings) -> int:
    """Move entries that wait in the home into their chains; return how many."""
    secrets = _secrets(settings)

    def append(chain: str, entries: Sequence[Entry]) -> int:
        with open_own_home(settings.model_copy(update={"tenant": chain})) as home:
            return home.store.audit.keep(entries, secrets.current())

    spool = Spool(Path(settings.home))
    # A home without a database gets none for this: the entries wait until there is one.
    there = settings.database_url or (Path(settings.home) / "panhuo.db").exists()
    return spool.drain(append) if there and spool.waiting() else 0


class _Late:
    """The secret in force of a home that is known once the options are read."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def current(self) -> Sealer:
        """Return it; make one where there is none yet."""
        return _secrets(self._context.settings()).current()


def _audited(verb: str, callback: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(callback)
    def acting(*args: Any, **kwargs: Any) -> Any:
        context = click.get_current_context().ensure_object(Context)
        named = os.environ.get("PANHUO_TENANT", "")
        actor = Actor("user", machine_user(), "" if named == OPERATOR else named)
        act = Act(actor, _Late(context), f"panhuo {verb}")
        act.note((), {"options": _shown(kwargs), **_behalf()})
        result, code = "failed", 1
        try:
            with at_work(act):
                ended = callback(*args, **kwargs)
            result, code = "done", ended if isinstance(ended, int) else 0
            return ended
        finally:
            if act.waiting or result != "done" or (not act.rows and verb not in READS):
                _end(context, act, "done" if result == "done" else "failed", code)

    return acting


def _end(context: Context, act: Act, result: str, code: int) -> None:
    """Tell the end of an act; a home that is not there is not made for it."""
    with suppress(MatcherError, OSError):  # the verb itself has told what is wrong with the home
        settings = context.settings()
        if not Path(settings.home).is_dir():
            return
        tenant = "" if settings.tenant == OPERATOR else settings.tenant
        act.actor = Actor(act.actor.kind, act.actor.name, tenant)
        spool = Spool(Path(settings.home))
        spool.keep(tenant, act.entry(result, code))
        spool.close()
        drain(settings)


def _shown(given: Mapping[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for name, value in given.items():
        if name in _PRIVATE or value is None or value == () or value is False:
            continue
        told[name] = value if isinstance(value, int | float) else redacted(_plain(value))[:200]
    return told


def _plain(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple | list) else str(value)


def _behalf() -> dict[str, str]:
    """Return for whom a command works that the service started, such as an import job."""
    given = os.environ.get(ON_BEHALF, "")
    return {"for": given[:200]} if given else {}


def _secrets(settings: Settings) -> Secrets:
    return Secrets(Path(settings.home), settings.key_secret.get_secret_value())
