"""First tables.

Written out, not taken from ``tables.py``: a revision says what the schema was on its day.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_COUNTER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _texts(*names: str, default: str = "") -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False, server_default=default) for name in names]


def _keys(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, _KEY, nullable=False, server_default="") for name in names]


def _hash() -> sa.Column[str]:
    return sa.Column("content_hash", sa.Text(), nullable=False)


def upgrade() -> None:
    """Create every table, and a stamp for each aggregate."""
    _patents()
    _firms()
    _demands()
    _relations()
    _lists()
    _events()
    _imports()
    state = op.create_table(
        "state",
        sa.Column("name", _KEY, nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_state"),
    )
    op.bulk_insert(
        state,
        [
            {"name": name, "value": "0-" + "0" * 32}
            for name in ("patents", "firms", "demands", "relations")
        ],
    )


def downgrade() -> None:
    """Drop every table, children first."""
    for name in (
        "state",
        "imports",
        "feedback_events",
        "list_slots",
        "recommendation_lists",
        "relations",
        "demands",
        "firms",
        "patents",
    ):
        op.drop_table(name)


def _patents() -> None:
    op.create_table(
        "patents",
        sa.Column("patent_id", _KEY, nullable=False),
        *_texts("title"),
        *_keys("application_no", "publication_no", "grant_no"),
        *_texts("abstract", "first_claim", "technical_field"),
        *_texts("ipc", "industry_codes", default="[]"),
        *_texts("kind"),
        sa.Column("filing_date", sa.Date()),
        sa.Column("publication_date", sa.Date()),
        *_texts("legal_status", "stop_state", "holder", "holder_kind"),
        *_texts("holder_province", "holder_city", "maturity"),
        sa.Column("open_licence", sa.Boolean(), nullable=False, server_default=sa.false()),
        *_texts("price_band", "family_id", "field_dates"),
        _hash(),
        sa.PrimaryKeyConstraint("patent_id", name="pk_patents"),
    )
    for name in ("application_no", "publication_no", "grant_no"):
        op.create_index(f"ix_patents_{name}", "patents", [name])


def _firms() -> None:
    op.create_table(
        "firms",
        sa.Column("uscc", _KEY, nullable=False),
        *_texts("name", "business_scope"),
        sa.Column("registered_on", sa.Date()),
        *_texts("org_type", "capital", "province", "city", "industry_code"),
        *_texts("products", "needs", "tags", default="[]"),
        _hash(),
        sa.PrimaryKeyConstraint("uscc", name="pk_firms"),
    )


def _demands() -> None:
    op.create_table(
        "demands",
        sa.Column("demand_id", _KEY, nullable=False),
        *_texts("title", "text"),
        sa.Column("uscc", _KEY),
        *_texts("industry", "province", "city"),
        sa.Column("posted_on", sa.Date()),
        *_texts("cooperation", default="[]"),
        _hash(),
        sa.PrimaryKeyConstraint("demand_id", name="pk_demands"),
    )
    op.create_index("ix_demands_uscc", "demands", ["uscc"])


def _relations() -> None:
    op.create_table(
        "relations",
        sa.Column("uscc", _KEY, nullable=False),
        sa.Column("patent_id", _KEY, nullable=False),
        sa.Column("kind", _KEY, nullable=False),
        _hash(),
        sa.PrimaryKeyConstraint("uscc", "patent_id", "kind", name="pk_relations"),
        sa.ForeignKeyConstraint(["uscc"], ["firms.uscc"], name="fk_relations_uscc_firms"),
        sa.ForeignKeyConstraint(
            ["patent_id"], ["patents.patent_id"], name="fk_relations_patent_id_patents"
        ),
    )
    op.create_index("ix_relations_patent_id", "relations", ["patent_id"])


def _lists() -> None:
    op.create_table(
        "recommendation_lists",
        sa.Column("list_id", _KEY, nullable=False),
        *_texts("subject", "direction", "encoder", "index_version", "policy", "made_at"),
        sa.PrimaryKeyConstraint("list_id", name="pk_recommendation_lists"),
    )
    op.create_table(
        "list_slots",
        sa.Column("list_id", _KEY, nullable=False),
        sa.Column("slot", sa.Integer(), autoincrement=False, nullable=False),
        *_keys("item_id"),
        sa.Column("score", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("list_id", "slot", name="pk_list_slots"),
        sa.ForeignKeyConstraint(
            ["list_id"],
            ["recommendation_lists.list_id"],
            name="fk_list_slots_list_id_recommendation_lists",
        ),
        sqlite_with_rowid=False,
    )


def _events() -> None:
    op.create_table(
        "feedback_events",
        sa.Column("arrival", _COUNTER, autoincrement=True, nullable=False),
        sa.Column("event_id", _KEY, nullable=False),
        *_keys("list_id"),
        sa.Column("slot", sa.Integer(), nullable=False),
        *_keys("patent_id", "uscc"),
        *_texts("kind", "at", "reason"),
        sa.Column("prospect", sa.Integer()),
        sa.Column("improvement", sa.Integer()),
        sa.Column("cooperation", sa.Integer()),
        *_texts("text"),
        sa.PrimaryKeyConstraint("arrival", name="pk_feedback_events"),
        sa.UniqueConstraint("event_id", name="uq_feedback_events_event_id"),
    )
    op.create_index("ix_feedback_events_uscc_at", "feedback_events", ["uscc", "at"])


def _imports() -> None:
    counts = ("row_count", "records", "new", "changed", "unchanged", "refused")
    op.create_table(
        "imports",
        sa.Column("import_no", _COUNTER, autoincrement=True, nullable=False),
        *_texts("sha256", "name", "what", "kind"),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in counts),
        *_texts("at"),
        sa.PrimaryKeyConstraint("import_no", name="pk_imports"),
    )
