"""The tables of stock-taking: what holders declared and files said, people, groups, import jobs.

Column order of an aggregate is the field order of its dataclass.
"""

from __future__ import annotations

import sqlalchemy as sa

from service.store.schema import Counter, Key, key, metadata, text, text_list

declarations = sa.Table(
    "declarations",
    metadata,
    sa.Column("patent_id", Key, sa.ForeignKey("patents.patent_id"), primary_key=True),
    sa.Column("sequence", sa.Integer),
    text("title"),
    text("legal_status"),
    text("years_in_force"),
    text("college"),
    text("funded"),
    text_list("implementations"),
    text_list("willingness"),
    text("price_band"),
    text("maturity"),
    text("self_grade"),
    text("advantages"),
    text("industry"),
    text("prospect"),
    text("emerging_industry"),
    text("field_ipc"),
    text("group_name"),
    text_list("group_members"),
    text("group_description"),
    text("source_file"),
    sa.Column("checked_on", sa.Date),
    sa.Column("content_hash", sa.Text, nullable=False),
)

patent_statuses = sa.Table(
    "patent_statuses",
    metadata,
    sa.Column("patent_id", Key, sa.ForeignKey("patents.patent_id"), primary_key=True),
    sa.Column("family", Key, primary_key=True),
    text("legal_status"),
    text_list("events"),
    text("stop_state"),
    sa.Column("checked_on", sa.Date, nullable=False),
    sa.Column("published_on", sa.Date),
    text("source_file"),
    sa.Column("content_hash", sa.Text, nullable=False),
)

patent_history = sa.Table(
    "patent_history",
    metadata,
    sa.Column("history_no", Counter, primary_key=True, autoincrement=True),
    key("patent_id"),
    text("field"),
    text("before"),
    text("after"),
    text("source_file"),
    text("sha256"),
    text("at"),
    sa.Index(None, "patent_id"),
)

contacts = sa.Table(
    "contacts",
    metadata,
    sa.Column("patent_id", Key, sa.ForeignKey("patents.patent_id"), primary_key=True),
    text("inventors"),
    text("person"),
    text("phone"),
    sa.Column("content_hash", sa.Text, nullable=False),
)

contact_permissions = sa.Table(
    "contact_permissions",
    metadata,
    sa.Column("holder", Key, primary_key=True),
    sa.Column("viewer", Key, primary_key=True),
    text("at"),
)

patent_groups = sa.Table(
    "patent_groups",
    metadata,
    sa.Column("group_id", Key, primary_key=True),
    text("kind"),
    text("name"),
    text("description"),
    text("holder"),
    text_list("members"),
    sa.Column("content_hash", sa.Text, nullable=False),
)

patent_group_members = sa.Table(
    "patent_group_members",
    metadata,
    sa.Column("group_id", Key, sa.ForeignKey("patent_groups.group_id"), primary_key=True),
    sa.Column("application_no", Key, primary_key=True),
    sa.Index(None, "application_no"),
)

import_jobs = sa.Table(
    "import_jobs",
    metadata,
    sa.Column("job_id", Key, primary_key=True),
    key("home"),
    text("what"),
    text("options"),
    text("file_name"),
    key("state"),
    key("claim"),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    text("report"),
    text("failure"),
    text("created_at"),
    text("started_at"),
    text("finished_at"),
    key("tenant"),
    sa.Index(None, "state", "created_at"),
    sa.Index(None, "tenant", "created_at"),
)
