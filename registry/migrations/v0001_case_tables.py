"""The tables of version 0001 that hold cases, their files and what follows from files."""

from typing import Any

import sqlalchemy as sa
from alembic import op

MOMENT = sa.DateTime(timezone=True)
WORD = sa.String(16)
PATH = sa.String().with_variant(sa.String(collation="C"), "postgresql")
EXACT = sa.Numeric(7, 3).with_variant(sa.String(12), "sqlite")


def make_case_tables() -> None:
    """Make them: the register has its tables already."""
    _cases()
    _projections()
    _outbox()
    _rosters()
    _follow_up()
    _supervision()
    _revocation()


def _cases() -> None:
    op.create_table(
        "cases",
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("procedure", sa.String(), nullable=False),
        sa.Column("subject_code", sa.String(), nullable=False),
        sa.Column("subject_name", sa.Text(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("region", PATH, nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("waiting_for", sa.String(), nullable=True),
        sa.Column("deadline", MOMENT, nullable=True),
        sa.Column("overdue", sa.Boolean(), nullable=False),
        sa.Column("open_objections", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("head", sa.String(), nullable=False),
        sa.Column("updated", MOMENT, nullable=False),
        sa.Column("run", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("case_id", name="pk_cases"),
    )
    op.create_index("ix_cases_subject_code_year", "cases", ["subject_code", "year"])
    op.create_index("ix_cases_year", "cases", ["year"])
    op.create_index("ix_cases_deadline_case_id", "cases", ["deadline", "case_id"])
    op.create_index("ix_cases_region", "cases", ["region"])
    op.create_index("ix_cases_waiting_for_deadline", "cases", ["waiting_for", "deadline"])
    op.create_table(
        "limits_in_force",
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("due", MOMENT, nullable=False),
        sa.Column("office", sa.String(), nullable=False),
        sa.Column("binding", sa.Boolean(), nullable=False),
        sa.Column("breached", sa.Boolean(), nullable=False),
        sa.Column("procedure", sa.String(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("region", PATH, nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("subject_name", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        _of_a_case("limits_in_force"),
        sa.PrimaryKeyConstraint("case_id", "place", name="pk_limits_in_force"),
    )
    missed = ["binding", "breached"]
    for columns in (["due", "case_id", "place"], ["office", "due"], ["region", "due"]):
        name = "_".join(("ix_limits_in_force", *columns, *missed))
        op.create_index(name, "limits_in_force", [*columns, *missed])
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
    _of_few("ix_ledger_entries_refused", "ledger_entries", "kind = 'refused'")
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
        sa.Column("review_of", sa.String(), nullable=True),
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
        "indicators",
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("subject_code", sa.String(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("poor", sa.BigInteger(), nullable=False),
        sa.Column("population", sa.BigInteger(), nullable=False),
        sa.Column("income_growth_percent", EXACT, nullable=False),
        *(
            column
            for name in ("education", "culture", "health")
            for column in (
                sa.Column(f"{name}_met", sa.Boolean(), nullable=False),
                sa.Column(f"{name}_statement", sa.Text(), nullable=False),
            )
        ),
        _of_a_case("indicators"),
        sa.PrimaryKeyConstraint("case_id", "seq", name="pk_indicators"),
    )
    op.create_index("ix_indicators_subject_code_year", "indicators", ["subject_code", "year"])


def _outbox() -> None:
    op.create_table(
        "outbox",
        *_of_a_notification(),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("until", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("case_id", "seq", "number", "channel", name="pk_outbox"),
    )
    op.create_table(
        "deliveries",
        *_of_a_notification(),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("case_id", "seq", "number", "channel", name="pk_deliveries"),
    )
    _of_few("ix_deliveries_given_up", "deliveries", "error IS NOT NULL")


def _of_few(name: str, table: str, which: str) -> None:
    """An index of those rows alone that are counted again and again."""
    where = sa.text(which)
    op.create_index(name, table, ["case_id"], sqlite_where=where, postgresql_where=where)


def _of_a_notification() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
    )


def _rosters() -> None:
    op.create_table(
        "roster_households",
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("household_code", sa.String(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("since", sa.Integer(), nullable=False),
        _of_a_case("roster_households"),
        sa.PrimaryKeyConstraint("case_id", "household_code", name="pk_roster_households"),
    )
    op.create_index(
        "ix_roster_households_household_code_year", "roster_households", ["household_code", "year"]
    )


def _follow_up() -> None:
    op.create_table(
        "follow_up_checks",
        sa.Column("household_code", sa.String(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=True),
        sa.Column("made_on", sa.Date(), nullable=True),
        sa.Column("stable", sa.Boolean(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("office", sa.String(), nullable=True),
        of_a_household("follow_up_checks"),
        sa.PrimaryKeyConstraint("household_code", "year", name="pk_follow_up_checks"),
    )
    op.create_index("ix_follow_up_checks_case_id", "follow_up_checks", ["case_id"])
    op.create_table(
        "household_risks",
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("household_code", sa.String(), nullable=False),
        sa.Column("risk", WORD, nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("office", sa.String(), nullable=False),
        _of_a_case("household_risks"),
        sa.PrimaryKeyConstraint("case_id", "seq", "household_code", name="pk_household_risks"),
    )
    op.create_index("ix_household_risks_household_code", "household_risks", ["household_code"])


def _supervision() -> None:
    op.create_table(
        "samples",
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("county_code", sa.String(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("seed", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("frame", sa.Text(), nullable=False),
        sa.Column("drawn", sa.Text(), nullable=False),
        _of_a_case("samples"),
        sa.PrimaryKeyConstraint("case_id", name="pk_samples"),
    )
    op.create_table(
        "supervision_results",
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("county_code", sa.String(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("decided_at", MOMENT, nullable=False),
        sa.Column("office", sa.String(), nullable=False),
        sa.Column("document", sa.Text(), nullable=True),
        sa.Column("rates", sa.Text(), nullable=False),
        sa.Column("failed", sa.Text(), nullable=False),
        _of_a_case("supervision_results"),
        sa.PrimaryKeyConstraint("case_id", name="pk_supervision_results"),
    )
    op.create_index(
        "ix_supervision_results_county_code_year", "supervision_results", ["county_code", "year"]
    )
    op.create_table(
        "incidence_alarms",
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("subject_code", sa.String(), nullable=False),
        sa.Column("kind", WORD, nullable=False),
        sa.Column("poor", sa.BigInteger(), nullable=False),
        sa.Column("population", sa.BigInteger(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("ended", sa.Boolean(), nullable=False),
        _of_a_case("incidence_alarms"),
        sa.PrimaryKeyConstraint("case_id", "seq", "subject_code", name="pk_incidence_alarms"),
    )


def _revocation() -> None:
    op.create_table(
        "revocations",
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("kind", WORD, nullable=False),
        sa.Column("subject_code", sa.String(), nullable=False),
        sa.Column("exit_year", sa.Integer(), nullable=False),
        sa.Column("exited_on", sa.Date(), nullable=False),
        sa.Column("exit_document", sa.Text(), nullable=True),
        sa.Column("exit_case", sa.String(), nullable=False),
        sa.Column("revoked_on", sa.Date(), nullable=False),
        sa.Column("office", sa.String(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("responsible", sa.Text(), nullable=False),
        _of_a_case("revocations"),
        sa.PrimaryKeyConstraint("case_id", name="pk_revocations"),
    )
    op.create_index("ix_revocations_subject_code", "revocations", ["subject_code"])
    op.create_index("ix_revocations_exit_case", "revocations", ["exit_case"])
    op.create_table(
        "case_documents",
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("belongs_to", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("office", sa.String(), nullable=False),
        sa.Column("document", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        _of_a_case("case_documents"),
        sa.PrimaryKeyConstraint("case_id", "seq", name="pk_case_documents"),
    )
    op.create_index("ix_case_documents_belongs_to", "case_documents", ["belongs_to"])


def _of_a_case(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["case_id"], ["cases.case_id"], name=f"fk_{table}_case_id_cases")


def of_a_household(table: str) -> sa.ForeignKeyConstraint:
    """The key of a table whose rows are of a household."""
    return sa.ForeignKeyConstraint(
        ["household_code"], ["households.code"], name=f"fk_{table}_household_code_households"
    )
