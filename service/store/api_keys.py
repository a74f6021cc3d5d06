"""API keys as they are kept: the digest of each, whose it is, what it may do, how long.

A key is random (178 bits), so nobody can guess it from its digest: HMAC-SHA-256 under a secret
that stands outside the database is enough, and a slow hash would only make each request dear.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa

from service.audit.act import noted
from service.store.database import Database
from service.store.pages import list_text, list_values
from service.store.tenant_tables import api_keys


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One key; moments are ISO 8601 in UTC, "" for those that never came or never will.

    Attributes:
        tenant: whose it is, "" for the operator.
        digest: 64 hexadecimal digits.
        secret_id: of the secret that made the digest.
        scopes: what it may do, as words.
    """

    key_id: str
    tenant: str
    digest: str
    secret_id: str
    scopes: tuple[str, ...]
    created_at: str
    expires_at: str = ""
    revoked_at: str = ""
    last_used_at: str = ""


@dataclass(frozen=True, slots=True)
class KeyUse:
    """When a key was used last, and its digest under the secret of today."""

    key_id: str
    at: str
    digest: str
    secret_id: str


class ApiKeys:
    """The keys of an installation; they are known to the main store alone."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, made: ApiKey) -> None:
        """Keep a new key."""
        row = asdict(made) | {"scopes": list_text(made.scopes)}
        told = {"tenant": made.tenant, "scopes": made.scopes, "expires_at": made.expires_at}
        noted(made.key_id, after=told)
        with self._database.transaction() as connection:
            connection.execute(sa.insert(api_keys), row)

    def exist(self) -> bool:
        """Return whether any key was ever made; revoked and expired ones count."""
        with self._database.reading() as connection:
            return connection.execute(sa.select(api_keys.c.key_id).limit(1)).first() is not None

    def find(self, digests: Collection[str]) -> ApiKey | None:
        """Return the key with one of these digests, whether it is still good or not."""
        return self._one(api_keys.c.digest.in_(list(digests)))

    def get(self, key_id: str) -> ApiKey | None:
        """Return the key of this id, whether it is still good or not."""
        return self._one(api_keys.c.key_id == key_id)

    def listed(self, tenant: str | None = None) -> tuple[ApiKey, ...]:
        """Return the keys of one tenant, or all, oldest first."""
        query = sa.select(api_keys).order_by(api_keys.c.created_at, api_keys.c.key_id)
        if tenant is not None:
            query = query.where(api_keys.c.tenant == tenant)
        with self._database.reading() as connection:
            return tuple(map(_key, connection.execute(query).mappings()))

    def revoke(self, key_id: str, at: str) -> bool:
        """End the key now; ``False`` where it is unknown or ended before."""
        end = sa.update(api_keys).where(api_keys.c.key_id == key_id, api_keys.c.revoked_at == "")
        noted(key_id, before={"revoked_at": ""}, after={"revoked_at": at})
        with self._database.transaction() as connection:
            return connection.execute(end.values(revoked_at=at)).rowcount == 1

    def used(self, uses: Iterable[KeyUse]) -> None:
        """Keep when the keys were used, each unless a later use is kept already."""
        with self._database.transaction() as connection:
            for use in uses:
                mine = sa.update(api_keys).where(api_keys.c.key_id == use.key_id)
                again = mine.where(api_keys.c.secret_id != use.secret_id)
                connection.execute(again.values(digest=use.digest, secret_id=use.secret_id))
                later = mine.where(api_keys.c.last_used_at < use.at)
                connection.execute(later.values(last_used_at=use.at))

    def _one(self, condition: sa.ColumnElement[bool]) -> ApiKey | None:
        with self._database.reading() as connection:
            row = connection.execute(sa.select(api_keys).where(condition)).mappings().first()
        return _key(row) if row is not None else None


def _key(row: Any) -> ApiKey:
    return ApiKey(**{**row, "scopes": list_values(row["scopes"])})
