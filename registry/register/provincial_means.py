"""The provincial mean by year (S3 全省平均水平): one published number, with its source."""

from sqlmodel import Session, col, select

from models.register.counties import ProvincialMean
from registry import journal
from registry.database.engine import claim
from registry.errors import LoadError
from registry.tables import ProvincialMeanRow


def mean_of(session: Session, province: str, year: int) -> ProvincialMean | None:
    """The mean of a year; None if none is loaded, and no county of it can be judged."""
    row = session.get(ProvincialMeanRow, (province, year))
    return ProvincialMean(**row.model_dump()) if row is not None else None


def all_means(session: Session) -> tuple[ProvincialMean, ...]:
    """Every mean there is, by province and year."""
    order = col(ProvincialMeanRow.province), col(ProvincialMeanRow.year)
    rows = session.exec(select(ProvincialMeanRow).order_by(*order)).all()
    return tuple(ProvincialMean(**row.model_dump()) for row in rows)


def add_mean(session: Session, mean: ProvincialMean) -> str | None:
    """Add the mean of a year.

    Returns:
        The source with which it is known already; None if it is new.

    Raises:
        LoadError: if the year has another number: counties were judged by it.
    """
    claim(session, "provincial means")
    known = mean_of(session, mean.province, mean.year)
    if known is None:
        session.add(ProvincialMeanRow(**mean.model_dump()))
        journal.touch(session, [f"mean/{mean.province}/{mean.year}"])
        journal.describe(session, "mean", source=mean.source)
        return None
    if known.income_growth_percent != mean.income_growth_percent:
        raise LoadError(
            [
                f"the mean of {mean.year} is {known.income_growth_percent} % ({known.source}) and "
                f"not {mean.income_growth_percent} %; a year has one (S3)"
            ]
        )
    return known.source
