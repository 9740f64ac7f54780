"""A PostgreSQL database that tests have one after the other, each as if it were made for it.

To make a database and drop it takes four times as long as to put its rows back.
"""

import itertools
import time

import psycopg
from psycopg import sql
from sqlalchemy import make_url

SET_UP, LOADED = "set_up", "loaded"
"""Databases to be copied: one holds what setting up puts in, the other the 53 counties too."""

_OTHER_THAN_ROWS = (
    *("pg_attrdef", "pg_attribute", "pg_class", "pg_constraint", "pg_db_role_setting"),
    *("pg_default_acl", "pg_event_trigger", "pg_extension", "pg_index", "pg_namespace"),
    *("pg_policy", "pg_proc", "pg_rewrite", "pg_sequence", "pg_trigger", "pg_type"),
)
"""Where the server keeps tables, columns, triggers, functions, rights and settings."""

_SHAPE = " UNION ALL ".join(
    f"SELECT '{each}', count(*), max(xmin::text::bigint) FROM {each}" for each in _OTHER_THAN_ROWS
)
"""How much is there, and the last transaction that changed some of it."""


class _Content:
    """What a database holds: the rows of its tables, and where its sequences stand."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._rows: dict[str, bytes] = {}
        for table in _used_tables(connection):
            with connection.cursor().copy(_with_name("COPY {} TO STDOUT", table)) as copy:
                self._rows[table] = b"".join(map(bytes, copy))
        self._sequences = {
            name: connection.execute(
                _with_name("SELECT last_value, is_called FROM {}", name)
            ).fetchall()
            for name in _names(connection, "relkind = 'S'")
        }

    def put_back(self, connection: psycopg.Connection) -> None:
        """Let a database of the same tables hold this and nothing else."""
        # In this session alone no trigger runs: neither the guard of files and journal nor the
        # checks of foreign keys, which these rows passed when they were written.
        connection.execute("SET session_replication_role = replica")
        used = _used_tables(connection)
        with connection.transaction():
            for table in used:
                connection.execute(_with_name("DELETE FROM {}", table))
        # Gives the space back: rows in the gaps of others would be found in another order.
        # TRUNCATE makes new files, for each table and index, and takes ten times as long.
        for table in used:
            connection.execute(_with_name("VACUUM {}", table))
        with connection.transaction():
            for table, rows in self._rows.items():
                with connection.cursor().copy(_with_name("COPY {} FROM STDIN", table)) as copy:
                    copy.write(rows)
            for name, ((value, is_called),) in self._sequences.items():
                connection.execute("SELECT setval(%s, %s, %s)", (name, value, is_called))


class OneDatabase:
    """A database of this process. Each test has it under another name.

    Who uses the name that an earlier test had finds no database, as if it were dropped. If a test
    changed more than rows (a trigger, a table's name, a right), the database is dropped and made
    anew.
    """

    def __init__(self, server: str) -> None:
        """``server`` is the URL of its superuser; the databases to be copied are there."""
        self._server = server
        self._connection = psycopg.connect(server, autocommit=True)
        self._numbers = itertools.count(1)
        self._contents = {}
        for template in (SET_UP, LOADED):
            with self._inside(template) as inside:
                self._contents[template] = _Content(inside)
        self._make()

    def close(self) -> None:
        """Let go of the server."""
        self._connection.close()

    def given(self, template: str) -> str:
        """URL of the database, which holds what a copy of ``template`` would."""
        self._end_sessions()
        self._rename()
        with self._inside(self._name) as inside:
            if _shape(inside) == self._shape:
                self._contents[template].put_back(inside)
                return url_of(self._server, self._name)
        self._connection.execute(_with_name("DROP DATABASE {} WITH (FORCE)", self._name))
        self._make()
        with self._inside(self._name) as inside:
            self._contents[template].put_back(inside)
        return url_of(self._server, self._name)

    def _make(self) -> None:
        self._name = self._new_name()
        self._connection.execute(_with_name("CREATE DATABASE {} TEMPLATE {}", self._name, SET_UP))
        with self._inside(self._name) as inside:
            self._shape = _shape(inside)

    def _rename(self) -> None:
        name = self._new_name()
        self._connection.execute(_with_name("ALTER DATABASE {} RENAME TO {}", self._name, name))
        self._name = name

    def _new_name(self) -> str:
        return f"registry_{next(self._numbers)}"

    def _end_sessions(self) -> None:
        """End what sessions an earlier test has left, and wait until they are gone."""
        query = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = %s"
        end = time.monotonic() + 60
        while self._connection.execute(query, (self._name,)).fetchone() != (0,):
            assert time.monotonic() < end, "a session of an earlier test does not end"
            time.sleep(0.002)

    def _inside(self, name: str) -> psycopg.Connection:
        return psycopg.connect(url_of(self._server, name), autocommit=True)


def url_of(server: str, name: str) -> str:
    """URL of the database ``name`` of a server."""
    return make_url(server).set(database=name).render_as_string(hide_password=False)


def _with_name(statement: str, *names: str) -> bytes:
    quoted = [sql.Identifier(name).as_string(None) for name in names]
    return statement.format(*quoted).encode()


def _shape(connection: psycopg.Connection) -> list[tuple[str, int, int]]:
    return connection.execute(_SHAPE.encode()).fetchall()


def _used_tables(connection: psycopg.Connection) -> list[str]:
    """Tables that hold rows, or held some since they were vacuumed."""
    return _names(connection, "relkind = 'r' AND pg_relation_size(oid) > 0")


def _names(connection: psycopg.Connection, condition: str) -> list[str]:
    query = f"SELECT relname FROM pg_class WHERE oid >= 16384 AND {condition} ORDER BY relname"
    return [name for (name,) in connection.execute(query.encode()).fetchall()]
