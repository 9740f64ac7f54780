"""T6 for a village: from its opening, on whoever has it; what is late is valid (G4, G5)."""

from datetime import date, timedelta

import pytest

from models.case.ledger import EntryKind
from models.case.messages import Ending
from tests.registry.known import village_facts
from tests.stage import YEAR, Stage, at
from tests.village_stage import opens_village
from tests.workflows.reckoning import clauses, midnight, quiet, shortly_after, told_of_breaches

SECOND = timedelta(seconds=1)
TARGET, LIMIT = midnight(date(YEAR, 12, 31)), midnight(date(YEAR + 1, 1, 31))


@pytest.mark.clause("T6", "V3", "G4", "G5")
async def test_an_approval_past_the_limit_is_valid_marked_and_was_chased(stage: Stage) -> None:
    play = await opens_village(stage, at(12, 14), policy=quiet(stage.policy))
    await play.is_reported()
    limit = await play.limit("T6")
    assert (limit.target, limit.due) == (TARGET, LIMIT)

    await play.until(TARGET + SECOND)
    (mark,) = await play.has_entered(EntryKind.TARGET_PASSED)
    assert mark.text.startswith("T6 V3 批准退出已过目标日期")
    assert not (await play.status()).overdue

    await play.until(LIMIT + SECOND)
    seen = await play.waits(lambda seen: seen.overdue)
    assert (seen.step, seen.waiting_for) == ("V3", play.office("V3"))
    (breach,) = await play.entries(EntryKind.BREACH)
    assert shortly_after(LIMIT, breach)
    assert breach.data["office"] == play.office("V3")
    assert await told_of_breaches(play, 2) == [play.office("V3"), "A7/410000"]
    assert village_facts(stage.registry, play.code, YEAR, date(YEAR + 1, 2, 1)).listed

    await play.act("V3")
    assert (await play.ends()).ending is Ending.EXITED
    assert await clauses(play, EntryKind.LATE) == ["T6"]
    facts = village_facts(stage.registry, play.code, YEAR, date(YEAR + 1, 2, 1))
    assert facts.exited_on == date(YEAR + 1, 2, 1)


@pytest.mark.clause("T6", "V3", "G5")
@pytest.mark.parametrize(("seconds", "late"), [(-1, []), (0, ["T6"])], ids=["in time", "late"])
async def test_an_approval_is_in_time_up_to_the_last_second(
    stage: Stage, seconds: int, late: list[str]
) -> None:
    play = await opens_village(stage, at(1, 14, year=YEAR + 1), policy=quiet(stage.policy))
    await play.is_reported()
    await play.until(LIMIT - timedelta(minutes=3))
    await play.act("V3", at=LIMIT + timedelta(seconds=seconds))
    await play.ends()
    assert await clauses(play, EntryKind.LATE) == late
    assert await clauses(play, EntryKind.BREACH) == late


@pytest.mark.clause("T6", "V3", "G4")
async def test_the_county_that_has_not_reported_is_the_one_that_missed_it(stage: Stage) -> None:
    play = await opens_village(stage, at(1, 14, year=YEAR + 1), policy=quiet(stage.policy))
    await play.is_surveyed()
    await play.end_publicity()
    await play.reaches("V3")
    await play.limit("T6")
    await play.until(LIMIT + SECOND)
    await play.waits(lambda seen: seen.overdue)
    county, city = play.office("V1"), play.office("V3")
    (breach,) = await play.entries(EntryKind.BREACH)
    assert breach.data["office"] == county
    assert await told_of_breaches(play, 2) == [county, city]
    await play.report()
    seen = await play.waits(lambda seen: seen.waiting_for == city)
    # The village has not left, and the city has the case now: it is not in breach, but held to it.
    assert seen.overdue
    assert [str(each.office) for each in seen.limits if each.limit.clause == "T6"] == [city]
    await play.act("V3")
    assert (await play.ends()).ending is Ending.EXITED
    assert await clauses(play, EntryKind.BREACH) == ["T6"]
    assert await clauses(play, EntryKind.LATE) == ["T6", "T6"]  # the report, and the approval


@pytest.mark.clause("T6", "V1", "G4")
async def test_a_county_that_sits_on_its_survey_until_march_is_in_breach(stage: Stage) -> None:
    """HN 五(二): 于次年1月前 out of the register; it is in force from the opening, not from V3."""
    play = await opens_village(stage, at(11, 16), policy=quiet(stage.policy))
    await play.reaches("V1")
    county, city = play.office("V1"), play.office("V3")
    (set_,) = [each for each in await play.entries(EntryKind.LIMIT_SET) if "T6" in each.text]
    assert (set_.step, set_.data["office"]) == ("V1", county)
    (told,) = await play.has_told("办理", 1)
    assert "T6" in told["text"]

    await play.until(LIMIT + SECOND)
    await play.waits(lambda seen: seen.overdue)
    (breach,) = await play.entries(EntryKind.BREACH)
    assert shortly_after(LIMIT, breach)
    assert (breach.step, breach.data["office"]) == ("V1", county)
    assert breach.text == (
        f"T6 V3 批准退出逾期：{YEAR + 1}-01-31 24:00已过，案件处于V1 调查核实环节，"
        f"责任单位合成{play.county}县扶贫开发领导小组"
    )
    assert await told_of_breaches(play, 2) == [county, city]

    await play.until(at(3, 1, year=YEAR + 1))
    await play.is_reported()
    await play.act("V3")
    assert (await play.ends()).ending is Ending.EXITED
    assert await clauses(play, EntryKind.BREACH) == ["T6"]
    assert [each.step for each in await play.entries(EntryKind.LATE)] == ["V3", "V3"]


@pytest.mark.clause("T6", "G3")
async def test_the_date_binds_through_a_return(stage: Stage) -> None:
    play = await opens_village(stage, at(12, 1), policy=quiet(stage.policy))
    await play.is_reported()
    await play.act("V3", "return", return_to="V1", reason="材料不全（合成）")
    await play.reaches("V1", 2)
    await play.until(LIMIT + SECOND)
    await play.waits(lambda seen: seen.overdue)
    breaches = await play.entries(EntryKind.BREACH)
    found = {each.text.split()[0]: (each.step, each.data["office"]) for each in breaches}
    assert found["T6"] == ("V1", play.office("V1"))


@pytest.mark.clause("T6", "G2")
async def test_who_investigates_a_report_on_an_approved_village_has_it(stage: Stage) -> None:
    play = await opens_village(stage, at(1, 14, year=YEAR + 1), policy=quiet(stage.policy))
    await play.is_reported()
    report = await play.object("举报（合成）")
    await play.act("V3")
    await play.until(LIMIT + SECOND)
    await play.waits(lambda seen: seen.overdue)
    (breach,) = [each for each in await play.entries(EntryKind.BREACH) if "T6" in each.text]
    assert breach.data["office"] == play.office("V2")
    await play.resolve(report, "dismissed")
    assert (await play.ends()).ending is Ending.EXITED
    # It was approved in time: the approval itself is not late.
    assert "T6" not in await clauses(play, EntryKind.LATE)


@pytest.mark.clause("T6", "G4")
async def test_in_the_narrow_reading_the_year_ends_it(stage: Stage) -> None:
    dates = stage.policy.register_change.model_copy(update={"breach": "target"})
    narrow = quiet(stage.policy).model_copy(update={"register_change": dates})
    play = await opens_village(stage, at(12, 14), policy=narrow)
    limit = await play.limit("T6")
    assert (limit.target, limit.due) == (None, TARGET)
    await play.until(TARGET + SECOND)
    await play.waits(lambda seen: seen.overdue)
    (breach,) = await play.entries(EntryKind.BREACH)
    assert shortly_after(TARGET, breach)


@pytest.mark.clause("T6", "V1", "G4", "G5")
async def test_a_county_that_opens_its_village_after_the_date_is_in_breach(stage: Stage) -> None:
    begins, reason = at(2, 14, year=YEAR + 1), "排查遗漏（合成）"
    policy = quiet(stage.policy)
    play = await opens_village(stage, begins, policy=policy, late_reason=reason)
    await play.waits(lambda seen: seen.overdue)
    county, city = play.office("V1"), play.office("V3")
    (breach,) = await play.entries(EntryKind.BREACH)
    assert (breach.step, breach.data["office"]) == ("V1", county)
    assert f"T6 V3 批准退出逾期：{YEAR + 1}-01-31 24:00已过，案件处于V1" in breach.text
    assert await told_of_breaches(play, 2) == [county, city]
    await play.is_reported()
    await play.act("V3")
    assert (await play.ends()).ending is Ending.EXITED
    assert await clauses(play, EntryKind.BREACH) == ["T6"]
    opened, *acts = await play.entries(EntryKind.LATE)
    assert opened.text == f"T6 V1 调查核实逾期提出，理由：{reason}"
    assert [each.step for each in acts] == ["V3", "V3"]


@pytest.mark.clause("T7", "V2", "G4")
async def test_the_county_answers_an_objection_within_its_period(stage: Stage) -> None:
    play = await opens_village(stage, at(11, 16), policy=quiet(stage.policy))
    await play.is_surveyed()
    objection = await play.object()
    limit = await play.limit("T7")
    await play.until(limit.due + SECOND)
    await play.waits(lambda seen: seen.overdue)
    county, city = play.office("V2"), play.office("V3")
    assert await told_of_breaches(play, 2) == [county, city]
    await play.resolve(objection, "dismissed")
    await play.reaches("V3")
    assert await clauses(play, EntryKind.LATE) == ["T7"]
