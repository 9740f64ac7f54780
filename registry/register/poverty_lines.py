"""The national poverty line by year (S7 国家扶贫标准): data with a source, one amount a year."""

import csv
from pathlib import Path

from pydantic import ValidationError
from sqlmodel import Session, col, select

from models.base import faults
from models.register.households import PovertyLine
from registry import journal
from registry.database.engine import claim
from registry.errors import LoadError
from registry.files.disk import read_text
from registry.tables import PovertyLineRow


def line_of(session: Session, year: int) -> PovertyLine | None:
    """The line of a year; None where none is loaded, and no household of it can be judged."""
    row = session.get(PovertyLineRow, year)
    return PovertyLine(**row.model_dump()) if row is not None else None


def all_lines(session: Session) -> tuple[PovertyLine, ...]:
    """Every line there is, by year."""
    rows = session.exec(select(PovertyLineRow).order_by(col(PovertyLineRow.year))).all()
    return tuple(PovertyLine(**row.model_dump()) for row in rows)


def add_line(session: Session, line: PovertyLine) -> bool:
    """Add the line of a year; False where it is there with this amount.

    Raises:
        LoadError: where the year has another amount: households were judged by it.
    """
    claim(session, "poverty lines")
    known = session.get(PovertyLineRow, line.year)
    if known is None:
        session.add(PovertyLineRow(**line.model_dump()))
        journal.touch(session, [f"line/{line.year}"])
        journal.describe(session, "line", source=line.source)
        return True
    if known.yuan != line.yuan:
        raise LoadError(
            [
                f"the line of {line.year} is {known.yuan} yuan ({known.source}) and not "
                f"{line.yuan}; a year has one line (S7)"
            ]
        )
    return False


def read_lines(path: Path) -> tuple[PovertyLine, ...]:
    """Read a CSV file of lines.

    Raises:
        LoadError: with every fault, by row.
    """
    lines, found = [], []
    for number, cells in enumerate(csv.DictReader(read_text(path).splitlines()), start=2):
        try:
            lines.append(PovertyLine.model_validate_strings(cells))
        except ValidationError as error:
            found.append(f"{path}, row {number}: {faults(error)}")
    if found:
        raise LoadError(found)
    return tuple(lines)
