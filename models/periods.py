"""Counting of periods (期限), in Beijing time, over a calendar of workdays.

The civil-law way: the first day is not counted, a period ends at 24:00 of its last day, and a
last day that is a day off moves on to the next workday (调休 make-up days are workdays). Natural
days are counted. A *due* moment is the first instant after the period: 24:00 of the last day is
00:00 of the next, so something is in time exactly when it happened before ``due``.
"""

from datetime import date, datetime, time, timedelta, timezone
from enum import StrEnum
from typing import Annotated, NamedTuple, Protocol

from pydantic import Field

from models.base import Moment, Record
from models.errors import ExitflowError
from models.policy import Policy
from models.policy_values import day_of

BEIJING = timezone(timedelta(hours=8), "Asia/Shanghai")
"""UTC+8 without daylight saving, as in China since 1991; a ZoneInfo would need files."""

Clause = Annotated[str, Field(pattern=r"^(T[1-7]|T1\.posting|G1|G3|F5|F6|F6\.hearing|F9)$")]
Year = Annotated[
    int,
    Field(
        ge=2014,
        le=2100,
        strict=True,
        title="year of an exit",
        description="one from 2014 to 2100",
    ),
]


class PeriodError(ExitflowError, ValueError):
    """A limit was asked for without what it is counted from."""


class Day(NamedTuple):
    """What the calendar knows of one day: ``published`` is False where it was guessed."""

    off: bool
    published: bool
    zh: str
    en: str


class Workdays(Protocol):
    """The official calendar of days off and make-up workdays (国务院办公厅节假日安排)."""

    def look_up(self, day: date) -> Day:
        """Tell whether a day is off, and why."""


class LimitKind(StrEnum):
    """How a limit binds: not before, not after, or a date of the calendar."""

    MINIMUM = "minimum"
    MAXIMUM = "maximum"
    FIXED = "fixed"


class LimitRequest(Record):
    """A limit somebody wants computed: its clause, and what it is counted from."""

    clause: Clause
    start: Moment | None = None
    year: Year | None = None


class Limit(Record):
    """A computed limit, with the sentence that explains it.

    Attributes:
        due: The first instant after the period (24:00 of ``last_day``).
        last_day: The last day of the period, after rolling.
        target: The end of the narrow reading, where the clause has two (T2, T4, T6).
        provisional: True where a day whose calendar is not yet published was looked at.
        zh, en: How it was counted and why it ends on that day.
        request: What it was computed from, so that it can be computed again.
    """

    clause: Clause
    kind: LimitKind
    due: Moment
    last_day: date
    target: Moment | None = None
    provisional: bool
    zh: str
    en: str
    request: LimitRequest


def beijing(moment: datetime) -> datetime:
    """The same moment on a clock in Beijing."""
    return moment.astimezone(BEIJING)


def end_of(day: date) -> datetime:
    """24:00 of a day in Beijing: the first instant that no longer belongs to it."""
    return start_of(day + timedelta(days=1))


def start_of(day: date) -> datetime:
    """00:00 of a day in Beijing."""
    return datetime.combine(day, time.min, BEIJING)


def until(due: datetime) -> str:
    """Write a due moment the way the regulation does: the last day, 24:00."""
    if beijing(due).time() == time.min:
        return f"{beijing(due).date() - timedelta(days=1)} 24:00"
    return f"{beijing(due):%Y-%m-%d %H:%M:%S}"


def chinese(day: date) -> str:
    """Write a day the way Chinese documents do: 2018年1月5日."""
    return f"{day.year}年{day.month}月{day.day}日"


def compute(request: LimitRequest, policy: Policy, workdays: Workdays) -> Limit:
    """Compute one limit under a policy and a calendar.

    Raises:
        PeriodError: if the clause needs a start or a year that the request does not give.
    """
    # A replay of an open case computes its limits again: see ``models.case.reckoning`` first.
    match request.clause:
        case "T1":
            return _publicity(request, policy, workdays)
        case "T1.posting":
            days = policy.publicity.post_within_days
            return _period(request, days, workdays, "发布公示", "publishing")
        case "T2":
            dates = policy.application
            return _two_dates(request, dates.target, dates.limit, "县级申请", "application")
        case "T3":
            days = policy.city_review.days
            return _period(request, days, workdays, "收到申请或退回", "receipt of the application")
        case "T4":
            return _city_result(request, policy)
        case "T5":
            return _provincial_check(request, policy, workdays)
        case "T6":
            return register_change(request, policy)
        case "T7":
            days = policy.objection.days
            return _period(request, days, workdays, "收到异议或举报", "receipt of the objection")
        case "G1":
            days = policy.objection.review_days
            en = "receipt of the request for a review"
            return _period(request, days, workdays, "收到复核申请", en)
        case "G3":
            days = policy.correction.days
            return _period(request, days, workdays, "退回或责成整改", "the return for correction")
        case "F5":
            last = day_of(_year(request), policy.follow_up.due)
            return _fixed(request, last, "跟踪回访：", "follow-up")
        case "F6":
            days = policy.supervision.report_days
            return _period(request, days, workdays, "启动督导", "the beginning of the supervision")
        case "F6.hearing":
            return _hearing(request, policy, workdays)
        case "F9":
            return _period(request, policy.filing.days, workdays, "退出", "the exit")
        case other:
            raise PeriodError(
                f"{other} names no limit; the limits are T1 to T7, T1.posting, G1, G3, F5, F6, "
                "F6.hearing and F9"
            )


def _start(request: LimitRequest) -> datetime:
    if request.start is None:
        raise PeriodError(f"{request.clause} is counted from a day: say from when")
    return beijing(request.start)


def _year(request: LimitRequest) -> int:
    if request.year is None:
        raise PeriodError(f"{request.clause} is a date of a case's year: say which year")
    return request.year


class _Rolled(NamedTuple):
    day: date
    provisional: bool
    zh: str
    en: str


def _roll(last: date, workdays: Workdays) -> _Rolled:
    """Move a last day that is off to the next workday, and say what was met on the way."""
    day, first = last, workdays.look_up(last)
    found, provisional = first, not first.published
    while found.off:
        day += timedelta(days=1)
        found = workdays.look_up(day)
        provisional = provisional or not found.published
    zh, en = f"{chinese(last)}（{first.zh}）", f"{last} ({first.en})"
    if day != last:
        zh += f"，逢休息日，顺延至其后第一个工作日{chinese(day)}（{found.zh}）"
        en += f", a day off, so it moves on to the next workday, {day} ({found.en})"
    zh += "，当日24时届满"
    en += "; it ends at 24:00 of that day"
    if provisional:
        zh += "（节假日安排尚未公布，暂按周末推算）"
        en += " (provisional: the days off are not yet published, weekends are assumed)"
    return _Rolled(day, provisional, zh, en)


def _period(
    request: LimitRequest, days: int, workdays: Workdays, from_zh: str, from_en: str
) -> Limit:
    start = _start(request).date()
    rolled = _roll(start + timedelta(days=days), workdays)
    return Limit(
        clause=request.clause,
        kind=LimitKind.MAXIMUM,
        due=end_of(rolled.day),
        last_day=rolled.day,
        provisional=rolled.provisional,
        zh=f"{request.clause.partition('.')[0]} {days}日内：{chinese(start)}{from_zh}，当日不计，"
        f"第{days}日为{rolled.zh}。",
        en=f"{request.clause}, within {days} days: from {from_en} on {start}, that day not "
        f"counted, day {days} is {rolled.en}.",
        request=request,
    )


def _publicity(request: LimitRequest, policy: Policy, workdays: Workdays) -> Limit:
    days, counted = policy.publicity.days, policy.publicity.count_posting_day
    start = _start(request).date()
    rolled = _roll(start + timedelta(days=days - 1 if counted else days), workdays)
    return Limit(
        clause="T1",
        kind=LimitKind.MINIMUM,
        due=end_of(rolled.day),
        last_day=rolled.day,
        provisional=rolled.provisional,
        zh=f"T1 公示不少于{days}日：{chinese(start)}公示，当日{'计入' if counted else '不计'}，"
        f"第{days}日为{rolled.zh}。",
        en=f"T1, at least {days} days: posted on {start}, that day {'' if counted else 'not '}"
        f"counted, day {days} is {rolled.en}.",
        request=request,
    )


def _two_dates(
    request: LimitRequest, target: str, limit: str, zh: str, en: str, years_later: int = 0
) -> Limit:
    """A target in a year, and a limit not before it: in the next year if its date is lower."""
    year = _year(request)
    begins = year + years_later
    first, last = day_of(begins, target), day_of(begins + (limit < target), limit)
    return Limit(
        clause=request.clause,
        kind=LimitKind.FIXED,
        due=end_of(last),
        last_day=last,
        target=end_of(first),
        provisional=False,
        zh=f"{request.clause} {year}年度{zh}：目标为{chinese(first)}24时前，"
        f"期限为{chinese(last)}24时前，均为固定日期，不因休息日顺延。",
        en=f"{request.clause}, {en} of {year}: target 24:00 on {first}, limit 24:00 on {last}; "
        "fixed dates, not moved for days off.",
        request=request,
    )


def _city_result(request: LimitRequest, policy: Policy) -> Limit:
    """T4, in the year behind that of the case."""
    review, en = policy.city_review, "city's result"
    if review.result_target is not None:
        dates = review.result_target, review.result_by
        return _two_dates(request, *dates, "初审结果上报", en, years_later=1)
    last = day_of(_year(request) + 1, review.result_by)
    return _fixed(request, last, "初审结果上报：次年", en)


def register_change(request: LimitRequest, policy: Policy) -> Limit:
    """T6: of the two dates the policy's; in the narrow reading there is no other."""
    dates, en = policy.register_change, "register change"
    if dates.breach == "target":
        return _fixed(request, day_of(_year(request), dates.target), "销号：", en)
    return _two_dates(request, dates.target, dates.limit, "销号", en)


def _fixed(request: LimitRequest, last: date, zh: str, en: str) -> Limit:
    year = _year(request)
    return Limit(
        clause=request.clause,
        kind=LimitKind.FIXED,
        due=end_of(last),
        last_day=last,
        provisional=False,
        zh=f"{request.clause} {year}年度{zh}{chinese(last)}24时前，固定日期，不因休息日顺延。",
        en=f"{request.clause}, {en} of {year}: by 24:00 on {last}, a fixed date, "
        "not moved for days off.",
        request=request,
    )


def _hearing(request: LimitRequest, policy: Policy, workdays: Workdays) -> Limit:
    days, start = policy.supervision.hearing_days, _start(request).date()
    rolled = _roll(start + timedelta(days=days), workdays)
    return Limit(
        clause="F6.hearing",
        kind=LimitKind.MINIMUM,
        due=end_of(rolled.day),
        last_day=rolled.day,
        provisional=rolled.provisional,
        zh=f"F6 申诉举证不少于{days}日：{chinese(start)}告知，当日不计，第{days}日为{rolled.zh}。",
        en=f"F6, hearing of at least {days} days: told on {start}, that day not counted, day "
        f"{days} is {rolled.en}.",
        request=request,
    )


def _provincial_check(request: LimitRequest, policy: Policy, workdays: Workdays) -> Limit:
    counted = _period(
        request, policy.provincial_check.days, workdays, "收到初审结果（直管县为申请）", "receipt"
    )
    if policy.provincial_check.no_breach_before is None:
        return counted
    floor = day_of(_year(request) + 1, policy.provincial_check.no_breach_before)
    if counted.last_day >= floor:
        return counted
    return counted.model_copy(
        update={
            "due": end_of(floor),
            "last_day": floor,
            "zh": f"{counted.zh[:-1]}；因全省统一核查，{chinese(floor)}以前不计逾期，"
            f"故期限为{chinese(floor)}24时。",
            "en": f"{counted.en[:-1]}; the province checks all counties in one round and is not "
            f"in breach before {floor}, so 24:00 on {floor}.",
        }
    )
