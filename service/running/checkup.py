"""What the doctor looks at beside catalogue and index: the ground a home stands on."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from service.audit.spool import Spool
from service.auth.secret import FILE as KEY_FILE
from service.auth.secret import Secrets
from service.bootstrap import Home
from service.config import Settings
from service.jobs.folder import JobRoot
from service.privacy.contact_key import FILE as CONTACT_FILE
from service.store.audit_proof import prove
from service.store.import_jobs import JobState
from service.store.migrate import HEAD, current
from service.store.push_tables import push_rounds
from service.watch.standing import Limits, Standing

# (name, ok, what was found and its cure)
Finding = tuple[str, bool, str]
_OLDEST = datetime(2025, 1, 1, tzinfo=UTC)
_AHEAD = timedelta(minutes=5)
_STALE = timedelta(hours=6)
_LOCAL = ("", "localhost", "127.0.0.1", "::1")


def checkup(home: Home) -> Iterator[Finding]:
    """Yield what was found, a line a check."""
    settings, folder = home.settings, Path(home.settings.home)
    yield _schema(home)
    yield from _standing(home, folder)
    yield _rights(folder)
    yield _clock(home)
    yield _dangers(settings)
    yield _contacts(home)
    yield _audit(home, folder)
    yield _jobs(home, folder)
    yield _rounds(home)


def _schema(home: Home) -> Finding:
    with home.store.database.reading() as connection:
        found = current(connection)
    return "schema", found == HEAD, f"revision {found}"


def _standing(home: Home, folder: Path) -> Iterator[Finding]:
    limits = Limits(home.settings.disk_free_mb << 20, 0)
    concerns = {one.code: one.detail for one in Standing(folder, home.store, limits).concerns(
        None, datetime.now(UTC)
    )}  # fmt: skip
    disk, wal = concerns.get("disk-nearly-full"), concerns.get("wal-large")
    yield "disk", disk is None, disk or "room enough"
    yield "wal", wal is None, wal or "log of SQLite small, or none"


def _rights(folder: Path) -> Finding:
    # What lies in a folder that others cannot enter is not open to them.
    entered = _mode(folder) & 0o001
    files = (folder / name for name in (KEY_FILE, CONTACT_FILE, "panhuo.db"))
    open_to = [path.name for path in files if entered and path.exists() and _mode(path) & 0o007]
    if not os.access(folder, os.W_OK):
        return "rights", False, f"{folder} cannot be written; run the command as its owner"
    if open_to:
        told = f"{', '.join(open_to)} open to every user of this machine; run: chmod 700 {folder}"
        return "rights", False, told
    return "rights", True, f"{folder} is its owner's"


def _clock(home: Home) -> Finding:
    now = datetime.now(UTC)
    if now < _OLDEST:
        return "clock", False, f"it is {now:%Y-%m-%d}, says the clock; set it (NTP)"
    latest = home.store.audit.latest(1)
    if latest and datetime.fromisoformat(latest[0]["at"]) > now + _AHEAD:
        told = f"the audit's last row is of {latest[0]['at'][:19]}, later than now; set it (NTP)"
        return "clock", False, told
    return "clock", True, f"{now:%Y-%m-%d %H:%M} UTC, {time.tzname[0]} here"


def _dangers(settings: Settings) -> Finding:
    found = []
    if "*" in settings.cors_origins:
        found.append("PANHUO_CORS_ORIGINS has '*': any page could read answers; name each origin")
    if not settings.verify_index:
        found.append("PANHUO_VERIFY_INDEX is off: a damaged index would be opened; unset it")
    if not settings.rate_limit:
        found.append("PANHUO_RATE_LIMIT is 0: one key may take all; set a limit")
    if settings.database_url:
        url = sa.make_url(settings.database_url)
        remote = (url.host or "") not in _LOCAL
        if remote and url.query.get("sslmode") not in {"require", "verify-ca", "verify-full"}:
            found.append("PANHUO_DATABASE_URL goes over the net without sslmode=verify-full")
    return "settings", not found, "; ".join(found) or "none that is dangerous"


def _contacts(home: Home) -> Finding:
    keys = home.store.contacts.keys
    if home.store.contacts.plain():
        return "contacts", False, "some stand unencrypted; run 'panhuo privacy rekey'"
    if keys.beside_data and home.store.database.dialect == "sqlite":
        there = (Path(home.settings.home) / CONTACT_FILE).exists()
        told = "encrypted, but their key lies beside the data; set PANHUO_CONTACT_KEY to it, and "
        told += "take the file away, before others are served"
        # A finding for those who serve others; a home for oneself is well as it is.
        return "contacts", not (there and home.store.api_keys.exist()), told
    return "contacts", True, "encrypted, their key apart from the data"


def _audit(home: Home, folder: Path) -> Finding:
    secrets = Secrets(folder, home.settings.key_secret.get_secret_value())
    proof = prove(home.store.audit, {one.secret_id: one for one in secrets.known()})
    if not proof.good:
        return "audit", False, f"{proof.faults[0]}; run 'panhuo audit verify'"
    waiting = Spool(folder).waiting()
    told = f"{proof.rows:,} rows proven, {waiting:,} waiting"
    return "audit", True, told


def _jobs(home: Home, folder: Path) -> Finding:
    root, jobs = JobRoot(folder), home.store.import_jobs
    if not root.exists:
        return "jobs", True, "no upload ever came"
    stuck = []
    with root.turn() as lock:
        # Whoever runs a job holds the turn: with it in our hand, nobody does.
        if lock is not None:
            stuck = [one.job_id for one in jobs.in_state(root.home_id, JobState.RUNNING)]
            stuck += [
                one.job_id
                for one in jobs.in_state(root.home_id, JobState.QUEUED)
                if _old(one.created_at)
            ]
    if stuck:
        told = f"{len(stuck)} import jobs that nobody works on; start 'panhuo serve', it goes on"
        return "jobs", False, told
    return "jobs", True, "none left behind"


def _rounds(home: Home) -> Finding:
    table = push_rounds
    query = sa.select(table.c.round_id, table.c.touched_at).where(table.c.state != "published")
    with home.store.database.reading() as connection:
        drafts = [row.round_id for row in connection.execute(query) if _old(row.touched_at)]
    if drafts:
        told = f"{len(drafts)} rounds half written; the next 'panhuo push plan' removes them"
        return "rounds", False, told
    return "rounds", True, "none half written"


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def _old(moment: str) -> bool:
    if not moment:
        return False
    return datetime.now(UTC) - datetime.fromisoformat(moment) > _STALE
