"""张贴 on the stage: who publishes is told and reports it, and no day is cut short (T1)."""

from datetime import timedelta
from typing import Any

import pytest

from models.case.ledger import EntryKind
from models.case.messages import Ending
from models.periods import beijing
from models.policy import Policy
from operators.desk.desk import Refused
from tests.models.samples import PROOF
from tests.play import Play
from tests.roster_stage import RosterPlay, opens_roster, strikes_off
from tests.stage import Stage, at
from tests.village_stage import opens_village
from tests.workflows.reckoning import last_day, midnight

SECOND = timedelta(seconds=1)


def from_posting(stage: Stage, *steps: str) -> Policy:
    """Henan's policy, with the days of some publicities counted from their posting."""
    publicity = stage.policy.publicity.model_copy(update={"from_posting": steps})
    return stage.policy.model_copy(update={"publicity": publicity})


async def told(play: Play, times: int) -> list[tuple[str, str]]:
    """Whom the case has told of a posting, and what."""
    lines = await play.has_told("张贴", times)
    said = [(line["recipient"]["office"], line["subject"]) for line in lines]
    return [each for each in said if each[0]]  # the township is told as well


@pytest.mark.clause("T1", "V2")
async def test_where_when_and_by_whom_a_notice_was_posted_stands_on_file(stage: Stage) -> None:
    play = await opens_village(stage, at(11, 16))
    await play.is_surveyed()
    (notice,) = stage.registry.notices(play.case_id)
    ((office, subject),) = await told(play, 1)
    assert (office, subject.endswith("V2 公示公告：公示待张贴")) == (play.office("V2"), True)
    asked = (await play.has_told("张贴", 1))[0]["text"]
    assert f"公示编号 {notice.id}）已发布。请在乡（镇）所在地张贴" in asked
    await play.posted(place="合成乡政府公示栏", evidence=[PROOF])
    await play.posted(place="合成乡集市", officer="某壬")
    first, second = await play.entries(EntryKind.POSTED)
    county = f"合成{play.county}县扶贫开发领导小组"
    day = beijing(first.at)
    assert first.text == (
        f"{county}报告：公示 {notice.id} {day.year}年{day.month}月{day.day}日张贴于"
        "合成乡政府公示栏，经办人某己，附材料1份"
    )
    assert second.text.endswith("张贴于合成乡集市，经办人某壬，未附照片等材料")
    assert (first.step, first.actor) == ("V2", f"{play.office('V2')} 某己")
    (shown,) = (await play.status()).notices
    assert (shown.id, shown.place, shown.officer, shown.evidence) == (
        notice.id, "合成乡政府公示栏", "某己", 1
    )  # fmt: skip
    closes = await play.end_publicity()
    assert closes == notice.closes_at
    await play.reaches("V3")
    await play.posted(removed=True)
    await play.rests()
    assert (await play.status()).step == "V3"
    assert await play.entries(EntryKind.UNPOSTED) == []


@pytest.mark.clause("T1", "G4")
async def test_if_nobody_reports_a_posting_the_file_says_so_and_the_case_goes_on(
    stage: Stage,
) -> None:
    play = await opens_village(stage, at(11, 16))
    await play.is_surveyed()
    await play.end_publicity()
    await play.reaches("V3")
    (notice,) = stage.registry.notices(play.case_id)
    (said,) = await play.entries(EntryKind.UNPOSTED)
    assert (said.text, said.step) == (f"公示 {notice.id} 期满，未收到张贴报告", "V2")
    await play.posted(at=notice.posted_at + SECOND)  # late, and all the same on file
    assert len(await play.entries(EntryKind.POSTED)) == 1


@pytest.mark.clause("T1", "G3", "V2")
@pytest.mark.parametrize("reported", ["at once", "when the case is a step further"])
async def test_a_notice_that_was_taken_down_early_is_published_anew(
    stage: Stage, reported: str
) -> None:
    play = await opens_village(stage, at(11, 16))
    await play.is_surveyed()
    (first,) = stage.registry.notices(play.case_id)
    await play.until(at(11, 18))
    down = await play.now()
    if reported != "at once":
        await play.end_publicity()
        await play.reaches("V3")
    await play.posted(removed=True, at=down, reason="大风损毁（合成）")
    await play.reaches("V2", 2)
    _, second = stage.registry.notices(play.case_id)
    assert second.replaces == first.id
    assert second.closes_at >= second.posted_at + timedelta(days=7)
    assert second.closes_at > first.closes_at
    said = next(e for e in await play.entries(EntryKind.UNPOSTED) if "撤下" in e.text)
    assert said.text.startswith(f"公示 {first.id} 未满期即于")
    (back,) = await play.entries(EntryKind.RETURNED)
    assert back.text == "退回至V2 公示公告：公示未满期即被撤下，重新公示"
    county, above = play.office("V2"), f"A6/{play.code[:4]}00"
    offices = [office for office, subject in await told(play, 4) if "未满期" in subject]
    assert offices == [county, above]
    with pytest.raises(Refused, match=f"notice: {first.id} is not in force in this case"):
        await play.posted(notice=first.id)
    if reported == "at once":
        await play.until(first.closes_at + SECOND)
        assert (await play.status()).step == "V2"
    await play.until(second.closes_at + SECOND)
    await play.reaches("V3", 2)


@pytest.mark.clause("T1", "T8", "G4")
async def test_days_from_the_posting_wait_for_its_report_and_nobody_is_let_off(
    stage: Stage,
) -> None:
    play = await opens_village(stage, at(11, 16), policy=from_posting(stage, "V2"))
    await play.is_surveyed()
    (notice,) = stage.registry.notices(play.case_id)
    assert "自本公示张贴之日起不少于7日，张贴当日不计" in notice.markdown
    assert "24时止" not in notice.markdown
    county = play.office("V2")
    seen = await play.status()
    assert (seen.waiting_for, [each.closes for each in seen.notices]) == (county, [None])
    due = (await play.limit("T1.posting")).due
    assert due == midnight(last_day(beijing(notice.posted_at).date(), 3))
    with pytest.raises(Refused, match=f"V2 公示公告 waits for {county} to report that its notice"):
        await play.report()
    with pytest.raises(Refused, match=r"nobody has reported yet that .* was posted"):
        await play.posted(removed=True)
    await play.until(notice.closes_at + timedelta(days=2))
    (breach,) = await play.entries(EntryKind.BREACH)
    assert breach.text.startswith("T1.posting V2 公示公告张贴逾期：")
    above = f"A6/{play.code[:4]}00"
    late = {line["recipient"]["office"] for line in await play.has_told("逾期", 2)}
    assert late == {county, above}
    hung: Any = notice.posted_at + timedelta(days=4)
    await play.posted(at=hung)
    (moved,) = await play.has_entered(EntryKind.LIMIT_MOVED)
    assert moved.text.startswith(f"V2 公示公告：公示期自{beijing(hung).year}年")
    assert len(await play.entries(EntryKind.LATE)) == 1
    closes = await play.limit("T1")
    assert closes.request.start == hung
    await play.until(closes.due - SECOND)
    assert (await play.status()).step == "V2"
    await play.until(closes.due + SECOND)
    await play.reaches("V3")
    await play.report()
    await play.waits(lambda seen: seen.waiting_for == play.office("V3"))
    await play.act("V3")
    assert (await play.ends()).ending is Ending.EXITED


async def posted_roster(stage: Stage, policy: Policy | None = None) -> RosterPlay:
    case = await opens_roster(stage, at(11, 16), 2, policy=policy)
    await case.is_posted()
    return case


@pytest.mark.clause("T1", "H3", "H4")
async def test_a_roster_that_was_taken_down_early_is_posted_anew(stage: Stage) -> None:
    case = await posted_roster(stage)
    (first,) = stage.registry.notices(case.case_id)
    await case.end_notice()
    await case.waits(lambda seen: seen.waiting_for == case.office("H4"))
    await case.posted(removed=True, at=first.closes_at - timedelta(hours=1))
    await case.waits(lambda seen: len(seen.notices) == 1 and seen.notices[0].id != first.id)
    _, second = stage.registry.notices(case.case_id)
    assert await case.states() == ["posted", "posted"]
    assert {each.closes for each in (await case.courses()).values()} == {second.closes_at}
    with pytest.raises(Refused, match="the publicity goes on until 24:00 on"):
        await case.act("H4")
    await case.until(second.closes_at + SECOND)
    await strikes_off(case, 2)
    assert (await case.ends()).ending is Ending.EXITED


@pytest.mark.clause("T1", "H3", "H4")
async def test_a_roster_whose_days_count_from_its_posting(stage: Stage) -> None:
    case = await posted_roster(stage, from_posting(stage, "H3"))
    (notice,) = stage.registry.notices(case.case_id)
    await case.until(notice.closes_at + SECOND)
    assert {each.closes for each in (await case.courses()).values()} == {None}
    with pytest.raises(Refused, match="has not reported yet that the notice is posted"):
        await case.act("H4")
    objection = await case.object(household=case.households[1])
    (entry,) = await case.entries(EntryKind.OBJECTION)
    assert entry.data["as"] == "objection"  # in time: the notice stands
    await case.resolve(objection, "dismissed")
    await case.posted()
    closes = await case.closes()
    assert closes >= await case.now() + timedelta(days=6)
    await case.until(closes + SECOND)
    await strikes_off(case, 2)
    assert (await case.ends()).ending is Ending.EXITED


@pytest.mark.clause("G1", "T1", "H3")
async def test_a_notice_in_which_nobody_stands_any_more_is_not_in_force(stage: Stage) -> None:
    case = await posted_roster(stage)
    (first,) = stage.registry.notices(case.case_id)
    one, other = case.households
    await case.amend(one)
    await case.waits(lambda seen: len(seen.notices) == 2)  # the other stands in the first one
    await case.amend(other)
    await case.waits(lambda seen: first.id not in [each.id for each in seen.notices])
    seen = await case.status()
    assert (len(seen.notices), [each.limit.clause for each in seen.limits].count("T1")) == (2, 2)
    with pytest.raises(Refused, match=f"notice: {first.id} is not in force in this case"):
        await case.posted(notice=first.id)
    await case.end_notice()
    await strikes_off(case, 2)
    assert (await case.ends()).ending is Ending.EXITED
