"""The limits in force in a case, and what each of them has to say as time passes."""

from bisect import bisect_left, insort
from collections.abc import Container, Iterator
from dataclasses import dataclass
from datetime import datetime
from heapq import heappop, heappush
from typing import NamedTuple

from models.case.reminders import next_after
from models.offices import Office
from models.periods import Limit, LimitKind
from models.policy import Reminders

T6 = "T6"
"""Key of the limit for leaving the register: from the opening on it binds whoever has the case."""


@dataclass
class Watched:
    """A limit somebody is held to.

    Attributes:
        office: Who is held to it; the publisher, for a publicity.
        subject: What it is for, in Chinese.
        heard: Up to which moment everything it had to say has been said.
        over: It has passed, and its date was confirmed by a published calendar or a second look.
        breached: It has passed, and was a maximum or a fixed date (G4); ``Watch.miss`` says so.
        runs: Its days are counted. Those of a publicity may wait for the posting (T1); until then
            it is in no watch.
    """

    key: str
    limit: Limit
    office: Office
    subject: str
    heard: datetime
    over: bool = False
    breached: bool = False
    runs: bool = True

    @property
    def told(self) -> str:
        """Who is told of it: the office, as it is written."""
        return str(self.office)

    @property
    def binding(self) -> bool:
        """Whether missing it is a breach; the end of a publicity is nobody's to miss."""
        return self.limit.kind is not LimitKind.MINIMUM

    def has_passed(self, now: datetime) -> bool:
        """Whether it is over by the clock, though the case may not have looked yet."""
        return self.runs and self.limit.due <= now

    def next_moment(self, reminders: Reminders) -> datetime | None:
        """When it has to be looked at next."""
        if not self.binding:
            return None if self.over else self.limit.due
        upcoming = next_after(self.heard, self.limit.due, reminders)
        target = self.limit.target
        return upcoming if target is None or target <= self.heard else min(target, upcoming)


class _Order:
    """Keys of what comes and goes, of which the first is asked for."""

    def __init__(self) -> None:
        self._keys: list[str] = []

    def add(self, key: str) -> None:
        """One more."""
        heappush(self._keys, key)

    def first(self, there: Container[str]) -> str:
        """The first of those that are still there; there is one."""
        while self._keys[0] not in there:
            heappop(self._keys)
        return self._keys[0]


class Alike:
    """Limits of one day, clause and office, which are told of together where they are many.

    Those that were missed speak as one, at the same moments from then on.

    Attributes:
        late: Those that were missed.
        heard: Up to which moment everything has been said that those had to say.
        at: When those speak next.
    """

    def __init__(self, due: datetime) -> None:
        self.limits: dict[str, Watched] = {}
        self.late: dict[str, Watched] = {}
        self.due = self.heard = due
        self.at: datetime | None = None
        self._order = _Order()

    def __len__(self) -> int:
        return len(self.limits)

    def __iter__(self) -> Iterator[Watched]:
        return iter(self.limits.values())

    @property
    def first(self) -> Watched:
        """Which was in force first."""
        return next(iter(self))

    @property
    def first_late(self) -> Watched:
        """The first by its key of those that were missed; there is one."""
        return self.late[self._order.first(self.late)]

    def join(self, watched: Watched) -> None:
        """One more that was missed."""
        self.heard = max(self.heard, watched.heard) if self.late else watched.heard
        self.late[watched.key] = watched
        self._order.add(watched.key)

    def leave(self, watched: Watched) -> None:
        """One is none of those any more."""
        del self.late[watched.key]
        watched.heard = max(watched.heard, self.heard)


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

    def __len__(self) -> int:
        return len(self._watched)

    def __contains__(self, key: str) -> bool:
        return key in self._watched

    def __getitem__(self, key: str) -> Watched:
        return self._watched[key]

    def get(self, key: str) -> Watched | None:
        """A limit by its key; None if it is not in force."""
        return self._watched.get(key)

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
            self._alike[kind] = Alike(kind.due)
            insort(self._nearest, kind)
        self._alike[kind].limits[watched.key] = watched
        if watched.breached:
            self._join(watched)
        else:
            self._look_out(watched)

    def move(self, watched: Watched, limit: Limit) -> None:
        """Give a limit in force the date it has by the calendar of today."""
        in_force = self._watched.get(watched.key) is watched
        if in_force:
            self._part(watched)
        watched.limit = limit
        if in_force:
            self.keep(watched)

    def pass_on(self, watched: Watched, office: Office) -> None:
        """Another office is held to a limit in force from now on."""
        if watched.office != office:
            self._part(watched)
            watched.office = office
            self.keep(watched)

    def miss(self, watched: Watched) -> None:
        """A limit has passed that somebody is held to (G4)."""
        in_force = self._watched.get(watched.key) is watched
        if in_force and not watched.breached:
            self._forget(watched.key)
            self._join(watched)
        watched.breached = True

    def hear(self, watched: Watched, now: datetime) -> None:
        """Everything has been said that a limit had to say up to now."""
        watched.heard = now
        if watched.breached:
            alike = self._alike[_kind(watched)]
            alike.heard = max(alike.heard, now)

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
            here = self._speaking[moment]
            for watched in list(here.limits.values()):
                upcoming = self._moment(watched)
                if upcoming is not None and upcoming <= now:
                    speaking.append(watched)
                else:
                    self._look_out(watched)
            for alike in list(here.late.values()):
                if self._moment_of(alike) <= now:
                    speaking += alike.late.values()
                else:
                    self._look_out_for(alike)
            if moment in self._speaking:
                heappush(self._ahead, moment)
        return sorted(speaking, key=lambda each: (each.limit.due, each.key))

    def next_moment(self) -> tuple[datetime, Watched] | None:
        """The moment at which some limit has to be looked at next, and which limit it is."""
        while self._ahead:
            moment = self._ahead[0]
            while moment in self._speaking:
                watched = self._speaking[moment].first()
                if not watched.breached:
                    if self._moment(watched) == moment:
                        return moment, watched
                    self._look_out(watched)
                else:
                    alike = self._alike[_kind(watched)]
                    if self._moment_of(alike) == moment:
                        return moment, watched
                    self._look_out_for(alike)
            heappop(self._ahead)
        return None

    def expects(self, moment: datetime) -> bool:
        """Whether some limit has to be looked at in a moment ahead."""
        return moment in self._speaking

    def in_force(self) -> Iterator[Watched]:
        """All of them, in the order in which they came into force."""
        return iter(self._watched.values())

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
            if kind.provisional and len(alike.late) < len(alike):
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
        if watched.binding and watched.limit.due <= watched.heard:
            return watched.limit.due  # a limit that had passed before it was armed
        return watched.next_moment(self._reminders)

    def _moment_of(self, alike: Alike) -> datetime:
        return next_after(alike.heard, alike.due, self._reminders)

    def _join(self, watched: Watched) -> None:
        self._missed += 1
        alike = self._alike[_kind(watched)]
        alike.join(watched)
        self._look_out_for(alike)

    def _look_out(self, watched: Watched) -> None:
        """Note when a limit speaks next that was not missed."""
        self._forget(watched.key)
        moment = self._moment(watched)
        if moment is not None:
            self._speaking_at(moment).add(watched)
            self._at[watched.key] = moment

    def _look_out_for(self, alike: Alike) -> None:
        """Note when those that were missed speak next."""
        moment = self._moment_of(alike)
        if moment != alike.at:
            self._forget_late(alike)
            self._speaking_at(moment).late[id(alike)] = alike
            alike.at = moment

    def _speaking_at(self, moment: datetime) -> "_Speaking":
        if moment not in self._speaking:
            self._speaking[moment] = _Speaking()
            heappush(self._ahead, moment)
        return self._speaking[moment]

    def _forget(self, key: str) -> None:
        moment = self._at.pop(key, None)
        if moment is not None:
            del self._speaking[moment].limits[key]
            self._clear_away(moment)

    def _forget_late(self, alike: Alike) -> None:
        moment, alike.at = alike.at, None
        if moment is not None:
            del self._speaking[moment].late[id(alike)]
            self._clear_away(moment)

    def _clear_away(self, moment: datetime) -> None:
        if self._speaking[moment].is_empty:
            del self._speaking[moment]

    def _part(self, watched: Watched) -> None:
        del self._watched[watched.key]
        self._forget(watched.key)
        kind = _kind(watched)
        alike = self._alike[kind]
        del alike.limits[watched.key]
        if watched.breached:
            self._missed -= 1
            alike.leave(watched)
            if not alike.late:
                self._forget_late(alike)
        if not alike.limits:
            del self._alike[kind]
            del self._nearest[bisect_left(self._nearest, kind)]


class _Speaking:
    """Limits that speak at the same moment: each for itself, or those missed that are alike."""

    def __init__(self) -> None:
        self.limits: dict[str, Watched] = {}
        self.late: dict[int, Alike] = {}
        self._order = _Order()

    @property
    def is_empty(self) -> bool:
        """Whether nobody speaks."""
        return not self.limits and not self.late

    def add(self, watched: Watched) -> None:
        """One that speaks for itself."""
        self.limits[watched.key] = watched
        self._order.add(watched.key)

    def first(self) -> Watched:
        """The first by its key; there is one."""
        firsts = [alike.first_late for alike in self.late.values()]
        if self.limits:
            firsts.append(self.limits[self._order.first(self.limits)])
        return min(firsts, key=lambda each: each.key)


class _Kind(NamedTuple):
    """What limits that are told of together have in common."""

    due: datetime
    clause: str
    office: str
    provisional: bool


def _kind(watched: Watched) -> _Kind:
    limit = watched.limit
    return _Kind(limit.due, limit.clause, watched.told, limit.provisional)
