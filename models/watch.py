"""The limits in force in a case, and what each of them has to say as time passes."""

from bisect import bisect_left, insort
from collections.abc import Iterator
from dataclasses import dataclass, field
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
        breached: It has passed, and was a maximum or a fixed date (G4); ``Watch.miss`` says so.
        told: Who is told of it: the office, as it is written.
    """

    key: str
    limit: Limit
    office: Office
    subject: str
    heard: datetime
    over: bool = False
    breached: bool = False
    told: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self.told = str(self.office)

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


class Alike:
    """Limits of one day, clause and office, which are told of together where they are many."""

    def __init__(self) -> None:
        self.limits: dict[str, Watched] = {}
        self.missed = 0

    def __len__(self) -> int:
        return len(self.limits)

    def __iter__(self) -> Iterator[Watched]:
        return iter(self.limits.values())

    @property
    def first(self) -> Watched:
        """Which was in force first."""
        return next(iter(self))


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
        self._ahead: list[datetime] = []
        self._speaking: dict[datetime, _Speaking] = {}
        self._at: dict[str, datetime] = {}
        self._alike: dict[_Kind, Alike] = {}
        self._nearest: list[_Kind] = []
        self._missed = 0

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
        kind = _kind(watched)
        if kind not in self._alike:
            self._alike[kind] = Alike()
            insort(self._nearest, kind)
        alike = self._alike[kind]
        alike.limits[watched.key] = watched
        alike.missed += watched.breached
        self._missed += watched.breached
        self._look_out(watched)

    def move(self, watched: Watched, limit: Limit) -> None:
        """Give a limit in force the date it has by the calendar of today."""
        in_force = self._watched.get(watched.key) is watched
        if in_force:
            self._part(watched)
        watched.limit = limit
        if in_force:
            self.keep(watched)

    def miss(self, watched: Watched) -> None:
        """A limit has passed that somebody is held to (G4)."""
        in_force = self._watched.get(watched.key) is watched
        if in_force and not watched.breached:
            self._alike[_kind(watched)].missed += 1
            self._missed += 1
        watched.breached = True

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
        self._speaking.clear()
        self._at.clear()
        self._alike.clear()
        self._nearest.clear()
        self._missed = 0

    def due(self, now: datetime) -> list[Watched]:
        """The limits that have something to say at this moment, nearest first."""
        came: set[datetime] = set()
        while self._ahead and self._ahead[0] <= now:
            came.add(heappop(self._ahead))
        speaking: list[Watched] = []
        for moment in sorted(came):
            if moment not in self._speaking:
                continue  # all of them were put off meanwhile
            for watched in list(self._speaking[moment].limits.values()):
                upcoming = self._moment(watched)
                if upcoming is not None and upcoming <= now:
                    speaking.append(watched)
                else:
                    self._look_out(watched)
            if moment in self._speaking:
                heappush(self._ahead, moment)
        return sorted(speaking, key=lambda each: (each.limit.due, each.key))

    def next_moment(self) -> tuple[datetime, Watched] | None:
        """The moment at which some limit has to be looked at next, and which limit it is."""
        while self._ahead:
            moment = self._ahead[0]
            while moment in self._speaking:
                watched = self._speaking[moment].first()
                if self._moment(watched) == moment:
                    return moment, watched
                self._look_out(watched)
            heappop(self._ahead)
        return None

    def expects(self, moment: datetime) -> bool:
        """Whether some limit has to be looked at in a moment ahead."""
        return moment in self._speaking

    def nearest(self) -> Iterator[Alike]:
        """Limits in force, the nearest first; those of one day, clause and office together."""
        for kind in self._nearest:
            yield self._alike[kind]

    def guessed(self, now: datetime) -> list[Watched]:
        """Limits that have come, rest on a guess, and were not found missed or over yet."""
        found = []
        for kind in self._nearest:
            if kind.due > now:
                break
            alike = self._alike[kind]
            if kind.provisional and alike.missed < len(alike):
                found += [each for each in alike if not (each.breached or each.over)]
        return found

    @property
    def first_due(self) -> datetime | None:
        """When the nearest limit in force ends."""
        return self._nearest[0].due if self._nearest else None

    @property
    def overdue(self) -> bool:
        """Whether any limit in force has been missed."""
        return self._missed > 0

    def _moment(self, watched: Watched) -> datetime | None:
        if watched.binding and not watched.breached and watched.limit.due <= watched.heard:
            return watched.limit.due  # a limit that had passed before it was armed
        return watched.next_moment(self._reminders)

    def _look_out(self, watched: Watched) -> None:
        """Note when a limit speaks next."""
        self._forget(watched.key)
        moment = self._moment(watched)
        if moment is None:
            return
        if moment not in self._speaking:
            self._speaking[moment] = _Speaking()
            heappush(self._ahead, moment)
        self._speaking[moment].add(watched)
        self._at[watched.key] = moment

    def _forget(self, key: str) -> None:
        moment = self._at.pop(key, None)
        if moment is not None:
            those = self._speaking[moment].limits
            del those[key]
            if not those:
                del self._speaking[moment]

    def _part(self, watched: Watched) -> None:
        del self._watched[watched.key]
        self._forget(watched.key)
        kind = _kind(watched)
        alike = self._alike[kind]
        del alike.limits[watched.key]
        alike.missed -= watched.breached
        self._missed -= watched.breached
        if not alike:
            del self._alike[kind]
            del self._nearest[bisect_left(self._nearest, kind)]


class _Speaking:
    """Limits that speak at the same moment."""

    def __init__(self) -> None:
        self.limits: dict[str, Watched] = {}
        self._order: list[str] = []

    def add(self, watched: Watched) -> None:
        """One more of them."""
        self.limits[watched.key] = watched
        heappush(self._order, watched.key)

    def first(self) -> Watched:
        """The first by its key; there is one."""
        while self._order[0] not in self.limits:
            heappop(self._order)
        return self.limits[self._order[0]]


class _Kind(NamedTuple):
    """What limits that are told of together have in common."""

    due: datetime
    clause: str
    office: str
    provisional: bool


def _kind(watched: Watched) -> _Kind:
    limit = watched.limit
    return _Kind(limit.due, limit.clause, watched.told, limit.provisional)
