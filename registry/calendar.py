"""The official calendar of days off (国务院办公厅节假日安排): what is packaged, and newer files."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, NoReturn

from chinese_calendar import constants  # type: ignore[import-untyped]  # ships no types

from models.calendar import FIRST_YEAR, REACHES_BACK_TO, Arrangement, Calendar, DaysOff, weekday
from models.errors import ExitflowError
from models.periods import Day
from models.texts import notation
from registry.files.disk import read_text

_FULL_NAMES = {
    "清明": "清明节",
    "端午": "端午节",
    "中秋": "中秋节",
    "中国人民抗日战争暨世界反法西斯战争胜利70周年纪念日": "抗战胜利70周年纪念日",
}

_LONGEST = 16
"""More days off in one piece are a slip of the pen: the longest so far were ten."""

_LAST_YEAR = 2100


class CalendarError(ExitflowError, ValueError):
    """An override file that is none: names the file, the year and the entry."""


def _packaged() -> dict[int, Arrangement]:
    """The arrangements that come with ``chinesecalendar``, year by year."""
    chinese = {
        kind.value: _FULL_NAMES.get(kind.chinese, kind.chinese) for kind in constants.Holiday
    }
    years: dict[int, Arrangement] = {}
    for year in {day.year for day in constants.holidays}:
        off = {day: chinese[name] for day, name in constants.holidays.items() if day.year == year}
        years[year] = Arrangement(
            year=year,
            source="chinesecalendar",
            days_off=tuple(_pieces(off)),
            workdays=tuple(sorted(day for day in constants.workdays if day.year == year)),
        )
    return years


def _pieces(days: Mapping[date, str]) -> Iterable[DaysOff]:
    """Days off with the name of their holiday, those that follow each other in one piece."""
    first = min(days)
    for day, following in pairwise([*sorted(days), date.max]):
        if following - day != timedelta(days=1) or days[following] != days[day]:
            yield DaysOff(first=first, last=day, name=days[day])
            first = following


class OfficialCalendar:
    """Days off and make-up workdays as published; weekends where nothing is published yet.

    Args:
        overrides: Arrangements by year. They add years, and win over the packaged ones.
    """

    def __init__(self, overrides: Mapping[int, Arrangement] | None = None) -> None:
        years = _packaged() | dict(overrides or {})
        self._years = [years[year] for year in sorted(years)]
        self._whole = Calendar(years=tuple(self._years))
        self._parts: dict[tuple[int, int], Calendar] = {}

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
        return self._whole.look_up(day)

    def part(self, since: int, today: date) -> Calendar:
        """The part that a case needs which began in a year: no limit lies far ahead of today."""
        last = today.year + 1
        if (since, last) not in self._parts:  # each batch of entries asks for one, and its hash
            years = tuple(each for each in self._years if since <= each.year <= last)
            self._parts[since, last] = Calendar(since=since, years=years)
        return self._parts[since, last]

    def published_until(self, day: date) -> date | None:
        """The last day behind a day up to which all is published; None if that day is not."""
        last = None
        while self.look_up(day).published:
            last, day = day, day + timedelta(days=1)
        return last


class _Table:
    """One year's table of an override file, read with every complaint in its right place."""

    def __init__(self, source: str, year: str) -> None:
        self.where = f"{source}: [{year}]"
        if not (year.isascii() and year.isdigit() and FIRST_YEAR <= int(year) <= _LAST_YEAR):
            self.refuse(f"a table is named by its year, {FIRST_YEAR} to {_LAST_YEAR}")
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
        days_off = tuple(self._days_off(self._list(table, "days_off")))
        if not days_off:
            self.refuse("days_off: no day is listed, but every published year has days off")
        workdays = self._workdays(self._list(table, "workdays"))
        both = workdays & {day for piece in days_off for day in piece.days()}
        if both:
            self.refuse(f"workdays: {min(both)} is listed in days_off too")
        return Arrangement(
            year=self.year,
            source=document.strip(),
            days_off=days_off,
            workdays=tuple(sorted(workdays)),
        )

    def _list(self, table: dict[str, Any], name: str) -> list[Any]:
        values = table.get(name, [])
        if not isinstance(values, list):
            self.refuse(f"{name}: must be a list")
        return values

    def _days_off(self, entries: list[Any]) -> Iterable[DaysOff]:
        listed: set[date] = set()
        for number, entry in enumerate(entries, start=1):
            where = f"days_off, entry {number}:"
            piece = self._piece(entry, where)
            for day in piece.days():
                if day in listed:
                    self.refuse(f"{where} {day} is listed twice")
                listed.add(day)
            yield piece

    def _piece(self, entry: Any, where: str) -> DaysOff:
        if not isinstance(entry, dict):
            day = self._day(entry, where)
            return DaysOff(first=day, last=day)
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
        return DaysOff(first=first, last=last, name=name.strip())

    def _workdays(self, entries: list[Any]) -> frozenset[date]:
        days: set[date] = set()
        for number, entry in enumerate(entries, start=1):
            where = f"workdays, entry {number}:"
            day = self._day(entry, where)
            if day.weekday() < 5:
                _, name = weekday(day)
                self.refuse(f"{where} {day} is a {name}; a make-up workday is a weekend day")
            if day in days:
                self.refuse(f"{where} {day} is listed twice")
            days.add(day)
        return frozenset(days)

    def _day(self, value: Any, where: str) -> date:
        if not isinstance(value, date) or isinstance(value, datetime):
            self.refuse(f"{where} {value!r} is not a date; write {self.year}-01-01, unquoted")
        if value.year != self.year and not (
            date(self.year - 1, *REACHES_BACK_TO) <= value < date(self.year, 1, 1)
        ):
            self.refuse(
                f"{where} {value} is a day of another year; beside its own an arrangement names "
                f"days from {date(self.year - 1, *REACHES_BACK_TO)} on at most"
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
