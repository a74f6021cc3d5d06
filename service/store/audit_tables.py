"""The tables of the audit: its rows, where its chain stands, and who is held for storage alone.

Triggers of the database refuse to change rows, and to delete those that are younger than 180 days;
see the migration 0007.
"""

from __future__ import annotations

import sqlalchemy as sa

from service.store.schema import Counter, Key, key, metadata, text, text_list

audit_rows = sa.Table(
    "audit_rows",
    metadata,
    sa.Column("seq", Counter, primary_key=True, autoincrement=False),
    sa.Column("entry_id", Key, nullable=False),
    key("at"),
    key("tenant"),
    key("actor_kind"),
    key("actor"),
    key("operation"),
    text_list("objects"),
    text("detail"),
    key("result"),
    sa.Column("status", sa.Integer),
    key("request_id"),
    key("secret_id"),
    key("digest"),
    key("seal"),
    sa.UniqueConstraint("entry_id"),
    sa.Index(None, "at"),
)

# One row. The anchor is the last row that retention took away: the chain begins behind it.
audit_head = sa.Table(
    "audit_head",
    metadata,
    sa.Column("name", Key, primary_key=True),
    sa.Column("seq", Counter, nullable=False, autoincrement=False),
    key("digest"),
    sa.Column("anchor_seq", Counter, nullable=False, autoincrement=False, server_default="0"),
    key("anchor_digest"),
    key("secret_id"),
    key("seal"),
)

# Subjects whose data was erased, but for what the law holds: their ids are not shown any more.
held_subjects = sa.Table(
    "held_subjects",
    metadata,
    sa.Column("subject_digest", Key, primary_key=True),
    text("kind"),
    text("since"),
    text("basis"),
    text("until"),
    text_list("rows"),
)
