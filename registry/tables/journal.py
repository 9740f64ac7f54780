"""The registry's journal: what was changed, in the order it was, bound line by line by a hash."""

from datetime import datetime

from sqlalchemy import Index, Text
from sqlmodel import Field

from registry.tables.columns import Instant, Table


class JournalRow(Table, table=True):
    """One transaction's change of one thing: a case's file, a place of the register.

    ``subject`` is the case, or the part of the register; ``content`` says what it is since, as
    canonical JSON with digests. ``hash`` binds the line to the one before. Lines are added and
    never changed: a trigger refuses it, and whoever has the hash of an older line can prove it.
    """

    __tablename__ = "journal"
    __table_args__ = (Index(None, "subject"),)

    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    kind: str
    subject: str
    at: datetime = Field(sa_type=Instant)
    content: str = Field(sa_type=Text)
    previous: str
    hash: str


class CheckResultRow(Table, table=True):
    """What a check of the whole installation found, as JSON; the last one is shown to operators."""

    __tablename__ = "check_results"

    at: datetime = Field(sa_type=Instant, primary_key=True)
    findings: int
    report: str = Field(sa_type=Text)
