"""The official calendar, its override file, and the part of it that a case has."""

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from temporalio.testing import ActivityEnvironment

from activities.limits import CalendarActivities
from models.calendar import Calendar, Known
from models.case.orders import CalendarOrder
from models.periods import Day, LimitRequest, compute
from models.policy_file import parse_policy
from registry.calendar import CalendarError, OfficialCalendar, parse_overrides
from tests.activities.admitted import gate

POLICIES = Path(__file__).parents[2] / "policies"
HENAN = parse_policy((POLICIES / "henan-2016.toml").read_text(encoding="utf-8"))
YEAR_2027 = """
[2027]
source = "国务院办公厅关于2027年部分节假日安排的通知"
days_off = [
  { from = 2026-12-31, to = 2027-01-02, name = "元旦" },
  { from = 2027-02-05, to = 2027-02-11, name = "春节" },
  2027-05-03,
  { from = 2027-09-15, to = 2027-09-15, name = "丰收节" },
]
workdays = [2026-12-27, 2027-02-13]
"""


def day(text: str, calendar: OfficialCalendar | None = None) -> Day:
    return (calendar or OfficialCalendar()).look_up(date.fromisoformat(text))


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("2018-01-12", Day(False, True, "周五", "Friday")),
        ("2018-01-13", Day(True, True, "周六", "Saturday")),
        ("2018-01-01", Day(True, True, "元旦假期", "New Year's Day holiday")),
        ("2018-02-15", Day(True, True, "春节假期", "Spring Festival holiday")),
        ("2018-04-05", Day(True, True, "清明节假期", "Tomb-sweeping Day holiday")),
        ("2019-05-01", Day(True, True, "劳动节假期", "Labour Day holiday")),
        ("2019-05-05", Day(False, True, "周日，调休上班", "Sunday, a make-up workday")),
        ("2018-06-18", Day(True, True, "端午节假期", "Dragon Boat Festival holiday")),
        ("2018-09-24", Day(True, True, "中秋节假期", "Mid-Autumn Festival holiday")),
        ("2018-10-03", Day(True, True, "国庆节假期", "National Day holiday")),
        (
            "2015-09-03",
            Day(True, True, "抗战胜利70周年纪念日假期", "70th Anniversary of Victory holiday"),
        ),
        # Its extension of 2020-01-26 (国办发明电 2020 no. 1), over a make-up workday.
        ("2020-02-01", Day(True, True, "春节假期", "Spring Festival holiday")),
        ("2018-12-29", Day(False, True, "周六，调休上班", "Saturday, a make-up workday")),
    ],
)
def test_published_days(when: str, expected: Day) -> None:
    assert day(when) == expected


@pytest.mark.parametrize(
    ("when", "off", "published"),
    [
        ("2026-12-21", False, True),
        ("2026-12-22", False, False),  # next year's arrangement may still speak of it
        ("2026-12-27", True, False),
        ("2027-01-01", False, False),
        ("2031-10-04", True, False),
        ("2003-10-01", False, False),
    ],
)
def test_unpublished_days_are_weekends_or_not(when: str, *, off: bool, published: bool) -> None:
    found = day(when)
    assert (found.off, found.published) == (off, published)


def test_an_override_adds_a_year() -> None:
    calendar = OfficialCalendar(parse_overrides(YEAR_2027))
    assert day("2026-12-31", calendar) == Day(True, True, "元旦假期", "New Year's Day holiday")
    assert day("2026-12-27", calendar).zh == "周日，调休上班"
    assert day("2026-12-28", calendar) == Day(False, True, "周一", "Monday")
    assert day("2027-02-13", calendar).off is False
    assert day("2027-05-03", calendar) == Day(True, True, "法定节假日", "public holiday")
    assert day("2027-09-15", calendar) == Day(True, True, "丰收节假期", "public holiday")
    assert day("2027-05-04", calendar) == Day(False, True, "周二", "Tuesday")
    assert day("2027-12-22", calendar).published is False
    assert day("2026-10-01", calendar).zh == "国庆节假期"


def test_an_override_wins_over_the_packaged_year() -> None:
    text = '[2018]\nsource = "省政府通知"\ndays_off = [2018-03-07]\nworkdays = [2018-03-10]'
    calendar = OfficialCalendar(parse_overrides(text))
    assert day("2018-03-07", calendar).off
    assert not day("2018-03-10", calendar).off
    assert not day("2018-02-15", calendar).off  # the whole year is the override's
    assert day("2017-12-31", calendar) == day("2017-12-31")
    assert day("2019-02-05", calendar).off


ENTRIES = 'source = "通知"\ndays_off = [{days_off}]\nworkdays = [{workdays}]\n'
REFUSED = [
    ("2028-01-03", "", r"days_off, entry 1: 2028-01-03 is a day of another year"),
    ("2026-12-21", "", r"days_off, entry 1: 2026-12-21 is a day of another year; .* 2026-12-22"),
    ("2027-01-01", "2027-01-04", r"workdays, entry 1: 2027-01-04 is a Monday"),
    ("2027-01-02", "2027-01-02", r"workdays: 2027-01-02 is listed in days_off too"),
    ("2027-01-01, 2027-01-01", "", r"days_off, entry 2: 2027-01-01 is listed twice"),
    ("2027-01-01", "2027-01-03, 2027-01-03", r"workdays, entry 2: 2027-01-03 is listed twice"),
    ('"2027-01-01"', "", r"days_off, entry 1: '2027-01-01' is not a date; .*unquoted"),
    ("2027-01-01T00:00:00", "", r"entry 1: .* is not a date"),
    ("2027-01-01", "true", r"workdays, entry 1: True is not a date"),
    ("{ from = 2027-01-01, to = 2027-01-02 }", "", r"entry 1: write a date, or \{ from"),
    ("{ from = 2027-01-01, to = 2027-01-02, name = ' ' }", "", r"entry 1: name must say"),
    ("{ from = 2027-01-02, to = 2027-01-01, name = 'x' }", "", r"ends on 2027-01-01, before"),
    ("{ from = 2027-01-01, to = 2027-11-01, name = 'x' }", "", r"longer than 16 days"),
    ("", "2027-01-03", r"days_off: no day is listed"),
]


@pytest.mark.parametrize(("days_off", "workdays", "complaint"), REFUSED)
def test_a_wrong_entry_is_named(days_off: str, workdays: str, complaint: str) -> None:
    text = "[2027]\n" + ENTRIES.format(days_off=days_off, workdays=workdays)
    with pytest.raises(CalendarError, match=rf"^days.toml: \[2027\] .*{complaint}"):
        parse_overrides(text, "days.toml")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[2027", "days.toml is not valid TOML"),
        ("[next]\n", r"\[next\] a table is named by its year, 2014 to 2100"),
        ("[1999]\n", r"\[1999\] a table is named by its year"),
        ("2027 = 1", r"\[2027\] must be a table"),
        ("[2027]\ndays_off = [2027-01-01]", r"\[2027\] source: name the document"),
        ("[2027]\nsource = 7\n", r"\[2027\] source: name the document"),
        ("[2027]\nsource = 'x'\ndays_of = []", r"\[2027\] days_of: unknown field"),
        ("[2027]\nsource = 'x'\ndays_off = 2027-01-01", r"\[2027\] days_off: must be a list"),
    ],
)
def test_a_wrong_file_is_named(text: str, complaint: str) -> None:
    with pytest.raises(CalendarError, match=f"^days.toml.*{complaint}|^{complaint}"):
        parse_overrides(text, "days.toml")


def test_an_override_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "days-off.toml"
    file.write_text(YEAR_2027, encoding="utf-8")
    assert OfficialCalendar.from_file(file).look_up(date(2027, 2, 8)).off
    assert not OfficialCalendar.from_file(None).look_up(date(2027, 2, 8)).published
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(CalendarError, match=r"days-off\.toml: .* not UTF-8 text"):
        OfficialCalendar.from_file(file)
    with pytest.raises(CalendarError, match=r"missing\.toml: .* cannot be read: No such file"):
        OfficialCalendar.from_file(tmp_path / "missing.toml")


def newer(calendar: OfficialCalendar, known: Known, today: str = "2026-11-30") -> Calendar | None:
    """What a case that has a calendar is told on a day."""
    now = datetime.fromisoformat(f"{today}T09:00:00+08:00")
    asked = CalendarActivities(gate(clock=lambda: now, calendar=calendar))
    return ActivityEnvironment().run(asked.calendar_now, CalendarOrder(known=known))


@pytest.mark.clause("T1", "T3")
def test_a_case_is_told_of_another_calendar_and_of_no_other() -> None:
    packaged, informed = OfficialCalendar(), OfficialCalendar(parse_overrides(YEAR_2027))
    first = newer(packaged, Known(since=2026))
    assert first is not None
    assert [each.year for each in first.years] == [2026]
    assert newer(packaged, first.known) is None
    second = newer(informed, first.known)
    assert second is not None
    assert [each.year for each in second.years] == [2026, 2027]
    assert newer(informed, second.known) is None


@pytest.mark.clause("T1", "T3")
def test_a_case_has_the_days_of_its_years_and_of_the_year_ahead() -> None:
    whole = OfficialCalendar()
    part = newer(whole, Known(since=2018), today="2018-11-20")
    assert part is not None
    day = date(2018, 1, 1)
    while day < date(2019, 12, 22):  # behind it, the year 2020 may speak
        assert part.look_up(day) == whole.look_up(day), day
        day += timedelta(days=1)
    assert not part.look_up(date(2020, 1, 2)).published


def test_the_days_of_a_season_are_small() -> None:
    """The admission of every case brings them."""
    part = newer(OfficialCalendar(parse_overrides(YEAR_2027)), Known(since=2026))
    assert part is not None
    assert len(part.model_dump_json().encode()) < 2_000
    assert part == Calendar.model_validate_json(part.model_dump_json())


@pytest.mark.clause("T3")
def test_a_published_override_settles_a_provisional_limit() -> None:
    request = LimitRequest(clause="T3", start=datetime.fromisoformat("2026-12-24T09:00:00+08:00"))
    before, after = (
        compute(request, HENAN, calendar)
        for calendar in (OfficialCalendar(), OfficialCalendar(parse_overrides(YEAR_2027)))
    )
    assert (before.last_day, before.provisional) == (date(2026, 12, 31), True)
    assert (after.last_day, after.provisional) == (date(2027, 1, 4), False)


def test_days_are_known_until_the_first_that_is_not_published() -> None:
    """The arrangement of 2027 is there; that of 2028 may speak of December from the 22nd on."""
    calendar = OfficialCalendar(parse_overrides(YEAR_2027))
    assert calendar.published_until(date(2027, 12, 1)) == date(2027, 12, 21)
    assert calendar.published_until(date(2027, 12, 22)) is None
    assert calendar.published_until(date(2028, 1, 1)) is None
