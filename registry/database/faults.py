"""What is wrong with the registry's database, in a sentence a person can act on."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from weakref import WeakSet

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from registry.errors import RegistryError

_READ_ONLY = re.compile("readonly|read-only|unable to open")
BUSY_SECONDS = 15
"""How long a SQLite transaction waits for another writer."""

SETUP = "run `exitflow setup registry`"

BEGIN = f"{SETUP}, or `exitflow up`, which sets up everything"


_OPEN: WeakSet[Engine] = WeakSet()
"""Every engine of this process over a file: SQLite shares what it knows of one between them."""


def remember(engine: Engine) -> None:
    """Let an engine's connections be given up with those of others over the same file."""
    _OPEN.add(engine)


def _begin_anew(engine: Engine) -> None:
    """Give up all idle connections: one that was opened while nothing could be written stays so.

    SQLite keeps it read-only, and with it what the process shares of the file, for as long as one
    of them is open; PostgreSQL keeps the session's default.
    """
    for each in [engine, *_OPEN]:
        if each.url.database == engine.url.database:
            each.dispose()


def is_sqlite(engine: Engine) -> bool:
    """Whether the registry is a file."""
    return engine.dialect.name == "sqlite"


def file_of(engine: Engine) -> Path:
    """The file of a SQLite registry."""
    return Path(engine.url.database or "")


def place(engine: Engine) -> str:
    """Where the registry is, for a sentence; never with a user, a password or a parameter."""
    url = engine.url
    if is_sqlite(engine):
        return f"the registry {url.database}"
    host = url.host or url.query.get("host") or "localhost"
    return f"the registry at PostgreSQL {host}:{url.port or 5432}, database {url.database}"


@contextmanager
def explained(engine: Engine) -> Iterator[None]:
    """Turn what the driver says into a ``RegistryError``.

    Without the driver's error as cause: PostgreSQL's details repeat whole rows, with names and
    contacts in them, and a cause ends up in the failure that Temporal keeps.
    """
    try:
        yield
    except DBAPIError as error:
        said = str(error.orig)
        if _READ_ONLY.search(said):
            _begin_anew(engine)
        if is_sqlite(engine):
            raise RegistryError(sqlite_sentence(engine, said)) from None
        state = getattr(error.orig, "sqlstate", None)
        raise RegistryError(_postgresql_sentence(engine, said, state)) from None
    except SQLAlchemyError as error:
        raise RegistryError(f"{place(engine)}: {_first_line(str(error))}") from None


def read_only_server(engine: Engine) -> str:
    """The sentence for a PostgreSQL server that takes no changes."""
    return (
        f"{place(engine)} is read-only: a standby, or default_transaction_read_only is on; name "
        "the primary server, or lift it"
    )


def sqlite_sentence(engine: Engine, said: str) -> str:
    """What SQLite's words mean for the person who runs exitflow."""
    where, path = place(engine), file_of(engine)
    if "no such table" in said:
        return f"{where} has no tables yet: {SETUP}"
    if "no such column" in said or "has no column" in said:
        return f"{where} has an older schema than this program: {SETUP}"
    if "unable to open" in said and not path.exists():
        return f"{where} does not exist: {BEGIN}"
    if "readonly" in said or "unable to open" in said:
        return (
            f"{where} is read-only for this user; give write permission to the file and to its "
            f"folder {path.parent}"
        )
    if "locked" in said:
        return (
            f"{where} was locked by another program for more than {BUSY_SECONDS} seconds; "
            "end that program, or try again"
        )
    if "not a database" in said:
        return f"{where} is no SQLite database; name another file"
    return f"{where}: {_first_line(said)}"


def _postgresql_sentence(engine: Engine, said: str, state: str | None) -> str:
    where = place(engine)
    match state:
        case "42P01":
            return f"{where} has no tables yet: {SETUP}"
        case "42703":
            return f"{where} has an older schema than this program: {SETUP}"
        case "25006":
            return read_only_server(engine)
        case "42501":
            return f"{where}: {_first_line(said)}; GRANT it to the registry's user"
        case None:
            reason = _without_secrets(engine, " ".join(said.split()))
            return (
                f"{where} cannot be reached ({reason}); check that the server runs, and host, "
                "port, user and password of the URL"
            )
        case _:
            return f"{where}: {_without_secrets(engine, _first_line(said))}"


def _first_line(said: str) -> str:
    return (said.splitlines() or ["no reason given"])[0]


def _without_secrets(engine: Engine, said: str) -> str:
    url = engine.url
    for secret in (url.password, url.query.get("password")):
        if isinstance(secret, str) and secret:
            said = said.replace(secret, "***")
    return said
