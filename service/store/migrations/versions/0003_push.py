"""The push: rounds and their items, messages, receipts, channels, the inbox."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_COUNTER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TABLES = (
    "push_inbox",
    "push_channels",
    "push_receipts",
    "push_messages",
    "push_items",
    "push_rounds",
)


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False, server_default="") for name in names]


def _keys(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, _KEY, nullable=False, server_default="") for name in names]


def _counts(kind: Any, *names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, kind, nullable=False, server_default="0") for name in names]


def _id(name: str) -> sa.Column[str]:
    return sa.Column(name, _KEY, nullable=False)


def _whole(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=False, autoincrement=False)


def upgrade() -> None:
    """Add the tables."""
    _rounds()
    _messages()
    _receipts()


def downgrade() -> None:
    """Drop the tables."""
    for name in _TABLES:
        op.drop_table(name)


def _rounds() -> None:
    op.create_table(
        "push_rounds",
        _id("round_id"),
        *_texts("made_at"),
        *_keys("state", "claim"),
        *_texts("touched_at", "campaign", "versions", "certificate"),
        *_counts(_COUNTER, "firms", "patents", "items"),
        sa.PrimaryKeyConstraint("round_id", name="pk_push_rounds"),
    )
    op.create_table(
        "push_items",
        _id("round_id"),
        _id("uscc"),
        _whole("rank"),
        *_keys("patent_id"),
        *(sa.Column(name, sa.Double(), nullable=False) for name in ("score", "worth")),
        sa.Column("propensity", sa.Double(), nullable=False),
        *_keys("segment"),
        sa.PrimaryKeyConstraint("round_id", "uscc", "rank", name="pk_push_items"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_push_items_round_id_patent_id", "push_items", ["round_id", "patent_id"])


def _messages() -> None:
    op.create_table(
        "push_messages",
        _id("message_id"),
        *_keys("round_id", "uscc", "channel", "state"),
        *_counts(sa.Integer(), "attempts", "tries", "verdicts"),
        *_keys("claim_token", "lease_until", "next_attempt_at"),
        *_texts("last_error", "payload_digest"),
        sa.PrimaryKeyConstraint("message_id", name="pk_push_messages"),
        sa.UniqueConstraint(
            "round_id", "channel", "uscc", name="uq_push_messages_round_id_channel_uscc"
        ),
    )
    columns = ["round_id", "channel", "state", "next_attempt_at"]
    op.create_index("ix_push_messages_" + "_".join(columns), "push_messages", columns)


def _receipts() -> None:
    op.create_table(
        "push_receipts",
        _id("message_id"),
        _whole("attempt"),
        *_texts("at", "outcome"),
        *_counts(sa.Integer(), "status"),
        *_texts("detail"),
        sa.PrimaryKeyConstraint("message_id", "attempt", name="pk_push_receipts"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "push_channels",
        _id("channel"),
        *_texts("address", "held_until", "closed_at", "closed_why"),
        sa.PrimaryKeyConstraint("channel", name="pk_push_channels"),
    )
    op.create_table(
        "push_inbox",
        _id("message_id"),
        *_keys("round_id", "uscc", "channel"),
        *_texts("arrived_at"),
        sa.PrimaryKeyConstraint("message_id", name="pk_push_inbox"),
    )
    op.create_index("ix_push_inbox_channel_uscc", "push_inbox", ["channel", "uscc"])
