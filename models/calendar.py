"""Days off and make-up workdays as published (国务院办公厅节假日安排), as somebody knows them.

The arrangement of a year is published in the autumn before, and may reach back: New Year's make-up
workday of 2019 was 29 December 2018. So the last days of a December are published only with the
year after them.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from functools import cached_property, lru_cache
from hashlib import sha256

from models.base import Record, canonical
from models.periods import Day

REACHES_BACK_TO = (12, 22)
"""Month and day from which the arrangement of the following year may speak."""

FIRST_YEAR = 2014
"""Of the years that a limit may fall in."""

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


def weekday(day: date) -> tuple[str, str]:
    """What a day of the week is called, in Chinese and English."""
    return _WEEKDAYS[day.weekday()]


class DaysOff(Record):
    """Days off in one piece, beside the weekends or over them; without a name if none was given."""

    first: date
    last: date
    name: str = ""

    def days(self) -> Iterator[date]:
        """Each of them."""
        for offset in range((self.last - self.first).days + 1):
            yield self.first + timedelta(days=offset)


class Arrangement(Record):
    """The arrangement of one year: days off, and Saturdays and Sundays that are worked (调休).

    Attributes:
        source: The document it was published in.
    """

    year: int
    source: str
    days_off: tuple[DaysOff, ...] = ()
    workdays: tuple[date, ...] = ()

    def named(self) -> Iterator[tuple[date, Day]]:
        """What it says of days by name."""
        for piece in self.days_off:
            holiday = _HOLIDAYS.get(piece.name)
            said = Day(
                off=True,
                published=True,
                zh=f"{piece.name}假期" if piece.name else "法定节假日",
                en=f"{holiday} holiday" if holiday else "public holiday",
            )
            for day in piece.days():
                yield day, said
        for day in self.workdays:
            zh, en = weekday(day)
            yield day, Day(False, True, f"{zh}，调休上班", f"{en}, a make-up workday")


class Known(Record):
    """Which calendar somebody has: from which year on, and the beginning of its hash."""

    since: int = FIRST_YEAR
    digest: str = ""


class Calendar(Record):
    """The arrangements from a year on, as far as they are published, in the order of their years.

    A day that lies in no year of it is a guess: weekends are off.
    """

    since: int = FIRST_YEAR
    years: tuple[Arrangement, ...] = ()

    def look_up(self, day: date) -> Day:
        """Tell whether a day is off, and why; ``published`` is False where it was guessed."""
        said = self._named.get(day)
        if said is not None:
            return said
        open_end = (day.month, day.day) >= REACHES_BACK_TO and day.year + 1 not in self.published
        zh, en = weekday(day)
        return Day(day.weekday() >= 5, day.year in self.published and not open_end, zh, en)

    @cached_property
    def known(self) -> Known:
        """By which it is known to be the same."""
        digest = sha256(canonical(self.content()).encode()).hexdigest()
        return Known(since=self.since, digest=digest[:16])

    @cached_property
    def _named(self) -> dict[date, Day]:
        # What a year says of the December before it wins over what that said of itself.
        return {day: said for year in self.years for day, said in year.named()}

    @cached_property
    def published(self) -> frozenset[int]:
        """The years whose arrangement is published."""
        return frozenset(each.year for each in self.years)


@lru_cache(maxsize=32)
def shared(calendar: Calendar) -> Calendar:
    """The same calendar, once for all cases of a worker that have it: they are thousands."""
    return calendar
