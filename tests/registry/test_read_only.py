"""A registry that could not be written for a while comes back by itself."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine, make_url, text

from registry.database.engine import writing
from registry.errors import RegistryError

pytestmark = pytest.mark.clause("G7")

CHILD = """
import os, sys
from pathlib import Path
from sqlalchemy import text
from registry.database.engine import RegistryError, open_engine, reading, upgrade, writing

folder = Path(sys.argv[1])
engines = [open_engine(f"sqlite:///{folder}/registry.db") for _ in range(2)]
upgrade(engines[0])
years = iter(range(2000, 2100))

def write(engine):
    with writing(engine) as session:
        session.execute(text(f"INSERT INTO poverty_lines VALUES ({next(years)}, 1, 'x')"))

def fails(engine):
    try:
        write(engine)
    except RegistryError as error:
        assert "is read-only for this user" in str(error), error
        return True
    return False

def allow(file, of_folder):
    if root:
        os.seteuid(0)
    for each in folder.iterdir():
        os.chmod(each, file)
    os.chmod(folder, of_folder)
    if root:
        os.seteuid(65534)

root = os.geteuid() == 0  # whom no mode of a file keeps out
allow(0o666, 0o777)
for engine in engines:
    write(engine)
allow(0o444, 0o555)
for engine in engines:
    engine.dispose()  # as connections go that fail, or are too many
    assert fails(engine)
    with reading(engine) as session:  # and comes back from the pool, read-only
        assert session.scalar(text("SELECT count(*) FROM poverty_lines")) == 2
assert fails(engines[0])
allow(0o666, 0o777)
tried = [[fails(engine) for _ in range(3)] for engine in engines]
assert all(each[1:] == [False, False] for each in tried), tried
allow(0o666, 0o777)
"""


def test_a_file_that_was_read_only_is_written_again(tmp_path: Path) -> None:
    # A path that another user may go through, which the tests' own folders are not.
    done = subprocess.run(
        [sys.executable, "-c", f"import tempfile\nwith tempfile.TemporaryDirectory() as f:\n"
         f"    import sys\n    sys.argv.append(f)\n    exec({CHILD!r})\n    "
         "os.seteuid(0) if root else None\n"],
        cwd=Path(__file__).parent.parent.parent,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_a_server_that_was_read_only_is_written_again(
    postgresql_server: str, postgresql_templates: None, opened: Callable[[str], Engine]
) -> None:
    name = "read_only"
    url = make_url(postgresql_server).set(database=name).render_as_string(hide_password=False)
    with psycopg.connect(postgresql_server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE set_up".encode())
        connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on".encode())
        engine = opened(url)

        def write(year: int) -> None:
            with writing(engine) as session:
                session.execute(text(f"INSERT INTO poverty_lines VALUES ({year}, 1, 'x')"))

        with pytest.raises(RegistryError, match="is read-only: a standby"):
            write(2001)
        with engine.connect() as pooled:  # a session that began while it was so
            pooled.execute(text("SELECT 1"))
        connection.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only".encode())
        with pytest.raises(RegistryError, match="is read-only: a standby"):
            write(2001)
        write(2001)
        engine.dispose()
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
