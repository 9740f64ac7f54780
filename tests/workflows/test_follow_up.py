"""The follow-up of a township's exited households (F1, F5)."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import pytest
from temporalio.client import Client

from models.case.ledger import EntryKind
from models.case.messages import Ending
from operators.desk.desk import Refused
from tests.crew import apart
from tests.follow_up_stage import (
    calls_round,
    follow_up_of,
    opens_follow_up,
    put_exited,
    settings_kept_up,
    starts_follow_up,
    visited,
)
from tests.play import eventually
from tests.registry import places
from tests.stage import YEAR, Stage, at, set_stage, set_stage_on
from tests.village_stage import put_household, put_village

pytestmark = pytest.mark.clause("F5")

OPENS = at(1, 5, 9)


@pytest.fixture(scope="module")
async def followed(
    nightly_server: Client | None, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Stage]:
    """A stage on which support is kept up."""
    settings = settings_kept_up(tmp_path_factory.mktemp("followed"))
    async with set_stage_on(nightly_server, settings) as stage:
        yield stage


@pytest.fixture
async def followed_on_server(
    server: Client, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Stage]:
    """Such a stage on a server; nothing is cached, so every task is a replay."""
    settings = settings_kept_up(tmp_path_factory.mktemp("followed"))
    async with set_stage(await apart(server), settings, max_cached_workflows=0) as stage:
        yield stage


@pytest.mark.clause("F1", "G7")
async def test_a_year_is_visited_and_closed(followed_on_server: Stage) -> None:
    case, (first, second, third) = await opens_follow_up(followed_on_server, OPENS, 3)
    seen = await case.reaches("K1")
    assert seen.waiting_for == f"A5/{case.code[:6]}"
    (limit,) = seen.limits
    assert (limit.limit.clause, limit.subject) == ("F5", "K1 跟踪回访（尚有3户待访）")
    assert limit.limit.due == at(12, 1, 0)
    assert str(limit.office) == seen.waiting_for

    await case.until(at(3, 1))
    (village, *_) = {
        each.village_code
        for each in followed_on_server.registry.follow_ups.due(YEAR, case.code[:6])
    }
    await case.visit(first, office=f"A1/{village}")
    await case.waits(lambda seen: seen.limits[0].subject == "K1 跟踪回访（尚有2户待访）")
    with pytest.raises(Refused, match="2 of 3 households are not visited yet"):
        await case.act("K1")
    found = visited(second, at(3, 1).date(), stable=False, note="务工中断（合成）", risk="unstable")
    await case.visit(visits=[found, visited(third, at(2, 10).date())])
    (told,) = await case.has_told("返贫风险", 1)
    assert told["recipient"]["office"] == f"A5/{case.code[:6]}"
    assert told["subject"].endswith("1户回访认定为不稳定")
    assert second in told["text"]
    assert "启动返贫纳入程序" in told["text"]
    ready = await case.has_told("办理", 2)
    assert ready[1]["subject"].endswith("K1 跟踪回访均已回访，待办结")

    await case.act("K1", document_number="合成〔K1〕号")
    outcome = await case.ends()
    assert outcome.ending is Ending.CONCLUDED
    assert outcome.reason == "应访3户，已回访3户"
    file = await case.file()
    (opening,) = [each for each in file if each.kind is EntryKind.OPENED]
    application: Any = opening.data["application"]
    assert application["as_of"] == f"{YEAR}-01-05"
    listed, *_ = [each for each in file if each.kind is EntryKind.CHECKS]
    due: Any = listed.data["due"]
    assert (due["count"], due["households"]) == (3, sorted([first, second, third]))
    assert EntryKind.BREACH not in [each.kind for each in file]
    # Nothing changed by itself: the household stands as it stood.
    record = followed_on_server.registry.register.household(second, at(3, 2).date())
    assert record.state == "exited"
    assert [(each.made_on, each.stable) for each in record.visits] == [(at(3, 1).date(), False)]
    assert [each.reason for each in record.risks] == ["务工中断（合成）"]


@pytest.mark.clause("G4", "T8")
async def test_the_end_of_the_year_is_a_breach_and_ends_nothing(followed: Stage) -> None:
    case, (first, second) = await opens_follow_up(followed, OPENS)
    await case.limit("F5")
    await case.visit(first, visits=[visited(first, OPENS.date())])
    await case.waits(lambda seen: "尚有1户" in seen.limits[0].subject)
    await case.until(at(11, 28, 0, 1))
    reminded = await case.has_told("提醒", 1)
    assert "K1 跟踪回访（尚有1户待访）距期限届满" in reminded[0]["subject"]
    await case.until(at(12, 1, 0, 1))
    late = await case.has_told("逾期", 2)
    county = case.code[:6]
    assert {each["recipient"]["office"] for each in late} == {
        f"A5/{county}",
        f"A6/{county[:4]}00",
    }
    seen = await case.waits(lambda seen: seen.overdue)
    assert (seen.outcome, seen.step) == (None, "K1")
    await case.until(at(12, 4, 0, 1))
    await case.has_told("逾期", 4)
    await case.act("K1", reason="户主外出务工，未能见到（合成）")
    assert (await case.ends()).reason == "应访2户，已回访1户"
    file = await case.file()
    kinds = [each.kind for each in file]
    assert kinds.count(EntryKind.BREACH) == kinds.count(EntryKind.LATE) == 1
    (left,) = [each for each in file if "not_visited" in each.data]
    assert left.data["not_visited"] == [second]
    assert left.text == f"未回访1户：{second}，理由：户主外出务工，未能见到（合成）"
    due = {each.household: each.made_on for each in followed.registry.follow_ups.due(YEAR)}
    assert (due[first], due[second]) == (OPENS.date(), None)


@pytest.mark.clause("F7")
async def test_who_falls_back_within_the_year_is_due_no_more(followed: Stage) -> None:
    case, (first, second, third, fourth) = await opens_follow_up(followed, OPENS, 4)
    await case.limit("F5")
    engine = followed.settings.engine()
    places.falls_back(engine, second, at(2, 1).date())
    await case.until(at(3, 1))
    await case.visit(first)
    await case.waits(lambda seen: "尚有2户" in seen.limits[0].subject)
    # Nobody reports anything more: the register is asked before the county is reminded.
    places.falls_back(engine, third, at(11, 1).date())
    await case.until(at(11, 28, 0, 1))
    reminded = await case.has_told("提醒", 1)
    assert "K1 跟踪回访（尚有1户待访）距期限届满" in reminded[0]["subject"]
    # The same day again, behind the reminder: with the closing act it is asked once more.
    places.falls_back(engine, fourth, at(11, 28).date())
    await case.act("K1", reason="已返贫纳入（合成）")
    assert (await case.ends()).reason == "应访4户，已回访1户，3户已重新登记为扶贫对象"
    file = await case.file()
    assert [each for each in file if "not_visited" in each.data] == []
    assert [each.text for each in file if "back" in each.data] == [
        f"1户已重新登记为扶贫对象，本年度不再回访：{second}（{YEAR}-02-01返贫），尚有2户待访",
        f"1户已重新登记为扶贫对象，本年度不再回访：{third}（{YEAR}-11-01返贫），尚有1户待访",
        f"1户已重新登记为扶贫对象，本年度不再回访：{fourth}（{YEAR}-11-28返贫），尚有0户待访",
    ]


async def test_marks_are_set_lifted_and_refused(followed: Stage) -> None:
    case, (first, _) = await opens_follow_up(followed, OPENS)
    await case.reaches("K1")
    receipt = await case.mark(first)
    assert receipt.text.endswith(f"标注{first}户风险：突发困难户，理由：户主患大病（合成）")
    with pytest.raises(Refused, match="is marked as sudden_hardship already"):
        await case.mark(first)
    with pytest.raises(Refused, match="is not due in"):
        await case.mark("SL-none")
    await case.mark(first, lifted=True, reason="医疗救助到位（合成）")
    assert len(await case.entries(EntryKind.RISK)) == 2
    (mark,) = followed.registry.register.household(first, at(2, 1).date()).risks
    assert mark.until is not None


async def test_signals_take_the_same_way_and_refusals_are_on_file(followed: Stage) -> None:
    case, (first, _) = await opens_follow_up(followed, OPENS)
    await case.reaches("K1")
    report = {
        "id": "s-1",
        "office": f"A5/{case.code[:6]}",
        "officer": "某丙",
        "visits": [visited(first, OPENS.date())],
    }
    await case.signal("visit", report)
    await case.signal("visit", report)
    await case.waits(lambda seen: "尚有1户" in seen.limits[0].subject)
    await case.signal("visit", report | {"id": "s-2"})
    await case.signal("object", {"id": "o-1", "text": "异议（合成）"})
    await case.signal("withdraw", {"id": "w-1"})

    async def all_refused() -> bool:
        return len(await case.refused()) == 3

    await eventually(all_refused)
    said = await case.refused()
    assert "was visited already" in said[0]
    assert "object: this case takes act, visit, mark" in said[1]
    assert "withdraw: this case takes act, visit, mark" in said[2]
    assert "takes act, visit, mark" in await case.update("object", {"id": "o-1", "text": "x"})


@pytest.mark.clause("F1")
async def test_a_round_opens_each_township_once_however_often_it_is_called(
    followed: Stage,
) -> None:
    county = followed.county()
    village = put_village(followed, county, poor=0)
    assert (await calls_round(followed, "FollowUpRound", county, OPENS))[0].left_out == (
        f"截至{YEAR}-01-05，{county}无已脱贫户",
    )
    put_exited(followed, village, 1)
    put_household(followed, village, 2)
    case = await follow_up_of(followed, village[:9], OPENS)
    for later in (at(1, 6), at(6, 1)):
        result, _ = await calls_round(followed, "FollowUpRound", county, later)
        assert (result.started, result.there) == ((), (case.case_id,))
    await case.reaches("K1")
    await case.visit(followed.registry.follow_ups.due(YEAR, county)[0].household)
    await case.act("K1")
    await case.ends()
    result, _ = await calls_round(followed, "FollowUpRound", county, at(7, 1))
    assert (result.started, result.there) == ((), (case.case_id,))
    # Of the next year there is another.
    next_year = at(1, 5, 9, year=YEAR + 1)
    result, _ = await calls_round(followed, "FollowUpRound", county, next_year)
    assert result.started == (f"follow-up/{village[:9]}/{YEAR + 1}",)
    over = at(1, 5, 9, year=YEAR + 2)
    result, _ = await calls_round(followed, "FollowUpRound", county, over)
    assert result.started == ()
    assert result.left_out[0].startswith(f"帮扶政策保持至{YEAR + 1}-12-31")


@pytest.mark.parametrize(
    ("received", "said"),
    [(None, "is due in"), (OPENS, "is not when the case was started")],
)
async def test_a_case_that_cannot_be_right_is_not_admitted(
    followed: Stage, received: datetime | None, said: str
) -> None:
    """The register changed between the round and its case, or somebody started one by hand."""
    county = followed.county()
    put_village(followed, county, poor=0)
    case = await starts_follow_up(followed, f"{county}100", OPENS, received_at=received)
    outcome = await case.ends()
    assert outcome.ending is Ending.NOT_ADMITTED
    assert said in outcome.reason
    assert followed.registry.follow_ups.due(YEAR, county) == ()
