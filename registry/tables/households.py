"""The register of poor households (建档立卡): who they are, what they live on, in and out of it."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    ForeignKey,
    Index,
    MetaData,
    String,
    Text,
    UniqueConstraint,
    event,
    text,
)
from sqlmodel import Field

from models.register.changes import Gone
from models.register.households import Cause
from registry.tables.columns import Instant, Table, Written, words


def _household() -> Column[str]:
    return Column(String, ForeignKey("households.code"), primary_key=True)


class HouseholdRow(Table, table=True):
    """A household (户) under its register number; ``size`` is its head count (家庭人口).

    ``revision`` counts the corrections of what a case takes from here: of this row, and of what is
    kept of a year already. A case that has posted an older one has posted something else.
    """

    __tablename__ = "households"

    code: str = Field(primary_key=True)
    village_code: str = Field(foreign_key="villages.code", index=True)
    village_group: str = Field(sa_type=Written)
    head: str = Field(sa_type=Written)
    size: int
    revision: int = 1
    gone_on: date | None = None
    gone_because: Gone | None = Field(default=None, sa_column=Column(words(Gone), nullable=True))


class HouseholdPastRow(Table, table=True):
    """Where a household lived and how many it was, up to a change (动态调整); written once.

    It held from ``since``, None for the beginning, to the day before ``until``. What holds since
    the last change stands in ``households``. So incidence on a day before a change stays (S5).
    """

    __tablename__ = "household_past"
    __table_args__ = (Index(None, "village_code"),)

    household_code: str = Field(sa_column=_household())
    until: date = Field(primary_key=True)
    since: date | None = None
    village_code: str
    size: int


class RegisterEntryRow(Table, table=True):
    """One entry of a county's ledger of natural changes (动态调整), as ``ledger_entries`` has them.

    ``ledger`` is ``register/<county>``; ``key`` is the change's own, by which it is put down once.
    """

    __tablename__ = "register_entries"
    __table_args__ = (Index(None, "subject_code"), UniqueConstraint("key"))

    ledger: str = Field(primary_key=True)
    seq: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    key: str
    subject_code: str | None = None
    day: date
    at: datetime = Field(sa_type=Instant)
    text: str = Field(sa_type=Written)
    previous: str
    hash: str
    content: str = Field(sa_type=Text)


class MemberRow(Table, table=True):
    """A member of a household, as far as the register names them: at least its head (户主).

    ``key`` is the ID number. Who has none stands under the household's number and the name, with
    the reason and the date of birth.
    """

    __tablename__ = "members"

    key: str = Field(primary_key=True)
    household_code: str = Field(foreign_key="households.code", index=True)
    id_number: str | None = None
    name: str = Field(sa_type=Written)
    relation: str = Field(sa_type=Written)
    without_id: str | None = Field(default=None, sa_type=Written)
    born: date | None = None


class HouseholdYearRow(Table, table=True):
    """What a household lived on in a year, and how it stood by S1; money in fen (分).

    Net income (纯收入) is the four kinds of income less the costs of producing.
    """

    __tablename__ = "household_years"

    household_code: str = Field(sa_column=_household())
    year: int = Field(primary_key=True)
    wages: int = Field(sa_type=BigInteger)
    business: int = Field(sa_type=BigInteger)
    assets: int = Field(sa_type=BigInteger)
    transfers: int = Field(sa_type=BigInteger)
    costs: int = Field(sa_type=BigInteger)
    food_and_clothing: bool
    schooling: bool
    insurance: bool
    illness_aid: bool
    housing: bool
    livelihood: bool
    income_sources: str | None = Field(default=None, sa_type=Written)
    stable_because: str | None = Field(default=None, sa_type=Written)
    deferral: str | None = Field(default=None, sa_type=Written)
    no_dropouts: bool
    housing_improved: bool
    source: str = Field(sa_type=Written)


class EpisodeRow(Table, table=True):
    """One time of a household in the register: from registration to striking off (H4), if any.

    ``registered_on`` is the first day in, ``exited_on`` the first day out. A household that falls
    back (返贫) gets a new episode and keeps the old. ``case_id`` and ``seq`` name the entry that
    ordered the striking off; ``opened_by`` and ``opened_seq`` the one that began the episode, where
    a case did (F5, F7), and ``opening_document`` its document. ``gone_because`` says that it ended
    with the household itself, and no exit: then no case and no year ended it.
    """

    __tablename__ = "household_episodes"
    __table_args__ = (
        Index(None, "case_id", "seq"),
        Index(None, "case_id", "exited_on"),
        # One at a time: whoever is struck off is struck off once.
        Index("uq_household_episodes_open", "household_code", unique=True),
    )

    household_code: str = Field(sa_column=_household())
    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    cause: Cause = Field(sa_column=Column(words(Cause), nullable=False))
    registered_on: date
    exited_on: date | None = None
    exit_year: int | None = None
    document: str | None = Field(default=None, sa_type=Written)
    case_id: str | None = None
    seq: int | None = None
    opening_document: str | None = Field(default=None, sa_type=Written)
    opened_by: str | None = None
    opened_seq: int | None = None
    gone_because: Gone | None = Field(default=None, sa_column=Column(words(Gone), nullable=True))


@event.listens_for(EpisodeRow.metadata, "before_create")
def _open_ones_alone(_: MetaData, connection: Connection, **_options: Any) -> None:
    # Said beside the index, it would load the dialects of both databases for every command.
    indexes = EpisodeRow.metadata.tables["household_episodes"].indexes
    one = next(each for each in indexes if each.name == "uq_household_episodes_open")
    one.dialect_kwargs[f"{connection.dialect.name}_where"] = text("exited_on IS NULL")


class PovertyLineRow(Table, table=True):
    """The national poverty line of a year (国家扶贫标准), in yuan a head, with its source (S7)."""

    __tablename__ = "poverty_lines"

    year: int = Field(primary_key=True)
    yuan: int
    source: str = Field(sa_type=Written)
