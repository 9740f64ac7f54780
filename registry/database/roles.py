"""Who may do what in a PostgreSQL registry: its owner, the worker and desk, and who only reads.

The owner makes the tables and takes no part in the work. The worker and the desk add to files,
journal and notices and cannot change or take out what is there, whatever an SQL of theirs says.
"""

from collections.abc import Iterable

from sqlalchemy import Connection, Engine, UniqueConstraint, text

from registry.database.faults import explained, is_sqlite
from registry.tables import Table

WORKER, READER = "exitflow_worker", "exitflow_reader"
"""Roles that get their rights from ``grant`` where the server has them."""

KEPT = frozenset(
    {
        *("ledger_entries", "journal", "notices", "office_records", "indicators"),
        *("case_documents", "samples", "supervision_results", "revocations", "incidence_alarms"),
        *("plans", "poverty_lines", "provincial_means", "outbox", "deliveries"),
        *("register_entries", "household_past", "village_past"),
    }
)
"""Tables whose rows are written once (G7): nobody has a right to change them, and a trigger refuses
it to their owner too."""

CHANGED = {
    "divisions": "a change of name, parent or tier ends a row",
    "county_status": "the next standing ends a row",
    "village_status": "the next standing ends a row",
    "villages": "an import brings their people up to date; the journal has the digests",
    "village_years": "a later survey of the year takes its place",
    "households": "an import brings them up to date; the journal has the digests",
    "household_years": "an import brings them up to date; the journal has the digests",
    "members": "people join and leave a household",
    "household_episodes": "an exit, or the household's own end, ends a row",
    "cases": "how a case stands by the last entry of its file",
    "limits_in_force": "who is held to what by the last entry of a file",
    "objections": "one is received, then accepted, then resolved",
    "roster_households": "where a household of a roster is by the last entry about it",
    "follow_up_checks": "a visit is due, then made",
    "household_risks": "a risk ends",
    "check_results": "a check of the same moment is the same one",
    "installation": "its version grows",
    "contradictions": "one is mended",
    "ended_runs": "two workers note the same",
}
"""Every other table, and why its rows change."""

_TAKEN_OUT = frozenset({"contradictions", "limits_in_force", "members", "roster_households"})
"""Tables from which rows go: a contradiction that was mended; a limit that holds nobody any more;
who is no member any more; whom a roster proposed and cannot have."""


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
    expected, there = guards(connection), _triggers(connection)
    for table in sorted({table for table, name in expected.keys() - there.keys()}):
        yield (
            table,
            "the trigger that keeps its rows as they were written is missing",
            "restore the schema from a copy, and find out who took it off.",
        )
    for table, name in sorted(there.keys() - expected.keys()):
        yield (
            f"{table}, trigger {name}",
            "no version of exitflow made it, and it can change or hide what is written",
            f"find out who made it, then take it off: DROP TRIGGER {name}"
            f"{'' if connection.dialect.name == 'sqlite' else f' ON {table}'}.",
        )
    for table, name in sorted(expected.keys() & there.keys()):
        if _bare(there[table, name]) != _bare(expected[table, name]):
            yield (
                f"{table}, trigger {name}",
                "it is not as exitflow made it, and may keep nothing",
                "restore the schema from a copy, and find out who changed it.",
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


_SAID = "are written once and kept (G7)"
_FUNCTION = f"""BEGIN RAISE EXCEPTION 'rows of % {_SAID}', TG_TABLE_NAME; END"""

Triggers = dict[tuple[str, str], str]
"""What each does, by its table and name."""


def guards(connection: Connection) -> Triggers:
    """The triggers that the migrations make; a test compares this with what they made."""
    if connection.dialect.name == "sqlite":
        return {
            (table, f"{table}_no_{change}"): f"CREATE TRIGGER {table}_no_{change} BEFORE {when} "
            f"BEGIN SELECT RAISE(ABORT, 'rows of {table} {_SAID}'); END"
            for table in sorted(KEPT)
            for change, when in {
                "update": f"UPDATE ON {table}",
                "delete": f"DELETE ON {table}",
                "replace": f"INSERT ON {table} WHEN {_is_there(table)}",
            }.items()
        }
    return {
        (table, f"{table}_kept"): f"BEFORE DELETE OR UPDATE OR TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION exitflow_kept() {_FUNCTION}"
        for table in sorted(KEPT)
    }


def _is_there(table: str) -> str:
    """SQLite: whether a row has a key of the new one, which would replace it.

    ``INSERT OR REPLACE`` takes rows out and asks no trigger that is before a delete.
    """
    found = Table.metadata.tables[table]
    unique = (each for each in found.constraints if isinstance(each, UniqueConstraint))
    keys = [["rowid"], *([column.name for column in key] for key in (found.primary_key, *unique))]
    return " OR ".join(
        f"EXISTS (SELECT 1 FROM {table} WHERE ({', '.join(key)}) = (NEW.{', NEW.'.join(key)}))"
        for key in keys
    )


def _triggers(connection: Connection) -> Triggers:
    """The triggers that are there; PostgreSQL's own, and those that do not fire here, left out.

    A rule of PostgreSQL does what a trigger does, and counts as one.
    """
    if connection.dialect.name == "sqlite":
        query = "SELECT tbl_name, name, sql FROM sqlite_master WHERE type = 'trigger'"
        return {(table, name): sql for table, name, sql in connection.execute(text(query))}
    query = """
        SELECT c.relname, t.tgname,
            'BEFORE ' || split_part(
                replace(pg_get_triggerdef(t.oid), ' ON ' || n.nspname || '.', ' ON '), ' BEFORE ', 2
            ) || ' ' || p.prosrc
        FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
            JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_proc p ON p.oid = t.tgfoid
        WHERE NOT t.tgisinternal AND t.tgenabled IN ('O', 'A') AND n.nspname = current_schema()
        UNION ALL SELECT tablename, rulename, definition FROM pg_rules
        WHERE schemaname = current_schema()
    """
    return {(table, name): said for table, name, said in connection.execute(text(query))}


def _bare(said: str) -> str:
    return " ".join(said.split())


def _may_change(connection: Connection, table: str) -> bool:
    question = (
        "SELECT has_table_privilege(:table, 'UPDATE') OR has_table_privilege(:table, 'DELETE')"
    )
    return bool(connection.scalar(text(question), {"table": table}))
