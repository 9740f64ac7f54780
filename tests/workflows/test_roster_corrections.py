"""What the register corrects while a roster is under way; what a reason may weigh (S1, G1, G3)."""

from datetime import timedelta

import pytest

from models.case.ledger import EntryKind
from models.roster.households import State
from tests.play import Play, eventually
from tests.roster_stage import livelihood, opens_roster, put_households
from tests.stage import Stage, at
from tests.village_stage import opens_village


@pytest.mark.clause("S1", "G3")
async def test_who_was_sent_back_is_judged_by_what_the_register_says_now(stage: Stage) -> None:
    case = await opens_roster(stage, at(11, 16), 2)
    first, second = case.households
    await case.is_cleared()
    put_households(stage, case.code, 1, lived=livelihood(housing=False), codes=[first])
    await case.act("H4", "return", return_to="H2", reason="收入需复核（合成）")
    await case.reaches("H2", 2)
    await case.verify()
    await case.consent(second)
    await case.reaches("H3", 2)
    courses = await case.courses()
    assert courses[first].state is State.OUT
    assert "有安全住房：否" in str(courses[first].reason)
    assert courses[second].state is State.POSTED


@pytest.mark.clause("S1", "H4")
async def test_nobody_is_struck_off_on_an_entry_that_was_corrected(stage: Stage) -> None:
    case = await opens_roster(stage, at(11, 16), 2)
    first, second = case.households
    await case.is_cleared()
    put_households(stage, case.code, 1, lived=livelihood(wages=0), codes=[first])
    await case.act("H4")
    assert (await case.ends()).reason == "1户脱贫销号，1户未退出"
    standing = case.standing()
    assert standing[first] is None
    assert standing[second] is not None


@pytest.mark.clause("H1")
async def test_a_roster_that_the_meeting_votes_down_ends_there(stage: Stage) -> None:
    case = await opens_roster(stage, at(11, 16), 2, votes=10)  # of 20: not more than half
    outcome = await case.ends()
    assert (outcome.ending, outcome.step) == ("not_exited", "H1")
    (draft,) = await case.entries(EntryKind.ROSTER_CHANGED)
    assert draft.text.endswith("名单0户，其中对照标准未达标0户，2户未列入")


@pytest.mark.clause("G7")
async def test_a_long_reason_stands_on_file_once(stage: Stage) -> None:
    """It is not repeated with every household, which would outgrow what the server carries."""
    case = await opens_roster(stage, at(11, 16), 100)
    await case.reaches("H2")
    reason = "某甲" * 1_950
    await case.act("H2", "reject", reason=reason)
    assert (await case.ends()).ending == "not_exited"
    entries = await case.file()
    assert sum(entry.model_dump_json().count(reason) for entry in entries) <= 3
    assert max(len(entry.model_dump_json().encode()) for entry in entries) < 100_000


@pytest.mark.clause("V3", "G7")
async def test_an_early_report_is_kept_until_the_register_has_answered(stage: Stage) -> None:
    case = await opens_village(stage, at(11, 16))
    await case.is_surveyed()
    stage.outages.begin(case.case_id, "village_incidence")
    await case.end_publicity()
    await eventually(lambda: _felt(case), lambda: "the register was not asked")
    await case.signal("act", case.message("V3", office=case.office("V1")))
    stage.outages.end(case.case_id)
    await case.until(await case.now() + timedelta(minutes=1))
    await case.waits(lambda seen: seen.waiting_for == case.office("V3"))
    assert not await case.refused()


async def _felt(case: Play) -> bool:
    return case.stage.outages.felt(case.case_id, "village_incidence")
