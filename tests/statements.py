"""Engines come and go with the tests: a statement that one has learnt, all of its kind know.

To translate a statement takes longer than to carry it out on a small registry, and an engine of its
own begins with none.
"""

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.util import LRUCache

_known = LRUCache[object, object](3000)


def share() -> None:
    """From now on engines of this process share what they know, by the database they speak to."""
    setattr(DefaultDialect, "__eq__", lambda one, other: type(one) is type(other))  # noqa: B010
    setattr(DefaultDialect, "__hash__", lambda dialect: hash(type(dialect)))  # noqa: B010
    event.listen(Engine, "engine_connect", _told)


def _told(connection: Connection) -> None:
    connection.execution_options(compiled_cache=_known)
