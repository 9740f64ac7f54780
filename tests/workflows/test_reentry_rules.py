"""What stops the entry of a household: votes, objections, reports, and what the register says."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from temporalio.client import WorkflowFailureError

from models.case.ledger import EntryKind
from models.case.messages import Ending
from models.offices import Household
from models.reentry.messages import ReentryOpening
from models.register.households import Cause
from operators.desk.desk import Refused
from registry.database.engine import writing
from registry.tables import EpisodeRow
from tests.play import eventually
from tests.play import not_admitted as turned_away
from tests.reentry_stage import (
    ReentryPlay,
    episodes,
    known_household,
    opens_fallen_back,
    opens_reentry,
    opens_reentry_directly,
    poor,
    put_left,
    put_left_village,
    put_new,
    reentry_application,
)
from tests.roster_stage import livelihood
from tests.stage import YEAR, Stage, at
from workers.catalogue import TASK_QUEUE

REASON = "经复核（合成）"


def corrects(play: ReentryPlay, **changes: Any) -> None:
    """The register's entry of the household is corrected."""
    put_left(play.stage, play.village, code=play.code, **changes)  # type: ignore[arg-type]


# -- R2, R4: who may decide, and on what ------------------------------------------------------


@pytest.mark.clause("F5", "H1", "A1", "A5")
async def test_the_vote_is_taken_by_the_rules_of_h1_and_the_confirmation_with_a_number(
    stage: Stage,
) -> None:
    play = await opens_fallen_back(stage, at(11, 16))
    await play.reaches("R2")
    county, village = play.office("R4"), play.office("R2")

    async def said(step: str, **fields: Any) -> str:
        return await play.update("act", play.message(step, **fields))

    vote = await play.vote()
    assert f"({village}) may" in await said("R2", office=county, appraisal=vote)
    assert "appraisal: to approve R2, give the record" in await said("R2")
    # 20 of 30 are two thirds, the quorum; 19 are not. 11 of 20 are more than half; 10 are not.
    few = await play.vote(present=19)
    assert "19 of 30 are less than the quorum of 2/3 (R2)" in await said("R2", appraisal=few)
    half = await play.vote(10)
    assert "10 of 20 present are not more than 1/2 (R2)" in await said("R2", appraisal=half)
    other = vote | {"households": [{"household": "F999999", "in_favour": 18}]}
    assert f"the vote is on {play.code}, and on nobody else" in await said("R2", appraisal=other)
    old = await play.vote(held_on=f"{YEAR}-11-15")
    assert f"{YEAR}-11-15 lies before {YEAR}-11-16" in await said("R2", appraisal=old)
    assert "overrides: no act of this case carries it" in await said(
        "R2", appraisal=vote, overrides=["S1.income"], reason=REASON
    )
    early = await said("R4")
    assert "R4 is not open" in early
    await play.act("R2", appraisal=await play.vote(11))
    await play.reaches("R3")
    assert "R3 公示 goes on until 24:00" in await said("R4")
    await play.end_publicity()
    await play.reaches("R4")
    assert f"({county}) may" in await said("R4", office=f"A6/{play.village[:4]}00")
    assert "the confirmation (R4) needs the number of its document" in await said(
        "R4", document_number=None
    )
    await play.act("R4", "reject", reason=REASON, document_number="合成〔7〕号")
    outcome = await play.ends()
    assert (outcome.ending, outcome.by, outcome.reason) == (Ending.NOT_ENTERED, county, REASON)
    assert len(episodes(stage, play.code)) == 1


# -- objections and reports (G1, G2) ----------------------------------------------------------


@pytest.mark.clause("F5", "T1", "G1", "G3")
async def test_an_upheld_objection_sends_it_back_to_a_new_vote_and_a_new_notice(
    stage: Stage,
) -> None:
    play = await opens_fallen_back(stage, at(11, 16))
    await play.is_posted()
    first = await play.limit("T1")
    assert first.last_day == date(YEAR, 11, 23) or first.provisional
    objection = await play.object("未经评议（合成）", objector="钱某某", contact="示例")
    await play.waits(lambda seen: len(seen.limits) == 2)
    await play.until(first.due + timedelta(days=1))
    assert (await play.status()).step == "R3"
    await play.resolve(objection, "upheld", return_to="R2")
    await play.reaches("R2", 2)
    assert (await play.limit("G3")).request.start is not None
    stale = await play.vote(held_on=f"{YEAR}-11-16")
    assert "lies before" in await play.update("act", play.message("R2", appraisal=stale))
    await play.appraises()
    await play.end_publicity()
    await play.reaches("R4", 2)
    one, two = stage.registry.notices(play.case_id)
    assert two.replaces == one.id
    await play.act("R4")
    assert (await play.ends()).ending is Ending.ENTERED


@pytest.mark.clause("F5", "G1")
async def test_an_upheld_objection_that_sends_nothing_back_ends_the_entry(stage: Stage) -> None:
    play = await opens_fallen_back(stage, at(11, 16))
    await play.is_posted()
    dismissed = await play.object("邻里纠纷（合成）")
    await play.waits(lambda seen: len(seen.limits) == 2)
    await play.resolve(dismissed, "dismissed")
    upheld = await play.object("该户在县城有住房（合成）")
    await play.waits(lambda seen: seen.open_objections == (upheld,))
    said = await play.update("object", {"id": "o-9", "text": "x", "household": play.code})
    assert "only an objection to a roster names one" in said
    await play.resolve(upheld, "upheld", reason="情况属实（合成）")
    outcome = await play.ends()
    assert (outcome.ending, outcome.step) == (Ending.NOT_ENTERED, "R3")
    assert outcome.reason == "异议成立：情况属实（合成）"
    assert len(episodes(stage, play.code)) == 1


@pytest.mark.clause("F5", "G2", "G3")
async def test_a_report_suspends_the_entry_and_a_return_goes_through_it_again(
    stage: Stage,
) -> None:
    play = await opens_fallen_back(stage, at(11, 16))
    await play.is_cleared()
    await play.act("R4", "return", return_to="R1", reason="理由不明（合成）")
    await play.reaches("R1", 2)
    await play.act("R1", reason="长期患病（合成）")
    await play.is_cleared()
    report = await play.object("举报（合成）")
    await play.waits(lambda seen: seen.open_objections == (report,))
    await play.act("R4")
    await play.rests()
    assert len(episodes(stage, play.code)) == 1
    await play.resolve(report, "dismissed")
    assert (await play.ends()).ending is Ending.ENTERED
    assert len(episodes(stage, play.code)) == 2


# -- the register before R4 -------------------------------------------------------------------


@pytest.mark.clause("F5", "S1")
async def test_what_was_corrected_after_it_was_posted_cannot_be_confirmed(stage: Stage) -> None:
    play = await opens_fallen_back(stage, at(11, 16))
    await play.is_posted()
    corrects(play, size=4)
    await play.end_publicity()
    await play.reaches("R4")
    said = await play.update("act", play.message("R4"))
    assert said.endswith(
        f"R4 cannot be approved: the register's entry of household {play.code} was corrected "
        "after it was posted (size); return it to R1, R2 or R3, or reject"
    )
    await play.act("R4", "return", return_to="R3", reason=REASON)
    await play.end_publicity()
    await play.reaches("R4", 2)
    _, again = stage.registry.notices(play.case_id)
    assert "| 张某某 | 一组 | 4 | 返贫 |" in again.markdown
    await play.act("R4")
    assert (await play.ends()).ending is Ending.ENTERED


@pytest.mark.clause("F5", "S1", "S7")
async def test_who_meets_s1_by_now_cannot_be_confirmed(stage: Stage) -> None:
    play = await opens_fallen_back(stage, at(11, 16))
    await play.is_posted()
    # 9 000.03 yuan for three are one fen a head above the line of 3 000.
    corrects(play, lived=poor(wages=900_003))
    await play.end_publicity()
    await play.reaches("R4")
    said = await play.update("act", play.message("R4"))
    assert "R4 cannot be approved: " in said
    assert f"is not poor: it meets every criterion of S1 in {YEAR}" in said
    found = await play.entries(EntryKind.FINDINGS)
    assert found[-1].text == "登记数据：返贫，3人，对照退出标准10项，均已达标"
    await play.act("R4", "return", return_to="R3", reason=REASON)
    outcome = await play.ends()  # who is not poor is not posted again
    assert (outcome.ending, outcome.step, outcome.by) == (Ending.NOT_ENTERED, "R3", "case")
    assert len(episodes(stage, play.code)) == 1


@pytest.mark.clause("F5", "S1", "G2")
async def test_what_is_corrected_between_confirmation_and_entry_is_not_entered(
    stage: Stage,
) -> None:
    play = await opens_fallen_back(stage, at(11, 16))
    await play.is_cleared()
    report = await play.object("举报（合成）")
    await play.waits(lambda seen: seen.open_objections == (report,))
    await play.act("R4")
    await play.rests()
    corrects(play, size=4)
    await play.resolve(report, "dismissed")
    await play.waits(lambda seen: seen.waiting_for == play.office("R4"))
    (lapsed,) = await play.entries(EntryKind.LAPSED)
    assert "因登记内容在公示后有变更不再有效" in lapsed.text
    assert len(episodes(stage, play.code)) == 1
    assert "(size)" in await play.update("act", play.message("R4"))
    # Nothing is being changed any more: whoever has something to say can say it again.
    await play.object("又一举报（合成）")
    await play.withdraw()
    assert (await play.ends()).ending is Ending.WITHDRAWN


@pytest.mark.clause("F5")
async def test_who_is_entered_otherwise_meanwhile_is_not_entered_twice(stage: Stage) -> None:
    play = await opens_fallen_back(stage, at(11, 16))
    await play.is_cleared()
    with writing(stage.settings.engine()) as session:
        session.add(
            EpisodeRow(
                household_code=play.code,
                number=2,
                cause=Cause.REVOKED,
                registered_on=date(YEAR, 11, 1),
                opened_by="revocation/X/1",
            )
        )
    await play.act("R4")
    outcome = await play.ends()
    assert (outcome.ending, outcome.by) == (Ending.NOT_ENTERED, "case")
    assert "已是建档立卡贫困户" in outcome.reason
    assert len(episodes(stage, play.code)) == 2


@pytest.mark.clause("F5")
async def test_the_register_is_changed_once_it_can_be(stage: Stage) -> None:
    play = await opens_fallen_back(stage, at(11, 16))
    await play.is_cleared()
    stage.outages.begin(play.case_id, "enter_household")
    await play.act("R4")

    async def felt() -> bool:
        return stage.outages.felt(play.case_id, "enter_household")

    await eventually(felt)
    said = await play.update("withdraw", {
        "id": "w-1", "office": play.office("R1"), "officer": "某甲", "reason": REASON
    })  # fmt: skip
    assert "too late, the register is being changed" in said
    stage.outages.end(play.case_id)
    await play.until(await play.now() + timedelta(minutes=1))
    assert (await play.ends()).ending is Ending.ENTERED
    assert len(episodes(stage, play.code)) == 2


# -- opening it -------------------------------------------------------------------------------


async def bypassing(
    stage: Stage, of: Household, begins: datetime, *, attempt: str = "", **changes: Any
) -> ReentryPlay:
    """Open a case past the desk."""
    opening = ReentryOpening(
        case_id=f"reentry/{of.code}/{YEAR}{attempt}",
        application=reentry_application(of.code, **changes),
        subject=of,
        policy=stage.policy,
    )
    return await opens_reentry_directly(stage, opening, begins)


async def not_admitted(play: ReentryPlay) -> str:
    """The sentence of a case that was not admitted."""
    return await turned_away(play, "R1")


@pytest.mark.clause("F5", "S1", "G9")
async def test_what_the_register_says_against_it_starts_nothing(stage: Stage) -> None:
    village = put_left_village(stage, stage.county())
    code = put_left(stage, village, lived=livelihood())
    said = f"is not poor: it meets every criterion of S1 in {YEAR}"
    with pytest.raises(Refused) as refusal:
        await opens_reentry(stage, code, village, at(11, 16))
    assert said in str(refusal.value)
    past_the_desk = await bypassing(stage, known_household(stage, code), at(11, 16))
    assert said in await not_admitted(past_the_desk)


@pytest.mark.clause("F5")
async def test_a_household_or_village_other_than_the_registers_is_not_admitted(
    stage: Stage,
) -> None:
    village = put_left_village(stage, stage.county())
    code, other = put_left(stage, village), put_new(stage, village)
    with pytest.raises(Refused, match="household F999999: the register knows no household"):
        await opens_reentry(stage, "F999999", village, at(11, 16))
    household = known_household(stage, code)
    elsewhere = household.village.model_copy(update={"directly_administered": True})
    moved = household.model_copy(update={"village": elsewhere})
    said = await not_admitted(await bypassing(stage, moved, at(11, 16)))
    assert "directly_administered True for False" in said
    opening = ReentryOpening(
        case_id=f"reentry/{other}/{YEAR}",
        application=reentry_application(other),
        subject=household,
        policy=stage.policy,
    )
    said = await not_admitted(await opens_reentry_directly(stage, opening, at(11, 16)))
    assert said == f"the case was opened for {code}, its application names {other}"


@pytest.mark.clause("F5", "G9")
async def test_one_open_case_a_household_past_the_desk_too(stage: Stage) -> None:
    first = await opens_fallen_back(stage, at(11, 16))
    await first.reaches("R2")
    await first.file()
    household = known_household(stage, first.code)
    second = await bypassing(stage, household, at(11, 17), attempt="/2")
    said = await not_admitted(second)
    assert said == f"household {first.code} already has an open case: {first.case_id} (G9)"
    assert (await first.status()).step == "R2"


@pytest.mark.clause("F5")
async def test_an_input_that_is_none_fails_at_once(stage: Stage) -> None:
    handle = await stage.desk.client.start_workflow(
        "Reentry",
        {"application": {"household": "none"}},
        id="reentry/undecodable",
        task_queue=TASK_QUEUE,
    )
    with pytest.raises(WorkflowFailureError):
        await handle.result()
