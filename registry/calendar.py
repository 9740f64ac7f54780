"""The official calendar of days off (国务院办公厅节假日安排), and limits over it (T1-T7, G3).

The arrangement of a year is published in the autumn before, and may reach back: New Year's make-up
workday of 2019 was 29 December 2018. So the last days of a December are published only with the
year after them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from chinese_calendar import constants  # type: ignore[import-untyped]  # ships no types

from models.errors import ExitflowError
from models.periods import Day
from models.texts import notation
from registry.files.disk import read_text

_WEEKDAYS = (
    ("周一", "Monday"),
    ("周二", "Tuesday"),
    ("周三", "Wednesday"),
    ("周四", "Thursday"),
    ("周五", "Friday"),
    ("周六", "Saturday"),
    ("周日", "Sunday"),
)
_HOLIDAYS = {
    "元旦": "New Year's Day",
    "春节": "Spring Festival",
    "清明节": "Tomb-sweeping Day",
    "劳动节": "Labour Day",
    "端午节": "Dragon Boat Festival",
    "中秋节": "Mid-Autumn Festival",
    "国庆节": "National Day",
    "抗战胜利70周年纪念日": "70th Anniversary of Victory",
}
_FULL_NAMES = {
    "清明": "清明节",
    "端午": "端午节",
    "中秋": "中秋节",
    "中国人民抗日战争暨世界反法西斯战争胜利70周年纪念日": "抗战胜利70周年纪念日",
}
_REACHES_BACK_TO = (12, 22)
"""Month and day from which the arrangement of the following year may speak."""

_LONGEST = 16
"""More days off in one piece are a slip of the pen: the longest so far were ten."""

_FIRST_YEAR, _LAST_YEAR = 2014, 2100


class CalendarError(ExitflowError, ValueError):
    """An override file that is none: names the file, the year and the entry."""


@dataclass(frozen=True)
class Arrangement:
    """One year's arrangement: days off with the holiday's name, and make-up workdays (调休).

    Attributes:
        source: The document it was published in.
        days_off: Days off beside the weekends; the name is empty where none was given.
        workdays: Saturdays and Sundays that are worked.
    """

    source: str
    days_off: Mapping[date, str] = field(default_factory=dict)
    workdays: frozenset[date] = frozenset()

    def names(self, day: date) -> Day | None:
        """What the arrangement says of a day by name, if anything."""
        zh, en = _WEEKDAYS[day.weekday()]
        if day in self.workdays:
            return Day(False, True, f"{zh}，调休上班", f"{en}, a make-up workday")
        if day not in self.days_off:
            return None
        name = self.days_off[day]
        holiday = _HOLIDAYS.get(name)
        return Day(
            off=True,
            published=True,
            zh=f"{name}假期" if name else "法定节假日",
            en=f"{holiday} holiday" if holiday else "public holiday",
        )


def _packaged() -> dict[int, Arrangement]:
    """The arrangements that come with ``chinesecalendar``, year by year."""
    chinese = {
        kind.value: _FULL_NAMES.get(kind.chinese, kind.chinese) for kind in constants.Holiday
    }
    years: dict[int, Arrangement] = {}
    for year in {day.year for day in constants.holidays}:
        off = {day: name for day, name in constants.holidays.items() if day.year == year}
        years[year] = Arrangement(
            source="chinesecalendar",
            days_off={day: chinese[name] for day, name in off.items()},
            workdays=frozenset(day for day in constants.workdays if day.year == year),
        )
    return years


class OfficialCalendar:
    """Days off and make-up workdays as published; weekends where nothing is published yet.

    Args:
        overrides: Arrangements by year. They add years, and win over the packaged ones.
    """

    def __init__(self, overrides: Mapping[int, Arrangement] | None = None) -> None:
        self._overrides = dict(overrides or {})
        self._years = _packaged() | self._overrides

    @classmethod
    def from_file(cls, path: Path | None) -> "OfficialCalendar":
        """The packaged calendar with the override file over it, where there is one.

        Raises:
            CalendarError: if the file cannot be read or contradicts itself.
        """
        if path is None:
            return cls()
        try:
            text = read_text(path)
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            raise CalendarError(f"{path}: the override file cannot be read: {reason}") from error
        return cls(parse_overrides(text, str(path)))

    def look_up(self, day: date) -> Day:
        """Tell whether a day is off, and why; ``published`` is False where it was guessed."""
        following = self._overrides.get(day.year + 1)
        said = following.names(day) if following else None
        arrangement = self._years.get(day.year)
        if said is None and arrangement is not None:
            said = arrangement.names(day)
        if said is not None:
            return said
        open_end = (day.month, day.day) >= _REACHES_BACK_TO and day.year + 1 not in self._years
        zh, en = _WEEKDAYS[day.weekday()]
        return Day(day.weekday() >= 5, arrangement is not None and not open_end, zh, en)

    def published_until(self, day: date) -> date | None:
        """The last day behind a day up to which all is published; None if that day is not."""
        last = None
        while self.look_up(day).published:
            last, day = day, day + timedelta(days=1)
        return last


class _Piece(NamedTuple):
    first: date
    last: date
    name: str

    def days(self) -> Iterator[date]:
        for offset in range((self.last - self.first).days + 1):
            yield self.first + timedelta(days=offset)


class _Table:
    """One year's table of an override file, read with every complaint in its right place."""

    def __init__(self, source: str, year: str) -> None:
        self.where = f"{source}: [{year}]"
        if not (year.isascii() and year.isdigit() and _FIRST_YEAR <= int(year) <= _LAST_YEAR):
            self.refuse(f"a table is named by its year, {_FIRST_YEAR} to {_LAST_YEAR}")
        self.year = int(year)

    def refuse(self, what: str) -> NoReturn:
        raise CalendarError(f"{self.where} {what}")

    def read(self, table: Any) -> Arrangement:
        if not isinstance(table, dict):
            self.refuse("must be a table with source, days_off and workdays")
        unknown = table.keys() - {"source", "days_off", "workdays"}
        if unknown:
            self.refuse(f"{min(unknown)}: unknown field; there are source, days_off and workdays")
        document = table.get("source")
        if not isinstance(document, str) or not document.strip():
            self.refuse("source: name the document that the arrangement was published in")
        days_off = self._days_off(self._list(table, "days_off"))
        if not days_off:
            self.refuse("days_off: no day is listed, but every published year has days off")
        workdays = self._workdays(self._list(table, "workdays"))
        both = workdays & days_off.keys()
        if both:
            self.refuse(f"workdays: {min(both)} is listed in days_off too")
        return Arrangement(document.strip(), days_off, workdays)

    def _list(self, table: dict[str, Any], name: str) -> list[Any]:
        values = table.get(name, [])
        if not isinstance(values, list):
            self.refuse(f"{name}: must be a list")
        return values

    def _days_off(self, entries: list[Any]) -> dict[date, str]:
        days: dict[date, str] = {}
        for number, entry in enumerate(entries, start=1):
            where = f"days_off, entry {number}:"
            for day in self._piece(entry, where).days():
                if day in days:
                    self.refuse(f"{where} {day} is listed twice")
                days[day] = entry["name"].strip() if isinstance(entry, dict) else ""
        return days

    def _piece(self, entry: Any, where: str) -> _Piece:
        if not isinstance(entry, dict):
            day = self._day(entry, where)
            return _Piece(day, day, "")
        if entry.keys() != {"from", "to", "name"}:
            self.refuse(f'{where} write a date, or {{ from = …, to = …, name = "…" }}')
        first, last = self._day(entry["from"], where), self._day(entry["to"], where)
        name = entry["name"]
        if not isinstance(name, str) or not name.strip():
            self.refuse(f"{where} name must say which holiday it is")
        if last < first:
            self.refuse(f"{where} it ends on {last}, before it begins on {first}")
        if (last - first).days >= _LONGEST:
            self.refuse(f"{where} {first} to {last} is longer than {_LONGEST} days")
        return _Piece(first, last, name)

    def _workdays(self, entries: list[Any]) -> frozenset[date]:
        days: set[date] = set()
        for number, entry in enumerate(entries, start=1):
            where = f"workdays, entry {number}:"
            day = self._day(entry, where)
            if day.weekday() < 5:
                weekday = _WEEKDAYS[day.weekday()][1]
                self.refuse(f"{where} {day} is a {weekday}; a make-up workday is a weekend day")
            if day in days:
                self.refuse(f"{where} {day} is listed twice")
            days.add(day)
        return frozenset(days)

    def _day(self, value: Any, where: str) -> date:
        if not isinstance(value, date) or isinstance(value, datetime):
            self.refuse(f"{where} {value!r} is not a date; write {self.year}-01-01, unquoted")
        if value.year != self.year and not (
            date(self.year - 1, *_REACHES_BACK_TO) <= value < date(self.year, 1, 1)
        ):
            self.refuse(
                f"{where} {value} is a day of another year; beside its own an arrangement names "
                f"days from {date(self.year - 1, *_REACHES_BACK_TO)} on at most"
            )
        return value


def parse_overrides(text: str, source: str = "overrides") -> dict[int, Arrangement]:
    """Read the arrangements of an override file.

    One table a year: ``source`` (the document), ``days_off`` (dates, or tables of ``from``, ``to``
    and ``name``) and ``workdays`` (make-up workdays). A weekend day may stand in ``days_off``, as
    it does in the documents.

    Raises:
        CalendarError: naming the file, the year, the entry and what is wrong with it.
    """
    try:
        tables = notation.toml(text)
    except ValueError as error:
        raise CalendarError(f"{source} is not valid TOML: {error}") from error
    arrangements: dict[int, Arrangement] = {}
    for year, table in tables.items():
        reader = _Table(source, year)
        arrangements[reader.year] = reader.read(table)
    return arrangements
