"""The register of a season: what it is told on the way, and what it is asked."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from models.offices import SubjectKind
from models.periods import beijing
from models.register.households import Cause
from operators.desk.desk import Desk
from operators.rehearsal.season import COUNTY, Heads, Season
from operators.rehearsal.season_after import (
    ConsequencesEvent,
    LineEvent,
    LivesEvent,
    Stood,
    StoodAs,
)
from operators.rehearsal.season_cast import household_lines, line_of, lived
from operators.rehearsal.season_course import Count, Following, Look
from operators.rehearsal.season_events import ChangeEvent, ReadyEvent
from registry.register.records import EpisodeRecord
from registry.reports.records import CountyReadiness, VillageReadiness

_BEGAN: dict[Cause, StoodAs] = {
    Cause.REGISTERED: "listed",
    Cause.FALLEN_BACK: "fallen_back",
    Cause.REVOKED: "revoked",
}


class SeasonRegister:
    """The register, as the file of a moved season speaks of it.

    Attributes:
        lines: Every household as the last roster of its village names it.
    """

    def __init__(self, desk: Desk, season: Season) -> None:
        self._desk, self._season = desk, season
        self._villages = {village.key: village.code for village in season.villages}
        self.lines = {line.code: line for line in household_lines(season)}

    def unit(self, key: str) -> tuple[SubjectKind, str]:
        """What a key of the file stands for, with its code."""
        if key == COUNTY:
            return SubjectKind.COUNTY, self._season.county.code
        if key in self._villages:
            return SubjectKind.VILLAGE, self._villages[key]
        return SubjectKind.HOUSEHOLD, key

    # -- what it is told ----------------------------------------------------------------------

    def change(self, event: ChangeEvent | LineEvent | LivesEvent) -> str:
        """Take in a household's entry, or the line of a year; say what is new."""
        registry = self._desk.registry
        if isinstance(event, LineEvent):
            registry.planning.add_line(line_of(event))
            return f"公布{event.year}年国家扶贫标准：人均{event.yuan:,}元"
        before = self.lines[event.household]
        who = f"登记变更 {before.code} {before.head}"
        if isinstance(event, LivesEvent):
            lives = lived(event.year, event.income, before.size, event.unmet)
            line = before.model_copy(update={"livelihood": lives})
            said = f"{who}：{event.year}年人均纯收入{event.income:,}元"
        else:
            line = before.model_copy(update={"size": event.size})
            said = f"{who}：家庭人口{before.size}人变为{line.size}人"
        self.lines[event.household] = line
        registry.register.load((), [line], "演练花名册（合成）")
        return said

    # -- what it is asked ---------------------------------------------------------------------

    def count(self, at: datetime) -> Count:
        """Everybody still poor on a day (S5)."""
        registry, on = self._desk.registry, beijing(at).date()
        counted = {
            key: registry.register.village(code, on).incidence
            for key, code in self._villages.items()
        }
        counted[COUNTY] = registry.county_incidence(self._season.county.code, on)
        heads = {
            unit: Heads(poor=each.poor, population=each.population)
            for unit, each in counted.items()
            if each is not None
        }
        return Count(on=on, heads=heads)

    def look(self, event: ReadyEvent) -> Look:
        """Who could leave on the day of an event."""
        season, policy, planning = self._season, self._desk.policy, self._desk.registry.planning
        on, county = beijing(event.at).date(), season.county.code
        villages: tuple[VillageReadiness, ...] = ()
        counties: tuple[CountyReadiness, ...] = ()
        if event.of == "villages":
            villages = planning.ready_villages(season.year, policy, on, county)
        else:
            counties = planning.ready_counties(season.year, policy, on, county)
        return Look(at=event.at, villages=villages, counties=counties)

    def follow(self, event: ConsequencesEvent) -> Following:
        """What follows from the exits of a unit on the day of an event (F1-F4)."""
        kind, code = self.unit(event.of)
        on, policy = beijing(event.at).date(), self._desk.policy.after_exit
        exits = self._desk.registry.consequences.of(kind, code, policy, on)
        return Following(at=event.at, of=event.of, exits=exits)

    def stood(self, key: str, at: datetime) -> tuple[Stood, ...]:
        """How a unit stood from when to when, up to a day: on the list, off it, on it again."""
        register, (kind, code), on = self._desk.registry, self.unit(key), beijing(at).date()
        if kind is SubjectKind.HOUSEHOLD:
            return tuple(_episodes(register.register.household(code, on).episodes))
        standings = (
            register.county_record(code).standings
            if kind is SubjectKind.COUNTY
            else register.register.village(code, on).standings
        )
        return tuple(
            Stood(status=each.status.value, since=each.since, document=each.document)
            for each in standings
        )


def _episodes(episodes: Iterable[EpisodeRecord]) -> Iterator[Stood]:
    """A household's times in the register, and out of it."""
    for each in episodes:
        began, by = _BEGAN[each.cause], each.opening_document
        yield Stood(status=began, since=each.registered_on, document=by)
        if each.exited_on is not None:
            yield Stood(status="exited", since=each.exited_on, document=each.document)
