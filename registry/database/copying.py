"""A copy of the registry as it is at one moment, taken while everybody works; and putting it in.

A file is copied by SQLite itself, within one transaction; PostgreSQL by its own pg_dump, whose
version must not be older than the server's.
"""

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Engine, inspect

from registry.database.faults import (
    BUSY_SECONDS,
    explained,
    file_of,
    is_sqlite,
    place,
    sqlite_sentence,
)
from registry.errors import RegistryError


def copy_out(engine: Engine, target: Path) -> None:
    """Copy the registry of one moment to a new file.

    Raises:
        RegistryError: if it cannot be read, or PostgreSQL's programs are not there.
    """
    if is_sqlite(engine):
        try:
            copy_sqlite(file_of(engine), target)
        except sqlite3.Error as error:
            raise RegistryError(sqlite_sentence(engine, str(error))) from None
    else:
        _run(engine, "pg_dump", "--format=custom", f"--file={target}")


def copy_in(engine: Engine, source: Path) -> None:
    """Make the registry from a copy, where none is yet: all of it or nothing.

    Raises:
        RegistryError: as ``check_empty``; if it cannot be written, or PostgreSQL's programs are not
            there.
        OSError: if a file cannot be read or written.
    """
    check_empty(engine)
    if is_sqlite(engine):
        target = file_of(engine)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch(mode=0o600, exist_ok=False)
        # As bytes: SQLite itself would write beside a copy, which may lie on a read-only medium.
        with source.open("rb") as content, target.open("wb") as copy:
            shutil.copyfileobj(content, copy)
            os.fsync(copy.fileno())
    else:
        _run(engine, "pg_restore", "--exit-on-error", "--single-transaction", str(source))


def check_empty(engine: Engine) -> None:
    """Make sure that there is no registry yet: none is written over.

    Raises:
        RegistryError: if there is one, or the database cannot be reached.
    """
    if is_sqlite(engine):
        if file_of(engine).exists():
            raise RegistryError(f"{place(engine)} is there already, and none is written over")
        return
    with explained(engine), engine.connect() as connection:
        if inspect(connection).get_table_names():
            raise RegistryError(
                f"{place(engine)} holds tables already, and none is written over: name an empty "
                "database in EXITFLOW_REGISTRY_URL"
            )


def copy_sqlite(source: Path, target: Path) -> None:
    """Copy a SQLite file of one moment, beside programs that go on writing to it.

    Raises:
        sqlite3.Error: if one cannot be read, or the other not be written.
    """
    target.touch(mode=0o600)
    # A path may hold # and ?, which end one in an address: another file would be copied, or none.
    there_is = f"file:{quote(str(source))}?mode=rw"
    # Not opened read-only: the memory that readers and writers share may have to be made anew.
    with (
        closing(sqlite3.connect(there_is, uri=True, timeout=BUSY_SECONDS)) as there,
        closing(sqlite3.connect(target)) as copy,
    ):
        there.backup(copy)  # in one step, and so within one transaction


def _run(engine: Engine, program: str, *arguments: str) -> None:
    """Run one of PostgreSQL's programs on the registry.

    Raises:
        RegistryError: with what it says.
    """
    found = shutil.which(program)
    if found is None:
        raise RegistryError(
            f"{place(engine)} is copied by PostgreSQL's own {program}, which is not on the PATH: "
            "install the client programs of the server's version (Debian: postgresql-client), or "
            f"run {program} where the server is"
        )
    # Everybody on a machine can read a command line: the password goes another way.
    password = engine.url.password or engine.url.query.get("password")
    plain = engine.url.set(drivername="postgresql", password=None)
    url = plain.difference_update_query(["password"]).render_as_string()
    done = subprocess.run(
        [found, "--no-owner", "--no-privileges", f"--dbname={url}", *arguments],
        env={**os.environ, **({"PGPASSWORD": str(password)} if password else {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
    )
    if done.returncode:
        said = " ".join(done.stderr.split())[:500]
        raise RegistryError(f"{place(engine)}: {said or f'{program} ended with no reason given'}")
