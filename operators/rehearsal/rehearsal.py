"""Rehearsals: a scenario played on a real server whose cases run ahead of the clock.

The case, its policy, its limits and its notices are the real ones; only its time is virtual, and
its registry is its own.
"""

from models.county.admission import CountyFacts
from models.offices import County
from models.periods import beijing
from operators.desk.errors import Refused
from operators.desk.registry import utc_now
from operators.rehearsal.case_play import CasePlay, Unexpected
from operators.rehearsal.course import (
    CaseCourse,
    Course,
    Spectator,
    differences_of_copy,
    disagreements,
)
from operators.rehearsal.dated import moved, moved_source
from operators.rehearsal.events import AnyEvent, WaitEvent, message_of
from operators.rehearsal.scenario import Scenario, application_of
from operators.rehearsal.scenario_files import ScenarioError
from operators.rehearsal.stage import Stage
from registry.desk import Registry


async def rehearse(
    stage: Stage,
    name: str,
    scenario: Scenario,
    spectator: Spectator,
    years: int | None = None,
) -> Course:
    """Play a scenario to its end, or to the first event that goes otherwise than it says.

    Args:
        name: What the scenario is called in sentences.
        years: By how many years to move it, where it is not played alone.

    Raises:
        ScenarioError: if the register does not know its county.
        RehearsalError: if the case does not come to rest.
    """
    if years is None:
        years = scenario.years_ahead(utc_now())
    county = _cast(stage.desk.registry, name, scenario, years)
    played = scenario.moved(years)
    play: CasePlay | None = None
    faults: list[str] = []
    try:
        play = await _open(stage, played, spectator, years, county)
        for number, event in enumerate(played.events, start=1):
            await _perform(play, number, event)
    except Unexpected as unexpected:
        faults.append(str(unexpected))
    went = play.course() if play else CaseCourse()
    course = Course(**dict(went), scenario=name, title=scenario.title, years=years, county=county)
    faults += differences_of_copy(course, stage.desk.registry)
    if not faults:
        faults += disagreements(course, played.expect)
    course = course.model_copy(update={"faults": tuple(faults)})
    spectator.ends(course)
    return course


async def _open(
    stage: Stage, scenario: Scenario, spectator: Spectator, years: int, county: County
) -> CasePlay:
    """Hand in the application, on its day."""
    wait = scenario.application.at - utc_now()
    try:
        case_id = await stage.desk.open(application_of(scenario), begins_in=wait)
    except Refused as refusal:
        raise Unexpected(f"the application is refused: {refusal}") from refusal
    spectator.begins(scenario, years, case_id, county)
    play = CasePlay(stage, case_id, spectator)
    await play.begin(wait)
    return play


async def _perform(play: CasePlay, number: int, event: AnyEvent) -> None:
    """Let one event happen, on its day or as soon as it can."""
    if isinstance(event, WaitEvent):
        await play.wait(number, event)
    else:
        await play.send(number, event, message_of(event, number))


def _cast(registry: Registry, name: str, scenario: Scenario, years: int) -> County:
    """The scenario's county; who was in the year's plan is in the moved year's (G6)."""
    application = scenario.application
    day = beijing(moved(application.at, years)).date()
    facts = registry.facts(application_of(scenario), day)
    if not isinstance(facts, CountyFacts) or facts.subject is None:
        raise ScenarioError(f"{name}: application: county: {application.county}: {facts.code_note}")
    if facts.planned:
        registry.add_plan(
            application.year + years,
            application.county,
            moved_source(f"the plan of {application.year}", years),
        )
    return facts.subject
