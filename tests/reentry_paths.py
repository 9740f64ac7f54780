"""The ways of entries into the register that ``tests.record_histories`` records."""

from models.identity import watch_case
from models.offices import Village
from models.watch import WatchApplication, WatchOpening
from tests.play import Play
from tests.reentry_stage import county_leaves, opens_reentry, put_left, put_left_village
from tests.roster_stage import livelihood
from tests.stage import YEAR, Stage, at
from tests.village_stage import known_village
from workflows.watch import WatchWorkflow


async def reentry(stage: Stage) -> Play:
    """Objected to, voted on again, returned, corrected while a report is open; two alarms."""
    county = stage.county()
    county_leaves(stage, county)
    village = put_left_village(stage, county, population=100)
    lived = livelihood(housing=False)
    code = put_left(stage, village, size=2, lived=lived)
    play = await opens_reentry(stage, code, village, at(11, 16))
    await play.is_posted()
    upheld = await play.object(objector="钱某某", contact="示例")
    await play.waits(lambda seen: len(seen.limits) == 2)
    await play.resolve(upheld, "upheld", return_to="R2")
    await play.reaches("R2", 2)
    await play.limit("G3")
    await play.is_cleared()
    await play.act("R4", "return", return_to="R1", reason="理由不明（合成）")
    await play.reaches("R1", 3)
    await play.limit("G3")
    await play.act("R1", reason="长期患病（合成）")
    await play.is_cleared()
    report = await play.object("举报（合成）")
    await play.waits(lambda seen: seen.open_objections == (report,))
    await play.act("R4")
    await play.rests()
    put_left(stage, village, code=code, size=3, lived=lived)
    await play.resolve(report, "dismissed")
    await play.waits(lambda seen: seen.waiting_for == play.office("R4"))
    await play.act("R4", "return", return_to="R3", reason="登记已更正（合成）")
    await play.end_publicity()
    await play.reaches("R4", 4)
    await play.act("R4")
    return play


async def reentry_rejected(stage: Stage) -> Play:
    """A household that never was poor, and finds no majority."""
    village = put_left_village(stage, stage.county())
    code = put_left(stage, village, registered_on=None)
    play = await opens_reentry(stage, code, village, at(11, 16))
    await play.reaches("R2")
    vote = await play.vote(3)
    await play.act("R2", "reject", appraisal=vote, reason="多数反对（合成）")
    return play


async def watch(stage: Stage) -> Play:
    """A village that has left counts 2 of 100, and no case has lifted it there (F13)."""
    code = put_left_village(stage, stage.county(), population=100)
    put_left(stage, code, size=2, left_on=None)
    village: Village = known_village(stage, code)
    opening = WatchOpening(
        case_id=watch_case(code, YEAR, 1),
        application=WatchApplication(year=YEAR),
        subject=village,
        policy=stage.policy,
    )
    play = Play(stage, opening.case_id, code[:6])
    return await stage.opens_past_the_desk(play, WatchWorkflow.run, opening, at(11, 16))
