"""Tests on PostgreSQL leave each other nothing, though they have one database in turn."""

import psycopg
import pytest

from registry.database.engine import open_engine
from registry.desk import Registry
from tests.activities.admitted import registry_activities
from tests.activities.registry_cases import File, run
from tests.registry.one_database import LOADED, SET_UP, OneDatabase, url_of
from tests.registry.register_samples import household, village

TABLES = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = {}"


def content(url: str) -> dict[str, object]:
    """All rows of a database, in the order in which it keeps them, and its sequences."""
    with psycopg.connect(url) as connection:
        kept: dict[str, object] = {}
        for kind in ("'r'", "'S'"):
            for (name,) in connection.execute(TABLES.format(kind).encode()).fetchall():
                what = "*" if kind == "'r'" else "last_value, is_called"
                kept[name] = connection.execute(f"SELECT {what} FROM {name}".encode()).fetchall()
        return kept


def use(url: str) -> None:
    """Write a file, the journal and the register, and move the sequence on."""
    engine = open_engine(url)
    Registry(engine).register.load([village(0)], [household("SL-0001", 1)], "名单")
    file = File()
    file.open()
    run(registry_activities(engine).write_ledger, file.batch())
    engine.dispose()
    change(url, "SELECT nextval('installation_number_seq')", "DELETE FROM divisions")


def change(url: str, *statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


@pytest.mark.parametrize("template", [SET_UP, LOADED])
def test_what_a_test_wrote_is_gone_and_what_it_took_out_is_back(
    one_database: OneDatabase, postgresql_server: str, template: str
) -> None:
    fresh = content(url_of(postgresql_server, template))
    use(one_database.given(LOADED))
    url = one_database.given(template)
    assert content(url) == fresh


def test_the_first_row_of_a_test_begins_its_table(
    one_database: OneDatabase, postgresql_server: str
) -> None:
    """Rows in the gaps that others left would be found in another order."""
    query = (TABLES.format("'r'") + " AND pg_relation_size(oid) > 0 ORDER BY 1").encode()
    used = []
    use(one_database.given(LOADED))
    for url in (one_database.given(SET_UP), url_of(postgresql_server, SET_UP)):
        with psycopg.connect(url) as connection:
            used.append(connection.execute(query).fetchall())
    assert used[0] == used[1] == [("alembic_version",), ("installation",)]


@pytest.mark.parametrize("table", ["journal", "ledger_entries"])
def test_rows_are_put_back_without_taking_the_guard_off(
    one_database: OneDatabase, table: str
) -> None:
    use(one_database.given(LOADED))
    url = one_database.given(LOADED)
    use(url)
    for statement in ("DELETE FROM", "TRUNCATE"):
        with pytest.raises(psycopg.errors.RaiseException, match="written once and kept"):
            change(url, f"{statement} {table}")


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE journal DISABLE TRIGGER journal_kept",
        "DROP TRIGGER ledger_entries_kept ON ledger_entries",
        "CREATE OR REPLACE FUNCTION exitflow_kept() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "RETURN NULL; END $$",
        "ALTER TABLE village_status RENAME TO away",
        "ALTER TABLE plans ALTER COLUMN year SET DEFAULT 2017",
        "DROP INDEX ix_cases_year",
        "CREATE SCHEMA another",
        "CREATE TABLE another (number int)",
        "GRANT SELECT ON journal TO PUBLIC",
        "GRANT CREATE ON SCHEMA public TO PUBLIC",
        "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC",
        "ALTER SEQUENCE installation_number_seq INCREMENT 7",
    ],
)
def test_a_database_that_was_changed_otherwise_goes_to_nobody(
    one_database: OneDatabase, postgresql_server: str, statement: str
) -> None:
    number = "SELECT oid FROM pg_database WHERE datname = current_database()"
    url = one_database.given(SET_UP)
    with psycopg.connect(url) as connection:
        changed = connection.execute(number).fetchall()
    change(url, statement)
    url = one_database.given(LOADED)
    with psycopg.connect(url) as connection:
        assert connection.execute(number).fetchall() != changed
    assert content(url) == content(url_of(postgresql_server, LOADED))


def test_a_setting_of_the_database_goes_to_nobody(one_database: OneDatabase) -> None:
    url = one_database.given(SET_UP)
    name = url.rpartition("/")[2].partition("?")[0]
    change(url, f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    with psycopg.connect(one_database.given(SET_UP)) as connection:
        assert connection.execute("SHOW default_transaction_read_only").fetchall() == [("off",)]


def test_who_still_works_on_an_earlier_test_disturbs_no_other(one_database: OneDatabase) -> None:
    earlier = one_database.given(LOADED)
    with psycopg.connect(earlier) as left:
        left.execute("LOCK TABLE plans IN ACCESS EXCLUSIVE MODE")
        one_database.given(LOADED)
        with pytest.raises(psycopg.OperationalError):
            left.execute("SELECT 1")
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(earlier)
