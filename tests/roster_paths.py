"""The ways of rosters that ``tests.record_histories`` records."""

from datetime import timedelta

from tests.play import Play
from tests.roster_stage import livelihood, meeting, opens_roster, put_households, stands
from tests.stage import Stage, at


async def roster(stage: Stage) -> Play:
    """A refusal, an override, an objection dismissed and one upheld, struck off in two waves."""
    play = await opens_roster(stage, at(11, 16), 5)
    first, second, third, fourth, fifth = play.households
    await play.reaches("H2")
    await play.verify()
    await play.consent(first, second, third, fourth)
    await play.consent(fifth, agreed=False)
    await play.reaches("H3")
    dismissed = await play.object(household=second, objector="钱某某", contact="示例")
    upheld = await play.object(household=third)
    await play.waits(lambda seen: len(seen.limits) == 4)
    await play.resolve(upheld, "upheld")
    await play.end_notice()
    await play.waits(lambda seen: seen.waiting_for == play.office("H4"))
    await play.act("H4")
    await stands(play, struck_off=2)
    await play.resolve(dismissed, "dismissed")
    await play.waits(lambda seen: seen.waiting_for == play.office("H4"))
    await play.act("H4", document_number="合成〔H4〕2号")
    return play


async def roster_amended(stage: Stage) -> Play:
    """Posted before the last has agreed; one is added, one changed, one returned; late."""
    play = await opens_roster(stage, at(12, 6), 3)
    first, second, third = play.households
    await play.reaches("H2")
    await play.verify()
    await play.consent(first, second)
    await play.act("H3")
    await play.reaches("H3")
    await play.consent(third)
    (added,) = put_households(stage, play.code, 1)
    put_households(stage, play.code, 1, size=2, codes=[second])
    await play.amend(second, added, meeting=meeting())
    play.households = [*play.households, added]
    await stands(play, drafted=1)
    await play.verify(households=[added])
    await play.consent(added)
    await stands(play, posted=4)
    await play.until(at(1, 5, year=at(1, 1).year + 1))
    await play.waits(lambda seen: seen.waiting_for == play.office("H4"))
    await play.act("H4", "return", households=[first], return_to="H2", reason="需复核（合成）")
    await stands(play, drafted=1)
    await play.act("H4")
    await stands(play, struck_off=3)
    await play.until(at(2, 2, year=at(1, 1).year + 1))
    await play.verify()
    await play.consent(first)
    await play.end_notice()
    await play.waits(lambda seen: seen.waiting_for == play.office("H4"))
    await play.act("H4")
    return play


async def roster_returned(stage: Stage) -> Play:
    """One fails S1 and one has no majority; the county returns it all, and it is withdrawn."""
    play = await opens_roster(stage, at(11, 16), 2, team=False, secretary=False)
    (failing,) = put_households(stage, play.code, 1, lived=livelihood(housing=False))
    await play.reaches("H2")
    await play.amend(failing, meeting=meeting())
    await stands(play, drafted=3)
    await play.verify("A1")
    await play.consent()
    await play.reaches("H3")
    report = await play.object("举报（合成）")
    await play.end_notice()
    await play.resolve(report, "dismissed")
    await play.waits(lambda seen: seen.waiting_for == play.office("H4"))
    await play.act("H4", "return", return_to="H1", reason="会议记录不全（合成）")
    await play.reaches("H1", 2)
    again = {
        "meeting": meeting(held_on=f"{at(11, 16).year}-11-25"),
        "households": [
            {"household": play.households[0], "in_favour": 18},
            {"household": play.households[1], "in_favour": 10},
        ],
    }
    await play.until(await play.now() + timedelta(days=3))
    await play.act("H1", appraisal=again)
    await play.reaches("H2", 2)
    await play.withdraw()
    return play
