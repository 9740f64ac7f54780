"""S1 in SQL: which households meet a demand, of a year that the query has joined."""

from collections.abc import Iterable

from sqlalchemy import BigInteger, ColumnElement, and_, cast
from sqlmodel import col

from models.household_standard import OF_A_HOUSEHOLD
from models.policy import Demand
from models.register.households import PovertyLine
from registry.tables import HouseholdRow, HouseholdYearRow

_FIELDS = {demand: field for demand, field, _, _ in OF_A_HOUSEHOLD}


def net_income() -> ColumnElement[int]:
    """Net income (纯收入) of a household in the year, in fen."""
    year = HouseholdYearRow
    return col(year.wages) + year.business + year.assets + year.transfers - year.costs


def meets(demands: Iterable[Demand], line: PovertyLine) -> ColumnElement[bool]:
    """Whether a household meets all of these, as ``models.household_standard`` judges each."""
    return and_(*(_meets(each, line) for each in demands))


def _meets(demand: Demand, line: PovertyLine) -> ColumnElement[bool]:
    year = HouseholdYearRow
    if demand is Demand.INCOME:
        # In fen a large household could leave the numbers that PostgreSQL counts heads in.
        return net_income() > cast(col(HouseholdRow.size), BigInteger) * (line.yuan * 100)
    if demand is Demand.STABILITY:
        return and_(col(year.income_sources).is_not(None), col(year.stable_because).is_not(None))
    return col(getattr(year, _FIELDS[demand])).is_(True)
