"""What has to be told to whom, and what came of it; no row of either is ever changed."""

from datetime import datetime

from sqlalchemy import Index, Text
from sqlmodel import Field

from registry.tables.columns import Instant, Table, Written


class OutboxRow(Table, table=True):
    """A notification that goes out on a channel (T8, G1, G4); ``seq`` is the entry that says so.

    It is taken in by the transaction that keeps the entry. ``content`` is all of it, as JSON, with
    the contact of a person: it is for the channel alone (G8). A channel ``—`` is none.
    """

    __tablename__ = "outbox"

    case_id: str = Field(primary_key=True)
    seq: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    channel: str = Field(primary_key=True)
    topic: str = Field(sa_type=Written)
    recipient: str = Field(sa_type=Written)
    content: str = Field(sa_type=Text)
    at: datetime = Field(sa_type=Instant)
    until: datetime = Field(sa_type=Instant)


class DeliveryRow(Table, table=True):
    """What came of one: delivered, or given up with an ``error``. What has none is tried on."""

    __tablename__ = "deliveries"
    __table_args__ = (Index("ix_deliveries_given_up", "case_id"),)

    case_id: str = Field(primary_key=True)
    seq: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    channel: str = Field(primary_key=True)
    at: datetime = Field(sa_type=Instant)
    error: str | None = Field(default=None, sa_type=Written)
