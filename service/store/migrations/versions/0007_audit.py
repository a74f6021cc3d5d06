"""Audit: rows of who did what, chained, kept by triggers; retention; contracts on learning."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision: str | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_COUNTER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

# Rows are let go of from the oldest on, by moving the anchor; the anchor does not move over rows of
# the last 180 days, and never back. REPLACE deletes without a trigger, so it is refused as well.
_SQLITE = (
    """CREATE TRIGGER audit_rows_kept BEFORE UPDATE ON audit_rows
    BEGIN SELECT RAISE(ABORT, 'rows of the audit are never changed'); END""",
    """CREATE TRIGGER audit_rows_stay BEFORE DELETE ON audit_rows
    WHEN OLD.seq > COALESCE((SELECT MAX(anchor_seq) FROM audit_head), 0)
    BEGIN SELECT RAISE(ABORT, 'rows of the audit go by retention alone'); END""",
    """CREATE TRIGGER audit_rows_once BEFORE INSERT ON audit_rows
    WHEN EXISTS (SELECT 1 FROM audit_rows WHERE seq = NEW.seq OR entry_id = NEW.entry_id)
    BEGIN SELECT RAISE(ABORT, 'rows of the audit are never replaced'); END""",
    """CREATE TRIGGER audit_head_stays BEFORE DELETE ON audit_head
    BEGIN SELECT RAISE(ABORT, 'the head of the audit stays'); END""",
    """CREATE TRIGGER audit_head_on BEFORE UPDATE ON audit_head
    WHEN NEW.name <> OLD.name OR NEW.seq < OLD.seq OR NEW.anchor_seq < OLD.anchor_seq
      OR NEW.anchor_seq > NEW.seq OR (NEW.anchor_seq > OLD.anchor_seq AND EXISTS (
        SELECT 1 FROM audit_rows WHERE seq <= NEW.anchor_seq
        AND at > strftime('%Y-%m-%dT%H:%M:%S', 'now', '-180 days')))
    BEGIN SELECT RAISE(ABORT, 'the audit is kept 180 days, and its head never goes back'); END""",
)
_POSTGRES = (
    """CREATE FUNCTION audit_refused() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'rows of the audit are never changed'; END $$""",
    """CREATE FUNCTION audit_row_stays() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF OLD.seq > COALESCE((SELECT MAX(anchor_seq) FROM audit_head), 0) THEN
        RAISE EXCEPTION 'rows of the audit go by retention alone';
      END IF;
      RETURN OLD;
    END $$""",
    """CREATE FUNCTION audit_head_on() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF NEW.name <> OLD.name OR NEW.seq < OLD.seq OR NEW.anchor_seq < OLD.anchor_seq
        OR NEW.anchor_seq > NEW.seq OR (NEW.anchor_seq > OLD.anchor_seq AND EXISTS (
          SELECT 1 FROM audit_rows WHERE seq <= NEW.anchor_seq
          AND at > to_char(now() AT TIME ZONE 'UTC' - interval '180 days',
            'YYYY-MM-DD"T"HH24:MI:SS'))) THEN
        RAISE EXCEPTION 'the audit is kept for 180 days, and its head never goes back';
      END IF;
      RETURN NEW;
    END $$""",
    """CREATE TRIGGER audit_rows_kept BEFORE UPDATE ON audit_rows
    FOR EACH ROW EXECUTE FUNCTION audit_refused()""",
    """CREATE TRIGGER audit_rows_stay BEFORE DELETE ON audit_rows
    FOR EACH ROW EXECUTE FUNCTION audit_row_stays()""",
    """CREATE TRIGGER audit_rows_whole BEFORE TRUNCATE ON audit_rows
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refused()""",
    """CREATE TRIGGER audit_head_stays BEFORE DELETE ON audit_head
    FOR EACH ROW EXECUTE FUNCTION audit_refused()""",
    """CREATE TRIGGER audit_head_whole BEFORE TRUNCATE ON audit_head
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refused()""",
    """CREATE TRIGGER audit_head_on BEFORE UPDATE ON audit_head
    FOR EACH ROW EXECUTE FUNCTION audit_head_on()""",
)


def _keys(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, _KEY, nullable=False, server_default="") for name in names]


def _text(name: str, default: str = "") -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False, server_default=default)


def upgrade() -> None:
    """Add the tables, their triggers and the contract of each tenant."""
    op.create_table(
        "audit_rows",
        sa.Column("seq", _COUNTER, autoincrement=False, nullable=False),
        sa.Column("entry_id", _KEY, nullable=False),
        *_keys("at", "tenant", "actor_kind", "actor", "operation"),
        _text("objects", "[]"),
        _text("detail"),
        *_keys("result"),
        sa.Column("status", sa.Integer(), nullable=True),
        *_keys("request_id", "secret_id", "digest", "seal"),
        sa.PrimaryKeyConstraint("seq", name="pk_audit_rows"),
        sa.UniqueConstraint("entry_id", name="uq_audit_rows_entry_id"),
    )
    op.create_index("ix_audit_rows_at", "audit_rows", ["at"])
    op.create_table(
        "audit_head",
        sa.Column("name", _KEY, nullable=False),
        sa.Column("seq", _COUNTER, autoincrement=False, nullable=False),
        *_keys("digest"),
        sa.Column("anchor_seq", _COUNTER, autoincrement=False, nullable=False, server_default="0"),
        *_keys("anchor_digest", "secret_id", "seal"),
        sa.PrimaryKeyConstraint("name", name="pk_audit_head"),
    )
    op.create_table(
        "held_subjects",
        sa.Column("subject_digest", _KEY, nullable=False),
        *(_text(name) for name in ("kind", "since", "basis", "until")),
        _text("rows", "[]"),
        sa.PrimaryKeyConstraint("subject_digest", name="pk_held_subjects"),
    )
    off = sa.false()
    learning: sa.Column[bool] = sa.Column(
        "learning", sa.Boolean(), nullable=False, server_default=off
    )
    op.add_column("tenants", learning)
    connection = op.get_bind()
    for statement in _SQLITE if connection.dialect.name == "sqlite" else _POSTGRES:
        connection.exec_driver_sql(statement)


def downgrade() -> None:
    """Drop them: what the audit told is lost; export it before."""
    op.drop_column("tenants", "learning")
    op.drop_table("held_subjects")
    op.drop_table("audit_rows")
    op.drop_table("audit_head")
    if op.get_bind().dialect.name == "postgresql":
        for name in ("audit_refused", "audit_row_stays", "audit_head_on"):
            op.execute(f"DROP FUNCTION {name}()")
