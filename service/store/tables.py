"""The tables. Column order of an aggregate is the field order of its dataclass.

Ids are compared byte by byte: SQLite does so by itself, PostgreSQL by COLLATE "C"; otherwise the
order of ids, and with it the rows of an index, would depend on the server's locale.
Lists are JSON text, moments are ISO 8601 in UTC: both sort and compare alike on both databases.
"""

from __future__ import annotations

import sqlalchemy as sa

CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

metadata = sa.MetaData(naming_convention=CONVENTION)

Key = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
# SQLite counts up by itself only in a column declared INTEGER.
Counter = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False, server_default="")


def _list(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False, server_default="[]")


def _key(name: str) -> sa.Column[str]:
    return sa.Column(name, Key, nullable=False, server_default="")


patents = sa.Table(
    "patents",
    metadata,
    sa.Column("patent_id", Key, primary_key=True),
    _text("title"),
    _key("application_no"),
    _key("publication_no"),
    _key("grant_no"),
    _text("abstract"),
    _text("first_claim"),
    _text("technical_field"),
    _list("ipc"),
    _list("industry_codes"),
    _text("kind"),
    sa.Column("filing_date", sa.Date),
    sa.Column("publication_date", sa.Date),
    _text("legal_status"),
    _text("stop_state"),
    _text("holder"),
    _text("holder_kind"),
    _text("holder_province"),
    _text("holder_city"),
    _text("maturity"),
    sa.Column("open_licence", sa.Boolean, nullable=False, server_default=sa.false()),
    _text("price_band"),
    _text("family_id"),
    _text("field_dates"),
    sa.Column("content_hash", sa.Text, nullable=False),
    sa.Index(None, "application_no"),
    sa.Index(None, "publication_no"),
    sa.Index(None, "grant_no"),
)

firms = sa.Table(
    "firms",
    metadata,
    sa.Column("uscc", Key, primary_key=True),
    _text("name"),
    _text("business_scope"),
    sa.Column("registered_on", sa.Date),
    _text("org_type"),
    _text("capital"),
    _text("province"),
    _text("city"),
    _text("industry_code"),
    _list("products"),
    _list("needs"),
    _list("tags"),
    sa.Column("content_hash", sa.Text, nullable=False),
)

demands = sa.Table(
    "demands",
    metadata,
    sa.Column("demand_id", Key, primary_key=True),
    _text("title"),
    _text("text"),
    sa.Column("uscc", Key),
    _text("industry"),
    _text("province"),
    _text("city"),
    sa.Column("posted_on", sa.Date),
    _list("cooperation"),
    sa.Column("content_hash", sa.Text, nullable=False),
    sa.Index(None, "uscc"),
)

relations = sa.Table(
    "relations",
    metadata,
    sa.Column("uscc", Key, sa.ForeignKey("firms.uscc"), primary_key=True),
    sa.Column("patent_id", Key, sa.ForeignKey("patents.patent_id"), primary_key=True),
    sa.Column("kind", Key, primary_key=True),
    sa.Column("content_hash", sa.Text, nullable=False),
    sa.Index(None, "patent_id"),
)

recommendation_lists = sa.Table(
    "recommendation_lists",
    metadata,
    sa.Column("list_id", Key, primary_key=True),
    _text("subject"),
    _text("direction"),
    _text("encoder"),
    _text("index_version"),
    _text("policy"),
    _text("made_at"),
)

list_slots = sa.Table(
    "list_slots",
    metadata,
    sa.Column("list_id", Key, sa.ForeignKey("recommendation_lists.list_id"), primary_key=True),
    sa.Column("slot", sa.Integer, primary_key=True, autoincrement=False),
    _key("item_id"),
    sa.Column("score", sa.Double, nullable=False),
    sqlite_with_rowid=False,
)

feedback_events = sa.Table(
    "feedback_events",
    metadata,
    sa.Column("arrival", Counter, primary_key=True, autoincrement=True),
    sa.Column("event_id", Key, nullable=False),
    _key("list_id"),
    sa.Column("slot", sa.Integer, nullable=False),
    _key("patent_id"),
    _key("uscc"),
    _text("kind"),
    _text("at"),
    _text("reason"),
    sa.Column("prospect", sa.Integer),
    sa.Column("improvement", sa.Integer),
    sa.Column("cooperation", sa.Integer),
    _text("text"),
    sa.UniqueConstraint("event_id"),
    sa.Index(None, "uscc", "at"),
)

imports = sa.Table(
    "imports",
    metadata,
    sa.Column("import_no", Counter, primary_key=True, autoincrement=True),
    _text("sha256"),
    _text("name"),
    _text("what"),
    _text("kind"),
    *(
        sa.Column(name, sa.Integer, nullable=False)
        for name in ("row_count", "records", "new", "changed", "unchanged", "refused")
    ),
    _text("at"),
)

state = sa.Table(
    "state",
    metadata,
    sa.Column("name", Key, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

# What has a stamp: one row each in ``state``, made by the first migration.
AGGREGATES = ("patents", "firms", "demands", "relations")
