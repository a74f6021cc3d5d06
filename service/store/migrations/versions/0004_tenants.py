"""Tenants: tenants, their keys, and whose an import job is."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision: str | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def _texts(*names: str, default: str = "") -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False, server_default=default) for name in names]


def _keys(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, _KEY, nullable=False, server_default="") for name in names]


def upgrade() -> None:
    """Add the tables and the column; the jobs that are there are the operator's."""
    op.create_table(
        "tenants",
        sa.Column("name", _KEY, nullable=False),
        sa.Column("place", _KEY, nullable=False),
        sa.Column("private", sa.Boolean(), nullable=False, server_default=sa.false()),
        *_texts("created_at"),
        sa.PrimaryKeyConstraint("name", name="pk_tenants"),
        sa.UniqueConstraint("place", name="uq_tenants_place"),
    )
    op.create_table(
        "api_keys",
        sa.Column("key_id", _KEY, nullable=False),
        *_keys("tenant"),
        sa.Column("digest", _KEY, nullable=False),
        *_keys("secret_id"),
        *_texts("scopes", default="[]"),
        *_texts("created_at", "expires_at", "revoked_at", "last_used_at"),
        sa.PrimaryKeyConstraint("key_id", name="pk_api_keys"),
        sa.UniqueConstraint("digest", name="uq_api_keys_digest"),
    )
    op.create_index("ix_api_keys_tenant_created_at", "api_keys", ["tenant", "created_at"])
    op.add_column("import_jobs", _keys("tenant")[0])
    op.create_index("ix_import_jobs_tenant_created_at", "import_jobs", ["tenant", "created_at"])


def downgrade() -> None:
    """Drop them; a job handed in by a tenant then looks like the operator's."""
    op.drop_index("ix_import_jobs_tenant_created_at", "import_jobs")
    op.drop_column("import_jobs", "tenant")
    op.drop_table("api_keys")
    op.drop_table("tenants")
