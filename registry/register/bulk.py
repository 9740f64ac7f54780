"""Putting many rows into tables at once: what is new is inserted, what differs is changed.

Rows go to the database in bulk and not one object each; a session's objects know nothing of it.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from registry.tables import Table

BATCH = 500
"""Lines that are looked up and written together: what is in memory at a time."""

T = TypeVar("T")


def batches(lines: Iterable[T]) -> Iterator[list[T]]:
    """Lines in lots of ``BATCH``."""
    each = iter(lines)
    while batch := list(islice(each, BATCH)):
        yield batch


def table_of(row: type[Table]) -> sa.Table:
    """The table whose rows a class stands for."""
    return Table.metadata.tables[str(row.__tablename__)]


def found(
    connection: Connection, row: type[Table], column: str, values: Iterable[str]
) -> Sequence[RowMapping]:
    """The rows that have one of these values in a column."""
    table = table_of(row)
    query = sa.select(table).where(table.c[column].in_(sorted(set(values))))
    return connection.execute(query).mappings().all()


class Writer:
    """Collects rows of one table, then writes them: new ones, and those that differ."""

    def __init__(self, row: type[Table]) -> None:
        self._table = table_of(row)
        self._keys = [column.name for column in self._table.primary_key]
        self._new: list[dict[str, Any]] = []
        self._changed: list[dict[str, Any]] = []

    def put(self, row: dict[str, Any], known: RowMapping | None, aside: Sequence[str] = ()) -> bool:
        """Take a row, beside what the table has under its key; whether that is a change.

        A difference in the columns named in ``aside`` alone is none.
        """
        if known is None:
            self._new.append(row)
            return True
        if any(known[name] != value for name, value in row.items() if name not in aside):
            self._changed.append({_key(name, self._keys): value for name, value in row.items()})
            return True
        return False

    def write(self, connection: Connection) -> None:
        """Write what was taken."""
        if self._new:
            connection.execute(sa.insert(self._table), self._new)
        if self._changed:
            here = (self._table.c[key] == sa.bindparam(_key(key, self._keys)) for key in self._keys)
            connection.execute(sa.update(self._table).where(*here), self._changed)


def _key(name: str, keys: Sequence[str]) -> str:
    """A parameter's name; that of a key must not be a column's, which would be set."""
    return f"key_{name}" if name in keys else name
