"""Opening a registry, and what is said when that fails. Nothing is changed by asking."""

import os
import shutil
import socket
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine, make_url, text
from sqlalchemy.exc import OperationalError

from models.offices import SubjectKind
from registry.database import faults
from registry.database.engine import (
    check_schema,
    check_writable,
    claim,
    open_engine,
    reading,
    upgrade,
    writing,
)
from registry.desk import Registry
from registry.errors import RegistryError
from registry.tables import CaseRow, PlanRow, Table
from tests.activities.registry_cases import at_once

Open = Callable[[str], Engine]


def plan(year: int = 2017) -> PlanRow:
    return PlanRow(year=year, subject_code="411523", kind=SubjectKind.COUNTY, source="x")


def listing(**changes: datetime) -> CaseRow:
    moments = {"updated": datetime(2017, 11, 20, tzinfo=UTC)} | changes
    return CaseRow(
        case_id="c",
        procedure="county",
        subject_code="411523",
        subject_name="新县",
        year=2017,
        region="/410000/",
        step="C1",
        round=1,
        overdue=False,
        open_objections=0,
        entries=1,
        head="",
        **moments,  # type: ignore[arg-type]
    )


def said(call: Callable[[], object]) -> str:
    """The sentence of the error that a call ends with."""
    with pytest.raises(RegistryError) as caught:
        call()
    return str(caught.value)


@contextmanager
def as_nobody() -> Iterator[None]:
    """Without root's right to write everywhere, where the tests run as root."""
    mine = os.geteuid()
    if mine == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(mine)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that everybody may enter; pytest's own are root's alone."""
    path = Path(tempfile.mkdtemp(prefix="registry-"))
    path.chmod(0o755)
    yield path
    path.chmod(0o755)
    shutil.rmtree(path)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("registry.db", "cannot be read; write sqlite:///"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("sqlite:///a.db?mode=ro", "holds more than a path"),
        ("sqlite://folder/a.db", "holds more than a path"),
        ("mysql://me:s3cret@host/x", "begins with mysql"),
        ("postgresql+asyncpg://me:s3cret@host/x", "postgresql+psycopg://"),
        ("postgresql://me:s3cret@host", "names no database"),
        ("postgresql:me:s3cret@host", "cannot be read"),
    ],
)
def test_a_url_of_no_registry_is_explained_without_its_password(url: str, expected: str) -> None:
    sentence = said(lambda: open_engine(url))
    assert expected in sentence
    assert "s3cret" not in sentence


@pytest.mark.parametrize("name", ["registry.db", "folder/registry.db"])
def test_opening_and_asking_make_no_file(tmp_path: Path, opened: Open, name: str) -> None:
    engine = opened(f"sqlite:///{tmp_path / name}")
    check_writable(engine)
    for ask in (lambda: check_schema(engine), lambda: Registry(engine).overview()):
        assert "does not exist: run `exitflow setup registry`" in said(ask)
    assert list(tmp_path.iterdir()) == []


def test_a_registry_that_is_not_set_up_says_so(empty_url: str, opened: Open) -> None:
    engine = opened(empty_url)
    if empty_url.startswith("sqlite"):
        Path(make_url(empty_url).database or "").touch()
    for ask in (lambda: check_schema(engine), lambda: Registry(engine).overview()):
        assert said(ask).endswith("has no tables yet: run `exitflow setup registry`")
    check_writable(engine)
    upgrade(engine)
    check_schema(engine)
    check_writable(engine)
    assert Registry(engine).overview().counties == ()


def test_many_set_up_one_registry_at_once(empty_url: str, opened: Open) -> None:
    engines = [opened(empty_url) for _ in range(4)]
    at_once([lambda engine=engine: upgrade(engine) for engine in engines])  # type: ignore[misc]
    check_schema(engines[0])


@pytest.mark.parametrize(
    ("revision", "expected"), [("9999", "by a newer exitflow"), (None, "has no tables yet")]
)
def test_a_schema_of_another_version_is_named(
    engine: Engine, revision: str | None, expected: str
) -> None:
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM alembic_version"))
        if revision:
            connection.execute(text(f"INSERT INTO alembic_version VALUES ('{revision}')"))
    assert expected in said(lambda: check_schema(engine))
    if revision:
        assert expected in said(lambda: upgrade(engine))


def test_checks_change_nothing(engine: Engine) -> None:
    with writing(engine) as session:
        session.add(plan())
    before = _content(engine)
    check_writable(engine)
    check_schema(engine)
    upgrade(engine)
    assert _content(engine) == before


def _content(engine: Engine) -> list[object]:
    asked = ["SELECT * FROM plans", "SELECT * FROM alembic_version"]
    if engine.dialect.name == "sqlite":
        asked.append("PRAGMA user_version")
    with engine.connect() as connection:
        return [connection.execute(text(question)).all() for question in asked]


# -- SQLite -----------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_read_only_file_or_folder_is_named(
    what: str, folder: Path, opened: Open, sqlite_templates: Path
) -> None:
    path = folder / "registry.db"
    shutil.copy(sqlite_templates / "set_up.db", path)
    path.chmod(0o444 if what == "file" else 0o666)
    folder.chmod(0o777 if what == "file" else 0o555)
    engine = opened(f"sqlite:///{path}")
    with as_nobody():
        sentence = said(lambda: check_writable(engine))
        written = said(lambda: _write(engine))
    assert sentence == written
    assert f"{path} is read-only" in sentence
    assert str(folder) in sentence


def _write(engine: Engine, row: Table | None = None) -> None:
    with writing(engine) as session:
        session.add(row or plan())


def test_a_folder_in_which_no_file_can_be_made_is_named(folder: Path, opened: Open) -> None:
    folder.chmod(0o555)
    engine = opened(f"sqlite:///{folder / 'deeper' / 'registry.db'}")
    with as_nobody():
        assert f"{folder} is not a folder this user may write" in said(
            lambda: check_writable(engine)
        )
        assert "cannot be made: Permission denied" in said(lambda: upgrade(engine))
    assert list(folder.iterdir()) == []


def test_a_file_that_is_no_database_is_named(tmp_path: Path, opened: Open) -> None:
    path = tmp_path / "registry.db"
    path.write_bytes(b"not a database, and longer than a header would be" * 50)
    engine = opened(f"sqlite:///{path}")
    for ask in (check_writable, check_schema, upgrade):
        assert "is no SQLite database" in said(lambda ask=ask: ask(engine))  # type: ignore[misc]
    assert "is a folder" in said(lambda: check_writable(opened(f"sqlite:///{tmp_path}")))


def test_a_database_that_stays_locked_is_named(
    tmp_path: Path, opened: Open, sqlite_templates: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("registry.database.engine.BUSY_SECONDS", 0.1)
    path = tmp_path / "registry.db"
    shutil.copy(sqlite_templates / "set_up.db", path)
    engine = opened(f"sqlite:///{path}")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert f"{path} was locked by another program" in said(lambda: _write(engine))
    # Reading does not wait for a writer.
    assert Registry(engine).overview().listed == 0
    other.close()
    _write(engine)


def test_a_sqlite_connection_is_prepared(tmp_path: Path, opened: Open) -> None:
    engine = opened(f"sqlite:///{tmp_path / 'a b%#.db'}")
    upgrade(engine)
    with engine.connect() as connection:
        settings = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "foreign_keys", "busy_timeout", "synchronous")
        }
    # synchronous 2 is FULL: what a case was told is kept must survive a power cut.
    assert settings == {
        "journal_mode": "wal",
        "foreign_keys": 1,
        "busy_timeout": faults.BUSY_SECONDS * 1000,
        "synchronous": 2,
    }
    assert (tmp_path / "a b%#.db").exists()


# -- PostgreSQL -------------------------------------------------------------------------------


def test_a_server_that_is_gone_without_a_word_is_given_up(
    postgresql_server: str, opened: Open
) -> None:
    with opened(postgresql_server).connect() as connection:
        driver = connection.connection.driver_connection
        assert isinstance(driver, psycopg.Connection)
        asked = driver.info.get_parameters()
    silent = {key: int(asked[key]) for key in asked if key.startswith(("keepalives", "tcp_user"))}
    assert silent.pop("keepalives", 1) == 1
    probing = silent["keepalives_interval"] * silent["keepalives_count"]
    assert silent["keepalives_idle"] + probing <= 60
    assert silent["tcp_user_timeout"] <= 60_000


def test_a_read_only_server_is_named(
    postgresql_server: str, postgresql_templates: None, opened: Open
) -> None:
    url = make_url(postgresql_server).set(database="set_up")
    url = url.update_query_dict({"options": "-c default_transaction_read_only=on"})
    engine = opened(url.render_as_string(hide_password=False))
    assert "is read-only: a standby" in said(lambda: check_writable(engine))
    assert said(lambda: _write(engine)) == said(lambda: check_writable(engine))
    check_schema(engine)


def test_missing_rights_are_named(
    postgresql_server: str, postgresql_templates: None, opened: Open
) -> None:
    with psycopg.connect(postgresql_server, autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS reader")
        connection.execute("CREATE ROLE reader LOGIN")
    url = make_url(postgresql_server).set(database="set_up", username="reader")
    sentence = said(lambda: check_writable(opened(url.render_as_string(hide_password=False))))
    assert "may not write the table" in sentence
    assert "GRANT SELECT, INSERT, UPDATE ON" in sentence


def test_a_server_that_is_not_there_is_named_without_the_password(opened: Open) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        for url in (
            f"postgresql://me:s3cret@127.0.0.1:{port}/registry",
            f"postgresql://me@127.0.0.1:{port}/registry?password=s3cret",
        ):
            engine = opened(url)
            for ask in (check_writable, check_schema, upgrade):
                sentence = said(lambda ask=ask, engine=engine: ask(engine))  # type: ignore[misc]
                assert f"127.0.0.1:{port}, database registry cannot be reached" in sentence
                assert "s3cret" not in sentence


def test_a_database_that_is_not_there_is_named(postgresql_server: str, opened: Open) -> None:
    url = make_url(postgresql_server).set(database="nowhere")
    sentence = said(lambda: check_writable(opened(url.render_as_string(hide_password=False))))
    assert 'database "nowhere" does not exist' in sentence


# -- sessions and types -----------------------------------------------------------------------


def test_moments_come_back_aware_and_in_utc(engine: Engine) -> None:
    beijing = timezone(timedelta(hours=8))
    given = datetime(2018, 1, 13, 0, 0, 0, 123456, tzinfo=beijing)
    with writing(engine) as session:
        session.add(listing(updated=given))
    with reading(engine) as session:
        row = session.get(CaseRow, "c")
        assert row is not None
        assert row.updated == given
        assert row.updated.tzinfo is UTC
        assert row.deadline is None


def test_a_moment_without_an_offset_is_refused(engine: Engine) -> None:
    naive = listing(updated=datetime(2018, 1, 13))  # noqa: DTZ001
    assert "has no offset" in said(lambda: _write(engine, naive))


def test_words_are_stored_by_value(engine: Engine) -> None:
    with writing(engine) as session:
        session.add(plan())
    with engine.connect() as connection:
        assert connection.execute(text("SELECT kind FROM plans")).scalar() == "county"


def test_a_reading_session_cannot_write(engine: Engine) -> None:
    def write() -> None:
        with reading(engine) as session:
            session.add(plan())
            session.flush()

    assert "read-only" in said(write)
    _write(engine)  # the same connection, writing again


def test_a_reading_session_sees_one_moment(engine: Engine) -> None:
    with reading(engine) as session:
        before = session.get(PlanRow, (2017, "411523"))
        _write(engine)
        session.expire_all()
        after = session.get(PlanRow, (2017, "411523"))
    assert (before, after) == (None, None)


def test_a_failed_transaction_leaves_nothing(engine: Engine) -> None:
    def fail() -> None:
        with writing(engine) as session:
            session.add(plan())
            session.flush()
            raise RegistryError("stop")

    assert said(fail) == "stop"
    with reading(engine) as session:
        assert session.get(PlanRow, (2017, "411523")) is None


def test_what_people_wrote_does_not_stand_in_errors(engine: Engine) -> None:
    row = plan()
    # PostgreSQL answers a missing value with the whole row it was missing in.
    row.source, row.reason = None, "电话 13800000000"  # type: ignore[assignment]
    with pytest.raises(RegistryError, match="source") as caught:
        _write(engine, row)
    assert "138" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("url", ["me:s3cret@host/registry", "me@host/registry?password=s3cret"])
def test_a_password_that_a_driver_repeats_is_taken_out(url: str, opened: Open) -> None:
    failure = psycopg.OperationalError("connection with s3cret failed")
    explained = faults.explained(opened(f"postgresql://{url}"))
    with pytest.raises(RegistryError, match=r"with \*\*\* failed"), explained:
        raise OperationalError("SELECT 1", None, failure)


def test_no_update_is_lost_between_concurrent_writers(engine: Engine) -> None:
    """Read, then write: without the writer's lock from the beginning, SQLite loses updates."""
    _write(engine, listing())

    def count() -> None:
        for _ in range(10):
            with writing(engine) as session:
                claim(session, "counter")
                row = session.get(CaseRow, "c")
                assert row is not None
                row.open_objections += 1

    at_once([count] * 8)
    with reading(engine) as session:
        row = session.get(CaseRow, "c")
        assert row is not None
        assert row.open_objections == 80
