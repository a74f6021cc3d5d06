"""The tables behind the manners of the API: answers kept for repeated requests, lists to read on.

Both are forgotten after a day.
"""

from __future__ import annotations

import sqlalchemy as sa

from service.store.schema import Key, key, metadata, text

kept_answers = sa.Table(
    "kept_answers",
    metadata,
    sa.Column("caller", Key, primary_key=True),
    sa.Column("route", Key, primary_key=True),
    sa.Column("key_digest", Key, primary_key=True),
    key("fingerprint"),
    key("claim"),
    key("leased_until"),
    sa.Column("status", sa.Integer, nullable=False, server_default="0"),
    text("headers"),
    sa.Column("body", sa.LargeBinary, nullable=True),
    key("created_at"),
    sa.Index(None, "created_at"),
)

list_snapshots = sa.Table(
    "list_snapshots",
    metadata,
    sa.Column("list_id", Key, primary_key=True),
    text("question"),
    sa.Column("offered", sa.LargeBinary, nullable=False),
    key("made_at"),
    sa.Index(None, "made_at"),
)
