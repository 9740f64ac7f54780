"""G1 on the server: content added or changed after posting has its own course and its own days."""

from datetime import date

import pytest

from models.case.ledger import EntryKind
from registry.database.engine import writing
from registry.tables import EpisodeRow
from tests.play import eventually
from tests.roster_stage import (
    RosterPlay,
    livelihood,
    meeting,
    opens_roster_of,
    put_households,
    put_village,
    stands,
    strikes_off,
)
from tests.stage import YEAR, Stage, at
from tests.workflows.reckoning import last_day, midnight
from tests.workflows.test_roster_publicity import CLOSES, SECOND

LATER = midnight(last_day(date(YEAR, 11, 18), 7))
"""When a notice of the 18th ends."""
ADDITION = {"reason": "应退则退（合成）", "document_number": "合成〔5〕号"}


async def opened(stage: Stage, number: int = 2) -> RosterPlay:
    """A roster in publicity since the 16th, in a village with more households."""
    village = put_village(stage, stage.county())
    households = put_households(stage, village, number)
    case = await opens_roster_of(stage, village, households, at(11, 16))
    await case.is_posted()
    return case


def today(day: int) -> dict[str, object]:
    """A meeting of a day of November."""
    return meeting(held_on=f"{YEAR}-11-{day}")


@pytest.mark.clause("G1", "H1", "H2", "H3", "T1")
async def test_who_is_added_after_posting_passes_through_everything(stage: Stage) -> None:
    case = await opened(stage)
    (added,) = put_households(stage, case.code, 1)
    await case.until(at(11, 17))
    await case.amend(added, meeting=today(17))
    case.households = [*case.households, added]
    await case.waits(lambda seen: seen.waiting_for == f"A1/{case.code}")
    assert await case.states() == ["posted", "posted", "drafted"]
    asked = await case.has_told("办理", 6)
    assert {line["recipient"]["office"][:2] for line in asked[3:]} == {"A1", "A2", "A3"}
    await case.until(at(11, 18))
    await case.verify()
    await case.consent(added)
    await stands(case, posted=3)
    courses = await case.courses()
    assert [courses[code].closes for code in case.households] == [CLOSES, CLOSES, LATER]
    await case.until(CLOSES + SECOND)
    await strikes_off(case, 2)
    assert case.standing()[added] is None
    await case.until(LATER + SECOND)
    await strikes_off(case, 3)
    assert (await case.ends()).reason == "3户脱贫销号"


@pytest.mark.clause("G1", "H1", "G6", "G9")
async def test_who_cannot_be_added_is_named_and_the_rest_goes_on(stage: Stage) -> None:
    case = await opened(stage)
    (good,) = put_households(stage, case.code, 1)
    (unplanned, planned_now) = put_households(stage, case.code, 2, planned=False)
    (outvoted,) = put_households(stage, case.code, 1)
    other = put_village(stage, stage.county())
    (stranger,) = put_households(stage, other, 1)
    votes = [
        {"household": good, "in_favour": 18},
        {"household": unplanned, "in_favour": 18},
        {"household": planned_now, "in_favour": 18, "plan_addition": ADDITION},
        {"household": outvoted, "in_favour": 10},
        {"household": stranger, "in_favour": 18},
    ]
    await case.until(at(11, 17))
    await case.amend(meeting=today(17), households=votes)
    await stands(case, drafted=2, out=1)
    await case.rests()
    courses = await case.courses()
    assert set(courses) == {*case.households, good, planned_now, outvoted}
    assert courses[outvoted].reason == "民主评议未通过：10/20票"
    (told,) = await case.has_told("退回", 1)
    assert told["recipient"]["office"] == f"A1/{case.code}"
    assert unplanned in told["text"]
    assert f"{stranger} 登记在其他村（{other}）" in told["text"]
    (addition,) = await case.entries(EntryKind.PLAN_ADDITION)
    assert list(addition.data["households"]) == [planned_now]  # type: ignore[arg-type]
    changed = await case.entries(EntryKind.ROSTER_CHANGED)
    (looked_up,) = [entry for entry in changed if "2户未列入" in entry.text]
    assert set(looked_up.data["faults"]) == {unplanned, stranger}  # type: ignore[arg-type]
    on = date(YEAR, 11, 18)
    _, known = stage.registry.known_households(case.code, YEAR, on, [planned_now])
    assert known[planned_now].planned


@pytest.mark.clause("G1", "T1")
async def test_who_is_amended_has_fresh_days(stage: Stage) -> None:
    case = await opened(stage)
    changed, same = case.households
    put_households(stage, case.code, 1, codes=[changed], size=2)
    await case.until(at(11, 18))
    await case.amend(changed)
    await case.waits(lambda seen: bool(seen.households and len(seen.limits) == 3))
    courses = await case.courses()
    assert (courses[changed].closes, courses[same].closes) == (LATER, CLOSES)
    assert (courses[changed].size, courses[changed].state) == (2, "posted")
    await case.until(CLOSES + SECOND)
    await strikes_off(case, 1)
    assert case.standing() == {changed: None, same: CLOSES.date()}
    await case.until(LATER + SECOND)
    await strikes_off(case, 2)
    await case.ends()


@pytest.mark.clause("G1", "S1", "S6")
async def test_who_is_amended_is_judged_again(stage: Stage) -> None:
    case = await opened(stage)
    changed, same = case.households
    poor = livelihood(wages=900_000)
    put_households(stage, case.code, 1, codes=[changed], lived=poor)
    await case.amend(changed)
    await stands(case, out=1)
    assert str((await case.courses())[changed].reason).startswith("未达退出标准：")
    await case.until(CLOSES + SECOND)
    await strikes_off(case, 1)
    assert (await case.ends()).reason == "1户脱贫销号，1户未退出"
    assert case.standing() == {changed: None, same: CLOSES.date()}


@pytest.mark.clause("G3", "S1", "H2")
async def test_who_is_sent_back_is_judged_by_what_the_register_says_now(stage: Stage) -> None:
    case = await opened(stage)
    back, stays = case.households
    objection = await case.object(household=back)
    unsafe = livelihood(housing=False)
    put_households(stage, case.code, 1, codes=[back], lived=unsafe)
    await case.resolve(objection, "upheld", return_to="H2")

    async def looked_up() -> bool:
        findings = (await case.courses())[back].findings
        return [finding.id for finding in findings if not finding.met] == ["S1.housing"]

    await eventually(looked_up)
    assert (await case.courses())[back].state == "drafted"
    await case.verify("A1")
    await stands(case, out=1, posted=1)
    await case.until(CLOSES + SECOND)
    await strikes_off(case, 1)
    await case.ends()
    assert case.standing() == {back: None, stays: CLOSES.date()}


@pytest.mark.clause("G1", "H4", "T1")
async def test_what_changed_behind_the_case_is_not_struck_off(stage: Stage) -> None:
    case = await opened(stage)
    changed, same = case.households
    await case.until(CLOSES + SECOND)
    await case.waits(lambda seen: seen.waiting_for == case.office("H4"))
    put_households(stage, case.code, 1, codes=[changed], size=2)
    await case.act("H4")
    await stands(case, struck_off=1, posted=1)
    assert case.standing() == {changed: None, same: CLOSES.date()}
    (entry,) = await case.entries(EntryKind.REGISTER_CHANGE)
    announcement = stage.registry.notices(case.case_id)[1]
    assert entry.text == (
        f"1户自{CLOSES.date()}起在建档立卡贫困户中销号，1户登记内容在公示后有变更（合成〔H4〕号），"
        f"发布《{announcement.title}》（公告编号 {announcement.id}）"
    )
    again = midnight(last_day(CLOSES.date(), 7))

    async def is_posted_anew() -> bool:
        course = (await case.courses())[changed]
        return (course.size, course.closes) == (2, again)

    await eventually(is_posted_anew, lambda: f"{changed} is not posted anew")
    second = stage.registry.notices(case.case_id)[-1]
    assert f"张{changed} | 一组 | 2 |" in second.markdown
    await case.until(again + SECOND)
    await strikes_off(case, 2)
    assert case.standing()[changed] == again.date()
    await case.ends()


@pytest.mark.clause("H4", "G1")
async def test_who_left_behind_the_case_is_a_conflict(stage: Stage) -> None:
    case = await opened(stage)
    gone, stays = case.households
    await case.until(CLOSES + SECOND)
    await case.waits(lambda seen: seen.waiting_for == case.office("H4"))
    with writing(stage.settings.engine()) as session:
        episode = session.get(EpisodeRow, (gone, 1))
        assert episode is not None
        episode.exited_on = date(YEAR, 11, 20)
    await case.act("H4")
    outcome = await case.ends()
    assert outcome.reason == "1户脱贫销号，1户未退出"
    assert (await case.courses())[gone].reason == "登记中已销号"
    (entry,) = await case.entries(EntryKind.REGISTER_CHANGE)
    assert "1户与登记不符，不予销号" in entry.text
    assert case.standing() == {gone: date(YEAR, 11, 20), stays: CLOSES.date()}


@pytest.mark.clause("G1", "H4")
async def test_where_everybody_has_changed_nobody_is_announced(stage: Stage) -> None:
    case = await opened(stage, 1)
    (only,) = case.households
    await case.until(CLOSES + SECOND)
    await case.waits(lambda seen: seen.waiting_for == case.office("H4"))
    put_households(stage, case.code, 1, codes=[only], size=2)
    await case.act("H4")

    async def posted_again() -> bool:
        return (await case.courses())[only].closes == midnight(last_day(CLOSES.date(), 7))

    await eventually(posted_again)
    assert not await case.entries(EntryKind.REGISTER_CHANGE)
    titles = [notice.title for notice in stage.registry.notices(case.case_id)]
    assert [title.endswith("公告") for title in titles] == [False, False]
