"""The ways of supervision that ``tests.record_histories`` records."""

from datetime import timedelta

from models.case.messages import Ending
from tests.play import Play
from tests.stage import Stage, at
from tests.supervision_stage import Exited, household, inspects, put_exited


async def supervision(stage: Stage) -> Play:
    """A wrong exit found, one plea upheld and one dismissed, reported late to an open case."""
    made = put_exited(stage, villages=2, households=4, direct=True, tier="provincial")
    county = await _applies(stage, made)
    play = await inspects(stage, made.county, at(4, 1), households=6, seed="2027-s1")
    households, _ = await play.drawn()
    await play.is_checked(**{households[0]: ("S1.housing",), households[1]: ("S1.food",)})
    upheld, dismissed = await play.plead(households[0]), await play.plead(households[1])
    await play.waits(lambda seen: len(seen.limits) == 4)
    await play.resolve(upheld, "upheld")
    await play.check(households=[household(households[0])])
    await play.until((await play.limit("T7")).due)
    await play.resolve(dismissed, "dismissed")
    await play.reaches("J4")
    await play.until((await play.limit("F6")).due + timedelta(hours=1))
    await play.act("J4")
    await play.ends()
    await county.withdraw()
    return play


async def inspected(stage: Stage) -> Play:
    """A county whose approval lapses by a failed rate, and is given again after a pass."""
    made = put_exited(stage, households=10, size=5, direct=True, tier="provincial")
    play = await _applies(stage, made)
    await play.pass_until("C7")
    report = await play.object("举报（合成）")
    await play.act("C7")
    await play.waits(lambda seen: seen.waiting_for == "A7/410000")
    await _inspected(stage, made, 4, "S1.housing")
    await play.waits(lambda seen: seen.waiting_for == "A9/410000")
    await play.resolve(report, "dismissed")
    await _inspected(stage, made, 5)
    await play.has_told("督导", 4)
    await play.act("C7", document_number="合成〔9〕号")
    return play


async def _applies(stage: Stage, made: Exited) -> Play:
    reason = "按统计口径（合成）"
    return await stage.opens_for(
        made.county, at(11, 16), direct=True, tier="provincial", figures_reason=reason
    )


async def _inspected(stage: Stage, made: Exited, month: int, *failed: str) -> None:
    inspection = await inspects(stage, made.county, at(month, 1), seed=f"2027-{month}")
    households, _ = await inspection.drawn()
    await inspection.is_heard(**({households[0]: failed} if failed else {}))
    await inspection.act("J4")
    assert (await inspection.ends()).ending is Ending.CONCLUDED
