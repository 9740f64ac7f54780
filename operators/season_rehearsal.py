"""Playing a season: many cases of one township on one stage, each by its own clock."""

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import partial

from activities.counties_file import LoadError
from activities.year_records import CountyReadiness, VillageReadiness
from models.appraisals import Appraisal
from models.messages import Amendment, Consent, Consents, CountyApplication, CountyFigures
from models.periods import beijing
from models.roster import Course, State
from models.roster_messages import RosterApplication
from models.village_messages import VillageApplication
from operators.case_play import CasePlay, Unexpected, expect_refusal, otherwise
from operators.course import differences_of_copy
from operators.desk import Message, Refused, utc_now
from operators.events import content_of, message_of, plain
from operators.scenario_files import ScenarioError
from operators.season import COUNTY, Heads, Season
from operators.season_cast import cast, household_lines
from operators.season_course import (
    CaseWent,
    Count,
    Look,
    SeasonCase,
    SeasonCourse,
    SeasonSpectator,
    disagreements,
    looked_otherwise,
    unit_names,
)
from operators.season_events import (
    AmendIn,
    ChangeEvent,
    ConsentIn,
    CountyEvent,
    InCase,
    Opening,
    ReadyEvent,
    RosterEvent,
    SeasonEvent,
    VillageEvent,
    WaitIn,
)
from operators.season_order import InTurn, Lane, Order, phases
from operators.stage import Stage


async def rehearse_season(
    stage: Stage,
    name: str,
    season: Season,
    spectator: SeasonSpectator,
    years: int | None = None,
) -> SeasonCourse:
    """Play a season to its end, or until an event goes otherwise than it says.

    Places go on side by side until the next event that concerns them all.

    Args:
        name: What the season is called in sentences.
        years: By how many years to move it, where it is not played alone.

    Raises:
        ScenarioError: if its places or people contradict what the register has.
        RehearsalError: if a case does not come to rest.
    """
    if years is None:
        years = season.years_ahead(utc_now())
    played, desk = season.moved(years), stage.desk
    try:
        cast(desk.registry, desk.policy, played, years)
    except LoadError as error:
        raise ScenarioError(f"{name}: {'; '.join(error.faults)}") from error
    play = _SeasonPlay(stage, played, spectator)
    spectator.begins(played, years)
    before = play.count(played.events[0].at)
    faults: list[str] = []
    for lanes in phases(played):
        faults += await play.side_by_side(lanes)
        if faults:
            break
    cases = await play.cases()
    course = SeasonCourse(
        scenario=name,
        title=season.title,
        years=years,
        year=played.year,
        cases=cases,
        looks=tuple(play.looks),
        before=before,
        after=play.count(played.events[-1].at),
        progress=desk.registry.planning.progress(played.year, desk.policy, played.county.code),
    )
    for case in cases:
        faults += differences_of_copy(case.course, desk.registry)
    if not faults:
        faults += disagreements(course, played.expect)
    course = course.model_copy(update={"faults": tuple(faults)})
    spectator.ends(course)
    return course


class _SeasonPlay:
    """A moved season on the stage, and how far it is."""

    def __init__(self, stage: Stage, season: Season, spectator: SeasonSpectator) -> None:
        self.looks: list[Look] = []
        self._stage, self._season, self._spectator = stage, season, spectator
        self._villages = {village.key: village for village in season.villages}
        self._places = {key: village.name for key, village in self._villages.items()}
        self._places[COUNTY] = season.county.name
        self._lines = {line.code: line for line in household_lines(season)}
        self._cases: dict[str, SeasonCase] = {}
        self._plays: dict[str, CasePlay] = {}
        self._order = Order()
        self._turns: dict[str, InTurn] = {}

    async def side_by_side(self, lanes: Iterable[Lane]) -> list[str]:
        """Let what happens in several places happen at once; what went otherwise, in order."""
        found = await asyncio.gather(*map(self._one_by_one, lanes), return_exceptions=True)
        self._order.rest()
        faults: list[tuple[int, str]] = []
        for each in found:
            if isinstance(each, BaseException):
                raise each
            faults += each
        return [fault for _, fault in sorted(faults)]

    async def _one_by_one(self, lane: Lane) -> list[tuple[int, str]]:
        """Up to the first event that goes otherwise."""
        for number, event in lane:
            try:
                await self._perform(number, event)
            except Unexpected as unexpected:
                return [(number, str(unexpected))]
            self._order.done(number)
        return []

    async def _perform(self, number: int, event: SeasonEvent) -> None:
        """Let one event happen."""
        match event:
            case RosterEvent() | VillageEvent() | CountyEvent():
                await self._open(number, event)
            case ChangeEvent():
                self._change(number, event)
            case ReadyEvent():
                await self._look(number, event)
            case WaitIn():
                await self._play_of(event.case, number).wait(number, event)
            case _:
                play = self._play_of(event.case, number)
                await play.until(event.at)
                await play.send(number, event, await self._message(number, event))

    def _play_of(self, case: str, number: int) -> CasePlay:
        self._turns[case].number = number
        return self._plays[case]

    async def cases(self) -> tuple[CaseWent, ...]:
        """Every case that was opened, as it stands, in the order of the expected endings."""
        return tuple(
            [
                CaseWent(
                    case=self._cases[key],
                    course=self._plays[key].course(),
                    households=await self._households(self._cases[key]),
                )
                for key in self._season.expect.endings
                if key in self._plays
            ]
        )

    def count(self, at: datetime) -> Count:
        """The register's own count of everybody still poor on a day (S5)."""
        registry, on = self._stage.desk.registry, beijing(at).date()
        counted = {
            village.key: registry.register.village(village.code, on).incidence
            for village in self._season.villages
        }
        counted[COUNTY] = registry.county_incidence(self._season.county.code, on)
        heads = {
            unit: Heads(poor=each.poor, population=each.population)
            for unit, each in counted.items()
            if each is not None
        }
        return Count(on=on, heads=heads)

    # -- cases --------------------------------------------------------------------------------

    async def _open(self, number: int, event: Opening) -> None:
        """Open a case on its day."""
        wait = event.at - utc_now()
        try:
            case_id = await self._start(event, wait)
        except Refused as refusal:
            self._tell(number, event, f"不予接收 refused: {refusal}")
            expect_refusal(number, event, refusal)
            return
        unit = COUNTY if isinstance(event, CountyEvent) else event.village
        case = SeasonCase(
            key=event.case,
            kind=event.do,
            unit=unit,
            place=self._places[unit],
            case_id=case_id,
        )
        self._cases[event.case] = case
        onlooker = self._spectator.opens(case, event.note)
        self._turns[event.case] = InTurn(onlooker, self._order, number)
        play = CasePlay(self._stage, case_id, self._turns[event.case])
        self._plays[event.case] = play
        await play.begin(wait)
        if event.refused is not None:
            raise otherwise(number, event, "it is taken")

    async def _start(self, event: Opening, wait: timedelta) -> str:
        desk = self._stage.desk
        match event:
            case RosterEvent():
                return await desk.start_roster(self._roster(event), begins_in=wait)
            case VillageEvent():
                village = VillageApplication(
                    village=self._villages[event.village].code,
                    year=self._season.year,
                    officer=event.officer,
                    document_number=event.document_number,
                )
                return await desk.start_village(village, begins_in=wait)
            case CountyEvent():
                return await desk.start_county(self._application(event), begins_in=wait)

    def _roster(self, event: RosterEvent) -> RosterApplication:
        return RosterApplication(
            village=self._villages[event.village].code,
            year=self._season.year,
            officer=event.officer,
            appraisal=Appraisal(meeting=event.meeting, households=event.proposals),
        )

    def _application(self, event: CountyEvent) -> CountyApplication:
        """The county's figures: its incidence is the register's (S5), the rest the file's."""
        county, figures = self._season.county, event.figures
        counted = self._stage.desk.registry.county_incidence(county.code, figures.as_of)
        assert counted is not None
        said = plain(figures, CountyFigures)
        return CountyApplication(
            county=county.code,
            year=self._season.year,
            tier=county.tier,
            officer=event.officer,
            document_number=event.document_number,
            figures=CountyFigures(**said | counted.model_dump()),
        )

    async def _message(self, number: int, event: InCase) -> Message:
        match event:
            case AmendIn():
                return Amendment.model_validate(content_of(event, Amendment, number))
            case ConsentIn():
                return await self._consents(number, event)
            case WaitIn():
                raise AssertionError("a wait sends nothing")
            case _:
                return message_of(event, number)

    async def _consents(self, number: int, event: ConsentIn) -> Consents:
        standing = await self._households(self._cases[event.case])
        asked = [each.household for each in standing if each.state is State.VERIFIED]
        agreed = event.agree or tuple(code for code in asked if code not in event.refuse)
        if not agreed and not event.refuse:
            raise otherwise(number, event, "nobody is asked")
        answers = [
            Consent(household=code, agreed=True, signed_by=self._lines[code].head)
            for code in agreed
        ]
        answers += [
            Consent(household=code, agreed=False, signed_by=self._lines[code].head, reason=reason)
            for code, reason in event.refuse.items()
        ]
        return Consents(id=f"consent-{number}", officer=event.officer, answers=tuple(answers))

    async def _households(self, case: SeasonCase) -> tuple[Course, ...]:
        if case.kind != "roster":
            return ()
        return tuple(await self._stage.desk.households(case.case_id))

    # -- the register -------------------------------------------------------------------------

    def _change(self, number: int, event: ChangeEvent) -> None:
        """A household's entry as a later roster of its village names it."""
        before = self._lines[event.household]
        line = before.model_copy(update={"size": event.size})
        self._lines[event.household] = line
        self._stage.desk.registry.register.load((), [line], "演练花名册（合成）")
        said = f"登记变更 {line.code} {line.head}：家庭人口{before.size}人变为{line.size}人"
        self._tell(number, event, said)

    def _tell(self, number: int, event: SeasonEvent, what: str) -> None:
        """What stands on no case's file."""
        said = partial(self._spectator.tells, event.at, what, event.note)
        self._order.tell(number, said)

    async def _look(self, number: int, event: ReadyEvent) -> None:
        """Ask the register who could leave; every case has come to that day."""
        for case in self._plays:
            await self._play_of(case, number).until(event.at)
        desk, season = self._stage.desk, self._season
        on, county = beijing(event.at).date(), season.county.code
        villages: tuple[VillageReadiness, ...] = ()
        counties: tuple[CountyReadiness, ...] = ()
        planning = desk.registry.planning
        if event.of == "villages":
            villages = planning.ready_villages(season.year, desk.policy, on, county)
        else:
            counties = planning.ready_counties(season.year, desk.policy, on, county)
        look = Look(at=event.at, villages=villages, counties=counties)
        self.looks.append(look)
        self._order.tell(number, partial(self._spectator.looks, event, look))
        said = looked_otherwise(event, look, unit_names(season))
        if said:
            raise otherwise(number, event, "; ".join(said))
