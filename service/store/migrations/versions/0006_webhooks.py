"""Webhooks out: endpoints, events, deliveries and attempts, open networks."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision: str | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def _texts(*names: str, default: str = "") -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False, server_default=default) for name in names]


def _keys(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, _KEY, nullable=False, server_default="") for name in names]


def _primary(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, _KEY, nullable=False) for name in names]


def _numbers(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.Integer(), nullable=False, server_default="0") for name in names]


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "webhook_endpoints",
        *_primary("endpoint_id"),
        *_texts("url", "description"),
        *_texts("events", default="[]"),
        *_texts("secret", "old_secret"),
        *_keys("old_until", "created_at", "disabled_at"),
        *_texts("disabled_why"),
        *_keys("failing_since"),
        *_numbers("failures", "slow_steps"),
        *_keys("held_until"),
        sa.PrimaryKeyConstraint("endpoint_id", name="pk_webhook_endpoints"),
    )
    op.create_table(
        "webhook_events",
        *_primary("event_id"),
        *_keys("type", "made_at"),
        *_texts("body"),
        sa.PrimaryKeyConstraint("event_id", name="pk_webhook_events"),
    )
    op.create_index("ix_webhook_events_made_at", "webhook_events", ["made_at"])
    op.create_table(
        "webhook_relays",
        *_primary("tenant", "event_id"),
        sa.PrimaryKeyConstraint("tenant", "event_id", name="pk_webhook_relays"),
    )
    _deliveries()
    op.create_table(
        "webhook_networks",
        *_primary("network"),
        sa.PrimaryKeyConstraint("network", name="pk_webhook_networks"),
    )


def _deliveries() -> None:
    table = "webhook_deliveries"
    op.create_table(
        table,
        *_primary("delivery_id"),
        *_keys("event_id", "endpoint_id", "state"),
        *_numbers("attempts", "tries", "verdicts"),
        *_keys("claim", "lease_until", "due_at", "created_at", "ended_at"),
        *_numbers("status"),
        *_texts("cause"),
        sa.PrimaryKeyConstraint("delivery_id", name=f"pk_{table}"),
        sa.UniqueConstraint("event_id", "endpoint_id", name=f"uq_{table}_event_id_endpoint_id"),
    )
    for names in (
        ["endpoint_id", "state", "due_at"],
        ["endpoint_id", "created_at", "delivery_id"],
        ["state", "created_at"],
    ):
        op.create_index(f"ix_{table}_{'_'.join(names)}", table, names)
    op.create_table(
        "webhook_attempts",
        *_primary("delivery_id"),
        sa.Column("attempt", sa.Integer(), autoincrement=False, nullable=False),
        *_texts("at", "outcome"),
        *_numbers("status", "duration_ms"),
        *_texts("detail"),
        sa.PrimaryKeyConstraint("delivery_id", "attempt", name="pk_webhook_attempts"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Drop them: endpoints have to be made anew, and what was on its way is lost."""
    for name in ("networks", "attempts", "deliveries", "relays", "events", "endpoints"):
        op.drop_table(f"webhook_{name}")
