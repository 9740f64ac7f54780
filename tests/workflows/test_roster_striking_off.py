"""H4 on the server: what the county decides, by when (T6, G4, G5), and what a withdrawal leaves."""

from datetime import timedelta

import pytest

from models.case.ledger import EntryKind
from models.case.messages import Ending
from models.case.status import CaseStatus
from models.periods import beijing
from operators.desk.desk import Refused
from tests.roster_stage import (
    opens_roster,
    opens_roster_of,
    put_households,
    put_village,
    stands,
    strikes_off,
)
from tests.stage import YEAR, Stage, at
from tests.workflows.reckoning import last_day, midnight, quiet
from tests.workflows.test_roster_publicity import SECOND

REASON = "材料不全（合成）"
TARGET, LIMIT = at(1, 1, 0, year=YEAR + 1), at(2, 1, 0, year=YEAR + 1)
"""T6: the end of the year, and of the January after it."""


def missed(seen: CaseStatus) -> bool:
    """Whether T6 has passed."""
    return any(each.breached for each in seen.limits if each.limit.clause == "T6")


# -- what the county decides ------------------------------------------------------------------


@pytest.mark.clause("H4", "A5")
async def test_some_are_rejected_and_the_others_struck_off(stage: Stage) -> None:
    case = await opens_roster(stage, at(11, 16), 3)
    await case.is_cleared()
    first = case.households[0]
    await case.act("H4", "reject", reason=REASON, households=[first])
    await stands(case, out=1, posted=2)
    assert (await case.courses())[first].reason == f"县级未批准：{REASON}"
    await strikes_off(case, 2)
    assert (await case.ends()).reason == "2户脱贫销号，1户未退出"
    assert case.standing()[first] is None


@pytest.mark.clause("H4", "G3", "H2")
async def test_some_are_returned_and_verified_anew(stage: Stage) -> None:
    case = await opens_roster(stage, at(11, 16), 3)
    await case.is_cleared()
    first, *others = case.households
    await case.act("H4", "return", reason=REASON, return_to="H2", households=[first])
    await stands(case, drafted=1, posted=2)
    seen = await case.waits(lambda seen: seen.waiting_for == case.office("H4"))
    assert (seen.step, seen.round) == ("H4", 1)
    await strikes_off(case, 2)
    await case.waits(lambda seen: seen.waiting_for == f"A1/{case.code}")
    await case.verify()
    await case.consent(first)
    await stands(case, posted=1)
    posted_on = beijing(await case.now()).date()
    again = await case.end_notice()
    assert again == midnight(last_day(posted_on, 7))
    await strikes_off(case, 3)
    await case.ends()
    standing = case.standing()
    assert standing[first] == again.date()
    assert {standing[each] for each in others} == {posted_on}


@pytest.mark.clause("H4", "G3", "H1")
async def test_everybody_is_returned_to_a_renewed_meeting(stage: Stage) -> None:
    case = await opens_roster(stage, at(11, 16), 3)
    await case.is_cleared()
    first, second, third = case.households
    await case.act("H4", "return", reason=REASON, return_to="H1")
    seen = await case.reaches("H1", 2)
    assert seen.waiting_for == f"A1/{case.code}"
    assert [line["subject"].split("：")[1] for line in await case.has_told("退回", 1)] == [
        "退回至H1 民主评议"
    ]
    # What the county might still send concerns a publicity that counts no more.
    said = await case.update("act", case.message("H4"))
    assert said == f"Refused: H4 脱贫销号 is not open: {case.case_id} is at H1 民主评议"
    said = await case.update("consent", {"id": "c", "officer": "某甲", "answers": [
        {"household": first, "agreed": True, "signed_by": f"张{first}"}
    ]})  # fmt: skip
    assert said == f"Refused: H2 is not open; {case.case_id} is at H1 民主评议"
    correction = await case.limit("G3")
    assert correction.due == midnight(last_day(beijing(await case.now()).date(), 15))
    before = await case.now()
    await case.until(before + timedelta(days=1))
    await case.votes_again(first, second)
    await case.reaches("H2", 2)
    said = await case.update("act", case.message("H2", at=before.isoformat(), officer="某甲"))
    assert f"when household {first} was drafted or returned" in said
    assert await case.states() == ["drafted", "drafted", "out"]
    assert (await case.courses())[third].reason == "重新评议未列入名单"
    await case.verify()
    await case.consent(first, second)
    await stands(case, posted=2)
    await case.end_notice()
    await case.waits(lambda seen: seen.waiting_for == case.office("H4"))
    await case.act("H4")
    outcome = await case.ends()
    assert (outcome.reason, outcome.round) == ("2户脱贫销号，1户未退出", 2)
    rounds = [entry.round for entry in await case.entries(EntryKind.STEP_DONE)]
    assert rounds == [1, 1, 1, 2, 2, 2, 2]


@pytest.mark.clause("H4", "G3")
async def test_the_county_rejects_everybody(stage: Stage) -> None:
    case = await opens_roster(stage, at(11, 16), 2)
    await case.is_cleared()
    await case.act("H4", "reject", reason=REASON, document_number="合成〔6〕号")
    outcome = await case.ends()
    assert (outcome.ending, outcome.by, outcome.reason, outcome.document_number) == (
        Ending.NOT_EXITED,
        case.office("H4"),
        REASON,
        "合成〔6〕号",
    )
    assert {each.state for each in (await case.courses()).values()} == {"out"}
    assert set(case.standing().values()) == {None}


@pytest.mark.clause("H4", "A7")
async def test_a_village_of_a_directly_administered_county(stage: Stage) -> None:
    case = await opens_roster(stage, at(11, 16), 1, direct=True, policy=quiet(stage.policy))
    await case.is_cleared()
    await case.until(LIMIT + SECOND)
    # The county strikes off here as well; right above it stands the province.
    told = {line["recipient"]["office"] for line in await case.has_told("逾期", 2)}
    assert told == {case.office("H4"), "A7/410000"}
    await case.act("H4")
    assert (await case.ends()).ending is Ending.EXITED


# -- by when ----------------------------------------------------------------------------------


@pytest.mark.clause("T6", "G4", "G5", "A5", "A6")
async def test_target_and_limit_pass_and_a_late_act_is_valid(stage: Stage) -> None:
    case = await opens_roster(stage, at(12, 16), 2, policy=quiet(stage.policy))
    await case.is_posted()
    held = await case.object(household=case.households[1])
    limit = await case.limit("T6")
    assert (limit.target, limit.due) == (TARGET, LIMIT)
    await case.until(TARGET + SECOND)
    (passed,) = await case.has_entered(EntryKind.TARGET_PASSED)
    assert passed.text.startswith("T6 H4 脱贫销号已过目标日期")
    await case.rests()
    (reminder,) = [line for line in case.told("提醒") if "目标" in line["subject"]]
    assert reminder["recipient"]["office"] == case.office("H4")
    assert not missed(await case.status())
    await case.until(LIMIT + SECOND)
    await case.waits(missed)
    # The investigation (T7) is late as well, and two were told of that.
    told = {
        line["recipient"]["office"]
        for line in await case.has_told("逾期", 4)
        if "H4" in line["subject"]
    }
    assert told == {case.office("H4"), f"A6/{case.code[:4]}00"}
    # Dated: a busy server's skipped clock can run on to the next reminder while a test waits.
    signed = [(LIMIT + each * SECOND).isoformat() for each in (1, 2, 3)]
    await case.act("H4", at=signed[0])
    await stands(case, struck_off=1, held=1)
    assert missed(await case.status())  # it binds for who is held back, too
    await case.resolve(held, "dismissed", at=signed[1])
    await strikes_off(case, 2, at=signed[2])
    await case.ends()
    late = [entry.text for entry in await case.entries(EntryKind.LATE) if "T6" in entry.text]
    assert late == [f"T6 H4 脱贫销号：逾期办理，期限{YEAR + 1}-01-31 24:00"] * 2
    breaches = [entry for entry in await case.entries(EntryKind.BREACH) if "T6" in entry.text]
    assert len(breaches) == 1
    assert set(case.standing().values()) == {LIMIT.date()}


@pytest.mark.clause("T6", "H2", "G4")
@pytest.mark.parametrize("asked", ["to verify", "to collect consents"])
async def test_the_committees_that_have_the_roster_are_in_breach(stage: Stage, asked: str) -> None:
    """The county cannot strike off whom the village has not verified, or who was not asked."""
    case = await opens_roster(stage, at(12, 16), 1, policy=quiet(stage.policy))
    committees = f"A1/{case.code}"
    await case.reaches("H2")
    if asked == "to collect consents":
        await case.verify()
        await case.waits(lambda seen: seen.waiting_for == f"A4/{case.code}")
    await case.until(LIMIT + SECOND)
    await case.waits(missed)
    (breach,) = await case.entries(EntryKind.BREACH)
    assert breach.data["office"] == committees
    assert "案件处于H2 核实认可环节，责任单位" in breach.text
    late = [committees]
    if asked == "to verify":
        late += [f"A2/{case.code}", f"A3/{case.code}"]
    assert breach.data["households"] == dict.fromkeys(late, case.households)
    assert breach.text.count("（1户）") == len(late)
    told = [line["recipient"]["office"] for line in await case.has_told("逾期", len(late) + 1)]
    assert sorted(told) == [*late, case.office("H4")]  # the county is right above them


@pytest.mark.clause("T6", "H3", "G4")
async def test_while_a_roster_is_posted_the_committees_have_it(stage: Stage) -> None:
    policy = quiet(stage.policy)
    case = await opens_roster(stage, at(1, 29, year=YEAR + 1), 1, policy=policy, late_reason=REASON)
    await case.is_posted()
    await case.until(LIMIT + SECOND)
    seen = await case.waits(missed)
    assert (seen.step, seen.waiting_for) == ("H3", None)
    (breach,) = await case.entries(EntryKind.BREACH)
    assert breach.data["office"] == f"A1/{case.code}"


@pytest.mark.clause("T6", "G3", "G4", "G5")
async def test_the_limit_binds_through_every_round(stage: Stage) -> None:
    case = await opens_roster(stage, at(12, 16), 1, policy=quiet(stage.policy))
    await case.is_cleared()
    await case.act("H4", "return", reason=REASON, return_to="H2")
    seen = await case.reaches("H2", 2)
    assert "T6" in [each.limit.clause for each in seen.limits]
    await case.until(LIMIT + SECOND)
    await case.waits(lambda seen: seen.overdue)
    (breach,) = await case.entries(EntryKind.BREACH)
    assert breach.data["office"] == f"A1/{case.code}"
    await case.verify()
    await case.consent()
    await stands(case, posted=1)
    await case.end_notice()
    await strikes_off(case, 1)
    await case.ends()
    (late,) = await case.entries(EntryKind.LATE)
    assert late.text.startswith("T6 H4 脱贫销号：逾期办理")


@pytest.mark.clause("G5", "T6")
async def test_a_roster_of_the_year_before(stage: Stage) -> None:
    village = put_village(stage, stage.county())
    households = put_households(stage, village, 1)
    reason = "名单遗漏（合成）"
    begins = at(1, 4, year=YEAR + 1)
    case = await opens_roster_of(stage, village, households, begins, late_reason=reason)
    await case.reaches("H2")
    (late,) = await case.entries(EntryKind.LATE)
    assert late.text == f"名单逾年度提出，理由：{reason}"
    await case.verify()
    await case.consent()
    await case.end_notice()
    await strikes_off(case, 1)
    await case.ends()
    assert len(await case.entries(EntryKind.LATE)) == 1


@pytest.mark.clause("G5", "T6", "G4")
async def test_committees_that_draft_a_roster_after_the_limit_are_in_breach(stage: Stage) -> None:
    village = put_village(stage, stage.county())
    households = put_households(stage, village, 1)
    reason = "名单遗漏（合成）"
    begins = at(3, 1, year=YEAR + 1)
    case = await opens_roster_of(stage, village, households, begins, late_reason=reason)
    await case.reaches("H2")
    assert missed(await case.status())
    (breach,) = await case.entries(EntryKind.BREACH)
    assert (breach.step, breach.data["office"]) == ("H1", f"A1/{village}")
    told = {line["recipient"]["office"] for line in await case.has_told("逾期", 2)}
    assert told == {f"A1/{village}", case.office("H4")}
    await case.verify()
    await case.consent()
    await case.end_notice()
    await strikes_off(case, 1)
    assert await case.entries(EntryKind.BREACH) == [breach]
    opened, act = await case.entries(EntryKind.LATE)
    assert opened.text == f"名单逾年度提出，理由：{reason}"
    assert act.text.startswith("T6 H4 脱贫销号：逾期办理")


# -- withdrawing ------------------------------------------------------------------------------


@pytest.mark.clause("A1", "H1")
async def test_a_withdrawn_roster_leaves_the_register_as_it_is(stage: Stage) -> None:
    case = await opens_roster(stage, at(11, 16), 2)
    await case.is_posted()
    objection = await case.object(household=case.households[0], objector="钱某某", contact="示例")
    await case.withdraw()
    outcome = await case.ends()
    assert (outcome.ending, outcome.by) == (Ending.WITHDRAWN, f"A1/{case.code}")
    assert set(case.standing().values()) == {None}
    assert {each.reason for each in (await case.courses()).values()} == {
        "撤回：数据需要复核（合成）"
    }
    (lapsed,) = await case.entries(EntryKind.LAPSED)
    assert objection in lapsed.text
    assert [line["recipient"]["name"] for line in await case.has_told("答复", 1)] == ["钱某某"]
    # Its households may be on the next roster of the village.
    again = await opens_roster_of(stage, case.code, case.households, at(11, 17))
    assert again.case_id == f"household-exit/{case.code}/{YEAR}/2"


@pytest.mark.clause("A1", "H4")
async def test_what_was_struck_off_before_a_withdrawal_stays_struck_off(stage: Stage) -> None:
    case = await opens_roster(stage, at(11, 16), 3)
    await case.is_cleared()
    first = case.households[0]
    await case.act("H4", households=[first])
    await stands(case, struck_off=1)
    await case.withdraw()
    outcome = await case.ends()
    assert (outcome.ending, outcome.by, outcome.reason) == (
        Ending.EXITED,
        case.office("H4"),
        "1户脱贫销号，2户未退出",
    )
    assert [day is not None for day in case.standing().values()] == [True, False, False]


@pytest.mark.clause("G9")
async def test_a_household_of_an_open_roster_is_on_no_other(stage: Stage) -> None:
    case = await opens_roster(stage, at(11, 16), 2)
    await case.reaches("H2")
    more = put_households(stage, case.code, 1)
    with pytest.raises(Refused) as caught:
        await opens_roster_of(stage, case.code, [case.households[0], *more], at(11, 17))
    assert f"is on an open roster of {YEAR} already: {case.case_id} (G9)" in str(caught.value)
    other = await opens_roster_of(stage, case.code, more, at(11, 17))
    assert other.case_id.endswith("/2")
