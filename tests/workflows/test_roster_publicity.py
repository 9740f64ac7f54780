"""H3 on the server: an objection stops one household, and what it leads to is its own (G1, G2)."""

from datetime import date, datetime, timedelta

import pytest

from models.case.ledger import EntryKind
from models.offices import SubjectKind
from models.periods import beijing
from models.roster.households import Course
from tests.roster_stage import (
    RosterPlay,
    opens_roster,
    stands,
    strikes_off,
)
from tests.stage import YEAR, Stage, at
from tests.workflows.reckoning import last_day, midnight

SECOND = timedelta(seconds=1)
CLOSES = midnight(last_day(date(YEAR, 11, 16), 7))
"""When the first notice ends."""


async def course(case: RosterPlay, which: int) -> Course:
    """How one household stands, by its place on the roster."""
    return (await case.courses())[case.households[which]]


async def opened(stage: Stage, number: int = 3) -> RosterPlay:
    """A roster in publicity since 16 November."""
    case = await opens_roster(stage, at(11, 16), number)
    await case.is_posted()
    return case


@pytest.mark.clause("G1", "H3", "H4", "T7")
async def test_an_objection_holds_one_until_it_is_dismissed(stage: Stage) -> None:
    case = await opened(stage)
    objection = await case.object(household=case.households[1], objector="钱某某", contact="示例")
    seen = await stands(case, held=1, posted=2)
    county = case.office("H4")
    assert seen.waiting_for == county
    assert [line["recipient"]["office"] for line in await case.has_told("异议", 1)] == [county]
    await case.until(CLOSES + SECOND)
    await strikes_off(case, 2)
    assert await case.states() == ["struck_off", "held", "struck_off"]
    first = beijing(await case.now()).date()
    await case.until(CLOSES + timedelta(days=2))
    await case.resolve(objection, "dismissed")
    await stands(case, posted=1)
    # The clock does not restart: it can be struck off at once.
    await strikes_off(case, 3)
    assert (await case.ends()).reason == "3户脱贫销号"
    left = [day for day in case.standing().values() if day is not None]
    assert left == [first, first + timedelta(days=2), first]
    (answer,) = await case.has_told("答复", 1)
    assert answer["recipient"]["name"] == "钱某某"
    assert "经调查不成立" in answer["text"]
    said = [entry.text for entry in await case.entries(EntryKind.ROSTER_CHANGED)]
    assert said[1:] == ["1户因异议暂缓", "1户恢复办理"]


@pytest.mark.clause("G1", "H3")
async def test_an_upheld_objection_takes_one_out(stage: Stage) -> None:
    case = await opened(stage)
    objection = await case.object(household=case.households[0])
    await case.resolve(objection, "upheld")
    await stands(case, out=1)
    assert (await course(case, 0)).reason == "异议成立：经实地调查（合成）"
    await case.until(CLOSES + SECOND)
    await case.waits(lambda seen: seen.waiting_for == case.office("H4"))
    await case.act("H4")
    assert (await case.ends()).reason == "2户脱贫销号，1户未退出"
    assert case.standing()[case.households[0]] is None


@pytest.mark.clause("G1", "H3")
async def test_who_is_out_stays_out_whatever_else_is_upheld(stage: Stage) -> None:
    case = await opened(stage, 2)
    gone = case.households[0]
    first, second = await case.object(household=gone), await case.object(household=gone)
    await case.resolve(first, "upheld")
    await stands(case, out=1)
    await case.resolve(second, "upheld", reason="公示有误（合成）")
    await case.rests()
    left = await course(case, 0)
    assert (left.state, left.reason) == ("out", "异议成立：经实地调查（合成）")
    await case.until(CLOSES + SECOND)
    await strikes_off(case, 1)
    assert (await case.ends()).reason == "1户脱贫销号，1户未退出"


@pytest.mark.clause("G1", "G3", "H2", "T1")
async def test_who_is_sent_back_passes_through_everything_again(stage: Stage) -> None:
    case = await opened(stage)
    back = case.households[2]
    objection = await case.object(household=back)
    await case.until(at(11, 17))
    await case.resolve(objection, "upheld", return_to="H2")
    seen = await case.waits(lambda seen: seen.waiting_for == f"A1/{case.code}")
    assert (seen.step, seen.round) == ("H3", 1)
    assert await case.states() == ["posted", "posted", "drafted"]
    # Who verifies is asked again, for this one.
    asked = await case.has_told("办理", 6)
    assert {line["recipient"]["office"][:2] for line in asked[3:]} == {"A1", "A2", "A3"}
    assert asked[3]["text"].startswith("名单1户待核实")
    await case.until(at(11, 18))
    await case.verify()
    await case.consent(back)
    await stands(case, posted=3)
    again = midnight(last_day(date(YEAR, 11, 18), 7))
    assert [each.closes for each in (await case.courses()).values()] == [CLOSES, CLOSES, again]
    await case.until(CLOSES + SECOND)
    await strikes_off(case, 2)
    said = await case.update("act", case.message("H4", households=[back]))
    assert said.startswith(
        "Refused: H4 脱贫销号 is not open: the publicity goes on until 24:00 on "
    )
    await case.until(again + SECOND)
    await strikes_off(case, 3)
    assert (await case.ends()).reason == "3户脱贫销号"


@pytest.mark.clause("G1", "G3", "H3")
@pytest.mark.parametrize("second", ["at once", "while it waits"])
async def test_who_is_sent_back_is_posted_no_more_though_an_objection_holds_it(
    stage: Stage, second: str
) -> None:
    case = await opened(stage, 2)
    back, other = case.households
    assert await in_publicity(case) == [back, other]
    first = await case.object(household=back)
    if second == "at once":
        await case.object(household=back)
        assert await in_publicity(case) == [back, other]
    await case.resolve(first, "upheld", return_to="H2")
    if second == "while it waits":
        await stands(case, posted=1, drafted=1)
        await case.object(household=back)
    await stands(case, posted=1, held_unposted=1)
    assert await in_publicity(case) == [other]


async def in_publicity(case: RosterPlay) -> list[str]:
    """Which of its households stand on the joint notice of 17 November."""
    await case.file()
    stage = case.stage
    made = stage.registry.planning.joint_notice(
        SubjectKind.HOUSEHOLD, YEAR, stage.policy, at(11, 17), case.code[:6]
    )
    return [code for code in case.households if made is not None and f"张{code}" in made.markdown]


@pytest.mark.clause("G1", "H3", "T1")
async def test_a_notice_at_fault_for_one_is_posted_again_for_it(stage: Stage) -> None:
    case = await opened(stage, 2)
    objection = await case.object(household=case.households[0])
    await case.until(at(11, 18))
    await case.resolve(objection, "upheld", return_to="H3")
    await stands(case, posted=2)
    again = midnight(last_day(date(YEAR, 11, 18), 7))
    courses = await case.courses()
    assert [courses[code].closes for code in case.households] == [again, CLOSES]
    assert [each.verified_by for each in courses.values()] == [("A1", "A2", "A3")] * 2
    second = stage.registry.notices(case.case_id)[-1]
    assert f"张{case.households[0]}" in second.markdown
    assert f"张{case.households[1]}" not in second.markdown


@pytest.mark.clause("G1", "H3", "H4")
async def test_an_objection_to_the_roster_stops_everybody(stage: Stage) -> None:
    case = await opened(stage)
    objection = await case.object()
    await stands(case, held=3)
    await case.until(CLOSES + SECOND)
    said = await case.update("act", case.message("H4"))
    codes = ", ".join(case.households)
    assert said == f"Refused: H4 脱贫销号 is not open: an objection to {codes} is open (G1)"
    await case.resolve(objection, "dismissed")
    await strikes_off(case, 3)
    await case.ends()


@pytest.mark.clause("G1", "G3", "H1", "H2", "H3", "T1")
@pytest.mark.parametrize("return_to", ["H1", "H2", "H3"])
async def test_a_roster_at_fault_goes_back_as_a_whole(stage: Stage, return_to: str) -> None:
    case = await opened(stage, 2)
    objection = await case.object()
    await case.until(at(11, 18))
    await case.resolve(objection, "upheld", return_to=return_to)
    await case.waits(lambda seen: seen.round == 2)
    if return_to == "H1":
        await case.reaches("H1", 2)
        assert await case.states() == ["drafted"] * 2
        await case.votes_again()
        await case.reaches("H2", 2)
    if return_to != "H3":
        assert await case.states() == ["drafted"] * 2
        await case.verify()
        await case.consent()
    await stands(case, posted=2)
    again = midnight(last_day(date(YEAR, 11, 18), 7))
    assert {each.closes for each in (await case.courses()).values()} == {again}
    await case.until(CLOSES + SECOND)
    said = await case.update("act", case.message("H4"))
    assert "the publicity goes on until 24:00 on" in said
    await case.until(again + SECOND)
    await strikes_off(case, 2)
    outcome = await case.ends()
    assert (outcome.reason, outcome.round) == ("2户脱贫销号", 2)
    steps = {"H1": "H1 民主评议", "H2": "H2 核实认可", "H3": "H3 公告公示"}
    said_of_it = [entry.text for entry in await case.entries(EntryKind.ROSTER_CHANGED)]
    assert f"第2轮：2户自{steps[return_to]}起重新办理" in said_of_it


@pytest.mark.clause("G1", "G3", "H2", "H3")
async def test_nobody_is_posted_who_is_still_to_be_verified(stage: Stage) -> None:
    case = await opened(stage, 1)
    (only,) = case.households
    to_one, to_all = await case.object(household=only), await case.object()
    await case.resolve(to_one, "upheld", return_to="H2")
    await case.resolve(to_all, "upheld", return_to="H3")
    seen = await case.waits(lambda seen: seen.round == 2 and seen.waiting_for is not None)
    assert (seen.step, seen.waiting_for) == ("H3", f"A1/{case.code}")
    assert len(stage.registry.notices(case.case_id)) == 1
    await case.verify()
    await case.consent()
    await stands(case, posted=1)
    _, second = stage.registry.notices(case.case_id)
    assert f"张{only}" in second.markdown
    assert second.title.endswith("（第2号）")


@pytest.mark.clause("G1")
async def test_an_upheld_objection_to_the_roster_ends_it(stage: Stage) -> None:
    case = await opened(stage, 2)
    objection = await case.object()
    await case.resolve(objection, "upheld")
    outcome = await case.ends()
    assert (outcome.ending, outcome.reason) == ("not_exited", "异议成立：经实地调查（合成）")
    assert outcome.by == case.office("H4")
    assert {each.state for each in (await case.courses()).values()} == {"out"}
    assert set(case.standing().values()) == {None}


@pytest.mark.clause("G2", "H4")
async def test_a_report_after_the_notice_holds_one(stage: Stage) -> None:
    case = await opened(stage, 2)
    await case.until(CLOSES + SECOND)
    await case.waits(lambda seen: seen.waiting_for == case.office("H4"))
    report = await case.object(household=case.households[0])
    await stands(case, held=1)
    (entry,) = await case.entries(EntryKind.OBJECTION)
    assert entry.data["as"] == "report"
    await strikes_off(case, 1)
    assert case.standing()[case.households[0]] is None
    said = await case.update("object", {"id": "late", "text": "x", "household": case.households[1]})
    assert said == (
        f"Refused: household {case.households[1]} is struck off already; report it to the "
        "supervision of the provincial group"
    )
    await case.resolve(report, "dismissed")
    await strikes_off(case, 2)
    await case.ends()


@pytest.mark.clause("G2", "H4")
async def test_a_decision_does_not_outlive_what_it_was_about(own_stage: Stage) -> None:
    """Signed, then reported on before the case looked: what is verified anew is decided anew."""
    case = await opened(own_stage, 1)
    (only,) = case.households
    await case.rests()
    await own_stage.crew.goes()
    await case.until(CLOSES + 2 * SECOND)
    await case.signal("act", case.message("H4"))
    await case.signal("object", {"id": "o", "text": "收入不实（合成）", "household": only})
    await own_stage.crew.comes()
    await stands(case, held=1)
    (lapsed,) = await case.entries(EntryKind.LAPSED)
    assert lapsed.text.endswith("因各户异议未办结或须重新公示不再有效")
    await case.resolve("o", "upheld", return_to="H2")
    await stands(case, drafted=1)
    await case.verify()
    await case.consent()
    await stands(case, posted=1)
    again = await case.end_notice()
    await case.waits(lambda seen: seen.waiting_for == case.office("H4"))
    assert case.standing() == {only: None}
    await case.act("H4")
    await case.ends()
    assert case.standing() == {only: beijing(again).date()}


@pytest.mark.clause("G1", "T7", "G4")
async def test_an_investigation_has_its_limit(stage: Stage) -> None:
    case = await opened(stage, 2)
    objection = await case.object(household=case.households[0])
    limit = await case.limit("T7")
    assert limit.due == midnight(last_day(date(YEAR, 11, 16), 15))
    await case.until(limit.due + SECOND)
    told = {line["recipient"]["office"] for line in await case.has_told("逾期", 2)}
    assert told == {case.office("H4"), f"A6/{case.code[:4]}00"}
    assert (await course(case, 0)).state == "held"
    await case.resolve(objection, "dismissed")
    (late,) = await case.entries(EntryKind.LATE)
    assert late.text.startswith(f"T7 异议 {objection}：逾期办理")


@pytest.mark.clause("G1", "G4", "A6")
async def test_a_review_has_days_of_its_own(stage: Stage) -> None:
    """Five of this policy, from Monday the sixteenth: over at the end of Saturday, so on Monday."""
    days = stage.policy.objection.model_copy(update={"review_days": 5})
    policy = stage.policy.model_copy(update={"objection": days})
    case = await opens_roster(stage, at(11, 16), 2, policy=policy)
    await case.is_posted()
    who = {"objector": "钱某某", "contact": "示例"}
    objection = await case.object(household=case.households[0], **who)
    await case.resolve(objection, "dismissed")
    (answer,) = await case.has_told("答复", 1)
    assert "以提出异议时的姓名和联系方式向" in answer["text"]
    review = await case.object(review_of=objection, **who)
    limit = await case.limit("G1")
    assert limit.due == midnight(last_day(date(YEAR, 11, 16), 5))
    assert limit.zh.startswith(f"G1 5日内：{YEAR}年11月16日收到复核申请，当日不计")
    await case.until(limit.due + SECOND)
    city, province = f"A6/{case.code[:4]}00", f"A7/{case.code[:2]}0000"
    told = {line["recipient"]["office"] for line in await case.has_told("逾期", 2)}
    assert told == {city, province}
    (breach,) = await case.entries(EntryKind.BREACH)
    assert (breach.text.split("：")[0], breach.data["office"]) == (f"G1 复核 {review}逾期", city)
    await case.resolve(review, "dismissed", office=city, officer="某子")
    (late,) = await case.entries(EntryKind.LATE)
    assert late.text.startswith(f"G1 复核 {review}：逾期办理")


@pytest.mark.clause("G1", "G7")
async def test_what_the_web_ui_shows_of_a_roster(stage: Stage) -> None:
    case = await opened(stage, 3)
    await case.object(household=case.households[0])
    await case.consent(case.households[1], agreed=False)
    await stands(case, held=1, out=1)
    await case.limit("T7")  # with which it is shown
    details = await case.details()
    assert f"{YEAR}年度** · 第1轮 · 等待合成" in details
    assert "| 公示\u2800| 异议待办结\u2800| 未退出\u2800|" in details
    assert "| 1户\u2800| 1户\u2800| 1户\u2800|" in details
    for line in ("H1 民主评议", "H2 核实认可", "H3 公告公示", "H4 脱贫销号"):
        assert line in details
    assert "**未办结异议 1 件**" in details
    assert case.households[0] not in details
    assert f"张{case.households[0]}" not in details
    assert isinstance(await case.closes(), datetime)
