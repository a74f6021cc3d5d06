"""Stock-taking: declarations, statuses, history, contacts, groups, import jobs.

Columns are added one by one, never in SQLite's batch mode: that would drop and rename the table.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_COUNTER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_PATENT = (
    "grant_date",
    "expires_on",
    "events",
    "checked_on",
    "problems",
    "effects",
    "applications",
    "topics",
    "emerging_industry",
    "college",
    "self_grade",
)
_TABLES = (
    "import_jobs",
    "patent_group_members",
    "patent_groups",
    "contact_permissions",
    "contacts",
    "patent_history",
    "patent_statuses",
    "declarations",
)


def _texts(*names: str, default: str = "") -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False, server_default=default) for name in names]


def _keys(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, _KEY, nullable=False, server_default="") for name in names]


def _hash() -> sa.Column[str]:
    return sa.Column("content_hash", sa.Text(), nullable=False)


def _patent_key(table: str) -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("patent_id", _KEY, nullable=False),
        sa.ForeignKeyConstraint(
            ["patent_id"], ["patents.patent_id"], name=f"fk_{table}_patent_id_patents"
        ),
    ]


def upgrade() -> None:
    """Add the columns and the tables."""
    _columns()
    _declarations()
    _statuses()
    _history()
    _contacts()
    _groups()
    _jobs()


def downgrade() -> None:
    """Drop the tables, children first, and the columns."""
    for name in _TABLES:
        op.drop_table(name)
    op.drop_column("imports", "checked_on")
    op.drop_column("firms", "registration_status")
    for name in reversed(_PATENT):
        op.drop_column("patents", name)


def _columns() -> None:
    lists = {"events", "problems", "effects", "applications", "topics"}
    for name in _PATENT:
        if name in lists:
            column: sa.Column[Any] = _texts(name, default="[]")[0]
        elif name in {"grant_date", "expires_on", "checked_on"}:
            column = sa.Column(name, sa.Date())
        elif name == "self_grade":
            column = sa.Column(name, sa.Integer(), nullable=False, server_default="0")
        else:
            column = _texts(name)[0]
        op.add_column("patents", column)
    op.add_column("firms", _texts("registration_status")[0])
    op.add_column("imports", sa.Column("checked_on", sa.Date()))


def _declarations() -> None:
    op.create_table(
        "declarations",
        *_patent_key("declarations"),
        sa.Column("sequence", sa.Integer()),
        *_texts("title", "legal_status", "years_in_force", "college", "funded"),
        *_texts("implementations", "willingness", default="[]"),
        *_texts("price_band", "maturity", "self_grade", "advantages", "industry", "prospect"),
        *_texts("emerging_industry", "field_ipc", "group_name"),
        *_texts("group_members", default="[]"),
        *_texts("group_description", "source_file"),
        sa.Column("checked_on", sa.Date()),
        _hash(),
        sa.PrimaryKeyConstraint("patent_id", name="pk_declarations"),
    )


def _statuses() -> None:
    op.create_table(
        "patent_statuses",
        *_patent_key("patent_statuses"),
        sa.Column("family", _KEY, nullable=False),
        *_texts("legal_status"),
        *_texts("events", default="[]"),
        *_texts("stop_state"),
        sa.Column("checked_on", sa.Date(), nullable=False),
        sa.Column("published_on", sa.Date()),
        *_texts("source_file"),
        _hash(),
        sa.PrimaryKeyConstraint("patent_id", "family", name="pk_patent_statuses"),
    )


def _history() -> None:
    op.create_table(
        "patent_history",
        sa.Column("history_no", _COUNTER, nullable=False, autoincrement=True),
        *_keys("patent_id"),
        *_texts("field", "before", "after", "source_file", "sha256", "at"),
        sa.PrimaryKeyConstraint("history_no", name="pk_patent_history"),
    )
    op.create_index("ix_patent_history_patent_id", "patent_history", ["patent_id"])


def _contacts() -> None:
    op.create_table(
        "contacts",
        *_patent_key("contacts"),
        *_texts("inventors", "person", "phone"),
        _hash(),
        sa.PrimaryKeyConstraint("patent_id", name="pk_contacts"),
    )
    op.create_table(
        "contact_permissions",
        sa.Column("holder", _KEY, nullable=False),
        sa.Column("viewer", _KEY, nullable=False),
        *_texts("at"),
        sa.PrimaryKeyConstraint("holder", "viewer", name="pk_contact_permissions"),
    )


def _groups() -> None:
    op.create_table(
        "patent_groups",
        sa.Column("group_id", _KEY, nullable=False),
        *_texts("kind", "name", "description", "holder"),
        *_texts("members", default="[]"),
        _hash(),
        sa.PrimaryKeyConstraint("group_id", name="pk_patent_groups"),
    )
    op.create_table(
        "patent_group_members",
        sa.Column("group_id", _KEY, nullable=False),
        sa.Column("application_no", _KEY, nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"],
            ["patent_groups.group_id"],
            name="fk_patent_group_members_group_id_patent_groups",
        ),
        sa.PrimaryKeyConstraint("group_id", "application_no", name="pk_patent_group_members"),
    )
    op.create_index(
        "ix_patent_group_members_application_no", "patent_group_members", ["application_no"]
    )


def _jobs() -> None:
    op.create_table(
        "import_jobs",
        sa.Column("job_id", _KEY, nullable=False),
        *_keys("home"),
        *_texts("what", "options", "file_name"),
        *_keys("state", "claim"),
        sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"),
        *_texts("report", "failure", "created_at", "started_at", "finished_at"),
        sa.PrimaryKeyConstraint("job_id", name="pk_import_jobs"),
    )
    op.create_index("ix_import_jobs_state_created_at", "import_jobs", ["state", "created_at"])
