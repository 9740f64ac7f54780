"""What the registry knows of the installation it belongs to, and of files that contradict it."""

from datetime import datetime

from sqlmodel import Field

from registry.tables.columns import Instant, Table, Written


class InstallationRow(Table, table=True):
    """The one row of this kind: which version of exitflow wrote here last, and for whom.

    ``id`` is the installation's, as its keys give it; None until a worker has come.
    """

    __tablename__ = "installation"

    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    version: str
    id: str | None = None


class ContradictionRow(Table, table=True):
    """A case whose own file says otherwise than the one that is kept (G7), until it is mended.

    ``seq`` is the first entry that the case has told otherwise; ``said`` the sentence about it.
    """

    __tablename__ = "contradictions"

    case_id: str = Field(primary_key=True)
    seq: int
    since: datetime = Field(sa_type=Instant)
    said: str = Field(sa_type=Written)


class EndedRunRow(Table, table=True):
    """A run on the server that has ended, and what of its case's file was kept then: all of it.

    ``entries`` is how many; 0 where the case was not admitted. It says so of the very registry that
    it stands in: one that is restored from an older copy knows itself what it held then.
    """

    __tablename__ = "ended_runs"

    run: str = Field(primary_key=True)
    case_id: str
    entries: int
