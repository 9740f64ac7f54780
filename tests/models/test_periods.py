"""T1-T7 and G3: worked values of the regulation, and a second way of counting beside ours."""

import itertools
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import holidays
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from models.periods import (
    BEIJING,
    Day,
    Limit,
    LimitKind,
    LimitRequest,
    PeriodError,
    beijing,
    chinese,
    compute,
    end_of,
    until,
)
from models.policy import Policy
from models.policy_file import parse_policy
from registry.calendar import OfficialCalendar

POLICIES = Path(__file__).parents[2] / "policies"
HENAN = parse_policy((POLICIES / "henan-2016.toml").read_text(encoding="utf-8"))
CALENDAR = OfficialCalendar()
CHINA = holidays.country_holidays("CN", years=range(2014, 2027))
FIRST, LAST = date(2014, 1, 1), date(2026, 12, 31)


def counting_posting_day(policy: Policy) -> Policy:
    """Henan's reading of its own 2018 notice (T1)."""
    publicity = policy.publicity.model_copy(update={"count_posting_day": True})
    return policy.model_copy(update={"publicity": publicity})


def at(day: str, clock: str = "09:00") -> datetime:
    """A moment on a clock in Beijing."""
    return datetime.fromisoformat(f"{day}T{clock}+08:00")


def limit(clause: str, start: str | None = None, year: int | None = None) -> Limit:
    """A limit of the Henan policy, counted from nine o'clock of a day."""
    request = LimitRequest(clause=clause, start=at(start) if start else None, year=year)
    return compute(request, HENAN, CALENDAR)


def midnight(day: str) -> datetime:
    """24:00 of a day, written down apart from the code under test."""
    return datetime.fromisoformat(f"{day}T16:00:00+00:00")


@pytest.mark.clause("T1")
@pytest.mark.parametrize(
    ("posted", "closes", "closes_counting"),
    [
        pytest.param("2018-01-05", "2018-01-12", "2018-01-11", id="the worked value"),
        pytest.param("2019-04-24", "2019-05-05", "2019-04-30", id="May holidays, Sunday worked"),
        pytest.param("2018-02-08", "2018-02-22", "2018-02-14", id="eve of Spring Festival 2018"),
        pytest.param("2018-02-04", "2018-02-11", "2018-02-11", id="Sunday 11 February worked"),
        pytest.param("2019-01-28", "2019-02-11", "2019-02-03", id="Spring Festival 2019"),
        pytest.param("2018-12-25", "2019-01-02", "2019-01-02", id="New Year 2019"),
        pytest.param("2017-12-25", "2018-01-02", "2018-01-02", id="New Year's Day 2018"),
        pytest.param("2018-12-22", "2018-12-29", "2018-12-28", id="Saturday 29 December worked"),
        pytest.param("2016-02-25", "2016-03-03", "2016-03-02", id="through 29 February"),
        pytest.param("2018-01-06", "2018-01-15", "2018-01-12", id="Saturday to Monday"),
        pytest.param("2018-09-24", "2018-10-08", "2018-09-30", id="National Day 2018"),
    ],
)
def test_publicity_closes(posted: str, closes: str, closes_counting: str) -> None:
    request = LimitRequest(clause="T1", start=at(posted))
    for policy, last in ((HENAN, closes), (counting_posting_day(HENAN), closes_counting)):
        found = compute(request, policy, CALENDAR)
        assert found.last_day == date.fromisoformat(last)
        assert found.due == midnight(last)
        assert found.kind is LimitKind.MINIMUM
        assert not found.provisional


@pytest.mark.clause("T1")
def test_publicity_says_how_it_was_counted() -> None:
    found = limit("T1", "2019-04-24")
    assert found.zh == (
        "T1 公示不少于7日：2019年4月24日公示，当日不计，第7日为2019年5月1日（劳动节假期），"
        "逢休息日，顺延至其后第一个工作日2019年5月5日（周日，调休上班），当日24时届满。"
    )
    assert found.en == (
        "T1, at least 7 days: posted on 2019-04-24, that day not counted, day 7 is 2019-05-01 "
        "(Labour Day holiday), a day off, so it moves on to the next workday, 2019-05-05 "
        "(Sunday, a make-up workday); it ends at 24:00 of that day."
    )
    counted = compute(
        LimitRequest(clause="T1", start=at("2018-01-05")), counting_posting_day(HENAN), CALENDAR
    )
    assert "当日计入，第7日为2018年1月11日（周四），当日24时届满。" in counted.zh
    assert "that day counted, day 7 is 2018-01-11 (Thursday)" in counted.en


@pytest.mark.clause("T2", "T4", "T6")
@pytest.mark.parametrize(
    ("clause", "year", "target", "last"),
    [
        ("T2", 2017, "2017-11-30", "2017-12-31"),
        ("T2", 2019, "2019-11-30", "2019-12-31"),  # a Saturday: not rolled
        ("T4", 2017, "2018-01-09", "2018-01-10"),
        ("T4", 2020, "2021-01-09", "2021-01-10"),  # Saturday and Sunday: not rolled
        ("T6", 2017, "2017-12-31", "2018-01-31"),
        ("T6", 2019, "2019-12-31", "2020-01-31"),  # in the holidays of 2020: not rolled
    ],
)
def test_fixed_dates_are_not_moved(clause: str, year: int, target: str, last: str) -> None:
    found = limit(clause, year=year)
    assert found.kind is LimitKind.FIXED
    assert found.due == midnight(last)
    assert found.last_day == date.fromisoformat(last)
    assert found.target == midnight(target)
    assert not found.provisional


@pytest.mark.clause("T4")
@pytest.mark.parametrize(
    ("reading", "target", "last"),
    [
        ({}, "2018-01-09", "2018-01-10"),
        ({"result_target": None}, None, "2018-01-10"),
        ({"result_target": None, "result_by": "01-09"}, None, "2018-01-09"),
    ],
    ids=["both senses", "the wide sense alone", "the narrow sense alone"],
)
def test_before_10_january_is_read_as_the_policy_says(
    reading: dict[str, str | None], target: str | None, last: str
) -> None:
    review = HENAN.city_review.model_copy(update=reading)
    policy = HENAN.model_copy(update={"city_review": review})
    found = compute(LimitRequest(clause="T4", year=2017), policy, CALENDAR)
    assert (found.kind, found.due) == (LimitKind.FIXED, midnight(last))
    assert found.target == (midnight(target) if target else None)
    assert f"{chinese(found.last_day)}24时前" in found.zh


@pytest.mark.clause("T5")
@pytest.mark.parametrize(
    ("floor", "last"), [("01-25", "2018-01-25"), ("01-20", "2018-01-20"), (None, "2017-12-18")]
)
def test_the_province_has_a_round_of_all_counties_or_half_a_month_for_each(
    floor: str | None, last: str
) -> None:
    """Fifteen days from 1 December 2017 end on a Saturday, so on Monday the 18th."""
    check = HENAN.provincial_check.model_copy(update={"no_breach_before": floor})
    policy = HENAN.model_copy(update={"provincial_check": check})
    request = LimitRequest(clause="T5", start=at("2017-12-01", "09:00"), year=2017)
    found = compute(request, policy, CALENDAR)
    assert found.due == midnight(last)
    assert ("不计逾期" in found.zh) == (floor is not None)


@pytest.mark.clause("T6")
def test_in_the_narrow_reading_december_ends_what_january_does_in_the_wide() -> None:
    """次年1月前 of 2017: by its words before January begins, so on 31 December 2017."""
    dates = HENAN.register_change.model_copy(update={"breach": "target"})
    narrow = HENAN.model_copy(update={"register_change": dates})
    found = compute(LimitRequest(clause="T6", year=2017), narrow, CALENDAR)
    assert (found.due, found.target) == (midnight("2017-12-31"), None)
    assert found.zh == "T6 2017年度销号：2017年12月31日24时前，固定日期，不因休息日顺延。"
    assert limit("T6", year=2017).due == midnight("2018-01-31")


@pytest.mark.clause("T3", "T7", "G3")
@pytest.mark.parametrize(
    ("clause", "start", "last"),
    [
        pytest.param("T3", "2017-11-30", "2017-12-07", id="a plain week"),
        pytest.param("T3", "2017-12-25", "2018-01-02", id="New Year's Day"),
        pytest.param("T3", "2016-12-26", "2017-01-03", id="New Year 2017, 2 January off in lieu"),
        pytest.param("T7", "2018-01-05", "2018-01-22", id="Saturday to Monday"),
        pytest.param("T7", "2018-02-01", "2018-02-22", id="Spring Festival 2018"),
        pytest.param("G3", "2019-01-21", "2019-02-11", id="Spring Festival 2019"),
        pytest.param("G3", "2019-01-18", "2019-02-02", id="Saturday 2 February worked"),
    ],
)
def test_maximum_periods(clause: str, start: str, last: str) -> None:
    found = limit(clause, start)
    assert (found.last_day, found.due) == (date.fromisoformat(last), midnight(last))
    assert found.kind is LimitKind.MAXIMUM


@pytest.mark.clause("T5")
@pytest.mark.parametrize(
    ("received", "year", "last", "lifted"),
    [
        pytest.param("2018-01-03", 2017, "2018-01-25", True, id="before the floor"),
        pytest.param("2017-12-20", 2017, "2018-01-25", True, id="long before it"),
        pytest.param("2018-01-10", 2017, "2018-01-25", False, id="on it by itself"),
        pytest.param("2018-01-09", 2017, "2018-01-25", True, id="one day before it"),
        pytest.param("2018-01-12", 2017, "2018-01-29", False, id="past it, Saturday to Monday"),
        pytest.param("2018-01-31", 2017, "2018-02-22", False, id="into Spring Festival"),
        pytest.param("2023-01-06", 2022, "2023-01-28", False, id="rolled past it"),
    ],
)
def test_provincial_check_is_never_in_breach_before_its_floor(
    received: str, year: int, last: str, *, lifted: bool
) -> None:
    found = limit("T5", received, year)
    assert (found.last_day, found.due) == (date.fromisoformat(last), midnight(last))
    assert found.kind is LimitKind.MAXIMUM
    assert ("全省统一核查" in found.zh) is lifted
    assert ("the province checks all counties" in found.en) is lifted


@pytest.mark.clause("T1", "T3")
@pytest.mark.parametrize(
    ("clause", "start", "last", "provisional"),
    [
        pytest.param("T3", "2026-12-01", "2026-12-08", False, id="published"),
        pytest.param("T3", "2026-12-10", "2026-12-17", False, id="still published"),
        pytest.param("T3", "2026-12-17", "2026-12-24", True, id="next year's may reach back"),
        pytest.param("T3", "2026-12-28", "2027-01-04", True, id="next year"),
        pytest.param("T1", "2026-12-20", "2026-12-28", True, id="rolled over open days"),
        pytest.param("T1", "2030-06-01", "2030-06-10", True, id="far ahead"),
    ],
)
def test_unpublished_days_are_marked(
    clause: str, start: str, last: str, *, provisional: bool
) -> None:
    found = limit(clause, start)
    assert found.last_day == date.fromisoformat(last)
    assert found.provisional is provisional
    assert ("尚未公布" in found.zh) is provisional
    assert ("not yet published" in found.en) is provisional


class TwoDays:
    """A calendar that knows one published day off, and nothing of the days after it."""

    def look_up(self, day: date) -> Day:
        off = day <= date(2018, 1, 12)
        return Day(off, published=off, zh="周", en="day")


@pytest.mark.clause("T1")
def test_one_unpublished_day_on_the_way_makes_a_limit_provisional() -> None:
    found = compute(LimitRequest(clause="T1", start=at("2018-01-05")), HENAN, TwoDays())
    assert (found.last_day, found.provisional) == (date(2018, 1, 13), True)


@pytest.mark.clause("T1")
def test_the_day_is_that_of_beijing() -> None:
    late = datetime(2018, 1, 4, 16, 30, tzinfo=UTC)  # half past midnight of the 5th in Beijing
    assert compute(LimitRequest(clause="T1", start=late), HENAN, CALENDAR).last_day == date(
        2018, 1, 12
    )
    early = datetime(2018, 1, 4, 15, 59, tzinfo=UTC)
    assert compute(LimitRequest(clause="T1", start=early), HENAN, CALENDAR).last_day == date(
        2018, 1, 11
    )


@pytest.mark.parametrize("clause", ["T1", "T3", "T5", "T7", "G3"])
def test_a_period_needs_its_start(clause: str) -> None:
    with pytest.raises(PeriodError, match=f"{clause} is counted from a day"):
        limit(clause, year=2017)


@pytest.mark.parametrize("clause", ["T2", "T4", "T6", "T5"])
def test_a_fixed_date_needs_its_year(clause: str) -> None:
    with pytest.raises(PeriodError, match=f"{clause} is a date of a case's year"):
        limit(clause, "2018-01-05")


def test_what_is_no_limit_is_refused() -> None:
    for clause in ("T8", "C4", "t1", "T10", ""):
        with pytest.raises(ValidationError):
            LimitRequest(clause=clause)
    with pytest.raises(ValidationError):
        LimitRequest.model_validate({"clause": "T1", "start": "2018-01-05T09:00:00"})


def test_moments_are_written_as_the_regulation_does() -> None:
    assert until(midnight("2018-01-12")) == "2018-01-12 24:00"
    assert until(at("2018-01-12", "17:30")) == "2018-01-12 17:30:00"
    assert end_of(date(2018, 12, 31)) == datetime(2019, 1, 1, tzinfo=BEIJING)
    assert chinese(date(2018, 1, 5)) == "2018年1月5日"
    assert beijing(datetime(2018, 1, 4, 16, tzinfo=UTC)).isoformat() == "2018-01-05T00:00:00+08:00"


# A second way of counting, written from the text of the regulation: day by day with a finger on
# another library's calendar, without adding any number of days to a date.


def worked(day: date) -> bool:
    return bool(CHINA.is_working_day(day))


def tomorrow(day: date) -> date:
    return date.fromordinal(day.toordinal() + 1)


def counted_with_a_finger(start: date, days: int, *, first_day_counts: bool) -> date:
    day, fingers = start, 1 if first_day_counts else 0
    while fingers < days:
        day = tomorrow(day)
        fingers += 1
    while not worked(day):
        day = tomorrow(day)
    return day


SECONDS = int(timedelta(days=4705).total_seconds())
moments = st.integers(0, SECONDS).map(
    lambda seconds: datetime(2014, 1, 2, tzinfo=UTC) + timedelta(seconds=seconds)
)
PERIODS: dict[str, Callable[[Policy], int]] = {
    "T1": lambda policy: policy.publicity.days,
    "T1.posting": lambda policy: policy.publicity.post_within_days,
    "T3": lambda policy: policy.city_review.days,
    "T7": lambda policy: policy.objection.days,
    "G1": lambda policy: policy.objection.review_days,
    "G3": lambda policy: policy.correction.days,
}


def test_two_calendars_agree_on_every_day() -> None:
    # chinesecalendar 1.11 and holidays 0.109 agree on all 4748 days. Should a later version of
    # one differ, the notice of the State Council's General Office for that year decides.
    days = [date.fromordinal(n) for n in range(FIRST.toordinal(), LAST.toordinal() + 1)]
    assert len(days) == 4748
    assert [day for day in days if CALENDAR.look_up(day).off == worked(day)] == []


@pytest.mark.clause("T1", "T3", "T7", "G1", "G3")
@given(moments, st.sampled_from(sorted(PERIODS)), st.integers(7, 20), st.booleans())
def test_periods_agree_with_the_finger(
    start: datetime, clause: str, days: int, counted: bool
) -> None:
    policy = counting_posting_day(HENAN) if counted else HENAN
    publicity = policy.publicity.model_copy(update={"days": days})
    policy = policy.model_copy(update={"publicity": publicity})
    found = compute(LimitRequest(clause=clause, start=start), policy, CALENDAR)
    day = start.astimezone(timezone(timedelta(hours=8))).date()
    expected = counted_with_a_finger(
        day, PERIODS[clause](policy), first_day_counts=counted and clause == "T1"
    )
    assert found.last_day == expected
    assert found.due == datetime.combine(expected, datetime.min.time(), UTC) + timedelta(hours=16)


@pytest.mark.clause("T5")
@given(moments, st.integers(2014, 2026))
def test_provincial_check_agrees_with_the_finger(start: datetime, year: int) -> None:
    found = compute(LimitRequest(clause="T5", start=start, year=year), HENAN, CALENDAR)
    counted = counted_with_a_finger(beijing(start).date(), 15, first_day_counts=False)
    assert found.last_day == max(counted, date(year + 1, 1, 25))


@pytest.mark.clause("T1")
@given(moments)
def test_a_notice_is_up_for_seven_whole_days(start: datetime) -> None:
    found = compute(LimitRequest(clause="T1", start=start), HENAN, CALENDAR)
    assert found.due - start >= timedelta(days=7)
    assert worked(found.last_day)
    assert beijing(found.due) == end_of(found.last_day)


@pytest.mark.clause("T1", "T3", "T5")
@given(moments, st.timedeltas(timedelta(0), timedelta(days=40)))
def test_who_begins_later_does_not_end_earlier(start: datetime, later: timedelta) -> None:
    for clause in ("T1", "T3", "T5"):
        first, second = (
            compute(LimitRequest(clause=clause, start=moment, year=2020), HENAN, CALENDAR)
            for moment in (start, start + later)
        )
        assert first.due <= second.due


@pytest.mark.clause("T1")
@given(moments, st.integers(-12, 14))
def test_the_offset_a_moment_is_written_with_does_not_matter(start: datetime, hours: int) -> None:
    elsewhere = start.astimezone(timezone(timedelta(hours=hours)))
    here, there = (
        compute(LimitRequest(clause="T1", start=moment), HENAN, CALENDAR)
        for moment in (start, elsewhere)
    )
    assert (here.due, here.zh) == (there.due, there.zh)


@pytest.mark.clause("T2", "T4", "T6")
@given(st.integers(2014, 2100))
def test_fixed_dates_of_every_year(year: int) -> None:
    ends = {
        "T2": (date(year, 11, 30), date(year, 12, 31)),
        "T4": (date(year + 1, 1, 9), date(year + 1, 1, 10)),
        "T6": (date(year, 12, 31), date(year + 1, 1, 31)),
    }
    for clause, (target, last) in ends.items():
        found = limit(clause, year=year)
        assert found.last_day == last
        assert found.target == end_of(target)


@given(moments)
def test_a_limit_survives_the_wire(start: datetime) -> None:
    for clause, year in itertools.product(("T1", "T5", "T2"), (2017, 2026)):
        found = compute(LimitRequest(clause=clause, start=start, year=year), HENAN, CALENDAR)
        again = Limit.model_validate_json(found.model_dump_json())
        assert again == found
        assert compute(again.request, HENAN, CALENDAR) == found
