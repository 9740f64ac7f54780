"""The registry's database: opening it, setting it up, and saying what is wrong with it.

SQLite and PostgreSQL behave alike behind this module: a transaction that writes has the database
(SQLite) or what it claims (PostgreSQL) to itself, one that only reads sees one moment.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from sqlalchemy import (
    URL,
    Connection,
    Dialect,
    Engine,
    create_engine,
    event,
    inspect,
    make_url,
    text,
)
from sqlalchemy.exc import ArgumentError
from sqlmodel import Session

from registry import journal
from registry.database.faults import (
    BEGIN,
    BUSY_SECONDS,
    SETUP,
    explained,
    file_of,
    is_sqlite,
    place,
    read_only_server,
    remember,
    sqlite_sentence,
)
from registry.database.installation import PROGRAM, check_version, refuse_unversioned, stamp
from registry.database.roles import rights
from registry.errors import RegistryError
from registry.migrations import FOLDER, REVISIONS
from registry.tables import Table

if TYPE_CHECKING:
    from alembic.config import Config

CONNECT_SECONDS = 5

# A database that is gone without a word is given up within a minute; the system's own patience,
# two hours, would hold up the worker's threads one after the other.
_NOTICED_WHEN_GONE = {
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}

JOURNAL = "journal"
"""What a transaction claims that puts lines down in the journal, until its commit."""

_READING = "registry_reading"


def open_engine(url: str) -> Engine:
    """An engine for ``sqlite:///path`` or ``postgresql://user@host:port/database``.

    Nothing is connected to and no file is made: a SQLite file comes into being in ``upgrade``.

    Raises:
        RegistryError: if the URL names no database that a registry can be kept in.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        # Without the URL: it may hold a password.
        raise RegistryError(
            "the registry's URL cannot be read; write sqlite:///path/to/registry.db or "
            "postgresql://user@host:5432/database"
        ) from None
    match parsed.get_backend_name():
        case "sqlite":
            return _sqlite(parsed)
        case "postgresql":
            return _postgresql(parsed)
        case other:
            raise RegistryError(
                f"the registry's URL begins with {other}; a registry is kept in SQLite "
                "(sqlite:///path/to/registry.db) or PostgreSQL "
                "(postgresql://user@host:5432/database)"
            )


def _sqlite(url: URL) -> Engine:
    if not url.database or url.database == ":memory:":
        raise RegistryError(
            "the registry's URL names no file, and a registry in memory would be another one in "
            "every thread; write sqlite:///path/to/registry.db"
        )
    if url.query or url.host:
        raise RegistryError(
            "the registry's URL holds more than a path; write sqlite:///path/to/registry.db, or "
            "sqlite:////path with four slashes where the path begins at the root"
        )
    path = Path(url.database).absolute()

    def connect() -> sqlite3.Connection:
        # mode=rw: a mistyped path must be an error and not a new, empty registry.
        return sqlite3.connect(
            f"file:{quote(str(path))}?mode=rw",
            uri=True,
            timeout=BUSY_SECONDS,
            check_same_thread=False,
            isolation_level=None,
        )

    engine = create_engine(
        URL.create("sqlite", database=str(path)), creator=connect, hide_parameters=True
    )

    remember(engine)

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _record: Any) -> None:
        # Neither SQLAlchemy nor sqlite3 may begin transactions by itself: see _begin.
        connection.isolation_level = None
        connection.execute("PRAGMA foreign_keys=ON")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        reading = connection.get_execution_options().get(_READING, False)
        connection.exec_driver_sql(f"PRAGMA query_only={'ON' if reading else 'OFF'}")
        # A deferred BEGIN takes its snapshot at the first read and the lock at the first write:
        # two writers that both read first lose one update, without an error.
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine


def _postgresql(url: URL) -> Engine:
    if url.drivername not in ("postgresql", "postgresql+psycopg"):
        raise RegistryError(
            f"the registry's URL asks for the driver {url.drivername}; write postgresql:// or "
            "postgresql+psycopg://"
        )
    if not url.database:
        raise RegistryError(
            "the registry's URL names no database; write postgresql://user@host:5432/database"
        )
    engine = create_engine(
        url.set(drivername="postgresql+psycopg"),
        pool_pre_ping=True,
        pool_size=10,
        connect_args={
            "connect_timeout": CONNECT_SECONDS,
            "application_name": "exitflow",
            **_NOTICED_WHEN_GONE,
        },
        # What people wrote stays out of logs and out of the failures that Temporal keeps.
        hide_parameters=True,
    )

    @event.listens_for(engine, "do_connect")
    def _connect(dialect: Dialect, _record: Any, args: Any, parameters: Any) -> Any:
        try:
            return dialect.connect(*args, **parameters)
        except UnicodeError:
            raise RegistryError(
                f"{place(engine)} cannot be reached: its host cannot be the name of a machine; "
                "name another in the URL"
            ) from None

    return engine


@contextmanager
def writing(engine: Engine) -> Iterator[Session]:
    """A session in one transaction that is committed whole or not at all.

    What it has noted for the journal is put down last: one lock is held for a commit, no longer.

    Raises:
        RegistryError: if the database fails; a later attempt may succeed.
    """
    with explained(engine), Session(engine) as session, session.begin():
        yield session
        _to_journal(session)


def _to_journal(session: Session) -> None:
    if journal.has_notes(session):
        session.flush()
        journal.prepare(session)
        claim(session, JOURNAL)
        journal.put_down(session)


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """A session that sees one moment of the registry and cannot write.

    Raises:
        RegistryError: if the database fails.
    """
    options: dict[str, Any] = {_READING: True}
    if not is_sqlite(engine):
        options |= {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with explained(engine), Session(engine.execution_options(**options)) as session:
        if not is_sqlite(engine):
            # What is streamed is read to its end. PostgreSQL plans a cursor for its first tenth,
            # by loops that take twenty times as long over the whole of a province.
            session.execute(text("SET LOCAL cursor_tuple_fraction = 1"))
        yield session


def claim(session: Session, what: str) -> None:
    """Let one transaction at a time do something to ``what``, until it ends.

    On SQLite every writing transaction has the whole database to itself already.
    """
    _claim(session.connection(), what)


def _claim(connection: Connection, what: str) -> None:
    if connection.dialect.name == "postgresql":
        lock = text("SELECT pg_advisory_xact_lock(hashtextextended(:what, 0))")
        connection.execute(lock, {"what": what})


def upgrade(engine: Engine) -> None:
    """Bring the schema to the newest version; a registry that is there already is no change.

    Raises:
        RegistryError: if the database cannot be reached or written, or this program cannot carry
            on what another version has left in it.
    """
    from alembic import command  # slow to import, and of no use to other commands

    with explained(engine):
        if is_sqlite(engine):
            _make_file(engine)
        with engine.begin() as connection:
            # Two programs that set up one registry at the same time: the second finds it done.
            _claim(connection, "schema")
            _revision_of(engine, connection)
            config = migration_config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            stamp(connection)


def check_reached(engine: Engine) -> None:
    """Make sure that the registry's database is there and answers.

    Raises:
        RegistryError: saying where it was looked for.
    """
    with explained(engine), engine.connect() as connection:
        connection.execute(text("SELECT 1"))


def clock(engine: Engine) -> datetime | None:
    """What time it is by PostgreSQL's server; None for a file.

    Raises:
        RegistryError: if it does not answer.
    """
    if is_sqlite(engine):
        return None
    with explained(engine), engine.connect() as connection:
        said = connection.scalar(text("SELECT clock_timestamp()"))
        assert isinstance(said, datetime)
        return said


def check_schema(engine: Engine) -> None:
    """Make sure that the schema is the one of this program.

    Raises:
        RegistryError: if it is missing, older or newer, with what to do.
    """
    with explained(engine):
        if is_sqlite(engine) and not file_of(engine).exists():
            raise RegistryError(f"{place(engine)} does not exist: {BEGIN}")
        with engine.execution_options(**{_READING: True}).connect() as connection:
            current = _revision_of(engine, connection)
        head = REVISIONS[-1]
        if current is None:
            raise RegistryError(f"{place(engine)} has no tables yet: {SETUP}")
        if current != head:
            raise RegistryError(
                f"{place(engine)} has the schema {current}, and exitflow {PROGRAM} needs {head}: "
                f"{SETUP}"
            )


def check_writable(engine: Engine) -> None:
    """Make sure that the registry can be written, changing nothing.

    Raises:
        RegistryError: if the file, its folder or the PostgreSQL server refuses, or is not there.
    """
    with explained(engine):
        if is_sqlite(engine):
            _check_file(engine)
            return
        with engine.connect() as connection:
            if connection.scalar(text("SHOW transaction_read_only")) == "on":
                raise RegistryError(read_only_server(engine))
            for table in inspect(connection).get_table_names():
                if table in Table.metadata.tables:
                    _check_rights(engine, connection, table)


def migration_config() -> "Config":
    """Alembic's configuration, without a file: where the versions lie."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    return config


def _make_file(engine: Engine) -> None:
    """Make an empty SQLite database that readers can read while a writer writes (WAL)."""
    path = file_of(engine)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)  # it holds who objected, and how they are reached
    except OSError as error:
        raise RegistryError(
            f"{place(engine)} cannot be made: {error.strerror}; choose a folder that may be written"
        ) from None
    connection = engine.raw_connection()
    try:
        # Kept in the file itself. It can only be changed outside of any transaction.
        (mode,) = connection.cursor().execute("PRAGMA journal_mode=WAL").fetchone()
    except sqlite3.Error as error:
        raise RegistryError(sqlite_sentence(engine, str(error))) from None
    finally:
        connection.close()
    if mode != "wal":
        raise RegistryError(
            f"{place(engine)} lies on a file system without shared memory (journal mode {mode}); "
            "choose a local disk"
        )


def _check_file(engine: Engine) -> None:
    path = file_of(engine)
    if not path.exists():
        _check_folder(engine, path.parent)
        return
    if path.is_dir():
        raise RegistryError(f"{place(engine)} is a folder; name a file in it")
    connection = engine.raw_connection()
    try:
        cursor = connection.cursor()
        cursor.execute("PRAGMA query_only=OFF")
        # On a read-only file BEGIN IMMEDIATE succeeds; only a write tells, and it is taken back.
        cursor.execute("BEGIN IMMEDIATE")
        cursor.execute("PRAGMA user_version=1")
        cursor.execute("ROLLBACK")
    except sqlite3.Error as error:
        raise RegistryError(sqlite_sentence(engine, str(error))) from None
    finally:
        connection.close()


def _check_folder(engine: Engine, folder: Path) -> None:
    """Make sure that the registry's file can be made there, with the folders it lacks."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    effective = os.access in os.supports_effective_ids
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK, effective_ids=effective):
        raise RegistryError(
            f"{place(engine)} cannot be made: {folder} is not a folder this user may write; give "
            "write permission, or choose another folder"
        )


def _check_rights(engine: Engine, connection: Connection, table: str) -> None:
    question = text("SELECT has_table_privilege(:table, :right)")
    needed = rights(table)
    if not all(connection.scalar(question, {"table": table, "right": each}) for each in needed):
        raise RegistryError(
            f"{place(engine)}: its user may not write the table {table}; "
            f"GRANT {', '.join(needed)} ON {table} to it"
        )


def _revision_of(engine: Engine, connection: Connection) -> str | None:
    """The schema's revision, None if there is none; a registry of another time is refused."""
    check_version(engine, connection)
    current = _revision(connection)
    if current is None:
        return None
    refuse_unversioned(engine, connection)
    if current not in REVISIONS:
        raise RegistryError(
            f"{place(engine)} was set up by a newer exitflow (schema {current}) than this one, "
            f"{PROGRAM}; update this one"
        )
    return current


def _revision(connection: Connection) -> str | None:
    """What alembic has noted in the database: its versions are one line, so one revision."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.scalars(text("SELECT version_num FROM alembic_version")).one_or_none()
