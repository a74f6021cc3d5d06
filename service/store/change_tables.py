"""The tables of what changed in the catalogue since indexes were built."""

from __future__ import annotations

import sqlalchemy as sa

from service.store.schema import Counter, Key, metadata, text

# One row a record: as many rows as were touched since the oldest index that is kept was built.
catalogue_changes = sa.Table(
    "catalogue_changes",
    metadata,
    sa.Column("kind", Key, primary_key=True),
    sa.Column("record_id", Key, primary_key=True),
    sa.Column("seq", Counter, nullable=False, autoincrement=False),
    text("at"),
    sa.Index(None, "seq"),
)

catalogue_head = sa.Table(
    "catalogue_head",
    metadata,
    sa.Column("name", Key, primary_key=True),
    *(
        sa.Column(name, Counter, nullable=False, server_default="0", autoincrement=False)
        for name in ("seq", "floor")
    ),
)
