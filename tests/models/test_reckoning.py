"""The limits of a case over the calendar that it has, and which of them are looked at again."""

from datetime import date, datetime, timedelta

import pytest

from models.calendar import Arrangement, Calendar, DaysOff, shared
from models.case.reckoning import Reckoning
from models.periods import LimitRequest
from tests.models.samples import HENAN

YEAR_2026 = Arrangement(year=2026, source="合成安排")
# Synthetic: the last day of a week from 24 December is off, and the Saturday two days later worked.
YEAR_2027 = Arrangement(
    year=2027,
    source="合成安排",
    days_off=(DaysOff(first=date(2026, 12, 31), last=date(2027, 1, 1), name="元旦"),),
    workdays=(date(2027, 1, 2),),
)
KNOWN, NEWER = (
    Calendar(since=2026, years=(YEAR_2026,)),
    Calendar(since=2026, years=(YEAR_2026, YEAR_2027)),
)
REVIEW = LimitRequest(clause="T3", start=datetime.fromisoformat("2026-12-24T09:00:00+08:00"))
CHANGE = LimitRequest(clause="T6", year=2026)
COMES = datetime.fromisoformat("2027-01-01T00:00:00+08:00")
"""24:00 of the seventh day, by weekends alone."""


def knowing(calendar: Calendar) -> Reckoning:
    """A case that was admitted with a calendar."""
    reckoning = Reckoning(HENAN)
    reckoning.learn(calendar)
    return reckoning


@pytest.mark.clause("T3")
def test_a_limit_that_was_computed_over_an_older_calendar_is_looked_at_again() -> None:
    case = knowing(KNOWN)
    limit = case.compute(REVIEW)
    assert (limit.due, limit.provisional) == (COMES, True)
    assert case.learn(NEWER)
    assert case.take_outdated() == {limit}
    assert case.take_outdated() == set()
    assert case.compute_again(limit.request).last_day == date(2027, 1, 2)


@pytest.mark.clause("T3")
def test_a_limit_of_an_earlier_answer_stands_until_it_comes() -> None:
    case = knowing(KNOWN)
    case.compute(REVIEW)
    assert not case.learn(None)
    assert not case.learn(NEWER)
    assert case.take_outdated() == set()


@pytest.mark.clause("T3")
def test_a_worker_that_lacks_a_year_does_not_take_it_away() -> None:
    case = knowing(NEWER)
    limit = case.compute(REVIEW)
    assert not case.learn(KNOWN)
    assert case.calendar == NEWER
    assert case.compute_again(REVIEW) == limit


@pytest.mark.clause("T3", "T6")
def test_a_date_that_has_come_is_unsure_until_the_registry_has_answered() -> None:
    case = knowing(KNOWN)
    case.compute(CHANGE)  # a fixed date rests on no calendar
    assert not case.is_unsure(datetime.fromisoformat("2030-01-01T00:00:00+08:00"))
    case.compute(REVIEW)
    assert not case.is_unsure(COMES - timedelta(seconds=1))
    assert case.is_unsure(COMES)
    case.learn(None)
    assert not case.is_unsure(COMES)


def test_cases_share_a_calendar() -> None:
    """Thousands of them are in a worker's memory."""
    again = Calendar.model_validate_json(NEWER.model_dump_json())
    assert again is not NEWER
    assert knowing(again).calendar is shared(NEWER)
    assert again.known == NEWER.known != KNOWN.known
