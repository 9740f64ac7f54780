"""The ways of villages that ``tests.record_histories`` records."""

from tests.play import Play
from tests.stage import Stage, at
from tests.village_stage import opens_village, put_household, survey


async def village(stage: Stage) -> Play:
    """An override, an objection upheld, one dismissed, a return, and approved after the target."""
    play = await opens_village(stage, at(11, 30))
    reason = {"overrides": ["S2.clinic"], "reason": "新建卫生室月底投用（合成）"}
    await play.is_surveyed(survey=survey(clinic=False), **reason)
    upheld = await play.object(objector="钱某某", contact="示例")
    await play.resolve(upheld, "upheld", return_to="V1")
    await play.reaches("V1", 2)
    await play.act("V1", survey=survey(collective_income_yuan=50_000))
    await play.reaches("V2", 2)
    dismissed = await play.object()
    await play.waits(lambda seen: len(seen.limits) == 3)
    await play.resolve(dismissed, "dismissed")
    await play.end_publicity()
    await play.reaches("V3", 2)
    await play.report()
    await play.waits(lambda seen: seen.waiting_for == play.office("V3"))
    await play.act("V3", "return", return_to="V2", reason="公示材料不全（合成）")
    await play.end_publicity()
    await play.reaches("V3", 3)
    await play.report()
    await play.waits(lambda seen: seen.waiting_for == play.office("V3"))
    await play.limit("T6")
    await play.until(at(1, 3, year=at(1, 1).year + 1))
    await play.act("V3")
    return play


async def village_direct(stage: Stage) -> Play:
    """Of a directly administered county: an early approval, a count that rose, and a report."""
    play = await opens_village(stage, at(11, 16), direct=True)
    await play.is_surveyed()
    put_household(stage, play.code, 2)
    await play.end_publicity()
    await play.reaches("V3")
    await play.signal("act", play.message("V3"))
    await play.report()
    await play.waits(lambda seen: seen.waiting_for == play.office("V3"))
    report = await play.object("举报（合成）")
    await play.act("V3", overrides=["S2.incidence"], reason="返贫户已落实帮扶（合成）")
    await play.waits(lambda seen: seen.waiting_for == play.office("V2"))
    await play.resolve(report, "dismissed")
    return play


async def village_rejected(stage: Stage) -> Play:
    """Added to the plan, and found unfit by its survey."""
    addition = {"reason": "应退则退（合成）", "document_number": "合成〔2〕号"}
    play = await opens_village(stage, at(11, 16), planned=False, plan_addition=addition)
    await play.reaches("V1")
    await play.act("V1", "reject", survey=survey(bus="no"), reason="未达标（合成）")
    return play
