"""The four steps of a roster, from the meeting to the register (H1-H4)."""

from datetime import date

import pytest

from models.case.ledger import EntryKind
from tests.roster_stage import opens_roster
from tests.stage import YEAR, Stage, at
from tests.workflows.reckoning import last_day, midnight


@pytest.mark.server
@pytest.mark.clause("H1", "H2", "H3", "H4", "T1")
async def test_the_four_steps(stage: Stage) -> None:
    case = await opens_roster(stage, at(11, 16), 3)
    await case.reaches("H2")
    await case.verify()
    assert (await case.states()) == ["verified"] * 3
    await case.consent()
    await case.reaches("H3")
    closes = midnight(last_day(date(YEAR, 11, 16), 7))
    assert await case.closes() == closes
    await case.end_notice()
    await case.waits(lambda seen: seen.waiting_for == case.office("H4"))
    assert set(case.standing().values()) == {None}
    await case.act("H4")
    outcome = await case.ends()
    assert (outcome.ending, outcome.reason) == ("exited", "3户脱贫销号")
    assert set(case.standing().values()) == {closes.date()}
    assert [entry.step for entry in await case.entries(EntryKind.STEP_DONE)] == [
        "H1",
        "H2",
        "H3",
        "H4",
    ]


@pytest.mark.clause("H4")
async def test_they_leave_on_the_day_on_which_the_act_was_signed(stage: Stage) -> None:
    case = await opens_roster(stage, at(11, 16), 2)
    await case.is_cleared()
    await case.until(at(12, 20))
    await case.act("H4", at=at(12, 18, 23, 30))
    await case.ends()
    assert set(case.standing().values()) == {date(YEAR, 12, 18)}
