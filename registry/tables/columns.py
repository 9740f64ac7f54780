"""What the tables are made of: their base, and columns that mean the same on every database."""

from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from pydantic import ConfigDict
from sqlalchemy import Date, DateTime, Dialect, Enum, MetaData, Numeric, String, Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator, TypeEngine
from sqlmodel import SQLModel


class Standing(StrEnum):
    """What the register says of a county or a poor village: 在册 or 已退出.

    After a revocation (F7 撤销退出) it is on the list again, and the register says why.
    """

    LISTED = "listed"
    EXITED = "exited"
    REVOKED = "revoked"


ON_THE_LIST = (Standing.LISTED, Standing.REVOKED)
"""The standings of who has not left, or has not left rightly."""


class Source(StrEnum):
    """How somebody spoke up: an objection (G1 异议), its review (复核), a report (G2 举报)."""

    OBJECTION = "objection"
    REPORT = "report"
    REVIEW = "review"


class Instant(TypeDecorator[datetime]):
    """A point in time, kept in UTC and always given back aware.

    SQLite has no offset and returns naive datetimes; PostgreSQL returns the session's zone.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a naive datetime: nobody could tell which moment it is."""
        if value is None:
            return None
        if value.utcoffset() is None:
            raise ValueError(f"{value} has no offset; the registry keeps moments, not wall clocks")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give back UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class DayInBeijing(FunctionElement[date]):
    """The day of an instant, in Beijing."""

    type = Date()
    inherit_cache = True


@compiles(DayInBeijing, "sqlite")
def _on_sqlite(element: DayInBeijing, compiler: Any, **given: Any) -> str:
    return f"date({compiler.process(element.clauses, **given)}, '+8 hours')"


@compiles(DayInBeijing, "postgresql")
def _on_postgresql(element: DayInBeijing, compiler: Any, **given: Any) -> str:
    instant = compiler.process(element.clauses, **given)
    return f"CAST({instant} AT TIME ZONE 'UTC' + INTERVAL '8 hours' AS DATE)"


class Exact(TypeDecorator[Decimal]):
    """A decimal with three places that never passes through a float: text on SQLite."""

    impl = Numeric(7, 3)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """NUMERIC where the database has it."""
        wanted: TypeEngine[Any] = String(12) if dialect.name == "sqlite" else Numeric(7, 3)
        return dialect.type_descriptor(wanted)

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        """Text on SQLite."""
        return str(value) if value is not None and dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        """A decimal again."""
        return None if value is None else Decimal(value)


def storable(text: str) -> str:
    """A text as its column holds it: with the replacement character for NUL."""
    return text.replace("\x00", "\ufffd")


class Written(TypeDecorator[str]):
    """What a person wrote, of any length.

    PostgreSQL refuses a NUL character; an objection that holds one must not block its case.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Without NUL; the entry's ``content`` keeps it escaped."""
        return None if value is None else storable(value)


class RegionPath(TypeDecorator[str]):
    """A path of codes, ordered by its bytes: what begins alike stands together in an index."""

    impl = String
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """With the order of bytes, which SQLite has anyway."""
        return dialect.type_descriptor(
            String() if dialect.name == "sqlite" else String(collation="C")
        )


def words(kind: type[StrEnum]) -> Enum:
    """A column of an enumeration, by value: SQLAlchemy's default would store ``LISTED``."""
    return Enum(
        kind,
        values_callable=lambda members: [member.value for member in members],
        native_enum=False,
        create_constraint=False,
        length=16,
    )


class Table(SQLModel):
    """The base of all tables: one metadata, with constraint names that are the same everywhere."""

    # A row validates nothing: what would do so is not built.
    model_config = ConfigDict(defer_build=True)  # type: ignore[assignment]  # a part of theirs

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
