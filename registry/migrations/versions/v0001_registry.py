"""The first tables: divisions, statuses, plans; cases and their files; what people wrote.

Types are spelled out here and not taken from ``registry.tables``, which goes on to change.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

MOMENT = sa.DateTime(timezone=True)
WORD = sa.String(16)
EXACT = sa.Numeric(7, 3).with_variant(sa.String(12), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    _register()
    _cases()
    _projections()


def _register() -> None:
    op.create_table(
        "divisions",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("level", WORD, nullable=False),
        sa.Column("parent", sa.String(), nullable=True),
        sa.Column("tier", WORD, nullable=True),
        sa.Column("directly_administered", sa.Boolean(), nullable=False),
        sa.Column("successor", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("code", "valid_from", name="pk_divisions"),
    )
    op.create_table(
        "county_status",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("status", WORD, nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("exit_year", sa.Integer(), nullable=True),
        sa.Column("document", sa.Text(), nullable=True),
        sa.Column("case_id", sa.String(), nullable=True),
        sa.Column("seq", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("code", "since", name="pk_county_status"),
        sa.UniqueConstraint("case_id", "seq", name="uq_county_status_case_id_seq"),
    )
    op.create_table(
        "plans",
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("subject_code", sa.String(), nullable=False),
        sa.Column("kind", WORD, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("addition", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("document", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("year", "subject_code", name="pk_plans"),
    )


def _cases() -> None:
    op.create_table(
        "cases",
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("procedure", sa.String(), nullable=False),
        sa.Column("subject_code", sa.String(), nullable=False),
        sa.Column("subject_name", sa.Text(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("region", sa.String(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("waiting_for", sa.String(), nullable=True),
        sa.Column("deadline", MOMENT, nullable=True),
        sa.Column("overdue", sa.Boolean(), nullable=False),
        sa.Column("open_objections", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("limits", sa.Text(), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("head", sa.String(), nullable=False),
        sa.Column("updated", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("case_id", name="pk_cases"),
    )
    op.create_index("ix_cases_subject_code_year", "cases", ["subject_code", "year"])
    op.create_index("ix_cases_year", "cases", ["year"])
    op.create_table(
        "ledger_entries",
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("previous", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        _of_a_case("ledger_entries"),
        sa.PrimaryKeyConstraint("case_id", "seq", name="pk_ledger_entries"),
    )
    op.create_table(
        "notices",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("markdown", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("posted_at", MOMENT, nullable=False),
        sa.Column("closes_at", MOMENT, nullable=False),
        sa.Column("replaces", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_notices"),
        sa.UniqueConstraint("case_id", "seq", name="uq_notices_case_id_seq"),
    )


def _projections() -> None:
    op.create_table(
        "objections",
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("objection_id", sa.String(), nullable=False),
        sa.Column("kind", WORD, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("objector", sa.Text(), nullable=True),
        sa.Column("contact", sa.Text(), nullable=True),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("accepted_at", MOMENT, nullable=True),
        sa.Column("finding", sa.String(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("resolved_by", sa.String(), nullable=True),
        sa.Column("document", sa.Text(), nullable=True),
        sa.Column("resolved_at", MOMENT, nullable=True),
        _of_a_case("objections"),
        sa.PrimaryKeyConstraint("case_id", "objection_id", name="pk_objections"),
    )
    op.create_table(
        "notifications",
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("delivered", sa.Boolean(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("at", MOMENT, nullable=False),
        _of_a_case("notifications"),
        sa.PrimaryKeyConstraint("case_id", "seq", name="pk_notifications"),
    )
    op.create_table(
        "indicators",
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("subject_code", sa.String(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("poor", sa.BigInteger(), nullable=False),
        sa.Column("population", sa.BigInteger(), nullable=False),
        sa.Column("income_growth_percent", EXACT, nullable=False),
        sa.Column("provincial_income_growth_percent", EXACT, nullable=False),
        sa.Column("services_near_mean", sa.Boolean(), nullable=False),
        sa.Column("services_statement", sa.Text(), nullable=False),
        _of_a_case("indicators"),
        sa.PrimaryKeyConstraint("case_id", "seq", name="pk_indicators"),
    )
    op.create_index("ix_indicators_subject_code_year", "indicators", ["subject_code", "year"])


def _of_a_case(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["case_id"], ["cases.case_id"], name=f"fk_{table}_case_id_cases")
