"""A copy of all of a home while it serves, and back: databases, secrets, segments, channels."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from matcher.errors import InputError, StateError, UnavailableError
from service.store.migrate import HEAD

MANIFEST = "backup.json"
_DUMP = "postgresql.dump"
# What a home needs beside its database. The index is built again, or copied by --index.
_BESIDE = ("key-secret", "contact-key", "channels.toml", "segments")


class BackupDamaged(StateError):
    """A backup is not whole, or not what it says it is."""


def save(url: str, home: Path, to: Path, *, index: bool = False) -> dict[str, Any]:
    """Write a backup of a home into a folder that is not there yet; return its manifest.

    SQLite is copied by its online backup, page by page, beside whoever writes: what was committed
    before the beginning is in it. PostgreSQL is dumped by ``pg_dump`` at one moment.

    Raises:
        StateError: the folder is there already.
        UnavailableError: ``pg_dump`` is not there, or fails.
    """
    if to.exists():
        raise StateError(f"found {to} there already", "a folder that is new", "name another")
    draft = to.with_name(f".{to.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True, mode=0o700)
    try:
        if sa.make_url(url).get_backend_name() == "sqlite":
            for file in (Path(sa.make_url(url).database or ""), *home.glob("tenants/*/panhuo.db")):
                _copy_sqlite(file, draft / _place(file, home))
        else:
            _dump(url, draft / _DUMP)
        for name in (*_BESIDE, *(["index"] if index else [])):
            _copy_beside(home / name, draft / name)
        told = _manifest(draft)
        (draft / MANIFEST).write_text(json.dumps(told, indent=1), "utf-8")
        _sync(draft)
        draft.rename(to)
        _sync_folder(to.parent)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return told


def restore(backup: Path, url: str, home: Path) -> dict[str, Any]:
    """Put a backup in the place of a home that is not there yet; return its manifest.

    Every file is held against its digest before anything is written.

    Raises:
        BackupDamaged: a file is gone or is another, or a database is damaged.
        StateError: something stands there already.
        UnavailableError: ``pg_restore`` is not there, or fails.
    """
    told = check(backup)
    sqlite = (backup / "panhuo.db").exists()
    if home.exists() and any(home.iterdir()):
        raise StateError(f"found {home} not empty", "a folder that is new", "name another --home")
    if sqlite != (sa.make_url(url).get_backend_name() == "sqlite"):
        raise InputError(
            "found a backup of the other kind of database",
            "SQLite to SQLite, PostgreSQL to PostgreSQL",
            "restore it as it was, then move it with 'panhuo store copy'",
        )
    home.mkdir(parents=True, exist_ok=True)
    for name in told["files"]:
        if name != _DUMP:
            place = home / name
            place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            shutil.copy2(backup / name, place)
    if not sqlite:
        _run(["pg_restore", "--exit-on-error", "--no-owner", "--dbname", _libpq(url),
              str(backup / _DUMP)])  # fmt: skip
    _sync(home)
    return told


def check(backup: Path) -> dict[str, Any]:
    """Return the manifest of a backup that is whole; raise ``BackupDamaged``."""
    try:
        told: dict[str, Any] = json.loads((backup / MANIFEST).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise BackupDamaged(
            f"found no {MANIFEST} in {backup} that can be read", "a folder of 'panhuo store backup'"
        ) from error
    for name, digest in told["files"].items():
        path = backup / name
        if not path.is_file() or _digest(path) != digest:
            raise BackupDamaged(
                f"found {name} of the backup gone or changed", "the file that was written",
                "take another backup",
            )  # fmt: skip
    for name in told["files"]:
        if name.endswith("panhuo.db"):
            _check_sqlite(backup / name)
    return told


def _copy_sqlite(file: Path, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (
        closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as source,
        closing(sqlite3.connect(to)) as target,
    ):
        # One step: a copy in pieces begins anew whenever somebody writes in between.
        source.backup(target, pages=-1)
        target.execute("PRAGMA journal_mode=DELETE")
    to.chmod(0o600)
    _check_sqlite(to)


def _check_sqlite(file: Path) -> None:
    with closing(sqlite3.connect(f"file:{file}?mode=ro&immutable=1", uri=True)) as database:
        (found,) = database.execute("PRAGMA integrity_check").fetchone()
    if found != "ok":
        raise BackupDamaged(
            f"found {file.name} damaged ({found})", "a database that is whole",
            "look at the disk, and take another",
        )  # fmt: skip


def _dump(url: str, to: Path) -> None:
    _run(["pg_dump", "--format=custom", "--no-owner", f"--file={to}", _libpq(url)])
    to.chmod(0o600)


def _libpq(url: str) -> str:
    """Return the address without its password, which goes by the environment."""
    return sa.make_url(url).set(drivername="postgresql", password=None).render_as_string()


def _run(command: list[str]) -> None:
    given = os.environ.get("PANHUO_DATABASE_URL", "")
    password = sa.make_url(given).password if given else None
    variables = os.environ | ({"PGPASSWORD": str(password)} if password else {})
    try:
        done = subprocess.run(command, capture_output=True, check=False, env=variables)
    except FileNotFoundError as error:
        raise UnavailableError(
            f"found no {command[0]}", "the client programs of PostgreSQL",
            "install them (Debian: apt install postgresql-client)",
        ) from error  # fmt: skip
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise UnavailableError(f"found {command[0]} to fail ({said[-1] if said else 'silent'})")


def _copy_beside(path: Path, to: Path) -> None:
    if path.is_dir():
        shutil.copytree(path, to)
    elif path.is_file():
        shutil.copy2(path, to)


def _place(file: Path, home: Path) -> str:
    return str(file.relative_to(home)) if file.is_relative_to(home) else "panhuo.db"


def _manifest(draft: Path) -> dict[str, Any]:
    files = {str(path.relative_to(draft)): _digest(path) for path in _files(draft)}
    return {
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "schema": HEAD,
        "files": files,
    }


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(folder: Path) -> None:
    for path in _files(folder):
        with path.open("rb+") as file:
            os.fsync(file.fileno())
    _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
