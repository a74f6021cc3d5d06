"""Manners of the API: kept answers, snapshots of lists, origins of a tenant's pages."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision: str | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def _texts(*names: str, default: str = "") -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False, server_default=default) for name in names]


def _keys(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, _KEY, nullable=False, server_default="") for name in names]


def upgrade() -> None:
    """Add the tables and the column."""
    op.create_table(
        "kept_answers",
        *(sa.Column(name, _KEY, nullable=False) for name in ("caller", "route", "key_digest")),
        *_keys("fingerprint", "claim", "leased_until"),
        sa.Column("status", sa.Integer(), nullable=False, server_default="0"),
        *_texts("headers"),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        *_keys("created_at"),
        sa.PrimaryKeyConstraint("caller", "route", "key_digest", name="pk_kept_answers"),
    )
    op.create_index("ix_kept_answers_created_at", "kept_answers", ["created_at"])
    op.create_table(
        "list_snapshots",
        sa.Column("list_id", _KEY, nullable=False),
        *_texts("question"),
        sa.Column("offered", sa.LargeBinary(), nullable=False),
        *_keys("made_at"),
        sa.PrimaryKeyConstraint("list_id", name="pk_list_snapshots"),
    )
    op.create_index("ix_list_snapshots_made_at", "list_snapshots", ["made_at"])
    op.add_column("tenants", _texts("origins", default="[]")[0])


def downgrade() -> None:
    """Drop them; whoever repeats a request or reads on in a list begins anew."""
    op.drop_column("tenants", "origins")
    op.drop_table("list_snapshots")
    op.drop_table("kept_answers")
