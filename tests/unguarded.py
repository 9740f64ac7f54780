"""Changing what the registry keeps for good: as whoever owns its database can."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, create_engine, text

from registry.database.roles import KEPT


@contextmanager
def unguarded(engine: Engine) -> Iterator[Connection]:
    """A transaction in which what is kept can be changed; its guard is as before after it.

    On SQLite with foreign keys unheeded, which is a setting of the connection there.
    """
    owner = create_engine(engine.url) if engine.dialect.name == "sqlite" else engine
    with owner.begin() as connection:
        lift(connection)
        yield connection
        restore(connection)
    if owner is not engine:
        owner.dispose()


def lift(connection: Connection) -> None:
    """Take the guard off."""
    for table in sorted(KEPT):
        if connection.dialect.name == "sqlite":
            for change in ("update", "delete"):
                connection.execute(text(f"DROP TRIGGER {table}_no_{change}"))
        else:
            connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER {table}_kept"))


def restore(connection: Connection) -> None:
    """Put it back."""
    for table in sorted(KEPT):
        if connection.dialect.name == "sqlite":
            for change in ("update", "delete"):
                connection.execute(
                    text(
                        f"CREATE TRIGGER {table}_no_{change} BEFORE {change.upper()} ON {table} "
                        f"BEGIN SELECT RAISE(ABORT, 'rows of {table} are written once and kept "
                        "(G7)'); END"
                    )
                )
        else:
            connection.execute(text(f"ALTER TABLE {table} ENABLE TRIGGER {table}_kept"))
