"""The tables of the push: rounds and their items, messages on their way, receipts, the inbox."""

from __future__ import annotations

import sqlalchemy as sa

from service.store.schema import Counter, Key, key, metadata, text

# A round stands as draft while its items stream in; readers see published ones alone.
push_rounds = sa.Table(
    "push_rounds",
    metadata,
    sa.Column("round_id", Key, primary_key=True),
    text("made_at"),
    key("state"),
    key("claim"),
    text("touched_at"),
    text("campaign"),
    text("versions"),
    text("certificate"),
    *(
        sa.Column(name, Counter, nullable=False, server_default="0", autoincrement=False)
        for name in ("firms", "patents", "items")
    ),
)

# No foreign keys: at millions of rows each of them would be looked up, and a patent that leaves
# the catalogue does not leave the rounds it was pushed in.
push_items = sa.Table(
    "push_items",
    metadata,
    sa.Column("round_id", Key, primary_key=True),
    sa.Column("uscc", Key, primary_key=True),
    sa.Column("rank", sa.Integer, primary_key=True, autoincrement=False),
    key("patent_id"),
    sa.Column("score", sa.Double, nullable=False),
    sa.Column("worth", sa.Double, nullable=False),
    sa.Column("propensity", sa.Double, nullable=False),
    key("segment"),
    sa.Index(None, "round_id", "patent_id"),
    sqlite_with_rowid=False,
)

# ``tries`` and ``verdicts`` count since the message was last opened; the difference of the two,
# for a message that nobody holds, is how many attempts died without an answer.
push_messages = sa.Table(
    "push_messages",
    metadata,
    sa.Column("message_id", Key, primary_key=True),
    key("round_id"),
    key("uscc"),
    key("channel"),
    key("state"),
    *(
        sa.Column(name, sa.Integer, nullable=False, server_default="0")
        for name in ("attempts", "tries", "verdicts")
    ),
    key("claim_token"),
    key("lease_until"),
    key("next_attempt_at"),
    text("last_error"),
    text("payload_digest"),
    sa.UniqueConstraint("round_id", "channel", "uscc"),
    sa.Index(None, "round_id", "channel", "state", "next_attempt_at"),
)

push_receipts = sa.Table(
    "push_receipts",
    metadata,
    sa.Column("message_id", Key, primary_key=True),
    sa.Column("attempt", sa.Integer, primary_key=True, autoincrement=False),
    text("at"),
    text("outcome"),
    sa.Column("status", sa.Integer, nullable=False, server_default="0"),
    text("detail"),
    sqlite_with_rowid=False,
)

# What a receiver asked for: to be left alone until a moment, or for good.
push_channels = sa.Table(
    "push_channels",
    metadata,
    sa.Column("channel", Key, primary_key=True),
    text("address"),
    text("held_until"),
    text("closed_at"),
    text("closed_why"),
)

# What a portal shows. Items are not copied: read through the round, they pass the legal gate anew.
push_inbox = sa.Table(
    "push_inbox",
    metadata,
    sa.Column("message_id", Key, primary_key=True),
    key("round_id"),
    key("uscc"),
    key("channel"),
    text("arrived_at"),
    sa.Index(None, "channel", "uscc"),
)
