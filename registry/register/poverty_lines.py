"""The national poverty line by year (S7 国家扶贫标准): data with a source, one amount a year."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, ConfigDict, Field
from sqlmodel import Session, col, select

from models.base import Record
from models.register.households import PovertyLine
from registry import journal
from registry.database.engine import claim
from registry.errors import LoadError
from registry.files import cells
from registry.files.columns import Cells, Header
from registry.files.faults import RegisterFaults
from registry.files.table import TableFile
from registry.tables import PovertyLineRow


def line_of(session: Session, year: int) -> PovertyLine | None:
    """The line of a year; None where none is loaded, and no household of it can be judged."""
    row = session.get(PovertyLineRow, year)
    return PovertyLine(**row.model_dump()) if row is not None else None


def all_lines(session: Session) -> tuple[PovertyLine, ...]:
    """Every line there is, by year."""
    rows = session.exec(select(PovertyLineRow).order_by(col(PovertyLineRow.year))).all()
    return tuple(PovertyLine(**row.model_dump()) for row in rows)


class LinesLoaded(Record):
    """How many lines of a file were new, known, and known with another source, which is kept."""

    new: int
    known: int
    otherwise: int


def add_line(session: Session, line: PovertyLine) -> str | None:
    """Add the line of a year.

    Returns:
        The source with which it is known already; None if it is new.

    Raises:
        LoadError: where the year has another amount: households were judged by it.
    """
    claim(session, "poverty lines")
    known = session.get(PovertyLineRow, line.year)
    if known is None:
        session.add(PovertyLineRow(**line.model_dump()))
        journal.touch(session, [f"line/{line.year}"])
        journal.describe(session, "line", source=line.source)
        return None
    if known.yuan != line.yuan:
        raise LoadError(
            [
                f"the line of {line.year} is {known.yuan} yuan ({known.source}) and not "
                f"{line.yuan}; a year has one line (S7)"
            ]
        )
    return known.source


def add_lines(session: Session, lines: Iterable[PovertyLine]) -> LinesLoaded:
    """Add many; raises as ``add_line``."""
    counts = {"new": 0, "known": 0, "otherwise": 0}
    for line in lines:
        source = add_line(session, line)
        same = "known" if source == line.source else "otherwise"
        counts["new" if source is None else same] += 1
    return LinesLoaded(**counts)


class LineCells(Cells):
    """The line of a year in a file."""

    model_config = ConfigDict(title="list of poverty lines")

    year: Annotated[
        int, BeforeValidator(cells.whole(2100, "2016")), Field(ge=2010), Header("year", key=True)
    ]
    yuan: Annotated[int, BeforeValidator(cells.whole(100_000, "2952")), Field(ge=1), Header("yuan")]
    source: Annotated[cells.Text, Header("source")]


def read_lines(path: Path) -> tuple[PovertyLine, ...]:
    """Read a file of lines.

    Raises:
        LoadError: with every fault, by row.
    """
    table = TableFile(path, LineCells)
    lines = [PovertyLine.model_validate(line, from_attributes=True) for line in table.lines()]
    if table.faults:
        raise RegisterFaults(table.named, table.faults)
    return tuple(lines)
