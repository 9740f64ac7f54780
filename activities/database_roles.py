"""Who may do what in a PostgreSQL registry: its owner, the worker and desk, and who only reads.

The owner makes the tables and takes no part in the work. The worker and the desk add to files,
journal and notices and cannot change or take out what is there, whatever an SQL of theirs says.
"""

from collections.abc import Iterable

from sqlalchemy import Connection, Engine, text

from activities.database_faults import explained, is_sqlite
from models.tables import Table

WORKER, READER = "exitflow_worker", "exitflow_reader"
"""Roles that get their rights from ``grant`` where the server has them."""

KEPT = frozenset({"ledger_entries", "journal", "notices"})
"""Tables whose rows are written once (G7): nobody but the owner has a right to change them."""

_TAKEN_OUT = frozenset({"contradictions", "members", "roster_households"})
"""Tables from which rows go: a contradiction that was mended; who is no member any more; whom a
roster proposed and cannot have."""


def rights(table: str) -> tuple[str, ...]:
    """What worker and desk may do with a table.

    >>> rights("journal"), rights("members")
    (('SELECT', 'INSERT'), ('SELECT', 'INSERT', 'UPDATE', 'DELETE'))
    """
    if table in KEPT:
        return ("SELECT", "INSERT")
    return ("SELECT", "INSERT", "UPDATE", *(["DELETE"] if table in _TAKEN_OUT else []))


def grant(engine: Engine) -> tuple[str, ...]:
    """Give the roles that are there what they need and no more; return their names.

    As the owner of the tables. Repeating it is no change; on SQLite there is nobody to give it to.

    Raises:
        RegistryError: if the database refuses.
    """
    if is_sqlite(engine):
        return ()
    with explained(engine), engine.begin() as connection:
        there = _roles(connection)
        for role in there:
            for statement in _statements(connection, role):
                connection.execute(text(statement))
    return there


def faults(connection: Connection) -> Iterable[tuple[str, str, str]]:
    """What does not guard files and journal as it should: where, what, and the mend."""
    missing = _without_guard(connection)
    for table in missing:
        yield (
            table,
            "the trigger that keeps its rows as they were written is missing",
            "restore the schema from a copy, and find out who took it off.",
        )
    if connection.dialect.name == "sqlite":
        return
    user, is_superuser = connection.execute(
        text("SELECT current_user, rolsuper FROM pg_roles WHERE rolname = current_user")
    ).one()
    may = [table for table in sorted(KEPT) if _may_change(connection, table)]
    if is_superuser or may:
        what = "is a superuser" if is_superuser else f"may change {', '.join(may)}"
        yield (
            f"role {user}",
            f"the registry is used by a role that {what}",
            f"let worker and desk connect as {WORKER}, whose rights exitflow setup registry sets.",
        )


def _roles(connection: Connection) -> tuple[str, ...]:
    found = connection.scalars(
        text("SELECT rolname FROM pg_roles WHERE rolname IN (:worker, :reader) ORDER BY rolname"),
        {"worker": WORKER, "reader": READER},
    )
    return tuple(found)


def _statements(connection: Connection, role: str) -> Iterable[str]:
    schema = connection.scalar(text("SELECT current_schema()"))
    yield f"GRANT USAGE ON SCHEMA {schema} TO {role}"
    yield f"REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM {role}"
    yield f"GRANT SELECT ON alembic_version TO {role}"
    for table in sorted(Table.metadata.tables):
        allowed = rights(table) if role == WORKER else ("SELECT",)
        yield f"GRANT {', '.join(allowed)} ON {table} TO {role}"


def _without_guard(connection: Connection) -> list[str]:
    if connection.dialect.name == "sqlite":
        named = {f"{table}_no_{change}": table for table in _GUARDED for change in _CHANGES}
        query = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    else:
        named = {f"{table}_kept": table for table in _GUARDED}
        query = "SELECT tgname FROM pg_trigger WHERE tgenabled <> 'D'"
    there = {str(name) for name in connection.scalars(text(query))}
    return sorted({table for name, table in named.items() if name not in there})


_GUARDED = ("journal", "ledger_entries")
_CHANGES = ("update", "delete")


def _may_change(connection: Connection, table: str) -> bool:
    question = (
        "SELECT has_table_privilege(:table, 'UPDATE') OR has_table_privilege(:table, 'DELETE')"
    )
    return bool(connection.scalar(text(question), {"table": table}))
