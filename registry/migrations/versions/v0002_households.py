"""Villages and households: who they are, how they live, and in which rosters they stand.

Types are spelled out here and not taken from ``registry.tables``, which goes on to change.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

WORD = sa.String(16)


def upgrade() -> None:
    """Make the tables."""
    _villages()
    _households()
    _rosters()


def _villages() -> None:
    op.create_table(
        "villages",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("township_code", sa.String(), nullable=False),
        sa.Column("township_name", sa.Text(), nullable=False),
        sa.Column("county_code", sa.String(), nullable=False),
        sa.Column("population", sa.Integer(), nullable=False),
        sa.Column("population_as_of", sa.Date(), nullable=False),
        sa.Column("work_team", sa.Boolean(), nullable=False),
        sa.Column("first_secretary", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_villages"),
    )
    op.create_index("ix_villages_county_code", "villages", ["county_code"])
    op.create_table(
        "village_status",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("status", WORD, nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("exit_year", sa.Integer(), nullable=True),
        sa.Column("document", sa.Text(), nullable=True),
        sa.Column("case_id", sa.String(), nullable=True),
        sa.Column("seq", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("code", "since", name="pk_village_status"),
        sa.UniqueConstraint("case_id", "seq", name="uq_village_status_case_id_seq"),
    )
    judged = ("safe_water", "electricity", "broadcasting", "culture_centre", "clinic", "doctor")
    op.create_table(
        "village_years",
        sa.Column("village_code", sa.String(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("paved_road", sa.Boolean(), nullable=False),
        sa.Column("bus", WORD, nullable=False),
        *(sa.Column(name, sa.Boolean(), nullable=False) for name in judged),
        sa.Column("broadband", sa.Boolean(), nullable=False),
        sa.Column("industry", sa.Text(), nullable=True),
        sa.Column("collective_income_yuan", sa.BigInteger(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("village_code", "year", name="pk_village_years"),
    )


def _households() -> None:
    op.create_table(
        "households",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("village_code", sa.String(), nullable=False),
        sa.Column("village_group", sa.Text(), nullable=False),
        sa.Column("head", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["village_code"], ["villages.code"], name="fk_households_village_code_villages"
        ),
        sa.PrimaryKeyConstraint("code", name="pk_households"),
    )
    op.create_index("ix_households_village_code", "households", ["village_code"])
    op.create_table(
        "members",
        sa.Column("id_number", sa.String(), nullable=False),
        sa.Column("household_code", sa.String(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("relation", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["household_code"], ["households.code"], name="fk_members_household_code_households"
        ),
        sa.PrimaryKeyConstraint("id_number", name="pk_members"),
    )
    op.create_index("ix_members_household_code", "members", ["household_code"])
    money = ("wages", "business", "assets", "transfers", "costs")
    judged = ("food_and_clothing", "schooling", "insurance", "illness_aid", "housing")
    op.create_table(
        "household_years",
        sa.Column("household_code", sa.String(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in money),
        *(sa.Column(name, sa.Boolean(), nullable=False) for name in judged),
        sa.Column("livelihood", sa.Boolean(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["household_code"],
            ["households.code"],
            name="fk_household_years_household_code_households",
        ),
        sa.PrimaryKeyConstraint("household_code", "year", name="pk_household_years"),
    )
    op.create_table(
        "household_episodes",
        sa.Column("household_code", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("cause", WORD, nullable=False),
        sa.Column("registered_on", sa.Date(), nullable=False),
        sa.Column("exited_on", sa.Date(), nullable=True),
        sa.Column("exit_year", sa.Integer(), nullable=True),
        sa.Column("document", sa.Text(), nullable=True),
        sa.Column("case_id", sa.String(), nullable=True),
        sa.Column("seq", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["household_code"],
            ["households.code"],
            name="fk_household_episodes_household_code_households",
        ),
        sa.PrimaryKeyConstraint("household_code", "number", name="pk_household_episodes"),
    )
    op.create_index("ix_household_episodes_case_id_seq", "household_episodes", ["case_id", "seq"])
    op.create_index(
        "uq_household_episodes_open",
        "household_episodes",
        ["household_code"],
        unique=True,
        sqlite_where=sa.text("exited_on IS NULL"),
        postgresql_where=sa.text("exited_on IS NULL"),
    )
    op.create_table(
        "poverty_lines",
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("yuan", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("year", name="pk_poverty_lines"),
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
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.case_id"], name="fk_roster_households_case_id_cases"
        ),
        sa.PrimaryKeyConstraint("case_id", "household_code", name="pk_roster_households"),
    )
    op.create_index(
        "ix_roster_households_household_code_year", "roster_households", ["household_code", "year"]
    )
