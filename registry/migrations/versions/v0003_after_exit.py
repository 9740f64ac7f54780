"""After exit: visits, risks, samples, results, revocations, documents of cases, alarms.

Types are spelled out here and not taken from ``registry.tables``, which goes on to change.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

WORD = sa.String(16)
_OPENING = ("opening_document", sa.Text()), ("opened_by", sa.String()), ("opened_seq", sa.Integer())


def upgrade() -> None:
    """Make the tables, and say of an episode what began it."""
    for name, kind in _OPENING:
        op.add_column("household_episodes", sa.Column(name, kind, nullable=True))
    _follow_up()
    _supervision()
    _revocation()


def _of_a_case(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["case_id"], ["cases.case_id"], name=f"fk_{table}_case_id_cases")


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
        sa.ForeignKeyConstraint(
            ["household_code"],
            ["households.code"],
            name="fk_follow_up_checks_household_code_households",
        ),
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
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
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
    op.create_table(
        "case_documents",
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("belongs_to", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("office", sa.String(), nullable=False),
        sa.Column("document", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        _of_a_case("case_documents"),
        sa.PrimaryKeyConstraint("case_id", "seq", name="pk_case_documents"),
    )
    op.create_index("ix_case_documents_belongs_to", "case_documents", ["belongs_to"])
