"""The tables of webhooks: endpoints, events, deliveries and their attempts, open networks.

They stand in the database of the tenant whose they are, so that no query has to name a tenant.
``webhook_relays`` alone is of use in the main database: events there that are for a tenant.
"""

from __future__ import annotations

import sqlalchemy as sa

from service.store.schema import Key, key, metadata, text, text_list

# ``secret`` and ``old_secret`` are encrypted under the server's secret.
webhook_endpoints = sa.Table(
    "webhook_endpoints",
    metadata,
    sa.Column("endpoint_id", Key, primary_key=True),
    text("url"),
    text("description"),
    text_list("events"),
    text("secret"),
    text("old_secret"),
    key("old_until"),
    key("created_at"),
    key("disabled_at"),
    text("disabled_why"),
    key("failing_since"),
    *(
        sa.Column(name, sa.Integer, nullable=False, server_default="0")
        for name in ("failures", "slow_steps")
    ),
    key("held_until"),
)

webhook_events = sa.Table(
    "webhook_events",
    metadata,
    sa.Column("event_id", Key, primary_key=True),
    key("type"),
    key("made_at"),
    text("body"),
    sa.Index(None, "made_at"),
)

webhook_relays = sa.Table(
    "webhook_relays",
    metadata,
    sa.Column("tenant", Key, primary_key=True),
    sa.Column("event_id", Key, primary_key=True),
)

# ``tries`` and ``verdicts`` count since the delivery was last opened, ``attempts`` for good; see
# ``push_messages``. No foreign keys: an endpoint goes with its deliveries, an event when it is old.
webhook_deliveries = sa.Table(
    "webhook_deliveries",
    metadata,
    sa.Column("delivery_id", Key, primary_key=True),
    key("event_id"),
    key("endpoint_id"),
    key("state"),
    *(
        sa.Column(name, sa.Integer, nullable=False, server_default="0")
        for name in ("attempts", "tries", "verdicts")
    ),
    key("claim"),
    key("lease_until"),
    key("due_at"),
    key("created_at"),
    key("ended_at"),
    sa.Column("status", sa.Integer, nullable=False, server_default="0"),
    text("cause"),
    sa.UniqueConstraint("event_id", "endpoint_id"),
    sa.Index(None, "endpoint_id", "state", "due_at"),
    sa.Index(None, "endpoint_id", "created_at", "delivery_id"),
    sa.Index(None, "state", "created_at"),
)

webhook_attempts = sa.Table(
    "webhook_attempts",
    metadata,
    sa.Column("delivery_id", Key, primary_key=True),
    sa.Column("attempt", sa.Integer, primary_key=True, autoincrement=False),
    text("at"),
    text("outcome"),
    *(
        sa.Column(name, sa.Integer, nullable=False, server_default="0")
        for name in ("status", "duration_ms")
    ),
    text("detail"),
    sqlite_with_rowid=False,
)

# What the operator opened beside public addresses, for this tenant.
webhook_networks = sa.Table(
    "webhook_networks", metadata, sa.Column("network", Key, primary_key=True)
)
