"""`exitflow rehearse`: a scenario on a stage of its own, printed as it goes or as JSON."""

from operators.desk.registry import utc_now
from operators.rehearsal.course import Course, Unseen
from operators.rehearsal.course_view import Narrator
from operators.rehearsal.rehearsal import rehearse
from operators.rehearsal.scenario import Scenario
from operators.rehearsal.scenario_files import load
from operators.rehearsal.season import Season
from operators.rehearsal.season_course import SeasonCourse, SeasonSpectator, UnseenSeason
from operators.rehearsal.season_rehearsal import rehearse_season
from operators.rehearsal.season_view import SeasonNarrator
from operators.rehearsal.stage import Stage, scratch_folder, set_stage
from operators.up import cancel_on_signals, is_stopping
from operators.views.printing import as_json, console


async def rehearse_command(named: str, *, json: bool) -> int:
    """Play one scenario and print its course; return the exit status.

    Raises:
        ScenarioError: if there is no such scenario, or it is none.
    """
    loaded = load(named)
    cancel_on_signals()
    try:
        with scratch_folder("rehearsal") as folder:
            years = loaded.years_ahead(utc_now())
            async with set_stage(folder, years) as stage:
                course = await _play(stage, named, loaded, years, json)
    except BaseException:
        if not is_stopping():
            raise
        return 130
    if json:
        as_json(course)
    return 1 if course.faults else 0


async def _play(
    stage: Stage, name: str, loaded: Scenario | Season, years: int, json: bool
) -> Course | SeasonCourse:
    if isinstance(loaded, Season):
        onlooker: SeasonSpectator = UnseenSeason()
        if not json:
            onlooker = SeasonNarrator(console(), stage.desk.policy.standards)
        return await rehearse_season(stage, name, loaded, onlooker, years)
    spectator = Unseen() if json else Narrator(console())
    return await rehearse(stage, name, loaded, spectator, years)
