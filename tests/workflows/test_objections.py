"""G1 objections during publicity: received, accepted, upheld or dismissed, answered."""

from datetime import timedelta

import pytest

from models.case.ledger import EntryKind
from models.case.messages import Ending
from operators.desk.desk import Refused
from tests.play import Play, eventually
from tests.stage import Stage, at


async def objected(stage: Stage) -> tuple[Play, str]:
    """A case in publicity, with one objection under investigation."""
    play = await stage.opens(at(11, 16), direct=True)
    await play.pass_until("C4")
    objection = await play.object()
    await play.waits(lambda seen: len(seen.limits) == 2)
    return play, objection


@pytest.mark.clause("G1", "T7")
async def test_publicity_goes_on_while_an_objection_is_open(stage: Stage) -> None:
    play, objection = await objected(stage)
    seen = await play.status()
    assert (seen.waiting_for, seen.open_objections) == ("A7/410000", (objection,))
    (accepted,) = await play.entries(EntryKind.OBJECTION_ACCEPTED)
    assert accepted.data == {"objection_id": objection}
    closes, answered_by = await play.limit("T1"), await play.limit("T7")
    assert (answered_by.last_day - at(11, 16).date()).days >= 15
    await play.until(closes.due + timedelta(days=2))
    assert (await play.status()).step == "C4"
    with pytest.raises(Refused, match=r"goes on while 1 objection\(s\) are open \(G1\)"):
        await play.act("C5")
    before = await play.now()
    await play.resolve(objection, "dismissed")
    await play.reaches("C5")
    assert await play.now() - before < timedelta(minutes=1)
    (posted,) = await play.entries(EntryKind.NOTICE)
    assert posted.round == 1


@pytest.mark.clause("G1", "T1")
async def test_a_dismissed_objection_does_not_restart_the_period(stage: Stage) -> None:
    play, objection = await objected(stage)
    closes = await play.limit("T1")
    await play.until(closes.due - timedelta(days=1))
    await play.resolve(objection, "dismissed")
    await play.waits(lambda seen: not seen.open_objections)
    assert await play.limit("T1") == closes
    await play.until(closes.due - timedelta(minutes=2))
    assert (await play.status()).step == "C4"
    await play.until(closes.due + timedelta(seconds=1))
    await play.reaches("C5")


@pytest.mark.clause("G1")
async def test_an_upheld_objection_takes_the_county_off_the_list(stage: Stage) -> None:
    play, objection = await objected(stage)
    await play.resolve(
        objection, "upheld", reason="数据不实（合成）", document_number="合成〔7〕号"
    )
    outcome = await play.ends()
    assert (outcome.ending, outcome.step, outcome.by, outcome.document_number) == (
        Ending.NOT_EXITED,
        "C4",
        "A7/410000",
        "合成〔7〕号",
    )
    assert "数据不实（合成）" in outcome.reason


@pytest.mark.clause("G1", "G3", "T1")
@pytest.mark.parametrize("to", ["C3", "C4"])
async def test_an_upheld_objection_sends_back_and_a_new_notice_has_its_full_period(
    stage: Stage, to: str
) -> None:
    play, objection = await objected(stage)
    closes = await play.limit("T1")
    await play.until(closes.due - timedelta(days=1))
    await play.resolve(objection, "upheld", return_to=to)
    await play.reaches(to, 2)
    if to == "C3":
        await play.act("C3")
    await play.reaches("C4", 2)
    again = await play.limit("T1")
    assert (again.last_day - (await play.now()).date()).days >= 7
    first, second = stage.registry.notices(play.case_id)
    assert (first.replaces, second.replaces) == (None, first.id)
    await play.until(closes.due + timedelta(minutes=1))
    assert (await play.status()).step == "C4"
    await play.until(again.due + timedelta(seconds=1))
    await play.reaches("C5", 2)


@pytest.mark.clause("G1")
async def test_two_objections_are_each_investigated(stage: Stage) -> None:
    play, first = await objected(stage)
    second = await play.object("房屋不安全（合成）")
    await play.waits(lambda seen: len(seen.limits) == 3)
    closes = await play.limit("T1")
    await play.until(closes.due + timedelta(hours=1))
    await play.resolve(second, "dismissed")
    seen = await play.waits(lambda seen: seen.open_objections == (first,))
    assert seen.step == "C4"
    assert [limit.subject for limit in seen.limits if limit.limit.clause == "T7"] == [
        f"异议 {first}"
    ]
    await play.resolve(first, "dismissed")
    await play.reaches("C5")


@pytest.mark.clause("G1", "G3")
async def test_an_open_objection_outlasts_a_return(stage: Stage) -> None:
    play, first = await objected(stage)
    second = await play.object("房屋不安全（合成）")
    await play.waits(lambda seen: len(seen.limits) == 3)
    await play.resolve(first, "upheld", return_to="C3")
    seen = await play.reaches("C3", 2)
    assert seen.open_objections == (second,)
    assert f"异议 {second}" in [limit.subject for limit in seen.limits]
    await play.act("C3")
    await play.reaches("C4", 2)
    await play.until((await play.limit("T1")).due + timedelta(hours=1))
    assert (await play.status()).step == "C4"
    await play.resolve(second, "dismissed")
    await play.reaches("C5", 2)


@pytest.mark.clause("G1", "A7")
async def test_only_the_publishing_body_resolves(stage: Stage) -> None:
    play, objection = await objected(stage)
    for office in ("A5/" + play.code, "A6/" + play.code[:4] + "00", "A7/420000", "A9/410000"):
        with pytest.raises(Refused, match=f"{office} may not resolve {objection} here"):
            await play.resolve(objection, "dismissed", office=office)
    with pytest.raises(Refused, match="return_to: C5 is no step"):
        await play.resolve(objection, "upheld", return_to="C5")
    assert (await play.status()).open_objections == (objection,)


@pytest.mark.clause("G1", "G8")
async def test_who_gave_a_name_is_answered_and_named_nowhere_else(stage: Stage) -> None:
    play = await stage.opens(at(11, 16), direct=True)
    await play.pass_until("C4")
    named = await play.object(objector="钱某某", contact="qian@example.org")
    anonymous = await play.object("匿名反映（合成）")
    await play.waits(lambda seen: len(seen.limits) == 3)
    await play.resolve(named, "dismissed", reason="经查无此情况（合成）")
    await play.resolve(anonymous, "dismissed")
    (answer,) = await play.has_told("答复", 1)
    assert answer["recipient"] == {
        "name": "钱某某",
        "office": None,
        "township": None,
        "contact": "qian@example.org",
    }
    assert "经查无此情况（合成）" in answer["text"]
    await play.end_publicity()
    await play.reaches("C5")
    entries = await play.file()
    assert len(play.told("答复")) == 1
    described = await play.handle.describe()
    public = [entry.text for entry in entries]
    public += [entry.actor for entry in entries]
    public += [notice.markdown + notice.html for notice in stage.registry.notices(play.case_id)]
    public += [str(described.typed_search_attributes), (await play.status()).model_dump_json()]
    assert not [text for text in public if "钱某某" in text or "qian@" in text]
    inside = [entry for entry in entries if "qian@" in entry.model_dump_json()]
    assert [entry.kind for entry in inside] == [EntryKind.OBJECTION]


@pytest.mark.clause("G1")
@pytest.mark.parametrize("finding", ["dismissed", "upheld"])
async def test_a_reason_may_be_as_long_as_a_text_can_be(stage: Stage, finding: str) -> None:
    play = await stage.opens(at(11, 16), direct=True)
    await play.pass_until("C4")
    objection = await play.object(objector="钱某某")
    await play.waits(lambda seen: len(seen.limits) == 2)
    await play.resolve(objection, finding, reason="长文" * 2000)
    (answer,) = await play.has_told("答复", 1)
    assert "长文" * 1500 in answer["text"]
    if finding == "upheld":
        assert (await play.ends()).ending is Ending.NOT_EXITED


@pytest.mark.clause("G1", "T7", "T8")
async def test_two_reminders_of_one_moment_are_both_sent(stage: Stage) -> None:
    play, _ = await objected(stage)
    await play.object("房屋不安全（合成）")
    await play.waits(lambda seen: len(seen.limits) == 3)
    due = {each.limit.due for each in (await play.status()).limits if each.limit.clause == "T7"}
    assert len(due) == 1
    await play.until(min(due) - timedelta(days=3) + timedelta(seconds=1))

    async def on_file() -> bool:
        return len(await play.says_told("提醒")) == 2

    await eventually(on_file)
    assert len({line["subject"] for line in play.told("提醒")}) == 2
