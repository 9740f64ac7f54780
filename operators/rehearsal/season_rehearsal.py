"""Playing a season: many cases of one township on one stage, each by its own clock."""

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import partial

from models.appraisals import Appraisal
from models.county.messages import CountyApplication
from models.register.counties import CountyFigures
from models.roster.households import Course, State
from models.roster.messages import Amendment, Consent, Consents, RosterApplication
from models.village.messages import VillageApplication
from operators.desk.desk import Message
from operators.desk.errors import Refused
from operators.desk.registry import utc_now
from operators.rehearsal.case_play import CasePlay, Unexpected, expect_refusal, otherwise
from operators.rehearsal.course import differences_of_copy
from operators.rehearsal.events import content_of, message_of, plain
from operators.rehearsal.scenario_files import ScenarioError
from operators.rehearsal.season import Season, SeasonEvent, place_names
from operators.rehearsal.season_after import (
    AfterInCase,
    AfterOpening,
    ConsequencesEvent,
    LineEvent,
    LivesEvent,
)
from operators.rehearsal.season_after_play import AfterExit
from operators.rehearsal.season_cast import cast
from operators.rehearsal.season_course import (
    CaseWent,
    Following,
    Look,
    SeasonCase,
    SeasonCourse,
    SeasonSpectator,
    disagreements,
    followed_otherwise,
    looked_otherwise,
    unit_names,
)
from operators.rehearsal.season_events import (
    AmendIn,
    ChangeEvent,
    ConsentIn,
    CountyEvent,
    InCase,
    Opening,
    OpeningEvent,
    ReadyEvent,
    RosterEvent,
    VillageEvent,
    WaitIn,
)
from operators.rehearsal.season_order import InTurn, Lane, Order, joint, phases, places
from operators.rehearsal.season_register import SeasonRegister
from operators.rehearsal.stage import Stage
from registry.errors import LoadError


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
    before = play.register.count(played.events[0].at)
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
        following=tuple(play.following),
        before=before,
        stood={
            unit: play.register.stood(unit, played.events[-1].at) for unit in played.expect.stood
        },
        after=play.register.count(played.events[-1].at),
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
        self.following: list[Following] = []
        self._stage, self._season, self._spectator = stage, season, spectator
        self._villages = {village.key: village for village in season.villages}
        self._places = place_names(season)
        self.register = SeasonRegister(stage.desk, season)
        self._cases: dict[str, SeasonCase] = {}
        self._plays: dict[str, CasePlay] = {}
        self._after = AfterExit(stage, season, self.register, self._plays)
        self._joint, self._place = joint(season), places(season)
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
        """Let one event happen; where cases hear of each other, all of them are there."""
        if number in self._joint:
            await self._all_at(number, event.at)
        match event:
            case OpeningEvent():
                await self._open(number, event)
            case ChangeEvent() | LineEvent() | LivesEvent():
                self._tell(number, event, self.register.change(event))
            case ReadyEvent():
                await self._look(number, event)
            case ConsequencesEvent():
                self._follow(number, event)
            case WaitIn():
                await self._play_of(event.case, number).wait(number, event)
            case _:
                play = self._play_of(event.case, number)
                await play.until(event.at)
                await play.send(number, event, await self._message(number, event))
        if number in self._joint:
            await asyncio.gather(*(self._play_of(case, number).rest() for case in self._plays))

    async def _all_at(self, number: int, moment: datetime) -> None:
        """Let every case come to a day: each has a clock of its own."""
        await asyncio.gather(*(self._play_of(case, number).until(moment) for case in self._plays))

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

    # -- cases --------------------------------------------------------------------------------

    async def _open(self, number: int, event: Opening | AfterOpening) -> None:
        """Open a case on its day."""
        wait = event.at - utc_now()
        try:
            case_id = await self._start(number, event, wait)
        except Refused as refusal:
            self._tell(number, event, f"不予接收 refused: {refusal}")
            expect_refusal(number, event, refusal)
            return
        unit = self._place(event)
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

    async def _start(self, number: int, event: Opening | AfterOpening, wait: timedelta) -> str:
        desk = self._stage.desk
        match event:
            case RosterEvent():
                return await desk.open(self._roster(event), begins_in=wait)
            case VillageEvent():
                village = VillageApplication(
                    village=self._villages[event.village].code,
                    year=self._season.year,
                    officer=event.officer,
                    document_number=event.document_number,
                )
                return await desk.open(village, begins_in=wait)
            case CountyEvent():
                return await desk.open(self._application(event), begins_in=wait)
            case _:
                return await self._after.start(number, event, wait)

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

    async def _message(self, number: int, event: InCase | AfterInCase) -> Message:
        if isinstance(event, AfterInCase):
            return self._after.message(number, event)
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
        heads = self.register.lines
        answers = [
            Consent(household=code, agreed=True, signed_by=heads[code].head) for code in agreed
        ]
        answers += [
            Consent(household=code, agreed=False, signed_by=heads[code].head, reason=reason)
            for code, reason in event.refuse.items()
        ]
        return Consents(id=f"consent-{number}", officer=event.officer, answers=tuple(answers))

    async def _households(self, case: SeasonCase) -> tuple[Course, ...]:
        if case.kind != "roster":
            return ()
        return tuple(await self._stage.desk.households(case.case_id))

    # -- the register -------------------------------------------------------------------------

    def _tell(self, number: int, event: SeasonEvent, what: str) -> None:
        """What stands on no case's file."""
        said = partial(self._spectator.tells, event.at, what, event.note)
        self._order.tell(number, said)

    async def _look(self, number: int, event: ReadyEvent) -> None:
        """Ask the register who could leave; every case has come to that day."""
        await self._all_at(number, event.at)
        look = self.register.look(event)
        self.looks.append(look)
        self._order.tell(number, partial(self._spectator.looks, event, look))
        said = looked_otherwise(event, look, unit_names(self._season))
        if said:
            raise otherwise(number, event, "; ".join(said))

    def _follow(self, number: int, event: ConsequencesEvent) -> None:
        """Ask the register what follows from an exit on the day (F1-F4)."""
        found = self.register.follow(event)
        self.following.append(found)
        self._order.tell(number, partial(self._spectator.follows, event, found))
        said = followed_otherwise(event, found)
        if said:
            raise otherwise(number, event, "; ".join(said))
