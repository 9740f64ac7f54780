"""The limits in force in a case, and what each of them has to say as time passes."""

from bisect import insort
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from heapq import heappop, heappush
from typing import NamedTuple

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
    """All limits in force, by key.

    A case may have thousands, one for each open objection, and looks at them whenever anything
    happens: what is asked each time (which is next, who is late, which are nearest) never goes
    through all of them.
    """

    def __init__(self, reminders: Reminders) -> None:
        self._reminders = reminders
        self._watched: dict[str, Watched] = {}
        # A moment in it may be too early for what was heard since, and is looked at again.
        self._ahead: list[tuple[datetime, str]] = []
        self._at: dict[str, datetime] = {}
        self._count: Counter[datetime] = Counter()
        self._alike: dict[_Alike, dict[str, Watched]] = {}
        self._nearest: list[_Alike] = []

    def __iter__(self) -> Iterator[Watched]:
        return iter(list(self._watched.values()))

    def __len__(self) -> int:
        return len(self._watched)

    def __contains__(self, key: str) -> bool:
        return key in self._watched

    def __getitem__(self, key: str) -> Watched:
        return self._watched[key]

    def arm(self, key: str, limit: Limit, office: Office, subject: str, now: datetime) -> Watched:
        """Put a limit in force; the same key again replaces it."""
        watched = Watched(key, limit, office, subject, heard=now)
        self.keep(watched)
        return watched

    def keep(self, watched: Watched) -> None:
        """Leave a limit in force that was kept by some and binds others still."""
        self.disarm(watched.key)
        self._watched[watched.key] = watched
        alike = _alike(watched)
        if alike not in self._alike:
            self._alike[alike] = {}
            insort(self._nearest, alike)
        self._alike[alike][watched.key] = watched
        self._look_out(watched)

    def move(self, watched: Watched, limit: Limit) -> None:
        """Give a limit in force the date it has by the calendar of today."""
        in_force = self._watched.get(watched.key) is watched
        if in_force:
            self._part(watched)
        watched.limit = limit
        if in_force:
            self.keep(watched)

    def disarm(self, key: str) -> None:
        """Take a limit out of force: what it held somebody to is done, or moot."""
        watched = self._watched.get(key)
        if watched is not None:
            self._part(watched)

    def disarm_step(self, step: str) -> None:
        """Take all limits of a step out of force."""
        for key in [key for key in self._watched if key.split()[0] == step]:
            self.disarm(key)

    def clear(self) -> None:
        """Take every limit out of force."""
        self._watched.clear()
        self._ahead.clear()
        self._at.clear()
        self._count.clear()
        self._alike.clear()
        self._nearest.clear()

    def due(self, now: datetime) -> list[Watched]:
        """The limits that have something to say at this moment, nearest first."""
        speaking: dict[str, Watched] = {}
        while self._ahead and self._ahead[0][0] <= now:
            _, key = heappop(self._ahead)
            watched = self._watched.get(key)
            if watched is None or key in speaking:
                continue
            moment = self._moment(watched)
            if moment is not None and moment <= now:
                speaking[key] = watched
            else:
                self._look_out(watched)
        for watched in speaking.values():
            self._look_out(watched)
        return sorted(speaking.values(), key=lambda each: (each.limit.due, each.key))

    def next_moment(self) -> tuple[datetime, Watched] | None:
        """The moment at which some limit has to be looked at next, and which limit it is."""
        while self._ahead:
            moment, key = self._ahead[0]
            watched = self._watched.get(key)
            now = self._moment(watched) if watched is not None else None
            if watched is not None and now == moment:
                return moment, watched
            heappop(self._ahead)
            if watched is not None:
                self._look_out(watched)
        return None

    def expects(self, moment: datetime) -> bool:
        """Whether some limit has to be looked at in a moment ahead."""
        return moment in self._count

    def nearest(self) -> Iterator[list[Watched]]:
        """Limits in force, the nearest first; those of one day, clause and office together."""
        for alike in self._nearest:
            yield list(self._alike[alike].values())

    def guessed(self, now: datetime) -> list[Watched]:
        """Limits that have come, rest on a guess, and were not found missed or over yet."""
        found = []
        for alike in self._nearest:
            if alike.due > now:
                break
            if alike.provisional:
                waiting = self._alike[alike].values()
                found += [each for each in waiting if not (each.breached or each.over)]
        return found

    @property
    def first_due(self) -> datetime | None:
        """When the nearest limit in force ends."""
        return self._nearest[0].due if self._nearest else None

    @property
    def overdue(self) -> bool:
        """Whether any limit in force has been missed."""
        return any(watched.breached for watched in self._watched.values())

    def _moment(self, watched: Watched) -> datetime | None:
        if watched.binding and not watched.breached and watched.limit.due <= watched.heard:
            return watched.limit.due  # a limit that had passed before it was armed
        return watched.next_moment(self._reminders)

    def _look_out(self, watched: Watched) -> None:
        self._forget(watched.key)
        moment = self._moment(watched)
        if moment is not None:
            heappush(self._ahead, (moment, watched.key))
            self._at[watched.key] = moment
            self._count[moment] += 1

    def _forget(self, key: str) -> None:
        moment = self._at.pop(key, None)
        if moment is not None:
            self._count[moment] -= 1
            if not self._count[moment]:
                del self._count[moment]

    def _part(self, watched: Watched) -> None:
        del self._watched[watched.key]
        self._forget(watched.key)
        alike = _alike(watched)
        those = self._alike[alike]
        del those[watched.key]
        if not those:
            del self._alike[alike]
            self._nearest.remove(alike)


class _Alike(NamedTuple):
    """What limits that are told of together have in common."""

    due: datetime
    clause: str
    office: str
    provisional: bool


def _alike(watched: Watched) -> _Alike:
    limit = watched.limit
    return _Alike(limit.due, limit.clause, str(watched.office), limit.provisional)
