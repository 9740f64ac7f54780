"""The limits in force in a case, and what each of them has to say as time passes."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from models.offices import Office
from models.periods import Limit, LimitKind
from models.policy import Reminders
from models.reminders import next_after


@dataclass
class Watched:
    """A limit somebody is held to.

    Attributes:
        office: Who is held to it; the publisher, for a publicity.
        subject: What it is for, in Chinese.
        heard: Up to which moment everything it had to say has been said.
        over: It has passed, and its date was confirmed by a published calendar or a second look.
        breached: It has passed, and was a maximum or a fixed date (G4).
    """

    key: str
    limit: Limit
    office: Office
    subject: str
    heard: datetime
    over: bool = False
    breached: bool = False

    @property
    def binding(self) -> bool:
        """Whether missing it is a breach; the end of a publicity is nobody's to miss."""
        return self.limit.kind is not LimitKind.MINIMUM

    def next_moment(self, reminders: Reminders) -> datetime | None:
        """When it has to be looked at next."""
        if not self.binding:
            return None if self.over else self.limit.due
        upcoming = next_after(self.heard, self.limit.due, reminders)
        target = self.limit.target
        return upcoming if target is None or target <= self.heard else min(target, upcoming)


class Watch:
    """All limits in force, by key."""

    def __init__(self, reminders: Reminders) -> None:
        self._reminders = reminders
        self._watched: dict[str, Watched] = {}

    def __iter__(self) -> Iterator[Watched]:
        return iter(list(self._watched.values()))

    def __contains__(self, key: str) -> bool:
        return key in self._watched

    def __getitem__(self, key: str) -> Watched:
        return self._watched[key]

    def arm(self, key: str, limit: Limit, office: Office, subject: str, now: datetime) -> Watched:
        """Put a limit in force; the same key again replaces it."""
        watched = Watched(key, limit, office, subject, heard=now)
        self._watched[key] = watched
        return watched

    def keep(self, watched: Watched) -> None:
        """Leave a limit in force that was kept by some and binds others still."""
        self._watched[watched.key] = watched

    def disarm(self, key: str) -> None:
        """Take a limit out of force: what it held somebody to is done, or moot."""
        self._watched.pop(key, None)

    def disarm_step(self, step: str) -> None:
        """Take all limits of a step out of force."""
        for key in [key for key in self._watched if key.split()[0] == step]:
            del self._watched[key]

    def clear(self) -> None:
        """Take every limit out of force."""
        self._watched.clear()

    def due(self, now: datetime) -> list[Watched]:
        """The limits that have something to say at this moment, nearest first."""
        speaking = [each for each in self if _speaks(each, now, self._reminders)]
        return sorted(speaking, key=lambda each: each.limit.due)

    def next_moment(self) -> tuple[datetime, Watched] | None:
        """The moment at which some limit has to be looked at next, and which limit it is."""
        ahead = [
            (moment, watched.key, watched)
            for watched in self
            if (moment := watched.next_moment(self._reminders)) is not None
        ]
        if not ahead:
            return None
        moment, _, watched = min(ahead)
        return moment, watched

    def moments(self) -> list[datetime]:
        """Every moment at which some limit has to be looked at next."""
        each_next = (watched.next_moment(self._reminders) for watched in self)
        return [moment for moment in each_next if moment is not None]

    @property
    def overdue(self) -> bool:
        """Whether any limit in force has been missed."""
        return any(watched.breached for watched in self)


def _speaks(watched: Watched, now: datetime, reminders: Reminders) -> bool:
    if watched.binding and not watched.breached and now >= watched.limit.due:
        return True  # also a limit that had passed before it was armed
    moment = watched.next_moment(reminders)
    return moment is not None and moment <= now
