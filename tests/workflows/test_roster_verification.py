"""H2 on the server: who fails, refuses or is rejected leaves, the others go on (S1, S6)."""

from datetime import date

import pytest

from models.case.ledger import EntryKind
from tests.play import PLAYED
from tests.roster_stage import (
    livelihood,
    meeting,
    opens_roster,
    opens_roster_of,
    put_households,
    put_village,
    roster_application,
    stands,
    starts_roster,
)
from tests.stage import YEAR, Stage, at
from tests.workflows.reckoning import last_day, midnight


@pytest.mark.clause("H2", "S1", "S6")
async def test_who_fails_leaves_and_who_is_overridden_stays(stage: Stage) -> None:
    village = put_village(stage, stage.county())
    good = put_households(stage, village, 1)
    poor = put_households(stage, village, 1, lived=livelihood(wages=900_000))
    roofless = put_households(stage, village, 1, lived=livelihood(housing=False))
    case = await opens_roster_of(stage, village, [*good, *poor, *roofless], at(11, 16))
    await case.reaches("H2")
    (draft,) = [
        entry for entry in await case.entries(EntryKind.ROSTER_CHANGED) if "民主评议" in entry.text
    ]
    assert draft.text == "民主评议初步拟定退出名单3户，其中对照标准未达标2户"
    assert set(draft.data["not_met"]) == {*poor, *roofless}  # type: ignore[arg-type]
    await case.verify("A2", "A3")
    reason = "新房已竣工，待验收（合成）"
    await case.verify("A1", households=roofless, overrides=["S1.housing"], reason=reason)
    await case.verify("A1")
    assert await case.states() == ["verified", "out", "verified"]
    courses = await case.courses()
    assert courses[poor[0]].reason == (
        f"未达退出标准：{YEAR}年家庭纯收入9000元÷3人，标准为人均高于3000元"
    )
    assert courses[roofless[0]].overrides == ("S1.housing",)
    await case.consent(*good, *roofless)
    await case.end_notice()
    await case.waits(lambda seen: seen.waiting_for == case.office("H4"))
    await case.act("H4")
    outcome = await case.ends()
    assert (outcome.ending, outcome.reason) == ("exited", "2户脱贫销号，1户未退出")
    assert [day is not None for day in case.standing().values()] == [True, False, True]


@pytest.mark.clause("H1")
async def test_who_has_no_majority_leaves_at_once(stage: Stage) -> None:
    village = put_village(stage, stage.county())
    households = put_households(stage, village, 2)
    votes = [
        {"household": households[0], "in_favour": 10},
        {"household": households[1], "in_favour": 11},
    ]
    record = {"meeting": meeting(), "households": votes}
    case = await opens_roster_of(stage, village, households, at(11, 16), appraisal=record)
    await case.reaches("H2")
    courses = await case.courses()
    assert [courses[code].state.value for code in households] == ["out", "drafted"]
    assert courses[households[0]].reason == "民主评议未通过：10/20票"


@pytest.mark.clause("H2", "A1", "A2", "A3", "A4", "A5")
async def test_everybody_concerned_is_told_and_waited_for_in_turn(stage: Stage) -> None:
    case = await opens_roster(stage, at(11, 16), 2)
    await case.reaches("H2")
    for body in ("A1", "A2", "A3"):
        await case.waits(lambda seen, body=body: seen.waiting_for == f"{body}/{case.code}")  # type: ignore[misc]
        await case.verify(body)
    seen = await case.waits(lambda seen: seen.waiting_for == f"A4/{case.code}")
    assert seen.waiting_text.startswith("等待合成")
    asked = {line["recipient"]["office"] for line in await case.has_told("办理", 3)}
    assert asked == {f"{body}/{case.code}" for body in ("A1", "A2", "A3")}
    assert case.told("办理")[0]["text"].startswith("名单2户待核实，核实后由各户认可。")
    await case.consent()
    await case.end_notice()
    await case.waits(lambda seen: seen.waiting_for == case.office("H4"))
    *_, county = await case.has_told("办理", 4)
    assert county["recipient"]["office"] == case.office("H4")
    assert "H4 脱贫销号待办" in county["subject"]
    await case.act("H4")
    await case.ends()
    results = await case.has_told("结果", 5)
    assert {line["text"] for line in results} == {"2户脱贫销号"}
    told = [line["recipient"]["office"] or line["recipient"]["township"] for line in results]
    verified = [f"{body}/{case.code}" for body in ("A1", "A2", "A3")]
    assert sorted(told) == sorted([*verified, case.office("H4"), case.code[:9]])


@pytest.mark.clause("H2", "A1", "A2", "A3")
async def test_a_village_without_team_and_secretary(stage: Stage) -> None:
    case = await opens_roster(stage, at(11, 16), 1, team=False, secretary=False)
    await case.reaches("H2")
    said = await case.update("act", case.message("H2", office=f"A2/{case.code}", officer="某丙"))
    assert said == (
        f"Refused: A2/{case.code} may not decide H2 核实认可 here; the register says: "
        f"A1/{case.code}"
    )
    await case.verify("A1")
    await case.consent()
    await case.reaches("H3")
    await case.rests()
    assert len(case.told("办理")) == 1


@pytest.mark.clause("H2", "A4")
async def test_a_refusal_takes_one_out_and_nobody_else(stage: Stage) -> None:
    case = await opens_roster(stage, at(11, 16), 3)
    await case.reaches("H2")
    await case.verify()
    first, second, third = case.households
    await case.consent(first, agreed=False)
    await case.consent(second, third)
    await case.end_notice()
    await case.waits(lambda seen: seen.waiting_for == case.office("H4"))
    # Even now: nobody is exited by force.
    await case.consent(third, agreed=False)
    await case.act("H4")
    outcome = await case.ends()
    assert outcome.reason == "1户脱贫销号，2户未退出"
    assert [day is not None for day in case.standing().values()] == [False, True, False]


@pytest.mark.clause("H2", "H3")
async def test_nobody_left_is_an_end(stage: Stage) -> None:
    case = await opens_roster(stage, at(11, 16), 2)
    await case.reaches("H2")
    await case.verify()
    await case.consent(agreed=False)
    outcome = await case.ends()
    assert (outcome.ending, outcome.reason, outcome.step) == (
        "not_exited",
        "名单中已无待退出户",
        "H2",
    )
    assert set(case.standing().values()) == {None}
    assert not await case.entries(EntryKind.NOTICE)


@pytest.mark.clause("H2", "H3", "G1", "T1")
async def test_a_late_consent_is_posted_by_itself(stage: Stage) -> None:
    case = await opens_roster(stage, at(11, 16), 3)
    await case.reaches("H2")
    await case.verify()
    first, second, third = case.households
    await case.consent(first, second)
    await case.act("H3")
    await case.reaches("H3")
    assert await case.states() == ["posted", "posted", "verified"]
    assert (await case.status()).waiting_for == f"A4/{case.code}"
    early = await case.closes()
    await case.until(at(11, 18))
    await case.consent(third)
    await stands(case, posted=3)
    courses = await case.courses()
    assert early == midnight(last_day(date(YEAR, 11, 16), 7))
    later = midnight(last_day(date(YEAR, 11, 18), 7))
    assert (courses[first].closes, courses[third].closes) == (early, later)
    await case.end_notice()
    await case.waits(lambda seen: seen.waiting_for == case.office("H4"))
    await case.act("H4")
    await stands(case, struck_off=2)
    assert await case.states() == ["struck_off", "struck_off", "posted"]
    assert await case.end_notice() == later
    await case.waits(lambda seen: seen.waiting_for == case.office("H4"))
    await case.act("H4")
    assert (await case.ends()).reason == "3户脱贫销号"
    notices = stage.registry.notices(case.case_id)
    assert [notice.title.split("的")[-1] for notice in notices] == [
        "公示",
        "公示（第2号）",
        "公告",
        "公告",
    ]
    assert f"张{third}" not in notices[0].markdown
    assert f"张{first}" not in notices[1].markdown


@pytest.mark.clause("H2", "G7")
async def test_signals_that_come_before_the_roster_is_there_are_kept(own_stage: Stage) -> None:
    stage = own_stage
    village = put_village(stage, stage.county())
    households = put_households(stage, village, 2)
    await stage.crew.goes()
    case, wait = await starts_roster(stage, roster_application(village, households), at(11, 16))
    await stage.skip(case.handle, wait)
    PLAYED.append(case)
    for body, officer in (("A1", "某甲"), ("A2", "某丙"), ("A3", "某丁")):
        office = f"{body}/{village}"
        await case.signal("act", case.message("H2", office=office, officer=officer))
    answers = [
        {"household": households[0], "agreed": True, "signed_by": f"张{households[0]}"},
        {
            "household": households[1],
            "agreed": False,
            "signed_by": f"张{households[1]}",
            "reason": "无（合成）",
        },
    ]
    await case.signal("consent", {"id": "c-1", "officer": "某甲", "answers": answers})
    await case.signal("amend", {"id": "nonsense"})
    await stage.crew.comes()
    await case.reaches("H3")
    assert await case.states() == ["posted", "out"]
    kinds = [entry.kind for entry in await case.entries(EntryKind.ACT, EntryKind.CONSENTS)]
    assert kinds == [EntryKind.ACT] * 3 + [EntryKind.CONSENTS]
    (why,) = await case.refused()
    assert "Field required" in why
