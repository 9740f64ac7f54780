"""All tables of the registry: the register, cases and their files, what follows from files, checks.

Types are spelled out here and not taken from ``registry.tables``, which goes on to change.
"""

import sqlalchemy as sa
from alembic import op

from registry.migrations.v0001_case_tables import (
    EXACT,
    MOMENT,
    WORD,
    make_case_tables,
    of_a_household,
)

revision = "0001"
down_revision = None

KEPT = {
    "ledger_entries": ("case_id, seq",),
    "journal": ("number",),
    "notices": ("id", "case_id, seq"),
    "office_records": ("id",),
    "indicators": ("case_id, seq",),
    "case_documents": ("case_id, seq",),
    "samples": ("case_id",),
    "supervision_results": ("case_id",),
    "revocations": ("case_id",),
    "incidence_alarms": ("case_id, seq, subject_code",),
    "plans": ("year, subject_code",),
    "poverty_lines": ("year",),
    "provincial_means": ("province, year",),
    "outbox": ("case_id, seq, number, channel",),
    "deliveries": ("case_id, seq, number, channel",),
    "register_entries": ("ledger, seq", "key"),
    "household_past": ("household_code, until",),
    "village_past": ("village_code, until",),
}
"""Tables whose rows are written once (G7), each with what no two of its rows have in common."""


def upgrade() -> None:
    """Make the tables, and the triggers that keep rows as they were written."""
    _counties()
    _villages()
    _households()
    make_case_tables()
    _checks()
    if op.get_bind().dialect.name == "sqlite":
        _sqlite_triggers()
    else:
        _postgresql_triggers()


def _counties() -> None:
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
    _status("county_status")
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
    op.create_table(
        "office_records",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("kind", WORD, nullable=False),
        sa.Column("subject_code", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("office", sa.String(), nullable=False),
        sa.Column("officer", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=True),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("refers_to", sa.String(), nullable=True),
        sa.Column("fault", WORD, nullable=True),
        *(sa.Column(who, sa.Text(), nullable=True) for who in ("leader", "department", "person")),
        sa.Column("until", sa.Date(), nullable=True),
        *(
            sa.Column(what, sa.BigInteger(), nullable=True)
            for what in ("households", "villages", "counties")
        ),
        sa.Column("case_id", sa.String(), nullable=True),
        sa.Column("entry", sa.Integer(), nullable=True),
        sa.Column("entry_hash", sa.String(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_office_records"),
    )
    op.create_index("ix_office_records_place_year", "office_records", ["place", "year"])
    op.create_index("ix_office_records_subject_code", "office_records", ["subject_code"])


def _status(table: str) -> None:
    op.create_table(
        table,
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("status", WORD, nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("exit_year", sa.Integer(), nullable=True),
        sa.Column("document", sa.Text(), nullable=True),
        sa.Column("case_id", sa.String(), nullable=True),
        sa.Column("seq", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("code", "since", name=f"pk_{table}"),
        sa.UniqueConstraint("case_id", "seq", name=f"uq_{table}_case_id_seq"),
    )


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
        sa.Column("since", sa.Date(), nullable=True),
        sa.Column("gone_on", sa.Date(), nullable=True),
        sa.Column("successor", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("code", name="pk_villages"),
    )
    op.create_table(
        "village_past",
        sa.Column("village_code", sa.String(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("since", sa.Date(), nullable=True),
        sa.Column("population", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("village_code", "until", name="pk_village_past"),
    )
    op.create_index("ix_villages_county_code", "villages", ["county_code"])
    _status("village_status")
    judged = ("safe_water", "electricity", "broadcasting", "culture_centre", "clinic", "doctor")
    op.create_table(
        "village_years",
        sa.Column("village_code", sa.String(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("paved_road", sa.Boolean(), nullable=False),
        sa.Column("bus", WORD, nullable=False),
        *(sa.Column(name, sa.Boolean(), nullable=False) for name in judged),
        sa.Column("broadband", sa.Boolean(), nullable=False),
        sa.Column("bus_ground", sa.Text(), nullable=True),
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
        sa.Column("gone_on", sa.Date(), nullable=True),
        sa.Column("gone_because", WORD, nullable=True),
        sa.ForeignKeyConstraint(
            ["village_code"], ["villages.code"], name="fk_households_village_code_villages"
        ),
        sa.PrimaryKeyConstraint("code", name="pk_households"),
    )
    op.create_index("ix_households_village_code", "households", ["village_code"])
    op.create_table(
        "household_past",
        sa.Column("household_code", sa.String(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("since", sa.Date(), nullable=True),
        sa.Column("village_code", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        of_a_household("household_past"),
        sa.PrimaryKeyConstraint("household_code", "until", name="pk_household_past"),
    )
    op.create_index("ix_household_past_village_code", "household_past", ["village_code"])
    op.create_table(
        "register_entries",
        sa.Column("ledger", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("subject_code", sa.String(), nullable=True),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("previous", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("ledger", "seq", name="pk_register_entries"),
        sa.UniqueConstraint("key", name="uq_register_entries_key"),
    )
    op.create_index("ix_register_entries_subject_code", "register_entries", ["subject_code"])
    op.create_table(
        "members",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("household_code", sa.String(), nullable=False),
        sa.Column("id_number", sa.String(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("relation", sa.Text(), nullable=False),
        sa.Column("without_id", sa.Text(), nullable=True),
        sa.Column("born", sa.Date(), nullable=True),
        of_a_household("members"),
        sa.PrimaryKeyConstraint("key", name="pk_members"),
    )
    op.create_index("ix_members_household_code", "members", ["household_code"])
    money = ("wages", "business", "assets", "transfers", "costs")
    judged = ("food_and_clothing", "schooling", "insurance", "illness_aid", "housing", "livelihood")
    in_words = ("income_sources", "stable_because", "deferral")
    op.create_table(
        "household_years",
        sa.Column("household_code", sa.String(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in money),
        *(sa.Column(name, sa.Boolean(), nullable=False) for name in judged),
        *(sa.Column(name, sa.Text(), nullable=True) for name in in_words),
        sa.Column("no_dropouts", sa.Boolean(), nullable=False),
        sa.Column("housing_improved", sa.Boolean(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        of_a_household("household_years"),
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
        sa.Column("opening_document", sa.Text(), nullable=True),
        sa.Column("opened_by", sa.String(), nullable=True),
        sa.Column("opened_seq", sa.Integer(), nullable=True),
        sa.Column("gone_because", WORD, nullable=True),
        of_a_household("household_episodes"),
        sa.PrimaryKeyConstraint("household_code", "number", name="pk_household_episodes"),
    )
    op.create_index("ix_household_episodes_case_id_seq", "household_episodes", ["case_id", "seq"])
    op.create_index(
        "ix_household_episodes_case_id_exited_on", "household_episodes", ["case_id", "exited_on"]
    )
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
    op.create_table(
        "provincial_means",
        sa.Column("province", sa.String(), nullable=False),
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("income_growth_percent", EXACT, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("province", "year", name="pk_provincial_means"),
    )


def _checks() -> None:
    """The journal, results of checks, and what server and registry know of each other."""
    op.create_table(
        "journal",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("previous", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_journal"),
    )
    op.create_index("ix_journal_subject", "journal", ["subject"])
    op.create_table(
        "check_results",
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("findings", sa.Integer(), nullable=False),
        sa.Column("report", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("at", name="pk_check_results"),
    )
    op.create_table(
        "installation",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("number", name="pk_installation"),
    )
    op.create_table(
        "contradictions",
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("case_id", name="pk_contradictions"),
    )
    op.create_table(
        "ended_runs",
        sa.Column("run", sa.String(), nullable=False),
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("run", name="pk_ended_runs"),
    )


def _sqlite_triggers() -> None:
    for table in KEPT:
        for change in ("update", "delete"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{change} BEFORE {change.upper()} ON {table} BEGIN "
                f"SELECT RAISE(ABORT, 'rows of {table} are written once and kept (G7)'); END"
            )
        # INSERT OR REPLACE takes rows out and asks no trigger that is before a delete.
        there = " OR ".join(
            f"EXISTS (SELECT 1 FROM {table} WHERE ({key}) = (NEW.{key.replace(', ', ', NEW.')}))"
            for key in ("rowid", *KEPT[table])
        )
        op.execute(
            f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN {there} BEGIN "
            f"SELECT RAISE(ABORT, 'rows of {table} are written once and kept (G7)'); END"
        )


def _postgresql_triggers() -> None:
    op.execute(
        "CREATE OR REPLACE FUNCTION exitflow_kept() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "RAISE EXCEPTION 'rows of % are written once and kept (G7)', TG_TABLE_NAME; END $$"
    )
    for table in KEPT:
        op.execute(
            f"CREATE TRIGGER {table}_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION exitflow_kept()"
        )
