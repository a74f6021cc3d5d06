"""Changes of the catalogue, in order, for the delta beside an index."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision: str | None = "0007"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_COUNTER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the tables; indexes of before are of another layout and have to be built again."""
    op.create_table(
        "catalogue_changes",
        sa.Column("kind", _KEY, nullable=False),
        sa.Column("record_id", _KEY, nullable=False),
        sa.Column("seq", _COUNTER, nullable=False),
        sa.Column("at", sa.Text(), nullable=False, server_default=""),
        sa.PrimaryKeyConstraint("kind", "record_id", name="pk_catalogue_changes"),
    )
    op.create_index("ix_catalogue_changes_seq", "catalogue_changes", ["seq"])
    op.create_table(
        "catalogue_head",
        sa.Column("name", _KEY, nullable=False),
        sa.Column("seq", _COUNTER, nullable=False, server_default="0"),
        sa.Column("floor", _COUNTER, nullable=False, server_default="0"),
        sa.PrimaryKeyConstraint("name", name="pk_catalogue_head"),
    )


def downgrade() -> None:
    """Drop them; an index that knows a number is ahead of the catalogue then, and is refused."""
    op.drop_table("catalogue_head")
    op.drop_table("catalogue_changes")
