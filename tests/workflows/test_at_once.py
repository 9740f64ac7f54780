"""Messages that come at once, or one after what decides against it: the order of receipt counts."""

from datetime import timedelta

import pytest
from temporalio.client import WorkflowExecutionStatus

from models.case.ledger import EntryKind
from models.case.messages import Ending
from operators.desk.desk import Refused
from tests.stage import Stage, at


def objection(number: int) -> dict[str, str]:
    """A report or objection by somebody named."""
    return {"id": f"o-{number}", "text": "一处不实（合成）", "objector": f"某{number}"}


@pytest.mark.clause("G1", "G3")
async def test_of_two_upheld_objections_the_earliest_step_counts(own_stage: Stage) -> None:
    play = await own_stage.opens(at(11, 16))
    await play.pass_until("C5")
    for number in (1, 2):
        await play.signal("object", objection(number))
    await play.waits(lambda seen: len(seen.open_objections) == 2 and len(seen.limits) == 2)
    await play.rests()
    await own_stage.crew.goes()
    await play.signal("resolve", play.result("o-1", return_to="C1"))
    await play.signal("resolve", play.result("o-2", return_to="C3"))
    await own_stage.crew.comes()
    seen = await play.reaches("C1", 2)
    assert not seen.open_objections
    (returned,) = await play.entries(EntryKind.RETURNED)
    assert returned.data["to"] == "C1"
    await play.has_told("答复", 2)


@pytest.mark.clause("C2", "G3")
async def test_a_withdrawal_does_not_undo_a_rejection(own_stage: Stage) -> None:
    play = await own_stage.opens(at(11, 16))
    await play.reaches("C2")
    await play.rests()
    await own_stage.crew.goes()
    await play.signal("act", play.message("C2", "reject", reason="不达标（合成）"))
    await play.signal(
        "withdraw",
        {"id": "w", "office": play.office("C1"), "officer": "某甲", "reason": "复核（合成）"},
    )
    await own_stage.crew.comes()
    assert (await play.ends()).ending is Ending.NOT_EXITED
    (refused,) = await play.entries(EntryKind.REFUSED)
    assert "has rejected the application already" in refused.text


@pytest.mark.clause("C2", "G4")
async def test_an_approval_that_came_before_a_withdrawal_counts(own_stage: Stage) -> None:
    play = await own_stage.opens(at(11, 16))
    await play.reaches("C2")
    await play.rests()
    await own_stage.crew.goes()
    await play.signal("act", play.message("C2"))
    await play.signal(
        "withdraw",
        {"id": "w", "office": play.office("C1"), "officer": "某甲", "reason": "复核（合成）"},
    )
    await own_stage.crew.comes()
    outcome = await play.ends()
    assert (outcome.ending, outcome.step) == (Ending.WITHDRAWN, "C3")
    assert [each.step for each in await play.entries(EntryKind.STEP_DONE)] == ["C1", "C2"]


@pytest.mark.clause("C7", "G2")
async def test_an_approved_county_cannot_withdraw(stage: Stage) -> None:
    play = await stage.opens(at(11, 16), tier="provincial", direct=True)
    await play.pass_until("C7")
    report = await play.object()
    await play.act("C7")
    await play.waits(lambda seen: seen.waiting_for == "A7/410000")
    with pytest.raises(Refused, match="has approved the application already"):
        await play.withdraw()
    await play.resolve(report, "dismissed")
    assert (await play.ends()).ending is Ending.EXITED


@pytest.mark.clause("C7")
async def test_an_approval_needs_its_document(stage: Stage) -> None:
    play = await stage.opens(at(11, 16), tier="provincial", direct=True)
    await play.pass_until("C7")
    with pytest.raises(Refused, match="document_number: the approval"):
        await play.act("C7", document_number=None)


@pytest.mark.clause("C5", "G1")
async def test_a_report_rests_on_the_last_resolution(stage: Stage) -> None:
    """公示无异议后: signed after the period, but while an objection was open, is too early."""
    play = await stage.opens(at(11, 16), tier="provincial", direct=True)
    await play.reaches("C3")
    await play.act("C3")
    await play.reaches("C4")
    late = await play.object()
    closed = await play.end_publicity()
    await play.until(closed + timedelta(days=4))
    await play.resolve(late, "dismissed")
    await play.reaches("C5")
    with pytest.raises(Refused, match="on which C5 上报审批 rests"):
        await play.act("C5", at=closed + timedelta(days=1))
    await play.act("C5")
    await play.reaches("C7")


@pytest.mark.clause("G1")
async def test_an_objector_hears_of_an_end_that_leaves_the_objection_open(stage: Stage) -> None:
    play = await stage.opens(at(11, 16), tier="provincial", direct=True)
    await play.reaches("C3")
    await play.object(objector="某丁")
    await play.waits(lambda seen: len(seen.open_objections) == 1)
    await play.act("C3", "reject", reason="不达标（合成）")
    await play.ends()
    await play.has_told("答复", 1)
    (lapsed,) = await play.entries(EntryKind.LAPSED)
    assert "终止调查" in lapsed.text


@pytest.mark.clause("G7")
async def test_a_request_to_cancel_is_on_file_and_not_obeyed(stage: Stage) -> None:
    play = await stage.opens(at(11, 16), tier="provincial", direct=True)
    await play.reaches("C3")
    await play.handle.cancel()
    (refused,) = await play.refused()
    assert "取消流程的请求不是撤回申请" in refused
    await play.act("C3", "reject", reason="不达标（合成）")
    assert (await play.ends()).ending is Ending.NOT_EXITED
    described = await play.handle.describe()
    assert described.status is WorkflowExecutionStatus.COMPLETED


@pytest.mark.clause("G3", "G9")
async def test_a_county_that_was_not_exited_waits_for_the_next_year(stage: Stage) -> None:
    play = await stage.opens(at(11, 16), tier="provincial", direct=True)
    await play.reaches("C3")
    await play.act("C3", "reject", reason="不达标（合成）")
    await play.ends()
    await play.file()
    with pytest.raises(Refused, match=r"it may be taken up again next year \(G3\)"):
        await stage.opens_for(play.code, at(11, 20), tier="provincial", direct=True)
