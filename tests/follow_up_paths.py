"""The way of a township's follow-up that ``tests.record_histories`` records."""

from datetime import date

from tests.follow_up_stage import put_exited, starts_follow_up, visited
from tests.play import Play
from tests.stage import YEAR, Stage, at
from tests.village_stage import put_village


async def follow_up(stage: Stage) -> Play:
    """Visits, one unstable and one corrected, a mark set and lifted, late, and one never met."""
    after = stage.policy.after_exit.model_copy(update={"support_until": date(YEAR, 12, 31)})
    kept_up = stage.policy.model_copy(update={"after_exit": after})
    village = put_village(stage, stage.county(), poor=0)
    first, second, _ = put_exited(stage, village, 3)
    play = await starts_follow_up(stage, village[:9], at(1, 5, 9), policy=kept_up)
    await play.limit("F5")
    await play.visit(first, office=f"A1/{village}")
    unstable = visited(second, at(1, 5).date(), stable=False, note="失业（合成）", risk="unstable")
    await play.visit(visits=[unstable])
    await play.has_told("返贫风险", 1)
    await play.mark(first)
    await play.mark(first, lifted=True, reason="救助到位（合成）")
    wrong = visited(first, at(1, 5).date(), note="已复核（合成）", correction="日期更正（合成）")
    await play.visit(visits=[wrong])
    await play.until(at(12, 1, 0, 1))
    await play.waits(lambda seen: seen.overdue)
    await play.act("K1", reason="举家外出（合成）")
    return play
