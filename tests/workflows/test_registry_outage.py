"""The registry out of reach: the case waits, and nothing is lost or published too short."""

from collections.abc import AsyncIterator
from datetime import date, timedelta

import pytest
from temporalio.exceptions import ApplicationError

from activities import ledger
from activities.notices import NoticeBoard
from models.case.ledger import EntryKind
from models.case.mending import Mending
from models.case.messages import Ending
from models.orders import KEPT_LATE
from models.periods import beijing
from tests.play import Play, events_of_every_run, eventually
from tests.stage import YEAR, Stage, at
from tests.workflows.reckoning import last_day, midnight


async def felt(play: Play, name: str) -> None:
    """Wait until the case has asked in vain."""

    async def asked() -> bool:
        return play.stage.outages.felt(play.case_id, name)

    await eventually(asked, lambda: f"{name} was not asked for")


@pytest.mark.clause("C4", "T1")
async def test_a_notice_posted_past_midnight_has_its_full_period(stage: Stage) -> None:
    play = await stage.opens(at(11, 16, 23, 58), direct=True)
    await play.reaches("C3")
    stage.outages.begin(play.case_id, "publish_notice")
    await play.act("C3")
    await felt(play, "publish_notice")
    await play.until(at(11, 17, 0, 0, 5))
    stage.outages.end(play.case_id)
    await play.until(at(11, 17, 0, 2))
    await play.reaches("C4")
    closes = await play.limit("T1")
    assert closes.request.start is not None
    assert beijing(closes.request.start).date() == at(11, 17).date()
    *_, entry = await play.entries(EntryKind.NOTICE)
    (posted,) = stage.registry.notices(play.case_id)  # none bears the day before
    assert entry.data["notice"]["sha256"] == posted.sha256  # type: ignore[index,call-overload]
    assert beijing(posted.posted_at).date() == at(11, 17).date()
    assert posted.replaces is None


@pytest.mark.clause("G1", "T7")
async def test_an_objection_accepted_past_midnight_has_its_days_from_its_receipt(
    stage: Stage,
) -> None:
    play = await stage.opens(at(11, 16, 23, 58), direct=True)
    await play.reaches("C3")
    stage.outages.begin(play.case_id, "publish_notice")
    await play.act("C3")
    await felt(play, "publish_notice")
    await play.object()
    await play.until(at(11, 17, 0, 0, 5))
    stage.outages.end(play.case_id)
    await play.until(at(11, 17, 0, 2))
    due = (await play.limit("T7")).due
    (accepted,) = await play.entries(EntryKind.OBJECTION_ACCEPTED)
    assert beijing(accepted.at).date() == date(YEAR, 11, 17)
    assert due == midnight(last_day(date(YEAR, 11, 16), 15))


@pytest.mark.clause("C7", "G7")
async def test_orders_that_all_come_late_are_refused_once_and_carried_out(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a busy evening every order waits for a worker."""
    play = await stage.opens(at(11, 16))
    await play.reaches("C2")
    with monkeypatch.context() as busy:
        busy.setattr(ledger, "_LATE", timedelta(days=-1))
        await play.pass_until("C7")
        await play.act("C7")
        assert (await play.ends()).ending is Ending.EXITED
    late = [each async for each in refused_late(play)]
    # The counts of C3 and of C7, each as the step opens; that of the approval of C3; notice; exit.
    assert len(late) == 5


async def refused_late(play: Play) -> AsyncIterator[str]:
    """What the orders that came late were to bring, by number of the order."""
    async for event in events_of_every_run(play):
        failed = event.activity_task_failed_event_attributes
        if failed.failure.application_failure_info.type == KEPT_LATE:
            yield str(failed.scheduled_event_id)


@pytest.mark.clause("G7")
@pytest.mark.server
async def test_what_comes_in_while_the_registry_is_away_is_kept(stage: Stage) -> None:
    play = await stage.opens(at(11, 16))
    await play.pass_until("C5")
    await play.file()
    stage.outages.begin(play.case_id, "write_ledger")
    await play.act("C5")
    await felt(play, "write_ledger")
    await play.act("C6")
    objection = await play.object()
    kept = stage.registry.ledger(play.case_id)
    assert "C6" not in [entry.step for entry in kept if entry.kind is EntryKind.ACT]
    stage.outages.end(play.case_id)
    seen = await play.reaches("C7")
    assert seen.open_objections == (objection,)
    await play.file()


@pytest.mark.clause("C7")
async def test_the_register_is_changed_once_it_can_be(stage: Stage) -> None:
    play = await approved_in_an_outage(stage)
    given = {"id": "w-1", "office": play.office("C1"), "officer": "某甲", "reason": "合成"}
    said = await play.update("withdraw", given)
    assert "too late, the register is being changed" in said
    await is_over(play)
    assert (await play.ends()).ending is Ending.EXITED
    await play.file()
    assert standings(play) == ["listed", "exited"]


async def approved_in_an_outage(stage: Stage) -> Play:
    """A county that is approved and cannot be struck off for a while."""
    play = await stage.opens(at(11, 16), direct=True, tier="provincial")
    await play.pass_until("C7")
    stage.outages.begin(play.case_id, "strike_off_county")
    await play.act("C7", document_number="合成〔9〕号")
    await felt(play, "strike_off_county")
    return play


async def is_over(play: Play) -> None:
    """The outage is over."""
    play.stage.outages.end(play.case_id)
    await play.until(await play.now() + timedelta(minutes=1))


@pytest.mark.clause("G2", "C7")
@pytest.mark.parametrize(
    ("finding", "ending", "stands"),
    [
        ("dismissed", Ending.EXITED, ["listed", "exited"]),
        ("upheld", Ending.NOT_EXITED, ["listed"]),
    ],
)
async def test_a_report_in_an_outage_holds_up_the_change(
    stage: Stage, finding: str, ending: Ending, stands: list[str]
) -> None:
    play = await approved_in_an_outage(stage)
    report = await play.object("举报住房不实（合成）")
    await is_over(play)
    seen = await play.waits(lambda seen: seen.waiting_for == "A7/410000")
    assert (seen.step, seen.open_objections) == ("C7", (report,))
    assert standings(play) == ["listed"]
    await play.resolve(report, finding)
    outcome = await play.ends()
    assert outcome.ending is ending
    assert standings(play) == stands
    await play.file()


@pytest.mark.clause("G2", "C7")
async def test_who_still_stands_in_line_holds_up_the_change_too(own_stage: Stage) -> None:
    play = await approved_in_an_outage(own_stage)
    await own_stage.crew.goes()
    for number in range(3):  # more than is heard in one turn
        await play.signal("object", {"id": f"long-{number}", "text": "路" * 200_000})
    await play.signal("object", {"id": "o-1", "text": "举报住房不实（合成）"})
    await own_stage.crew.comes()
    await is_over(play)
    seen = await play.waits(lambda seen: seen.waiting_for == "A7/410000")
    assert seen.open_objections == ("o-1",)
    assert standings(play) == ["listed"]


@pytest.mark.clause("G7", "C7")
async def test_a_request_to_mend_is_heard_while_the_register_is_told(stage: Stage) -> None:
    """Its own file may be why the registry refuses the order."""
    play = await approved_in_an_outage(stage)
    asked = Mending(officer="某己", reason="疑与登记不符（合成）").content()
    for _ in range(2):  # the second would be told that the first is under way
        await play.handle.execute_update("mend", asked)
        await play.status()
    await is_over(play)
    assert (await play.ends()).ending is Ending.EXITED
    await play.file()


@pytest.mark.clause("G2", "C7", "F7", "T7")
async def test_a_report_that_came_after_the_change_is_followed_after_the_exit(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The county is off the list, and the case has not heard so when somebody reports."""
    play = await stage.opens(at(11, 16), direct=True, tier="provincial")
    await play.pass_until("C7")
    with monkeypatch.context() as patched:
        patched.setattr(NoticeBoard, "show", in_vain)
        await play.act("C7", document_number="合成〔9〕号")

        async def is_out() -> bool:
            return standings(play) == ["listed", "exited"]

        await eventually(is_out)
        report = await play.object("举报住房不实（合成）")
    await play.until(await play.now() + timedelta(minutes=1))
    seen = await play.waits(lambda seen: seen.waiting_for == "A7/410000")
    assert (seen.outcome, seen.open_objections) == (None, (report,))
    assert [each.limit.clause for each in seen.limits] == ["T7"]
    await play.resolve(report, "upheld", reason="住房不实（合成）")
    outcome = await play.ends()
    assert (outcome.ending, outcome.by) == (Ending.EXITED, "A9/410000")
    assert standings(play) == ["listed", "exited"]
    (told,) = await play.has_told("举报", 1)
    assert told["recipient"]["office"] == "A9/410000"
    assert told["subject"].endswith(f"举报 {report} 成立")
    assert "应予撤销的，另行作出撤销决定（F7）" in told["text"]
    await play.file()


@pytest.mark.clause("C7", "S3")
async def test_what_is_announced_past_midnight_bears_the_day_of_that(stage: Stage) -> None:
    """Signed on 30 November, out from then on; announced, and counted anew, on 1 December."""
    play = await stage.opens(at(11, 16), direct=True, tier="provincial")
    await play.pass_until("C7")
    await play.until(at(11, 30, 23, 58))
    stage.outages.begin(play.case_id, "strike_off_county")
    await play.act("C7", document_number="合成〔9〕号")
    await felt(play, "strike_off_county")
    await play.until(at(12, 1, 0, 0, 5))
    stage.outages.end(play.case_id)
    await play.until(at(12, 1, 0, 2))
    assert (await play.ends()).ending is Ending.EXITED
    *_, exited = stage.registry.county_record(play.code).standings
    assert exited.since == date(YEAR, 11, 30)
    notice = stage.registry.notices(play.case_id)[-1]
    assert beijing(notice.posted_at).date() == date(YEAR, 12, 1)
    assert f"自{YEAR}年11月30日起退出贫困县序列" in notice.markdown
    assert notice.markdown.endswith(f"\n{YEAR}年12月1日\n")
    await play.file()


def in_vain(*_: object) -> None:
    """What cannot be done now."""
    raise ApplicationError("out of reach")


def standings(play: Play) -> list[str]:
    """What the register says of the county, from the beginning."""
    county = play.stage.registry.county_record(play.code)
    return [standing.status.value for standing in county.standings]
