"""撤回: the applicant takes the application back, and may apply again in the same year (G9)."""

import pytest
from temporalio.client import WorkflowExecutionStatus

from models.case.ledger import EntryKind, root, verify
from models.case.messages import Ending
from operators.desk.desk import Refused
from tests.play import Play, execution_status
from tests.stage import YEAR, Stage, at

REASON = "收入数据需要复核（合成）"


async def is_withdrawn(play: Play, step: str) -> None:
    """The case has ended as withdrawn at a step, with the reason on file; the county stays."""
    outcome = await play.ends()
    assert outcome.ending is Ending.WITHDRAWN
    assert (outcome.step, outcome.by, outcome.reason) == (step, play.office("C1"), REASON)
    assert await execution_status(play) is WorkflowExecutionStatus.COMPLETED
    entries = await play.file()
    (withdrawal,) = [entry for entry in entries if entry.kind is EntryKind.WITHDRAWAL]
    assert REASON in withdrawal.text
    assert withdrawal.actor == f"{play.office('C1')} 某甲"
    (closed,) = [entry for entry in entries if entry.kind is EntryKind.CLOSED]
    assert closed.text == f"撤回：{REASON}"
    assert not [entry for entry in entries if entry.kind is EntryKind.REGISTER_CHANGE]
    standings = play.stage.registry.county_record(play.code).standings
    assert [standing.status.value for standing in standings] == ["listed"]
    status = await play.status()
    assert status.limits == ()
    assert status.waiting_text == "已办结：撤回"


@pytest.mark.clause("C2", "G7")
async def test_the_applicant_withdraws_at_the_city_review(stage: Stage) -> None:
    play = await stage.opens(at(11, 16))
    await play.reaches("C2")
    await play.withdraw(reason=REASON, document_number="合成〔5〕号")
    await is_withdrawn(play, "C2")


@pytest.mark.clause("C4", "G9")
async def test_a_county_that_withdrew_during_publicity_exits_with_its_second_attempt(
    stage: Stage,
) -> None:
    first = await stage.opens(at(10, 11), direct=True, tier="provincial")
    await first.pass_until("C4")
    await first.object()
    await first.signal(
        "withdraw",
        {"id": "w", "office": first.office("C1"), "officer": "某甲", "reason": REASON},
    )
    await is_withdrawn(first, "C4")
    before = await first.file()

    second = await stage.opens_for(first.code, at(11, 16), direct=True, tier="provincial")
    assert second.case_id == f"county-exit/{first.code}/{YEAR}/2"
    await second.pass_until("C7")
    await second.act("C7", document_number="合成〔9〕号")
    assert (await second.ends()).ending is Ending.EXITED
    after = await second.file()
    assert after[0].previous == root(second.case_id)
    assert (after[0].seq, after[0].kind) == (1, EntryKind.OPENED)
    assert not [entry for entry in after if entry.kind is EntryKind.OBJECTION]
    assert await first.file() == before
    verify(first.case_id, before)
    posted, announced = stage.registry.notices(second.case_id)
    assert (posted.replaces, announced.replaces) == (None, None)
    county = stage.registry.county_record(first.code)
    assert [standing.case_id for standing in county.standings][-1] == second.case_id
    assert {case.case_id: case.outcome for case in county.cases} == {
        first.case_id: "withdrawn",
        second.case_id: "exited",
    }


@pytest.mark.clause("C7")
async def test_the_applicant_withdraws_before_the_approval(stage: Stage) -> None:
    play = await stage.opens(at(11, 16), direct=True, tier="provincial")
    await play.pass_until("C7")
    await play.withdraw(reason=REASON)
    await is_withdrawn(play, "C7")


@pytest.mark.clause("C2", "A5", "G7")
async def test_nobody_else_withdraws(stage: Stage) -> None:
    play = await stage.opens(at(11, 16))
    await play.reaches("C2")
    right = play.office("C1")
    others = [play.office(step) for step in ("C2", "C3", "C6", "C7")]
    for office in (*others, "A5/419999", f"A6/{play.code}"):
        with pytest.raises(Refused, match=f"{office} may not withdraw .*{right}\\) may"):
            await play.withdraw(office=office)
    said = await play.update(
        "withdraw", {"id": "w", "office": right, "officer": "某甲", "reason": " "}
    )
    assert "reason: String should have at least 1 character" in said
    assert (await play.status()).step == "C2"
    assert not await play.entries(EntryKind.WITHDRAWAL, EntryKind.REFUSED)
