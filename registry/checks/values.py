"""Comparing rows of the registry with what a file says, and saying how they differ."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlmodel import Session

from models.base import in_a_line
from models.checks.findings import Finding
from models.periods import beijing
from registry.tables import Table

_SHOWN = 80
_PERSONAL = {"objector", "contact", "head", "name", "id_number"}
"""Columns whose values a finding does not repeat (G8)."""

NOT_OF_A_FILE = (
    "find out who wrote it: take the row out if it is new; if it was there before, put back what a "
    "copy of the registry has there"
)
"""The mend of a row that no file leads to: which of both it is, its own values do not tell."""

_DIGEST = re.compile("[0-9a-f]{64}")
"""No name and no number: cases.head is one, households.head a person."""

_LONG = 40
"""Characters; of longer texts that differ a finding shows the place where they begin to."""

_AROUND = 12

Row = Mapping[str, Any]


def table_of(row: type[Table]) -> sa.Table:
    """The table whose rows a class stands for."""
    return Table.metadata.tables[str(row.__tablename__)]


def key_of(table: sa.Table, row: Row) -> tuple[Any, ...]:
    """The primary key of a row."""
    return tuple(row[column.name] for column in table.primary_key)


def read_rows(connection: Connection, query: sa.Select[Any]) -> list[dict[str, Any]]:
    """The rows of a query of whole columns; a value that its column cannot hold is left as it is.

    Somebody may have written anything there: that is to be found, and not to end the check.
    """
    try:
        return [dict(row) for row in connection.execute(query).mappings()]
    except (LookupError, ValueError, TypeError, ArithmeticError, AttributeError):
        columns = list(query.selected_columns)
    bare = [sa.type_coerce(each, sa.types.NullType()).label(each.name) for each in columns]
    rows = connection.execute(query.with_only_columns(*bare))
    readers = [
        each.type.dialect_impl(connection.dialect).result_processor(connection.dialect, None)
        for each in columns
    ]
    return [
        {
            column.name: _read(reader, value)
            for column, reader, value in zip(columns, readers, row, strict=True)
        }
        for row in rows
    ]


def _read(reader: Any, value: Any) -> Any:
    try:
        return value if reader is None else reader(value)
    except (LookupError, ValueError, TypeError, ArithmeticError, AttributeError):
        return value


def rows_by(
    session: Session, table: sa.Table, column: str, values: Iterable[str]
) -> dict[str, list[Row]]:
    """Rows by a column that has one of some values, in the order of their keys."""
    query = sa.select(table).where(table.c[column].in_(list(values))).order_by(*table.primary_key)
    found: dict[str, list[Row]] = {}
    for row in read_rows(session.connection(), query):
        found.setdefault(row[column], []).append(row)
    return found


def shown(column: str, value: Any) -> str:
    """A value in a sentence: short, on one line, without a person's name or contact."""
    if value is None:
        return "nothing"
    if column in _PERSONAL and not _DIGEST.fullmatch(str(value)):
        return "a value that is not shown (G8)"
    if isinstance(value, datetime) and value.tzinfo is not None:
        return f"{beijing(value):%Y-%m-%d %H:%M} (Beijing time)"
    if _DIGEST.fullmatch(str(value)):
        return f"{str(value)[:12]}…"
    return in_a_line(str(value), _SHOWN)


def content_of(line: Row) -> dict[str, Any]:
    """What a line of the journal says; nothing, where somebody has made it unreadable."""
    try:
        said = json.loads(line["content"])
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def place(table: sa.Table, key: Iterable[Any]) -> str:
    """Table and key of a row."""
    return f"{table.name} {' '.join(shown('', each) for each in key)}"


DONE_AGAIN = (
    "let it be done again, as the server remembers it: exitflow mend; find out who took it out, "
    "where the registry was not restored from a copy."
)
"""What brings back what an order of a case had put there."""


def differences(
    table: sa.Table, expected: Iterable[Row], kept: Iterable[Row], file: str
) -> Iterator[Finding]:
    """How kept rows differ from what the file of a case says they are.

    Args:
        expected: Rows as they follow from the file; a column they do not have is not compared.
        file: The case.
    """
    wanted = {key_of(table, row): row for row in expected}
    there = {key_of(table, row): row for row in kept}
    for key, row in wanted.items():
        if key not in there:
            yield Finding(
                part="files",
                where=place(table, key),
                what=f"the row is missing, which the file of {file} leads to",
                mend="put it back from a copy of the registry, or restore that copy.",
            )
            continue
        yield from column_differences(table, row, there[key], file)
    for key in there.keys() - wanted.keys():
        yield Finding(
            part="files",
            where=place(table, key),
            what=f"the row is there, and the file of {file} does not lead to it",
            mend=f"{NOT_OF_A_FILE}; the file stands (G7).",
        )


def column_differences(table: sa.Table, wanted: Row, row: Row, file: str) -> Iterator[Finding]:
    """How one kept row differs from what a file says it is."""
    for column, value in wanted.items():
        if row[column] != value:
            kept, told = _both(column, row[column], value)
            yield Finding(
                part="files",
                where=f"{place(table, key_of(table, row))}, column {column}",
                what=f"{kept} is kept, and by the file of {file} it is {told}",
                mend="put back what the file says; find out who changed it.",
            )


def _both(column: str, kept: Any, told: Any) -> tuple[str, str]:
    """Two values that differ, so that they look different."""
    texts = isinstance(kept, str) and isinstance(told, str) and column not in _PERSONAL
    if texts and max(len(kept), len(told)) > _LONG and not _DIGEST.fullmatch(told):
        pairs = enumerate(zip(kept, told, strict=False))
        at = next((place for place, (one, other) in pairs if one != other), -1)
        at = min(len(kept), len(told)) if at < 0 else at
        begin, end = max(0, at - _AROUND), at + _AROUND
        return tuple(  # type: ignore[return-value]
            f"‘{shown(column, text[begin:end])}’ from character {begin + 1} of {len(text):,} on"
            for text in (kept, told)
        )
    one, other = shown(column, kept), shown(column, told)
    if one == other and isinstance(kept, datetime):  # within a minute
        return str(kept), str(told)
    return one, other
