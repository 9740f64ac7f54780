"""T3, T4, T5, T7 and G3 to the second; what is late is valid, marked, a breach once (G4, G5)."""

from datetime import date, datetime, timedelta

import pytest

from models.case.ledger import EntryKind
from models.case.status import CaseStatus
from models.periods import Limit, beijing
from tests.play import Play
from tests.stage import YEAR, Stage, at
from tests.workflows.reckoning import (
    clauses,
    last_day,
    midnight,
    quiet,
    shortly_after,
    told_of_breaches,
)

SOON = timedelta(minutes=3)
"""Clocks may differ by five: an act can be signed a little ahead of the case's clock."""
SECOND = timedelta(seconds=1)
FLOOR = date(YEAR + 1, 1, 25)
RESULT_BY = date(YEAR + 1, 1, 10)
LATE_REASON = "数据核实耽搁（合成）"


async def shortly_before_the_end(play: Play, clause: str) -> Limit:
    """Let time pass until little of a limit is left."""
    limit = await play.limit(clause)
    await play.until(limit.due - SOON)
    return limit


async def holds(play: Play, step: str, round_: int, *expected: str) -> CaseStatus:
    """Wait until a step of a round is held to its limits, which must be these."""
    await play.reaches(step, round_)
    seen = await play.waits(lambda seen: bool(seen.limits))
    assert {each.limit.clause for each in seen.limits} == set(expected)
    return seen


@pytest.mark.clause("T3", "T5", "T7", "G3", "G4", "G5")
@pytest.mark.parametrize(
    ("seconds", "late"), [(-1, []), (0, ["T3", "T5", "T7", "G3"])], ids=["in time", "late"]
)
async def test_an_act_is_in_time_up_to_the_last_second(
    stage: Stage, seconds: int, late: list[str]
) -> None:
    play = await stage.opens(at(11, 16), policy=quiet(stage.policy))
    signed = timedelta(seconds=seconds)

    await play.reaches("C2")
    city = await shortly_before_the_end(play, "T3")
    assert city.due == midnight(last_day(date(YEAR, 11, 16), 7))
    await play.act("C2", at=city.due + signed)

    await play.reaches("C3")
    province = await shortly_before_the_end(play, "T5")
    counted = last_day(beijing(city.due - SOON).date(), 15)
    assert counted < FLOOR
    assert province.due == midnight(FLOOR)
    assert await clauses(play, EntryKind.BREACH) == late[:1]
    await play.act("C3", at=province.due + signed)

    await play.reaches("C4")
    objection = await play.object()
    answered = await shortly_before_the_end(play, "T7")
    (received,) = await play.entries(EntryKind.OBJECTION)
    assert answered.due == midnight(last_day(beijing(received.at).date(), 15))
    await play.resolve(objection, "dismissed", at=answered.due + signed)

    await play.reaches("C5")
    await play.act("C5", "return", reason="补充材料（合成）", return_to="C1")
    corrected = await shortly_before_the_end(play, "G3")
    (returned,) = await play.entries(EntryKind.RETURNED)
    assert corrected.due == midnight(last_day(beijing(returned.at).date(), 15))
    await play.act("C1", at=corrected.due + signed)
    await holds(play, "C2", 2, "T3")  # the province has had the city's result

    dues = (city.due, province.due, answered.due, corrected.due)
    assert await clauses(play, EntryKind.BREACH) == late
    marks = await play.entries(EntryKind.LATE)
    assert [entry.text.split()[0] for entry in marks] == late
    entries = await play.file()
    for mark, due, step in zip(marks, dues, ("C2", "C3", "C4", "C1"), strict=False):
        meant = entries[int(str(mark.data["entry"])) - 1]
        assert (meant.step, datetime.fromisoformat(str(mark.data["at"]))) == (step, due)
        assert meant.kind in (EntryKind.ACT, EntryKind.RESOLUTION)
    city_group, province_group = play.office("C2"), play.office("C3")
    told = [city_group, province_group]  # T3
    told += [province_group, play.office("C6")] * 2  # T5, T7
    told += [play.office("C1"), city_group]  # G3
    assert await told_of_breaches(play, 2 * len(late)) == sorted(told[: 2 * len(late)])


@pytest.mark.clause("T3", "T4", "T5", "G7")
async def test_each_limit_stands_on_file_with_the_sentence_that_explains_it(stage: Stage) -> None:
    play = await stage.opens(at(11, 16))
    await play.reaches("C2")
    await play.act("C2")
    await play.reaches("C3")
    said = {}
    for entry in await play.entries(EntryKind.LIMIT_SET):
        limit = Limit.model_validate(entry.data["limit"])
        assert entry.text.endswith(limit.zh)
        said[limit.clause] = (limit.zh, limit.en)
    week, half_month = last_day(date(YEAR, 11, 16), 7), last_day(date(YEAR, 11, 16), 15)
    assert list(said) == ["T2", "T3", "T4", "T5"]
    zh, en = said["T3"]
    assert zh.startswith(f"T3 7日内：{YEAR}年11月16日收到申请或退回，当日不计，第7日为")
    assert f"{YEAR}年11月{week.day}日（" in zh
    assert en.startswith(
        f"T3, within 7 days: from receipt of the application on {YEAR}-11-16, that day not "
        "counted, day 7 is "
    )
    assert f"{week} (" in en
    zh, en = said["T4"]
    assert f"目标为{YEAR + 1}年1月9日24时前，期限为{YEAR + 1}年1月10日24时前" in zh
    assert f"limit 24:00 on {RESULT_BY}" in en
    zh, en = said["T5"]
    assert f"{half_month.month}月{half_month.day}日（" in zh
    assert f"{YEAR + 1}年1月25日以前不计逾期" in zh
    assert f"not in breach before {FLOOR}, so 24:00 on {FLOOR}" in en


@pytest.mark.clause("T3", "T4", "T5", "G4", "G5")
async def test_a_result_that_comes_in_a_second_after_its_date_is_late(stage: Stage) -> None:
    play = await stage.opens(
        at(1, 5, year=YEAR + 1), policy=quiet(stage.policy), late_reason=LATE_REASON
    )
    seen = await holds(play, "C2", 1, "T3", "T4")
    due = midnight(RESULT_BY)
    assert {each.limit.clause: each.limit.due for each in seen.limits} == {
        "T3": midnight(last_day(date(YEAR + 1, 1, 5), 7)),
        "T4": due,
    }
    await play.until(due + SECOND)
    seen = await play.waits(lambda seen: seen.overdue)
    assert {each.limit.clause: each.breached for each in seen.limits} == {"T3": False, "T4": True}
    assert (seen.step, seen.waiting_for) == ("C2", play.office("C2"))
    (breach,) = await play.entries(EntryKind.BREACH)
    assert shortly_after(due, breach)
    assert breach.data["office"] == play.office("C2")
    assert await told_of_breaches(play, 2) == [play.office("C2"), play.office("C3")]

    await play.act("C2")
    await play.reaches("C3")
    assert await clauses(play, EntryKind.LATE) == ["T2", "T4"]
    assert await clauses(play, EntryKind.BREACH) == ["T4"]
    province = await play.limit("T5")
    assert province.due == midnight(last_day(date(YEAR + 1, 1, 11), 15)) > midnight(FLOOR)
    assert "以前不计逾期" not in province.zh
    await play.file()
    assert len(play.told("逾期")) == 2


@pytest.mark.clause("T4", "G5")
@pytest.mark.parametrize(("seconds", "late"), [(-1, []), (0, ["T4"])], ids=["in time", "late"])
async def test_the_citys_result_is_in_time_up_to_the_last_second(
    stage: Stage, seconds: int, late: list[str]
) -> None:
    play = await stage.opens(
        at(1, 5, year=YEAR + 1), policy=quiet(stage.policy), late_reason=LATE_REASON
    )
    await play.reaches("C2")
    limit = await shortly_before_the_end(play, "T4")
    assert limit.due == midnight(RESULT_BY)
    await play.act("C2", at=limit.due + timedelta(seconds=seconds))
    await play.reaches("C3")
    assert await clauses(play, EntryKind.LATE) == ["T2", *late]
    assert await clauses(play, EntryKind.BREACH) == late


@pytest.mark.clause("T4", "T8")
async def test_the_city_is_reminded_when_10_january_begins(stage: Stage) -> None:
    play = await stage.opens(
        at(1, 5, year=YEAR + 1), policy=quiet(stage.policy), late_reason=LATE_REASON
    )
    limit = await play.limit("T4")
    target = midnight(date(YEAR + 1, 1, 9))
    assert (limit.target, limit.due) == (target, midnight(RESULT_BY))
    await play.until(target + SECOND)
    (mark,) = await play.has_entered(EntryKind.TARGET_PASSED)
    assert mark.text == (
        f"T4 C2 市级初审已过目标日期，目标{YEAR + 1}-01-09 24:00，期限{YEAR + 1}-01-10 24:00"
    )
    assert not (await play.status()).overdue
    await play.rests()
    (reminder,) = [line for line in play.told("提醒") if "目标" in line["subject"]]
    assert reminder["recipient"]["office"] == play.office("C2")


@pytest.mark.clause("T4", "G3")
async def test_the_date_of_the_citys_result_counts_until_the_province_has_one(
    stage: Stage,
) -> None:
    play = await stage.opens(at(11, 16))
    back = {"decision": "return", "reason": "补充材料（合成）", "return_to": "C1"}
    await holds(play, "C2", 1, "T3", "T4")
    await play.act("C2", **back)
    await holds(play, "C1", 2, "G3")
    await play.act("C1")
    await holds(play, "C2", 2, "T3", "T4")
    await play.act("C2")
    await holds(play, "C3", 2, "T5")
    await play.act("C3", **back)
    await holds(play, "C1", 3, "G3")
    await play.act("C1")
    await holds(play, "C2", 3, "T3")
    await play.act("C2")
    await holds(play, "C3", 3, "T5")
    await play.act("C3", **(back | {"return_to": "C2"}))
    await holds(play, "C2", 4, "T3")


@pytest.mark.clause("T4", "G3", "G4")
async def test_a_date_that_was_missed_is_one_breach_in_all_rounds(stage: Stage) -> None:
    play = await stage.opens(at(12, 28), policy=quiet(stage.policy))
    await play.reaches("C2")
    await play.until(at(1, 12, year=YEAR + 1))
    await play.waits(lambda seen: all(each.breached for each in seen.limits))
    await play.act("C2", "return", reason="补充材料（合成）", return_to="C1")
    await play.reaches("C1", 2)
    await play.act("C1")
    seen = await play.waits(
        lambda seen: seen.round == 2 and seen.step == "C2" and bool(seen.limits)
    )
    assert [each.limit.clause for each in seen.limits] == ["T3"]
    assert sorted(await clauses(play, EntryKind.BREACH)) == ["T3", "T4"]
    *_, again = [e for e in await play.entries(EntryKind.LIMIT_SET) if "T4" in e.text]
    assert again.text.endswith("收到时该日期已过。")


@pytest.mark.clause("T4", "G4")
async def test_nobody_misses_a_date_that_had_passed_before(stage: Stage) -> None:
    play = await stage.opens(
        at(1, 13, year=YEAR + 1), policy=quiet(stage.policy), late_reason=LATE_REASON
    )
    seen = await play.waits(lambda seen: seen.step == "C2" and bool(seen.limits))
    assert [each.limit.clause for each in seen.limits] == ["T3"]
    assert not seen.overdue
    assert await clauses(play, EntryKind.BREACH) == []


@pytest.mark.clause("T3", "G4", "G5")
async def test_after_an_outage_the_signature_says_whether_an_act_was_late(
    own_stage: Stage,
) -> None:
    crew, policy = own_stage.crew, quiet(own_stage.policy)
    in_time = await own_stage.opens(at(11, 16), policy=policy)
    late = await own_stage.opens(at(11, 16), policy=policy)
    plays = (in_time, late)
    for play in plays:
        await play.reaches("C2")
    due = (await late.limit("T3")).due
    for play in plays:
        await play.file()
        await play.until(due - timedelta(minutes=2))
    await crew.goes()
    for play in plays:
        await play.until(due + SECOND)
    signed = (due - SECOND).isoformat()
    await in_time.signal("act", in_time.message("C2", at=signed))
    await late.signal("act", late.message("C2"))
    await crew.comes()
    for play in plays:
        await play.reaches("C3")
    assert await clauses(in_time, EntryKind.BREACH) == []
    assert await clauses(in_time, EntryKind.LATE) == []
    assert await clauses(late, EntryKind.BREACH) == ["T3"]
    (mark,) = await late.entries(EntryKind.LATE)
    assert shortly_after(due, mark)
    assert await told_of_breaches(late, 2) == [late.office("C2"), late.office("C3")]
