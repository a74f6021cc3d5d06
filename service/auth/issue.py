"""New keys: made, shown once, and kept as digests."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta

from service.auth.keys import new_key
from service.auth.scopes import Scope
from service.auth.secret import Secret
from service.store.api_keys import ApiKey


def issue(
    tenant: str,
    scopes: Iterable[Scope],
    secret: Secret,
    now: datetime,
    days: int | None = None,
) -> tuple[str, ApiKey]:
    """Return a new key, and what is kept of it.

    Args:
        tenant: whose it is, "" for the operator.
        scopes: what it may do.
        secret: in force.
        now: the moment, with zone.
        days: for how many days it is good; ``None`` until it is revoked.
    """
    key = new_key()
    ends = now + timedelta(days=days) if days else None
    kept = ApiKey(
        key_id=uuid.uuid4().hex[:12],
        tenant=tenant,
        digest=secret.digest(key),
        secret_id=secret.secret_id,
        scopes=tuple(sorted(scope.value for scope in scopes)),
        created_at=now.isoformat(timespec="seconds"),
        expires_at=ends.isoformat(timespec="seconds") if ends else "",
    )
    return key, kept
