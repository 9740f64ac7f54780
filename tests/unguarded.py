"""Changing what the registry keeps for good: as whoever owns its database can."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, create_engine, text

from registry.database.roles import KEPT, guards


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
    if connection.dialect.name == "sqlite":
        for _, name in guards(connection):
            connection.execute(text(f"DROP TRIGGER {name}"))
        return
    for table in sorted(KEPT):
        connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER {table}_kept"))


def restore(connection: Connection) -> None:
    """Put it back."""
    if connection.dialect.name == "sqlite":
        for made in guards(connection).values():
            connection.execute(text(made))
        return
    for table in sorted(KEPT):
        connection.execute(text(f"ALTER TABLE {table} ENABLE TRIGGER {table}_kept"))
