"""Divisions and regions: their codes nest (GB/T 2260), a region's places begin with its own."""

from typing import Any

from sqlalchemy import ColumnElement, and_
from sqlmodel import Session, col, select

from registry.tables import DivisionRow, VillageRow


def lies_in(code: str, region: str) -> ColumnElement[bool]:
    """Whether the place under a column's code lies in a region: province down to village."""
    return col(code).startswith(stem(region), autoescape=True)


def villages_in(region: str) -> ColumnElement[bool]:
    """Whether a village lies in a region; of a county, by the county that it belongs to today."""
    within = VillageRow.county_code if len(region) == 6 else VillageRow.code
    return lies_in(within, region)


def stem(region: str) -> str:
    """What the codes of all places of a region begin with.

    >>> stem("410000"), stem("411500"), stem("411520"), stem("411523100")
    ('41', '4115', '411520', '411523100')
    """
    if len(region) != 6:
        return region
    return region[:2] if region.endswith("0000") else region.removesuffix("00")


def county_in(path: str) -> str:
    """The county in a case's path of divisions, from the province down.

    >>> county_in("/410000/411500/411523/411523100/411523100001/")
    '411523'
    """
    return path.strip("/").split("/")[2]


def region_paths(session: Session, code: str) -> list[str]:
    """The paths under which a division was ever known; of another city, a county has another.

    Every case of it has a path that begins with one of them.
    """
    known = select(DivisionRow.parent).where(DivisionRow.code == code).distinct()
    own = {
        f"{above}{code}/"
        for parent in session.exec(known)
        for above in (region_paths(session, parent) if parent else ["/"])
    }
    # Cases of a code that this one has followed keep their paths.
    before = select(DivisionRow.code).where(DivisionRow.successor == code).distinct()
    return sorted(own.union(*(region_paths(session, each) for each in session.exec(before))))


def within(path: Any, begins: str) -> ColumnElement[bool]:
    """Whether a path of divisions begins as one that ends in a slash: a range, for an index."""
    return and_(path >= begins, path < f"{begins[:-1]}{chr(ord('/') + 1)}")


def last_divisions(session: Session) -> dict[str, DivisionRow]:
    """Every division under its code, as it was last."""
    rows = session.exec(select(DivisionRow).order_by(col(DivisionRow.valid_from))).all()
    return {row.code: row for row in rows}
