"""T2 to the second, in both readings, and T1 in both readings (G5, G6)."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from models.case.ledger import Entry, EntryKind
from models.periods import Limit
from models.policy import FixedDates
from operators.desk.desk import Refused
from tests.play import Play
from tests.stage import YEAR, Stage, at
from tests.workflows.reckoning import last_day, midnight, shortly_after

SECOND = timedelta(seconds=1)
TARGET, LIMIT = midnight(date(YEAR, 11, 30)), midnight(date(YEAR, 12, 31))
REASON = "数据核实耽搁（合成）"
ADDITION = {"reason": "应退则退（合成）", "document_number": "合成〔3〕号"}


async def marks(play: Play) -> list[Entry]:
    """What is on file of the date of the application beside the limit itself."""
    await play.reaches("C2")
    (limit,) = [
        Limit.model_validate(entry.data["limit"])
        for entry in await play.entries(EntryKind.LIMIT_SET)
        if entry.step == "C1"
    ]
    assert limit.clause == "T2"
    return await play.entries(EntryKind.TARGET_PASSED, EntryKind.LATE)


async def reminded(play: Play) -> list[str]:
    """Which offices are reminded of the target."""
    lines = await play.has_told("提醒", 1)
    assert all("县级申请已过目标日期" in line["subject"] for line in lines)
    return [line["recipient"]["office"] for line in lines]


@pytest.mark.clause("T2")
@pytest.mark.parametrize(
    ("begins", "signed"),
    [(at(11, 30, 23, 50), None), (at(12, 1), TARGET - SECOND)],
    ids=["received", "signed"],
)
async def test_before_the_target_nothing_is_said(
    stage: Stage, begins: datetime, signed: datetime | None
) -> None:
    play = await stage.opens(begins, applied_at=signed)
    assert await marks(play) == []
    assert play.told("提醒") == []
    week = last_day(begins.date(), 7)  # counted from receipt, whenever it was signed
    assert (await play.limit("T3")).due == midnight(week)


@pytest.mark.clause("T2")
@pytest.mark.parametrize(
    ("begins", "signed"),
    [
        (at(12, 1, 0, 0), None),
        (at(12, 1), TARGET),
        (at(1, 4, year=YEAR + 1), LIMIT - SECOND),
    ],
    ids=["received", "signed", "signed in the last second"],
)
async def test_between_target_and_limit_it_is_marked_and_reminded_of(
    stage: Stage, begins: datetime, signed: datetime | None
) -> None:
    play = await stage.opens(begins, applied_at=signed)
    (mark,) = await marks(play)
    assert mark.kind is EntryKind.TARGET_PASSED
    assert f"目标{YEAR}-11-30 24:00，期限{YEAR}-12-31 24:00" in mark.text
    limit = Limit.model_validate(mark.data["limit"])
    assert (limit.target, limit.due) == (TARGET, LIMIT)
    if signed is not None:
        assert datetime.fromisoformat(str(mark.data["at"])) == signed
    assert await reminded(play) == [play.office("C1")]


@pytest.mark.clause("T2", "G5")
async def test_a_reason_is_given_after_the_limit_and_only_then(stage: Stage) -> None:
    code, begins = stage.county(), at(1, 4, year=YEAR + 1)
    with pytest.raises(Refused, match=r"comes after .*-12-31 24:00 \(T2\); give a late_reason"):
        await stage.opens_for(code, begins)
    with pytest.raises(Refused, match=r"comes after .*-12-31 24:00 \(T2\); give a late_reason"):
        await stage.opens_for(code, begins, applied_at=LIMIT)
    with pytest.raises(Refused, match=r"is in time .* and needs none"):
        await stage.opens_for(code, begins, applied_at=LIMIT - SECOND, late_reason=REASON)


@pytest.mark.clause("T2", "G5", "G6")
@pytest.mark.parametrize(
    ("begins", "changes"),
    [
        (at(1, 1, 0, 0, year=YEAR + 1), {}),
        (at(1, 4, year=YEAR + 1), {"applied_at": LIMIT, "plan_addition": ADDITION}),
    ],
    ids=["received", "signed, and outside the plan"],
)
async def test_after_the_limit_it_is_valid_and_late(
    stage: Stage, begins: datetime, changes: dict[str, Any]
) -> None:
    planned = "plan_addition" not in changes
    play = await stage.opens(begins, planned=planned, late_reason=REASON, **changes)
    (mark,) = await marks(play)
    assert mark.kind is EntryKind.LATE
    assert REASON in mark.text
    assert datetime.fromisoformat(str(mark.data["at"])) >= LIMIT
    assert (await play.status()).step == "C2"
    additions = await play.entries(EntryKind.PLAN_ADDITION)
    assert len(additions) == (not planned)


@pytest.mark.clause("T2", "G5")
async def test_in_the_narrow_reading_the_target_is_the_limit(stage: Stage) -> None:
    narrow = FixedDates(target="11-30", limit="11-30")
    policy = stage.policy.model_copy(update={"application": narrow})
    in_time = await stage.opens(at(12, 1), policy=policy, applied_at=TARGET - SECOND)
    assert await marks(in_time) == []
    code = stage.county()
    with pytest.raises(Refused, match=r"comes after .*-11-30 24:00 \(T2\); give a late_reason"):
        await stage.opens_for(code, at(12, 1), policy=policy, applied_at=TARGET)
    late = await stage.opens_for(
        code, at(12, 1), policy=policy, applied_at=TARGET, late_reason=REASON
    )
    (mark,) = await marks(late)
    assert mark.kind is EntryKind.LATE
    assert late.told("提醒") == []


@pytest.mark.clause("T1")
@pytest.mark.parametrize("counted", [False, True], ids=["not counted", "counted"])
async def test_publicity_ends_at_midnight_with_the_day_of_posting_counted_or_not(
    stage: Stage, counted: bool
) -> None:
    publicity = stage.policy.publicity.model_copy(update={"count_posting_day": counted})
    policy = stage.policy.model_copy(update={"publicity": publicity})
    # The last hour of a Tuesday: the day counts whole, or not at all, and no weekend follows.
    posted = next(day for day in range(8, 15) if date(YEAR, 11, day).weekday() == 1)
    play = await stage.opens(at(11, posted, 23, 50), direct=True, tier="provincial", policy=policy)
    await play.pass_until("C4")
    closes = await play.limit("T1")
    assert closes.due == midnight(last_day(date(YEAR, 11, posted), 6 if counted else 7))
    assert ("当日计入" if counted else "当日不计") in closes.zh
    assert not closes.provisional or "暂按周末推算" in closes.zh
    await play.until(closes.due - timedelta(minutes=2))
    with pytest.raises(Refused, match=f"goes on until 24:00 on {closes.last_day}"):
        await play.act("C5")
    await play.until(closes.due + SECOND)
    await play.reaches("C5")
    (done,) = [each for each in await play.entries(EntryKind.STEP_DONE) if each.step == "C4"]
    assert shortly_after(closes.due, done)
