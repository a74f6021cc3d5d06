"""The tables of the catalogue, of lists, feedback and imports; ``stock_tables`` holds the others.

Column order of an aggregate is the field order of its dataclass.
"""

from __future__ import annotations

import sqlalchemy as sa

from service.store.schema import Counter, Key, key, metadata, text, text_list

patents = sa.Table(
    "patents",
    metadata,
    sa.Column("patent_id", Key, primary_key=True),
    text("title"),
    key("application_no"),
    key("publication_no"),
    key("grant_no"),
    text("abstract"),
    text("first_claim"),
    text("technical_field"),
    text_list("ipc"),
    text_list("industry_codes"),
    text("kind"),
    sa.Column("filing_date", sa.Date),
    sa.Column("publication_date", sa.Date),
    text("legal_status"),
    text("stop_state"),
    text("holder"),
    text("holder_kind"),
    text("holder_province"),
    text("holder_city"),
    text("maturity"),
    sa.Column("open_licence", sa.Boolean, nullable=False, server_default=sa.false()),
    text("price_band"),
    text("family_id"),
    sa.Column("grant_date", sa.Date),
    sa.Column("expires_on", sa.Date),
    text_list("events"),
    sa.Column("checked_on", sa.Date),
    text_list("problems"),
    text_list("effects"),
    text_list("applications"),
    text_list("topics"),
    text("emerging_industry"),
    text("college"),
    sa.Column("self_grade", sa.Integer, nullable=False, server_default="0"),
    text("field_dates"),
    sa.Column("content_hash", sa.Text, nullable=False),
    sa.Index(None, "application_no"),
    sa.Index(None, "publication_no"),
    sa.Index(None, "grant_no"),
)

firms = sa.Table(
    "firms",
    metadata,
    sa.Column("uscc", Key, primary_key=True),
    text("name"),
    text("business_scope"),
    sa.Column("registered_on", sa.Date),
    text("org_type"),
    text("capital"),
    text("province"),
    text("city"),
    text("industry_code"),
    text_list("products"),
    text_list("needs"),
    text_list("tags"),
    text("registration_status"),
    sa.Column("content_hash", sa.Text, nullable=False),
)

demands = sa.Table(
    "demands",
    metadata,
    sa.Column("demand_id", Key, primary_key=True),
    text("title"),
    text("text"),
    sa.Column("uscc", Key),
    text("industry"),
    text("province"),
    text("city"),
    sa.Column("posted_on", sa.Date),
    text_list("cooperation"),
    sa.Column("content_hash", sa.Text, nullable=False),
    sa.Index(None, "uscc"),
)

# Personal data stands apart: nothing of the engine, of public records and of exports reads it.
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
    text("subject"),
    text("direction"),
    text("encoder"),
    text("index_version"),
    text("policy"),
    text("made_at"),
)

list_slots = sa.Table(
    "list_slots",
    metadata,
    sa.Column("list_id", Key, sa.ForeignKey("recommendation_lists.list_id"), primary_key=True),
    sa.Column("slot", sa.Integer, primary_key=True, autoincrement=False),
    key("item_id"),
    sa.Column("score", sa.Double, nullable=False),
    sqlite_with_rowid=False,
)

feedback_events = sa.Table(
    "feedback_events",
    metadata,
    sa.Column("arrival", Counter, primary_key=True, autoincrement=True),
    sa.Column("event_id", Key, nullable=False),
    key("list_id"),
    sa.Column("slot", sa.Integer, nullable=False),
    key("patent_id"),
    key("uscc"),
    text("kind"),
    text("at"),
    text("reason"),
    sa.Column("prospect", sa.Integer),
    sa.Column("improvement", sa.Integer),
    sa.Column("cooperation", sa.Integer),
    text("text"),
    sa.UniqueConstraint("event_id"),
    sa.Index(None, "uscc", "at"),
)

imports = sa.Table(
    "imports",
    metadata,
    sa.Column("import_no", Counter, primary_key=True, autoincrement=True),
    text("sha256"),
    text("name"),
    text("what"),
    text("kind"),
    *(
        sa.Column(name, sa.Integer, nullable=False)
        for name in ("row_count", "records", "new", "changed", "unchanged", "refused")
    ),
    text("at"),
    sa.Column("checked_on", sa.Date),
)

state = sa.Table(
    "state",
    metadata,
    sa.Column("name", Key, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

# What has a stamp: one row each in ``state``, made by the first migration.
AGGREGATES = ("patents", "firms", "demands", "relations")
