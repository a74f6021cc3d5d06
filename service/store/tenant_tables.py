"""The tables of tenants and their keys. No key stands here, only what it is recognised by."""

from __future__ import annotations

import sqlalchemy as sa

from service.store.schema import Key, key, metadata, text, text_list

tenants = sa.Table(
    "tenants",
    metadata,
    sa.Column("name", Key, primary_key=True),
    sa.Column("place", Key, nullable=False),
    sa.Column("private", sa.Boolean, nullable=False, server_default=sa.false()),
    text("created_at"),
    text_list("origins"),
    sa.Column("learning", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.UniqueConstraint("place"),
)

api_keys = sa.Table(
    "api_keys",
    metadata,
    sa.Column("key_id", Key, primary_key=True),
    key("tenant"),
    sa.Column("digest", Key, nullable=False),
    key("secret_id"),
    text_list("scopes"),
    text("created_at"),
    text("expires_at"),
    text("revoked_at"),
    text("last_used_at"),
    sa.UniqueConstraint("digest"),
    sa.Index(None, "tenant", "created_at"),
)
