"""The registry alone: for commands and scripts that need no server."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from registry.database.engine import check_schema
from registry.desk import Registry
from workers.settings import Settings, load_settings


def utc_now() -> datetime:
    """The clock of an installation."""
    return datetime.now(UTC)


@contextmanager
def open_registry(settings: Settings | None = None) -> Iterator[Registry]:
    """The registry of this installation alone, for what needs no server.

    Raises:
        RegistryError: if the registry is missing or outdated.
    """
    engine = (settings or load_settings()).engine()
    try:
        check_schema(engine)
        yield Registry(engine)
    finally:
        engine.dispose()
