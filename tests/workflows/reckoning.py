"""Dates reckoned a second time, day by day from the words of the regulation, not by the code."""

from datetime import date, datetime, timedelta, timezone

from models.case.ledger import Entry, EntryKind
from models.policy import Policy, Reminders
from tests.play import Play

_DAY = timedelta(days=1)
_NONE: frozenset[date] = frozenset()


def last_day(
    first: date, days: int, *, off: frozenset[date] = _NONE, worked: frozenset[date] = _NONE
) -> date:
    """The last day of a period: the first is not counted, and a day off at its end moves it on."""
    day = first
    for _ in range(days):
        day += _DAY
    while day in off or (day.strftime("%a") in ("Sat", "Sun") and day not in worked):
        day += _DAY
    return day


def midnight(day: date) -> datetime:
    """24:00 of a day in Beijing."""
    after = day + _DAY
    return datetime(after.year, after.month, after.day, tzinfo=timezone(timedelta(hours=8)))


def quiet(policy: Policy) -> Policy:
    """The same rules with few reminders: each of them costs a second to skip to."""
    reminders = Reminders(before_days=(), after_every_days=60)
    return policy.model_copy(update={"reminders": reminders})


def shortly_after(moment: datetime, entry: Entry) -> bool:
    """Whether an entry was made at a moment; a busy machine may take its time."""
    return timedelta(0) <= entry.at - moment < timedelta(minutes=1)


async def clauses(play: Play, kind: EntryKind) -> list[str]:
    """The clauses of which a kind of entry speaks, in order."""
    return [entry.text.split()[0] for entry in await play.entries(kind)]


async def told_of_breaches(play: Play, times: int) -> list[str]:
    """Which offices were told of missed limits, sorted, once it was so often."""
    lines = await play.has_told("逾期", times)
    return sorted(line["recipient"]["office"] for line in lines)
