"""The registry alone: for commands and scripts that need no server."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta

from registry.database.engine import check_schema
from registry.desk import Registry
from workers.settings import Settings, load_settings

# A context variable: the thread of a rehearsed command and all its tasks see it. The worker in the
# same process does not: it lives in the server's time. A parameter would go through every command.
_rehearsed: ContextVar[datetime | None] = ContextVar("rehearsed", default=None)


def utc_now() -> datetime:
    """What time it is: by this machine's clock, or in the rehearsal that the command belongs to."""
    return _rehearsed.get() or datetime.now(UTC)


def ahead() -> timedelta:
    """How far a rehearsed command is ahead of the server's clock; nothing outside a rehearsal."""
    moment = _rehearsed.get()
    return max(moment - datetime.now(UTC), timedelta(0)) if moment else timedelta(0)


@contextmanager
def rehearsed_at(moment: datetime) -> Iterator[None]:
    """Let what is called in the block take a moment for the present one."""
    token = _rehearsed.set(moment)
    try:
        yield
    finally:
        _rehearsed.reset(token)


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
