"""How a village's case is opened, once, by whom, and how the county takes it back (G6, G9)."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import select
from temporalio.client import WorkflowFailureError

from models.case.messages import Ending
from models.offices import Village
from models.village.messages import VillageOpening
from operators.desk.desk import Refused
from registry.database.engine import reading
from registry.tables import VillageStatusRow
from tests.play import eventually
from tests.play import not_admitted as turned_away
from tests.registry.known import village_facts
from tests.stage import YEAR, Stage, at
from tests.village_stage import (
    VillagePlay,
    known_village,
    opens_for_village,
    opens_village,
    opens_village_directly,
    put_village,
    village_application,
)
from workers.catalogue import TASK_QUEUE

REASON = "数据需要复核（合成）"


async def bypassing(
    stage: Stage, of: Village, begins: datetime, *, attempt: str = "", **changes: Any
) -> VillagePlay:
    """Open a case past the desk."""
    opening = VillageOpening(
        case_id=f"village-exit/{of.code}/{YEAR}{attempt}",
        application=village_application(of.code, **changes),
        subject=of,
        policy=stage.policy,
    )
    return await opens_village_directly(stage, opening, begins)


async def not_admitted(play: VillagePlay) -> str:
    """The sentence of a case that was not admitted."""
    return await turned_away(play, "V1")


@pytest.mark.clause("V1", "G6")
async def test_what_the_register_says_against_it_starts_nothing(stage: Stage) -> None:
    code, said = (
        put_village(stage, stage.county(), planned=False),
        f"not in the plan of {YEAR} (G6)",
    )
    with pytest.raises(Refused) as refusal:
        await opens_for_village(stage, code, at(11, 16))
    assert said in str(refusal.value)
    past_the_desk = await bypassing(stage, known_village(stage, code), at(11, 16))
    assert said in await not_admitted(past_the_desk)


@pytest.mark.clause("V1")
async def test_an_unknown_village_is_refused(stage: Stage) -> None:
    with pytest.raises(Refused, match="village 419999100001: the register knows no village"):
        await opens_for_village(stage, "419999100001", at(11, 16))


@pytest.mark.clause("V1", "V3")
async def test_a_village_other_than_the_registers_is_not_admitted(stage: Stage) -> None:
    code = put_village(stage, stage.county())
    made_direct = known_village(stage, code).model_copy(update={"directly_administered": True})
    said = await not_admitted(await bypassing(stage, made_direct, at(11, 16)))
    assert "another village than the register has" in said
    assert "directly_administered True for False" in said


@pytest.mark.clause("V1")
async def test_an_application_received_in_the_future_is_not_admitted(stage: Stage) -> None:
    village = known_village(stage, put_village(stage, stage.county()))
    opening = VillageOpening(
        case_id=f"village-exit/{village.code}/{YEAR}",
        application=village_application(village.code),
        subject=village,
        policy=stage.policy,
        received_at=at(11, 17),
    )
    play = await opens_village_directly(stage, opening, at(11, 16))
    assert "received_at: " in await not_admitted(play)


@pytest.mark.clause("G9")
async def test_one_open_case_per_village_and_year(stage: Stage) -> None:
    first = await opens_village(stage, at(11, 16))
    await first.reaches("V1")
    await first.file()
    with pytest.raises(Refused, match=f"{first.case_id} .*G9"):
        await opens_for_village(stage, first.code, at(11, 17))
    village = known_village(stage, first.code)
    second = await bypassing(stage, village, at(11, 17), attempt="/2")
    said = await not_admitted(second)
    assert said.endswith(f"already has an open case for {YEAR}: {first.case_id} (G9)")
    assert (await first.status()).step == "V1"


@pytest.mark.clause("V1")
async def test_an_input_that_is_none_fails_at_once(stage: Stage) -> None:
    handle = await stage.desk.client.start_workflow(
        "VillageExit",
        {"application": {"village": "none"}},
        id="village-exit/undecodable",
        task_queue=TASK_QUEUE,
    )
    with pytest.raises(WorkflowFailureError):
        await handle.result()


@pytest.mark.clause("V2", "V3", "G9", "A5")
async def test_the_county_withdraws_and_takes_the_village_up_again(stage: Stage) -> None:
    first = await opens_village(stage, at(3, 1))
    await first.is_surveyed()
    with pytest.raises(Refused, match=r"may not withdraw the application here; 合成.*县"):
        await first.withdraw(office=first.office("V3"))
    await first.withdraw(reason=REASON)
    outcome = await first.ends()
    assert (outcome.ending, outcome.step, outcome.reason) == (Ending.WITHDRAWN, "V2", REASON)
    await first.file()

    second = await opens_for_village(stage, first.code, at(11, 16))
    assert second.case_id == f"village-exit/{first.code}/{YEAR}/2"
    await second.is_reported()
    await second.withdraw(reason=REASON)
    outcome = await second.ends()
    assert (outcome.ending, outcome.step) == (Ending.WITHDRAWN, "V3")
    assert village_facts(stage.registry, first.code, YEAR, at(12, 31).date()).listed


# -- the register out of reach ----------------------------------------------------------------


async def felt(play: VillagePlay, name: str) -> None:
    """Wait until the case has asked in vain."""

    async def asked() -> bool:
        return play.stage.outages.felt(play.case_id, name)

    await eventually(asked, lambda: f"{name} was not asked for")


@pytest.mark.clause("V3", "S5", "G7")
async def test_v3_opens_once_the_register_has_counted(stage: Stage) -> None:
    play = await opens_village(stage, at(11, 16))
    await play.is_surveyed()
    stage.outages.begin(play.case_id, "village_incidence")
    await play.end_publicity()
    await felt(play, "village_incidence")
    said = await play.update("act", play.message("V3", office=play.office("V1")))
    assert "V3 is not open; the register is being asked about V3 批准退出" in said
    report = await play.object("举报（合成）")
    stage.outages.end(play.case_id)
    await play.until(await play.now() + timedelta(minutes=1))
    seen = await play.reaches("V3")
    assert seen.open_objections == (report,)
    await play.report()
    await play.waits(lambda seen: seen.waiting_for == play.office("V3"))


@pytest.mark.clause("V3", "G2")
async def test_the_register_is_changed_once_it_can_be_and_no_report_is_open(stage: Stage) -> None:
    play = await opens_village(stage, at(11, 16))
    await play.is_reported()
    stage.outages.begin(play.case_id, "strike_off_village")
    await play.act("V3")
    await felt(play, "strike_off_village")
    report = await play.object("举报（合成）")
    stage.outages.end(play.case_id)
    await play.until(await play.now() + timedelta(minutes=1))
    assert (await play.status()).open_objections == (report,)
    await play.resolve(report, "dismissed")
    assert (await play.ends()).ending is Ending.EXITED
    await play.file()


@pytest.mark.clause("V3")
async def test_a_village_that_left_otherwise_meanwhile_ends_as_not_exited(stage: Stage) -> None:
    play = await opens_village(stage, at(11, 16))
    await play.is_reported()
    other = await opens_for_village(
        stage,
        play.code,
        at(11, 26, year=YEAR + 1),
        year=YEAR + 1,
        plan_addition={"reason": "合成", "document_number": "合成〔6〕号"},
    )
    await other.is_reported()
    await other.act("V3", at=None)
    assert (await other.ends()).ending is Ending.EXITED
    await play.act("V3")
    outcome = await play.ends()
    assert outcome.ending is Ending.NOT_EXITED
    with reading(stage.settings.engine()) as session:
        left = session.exec(
            select(VillageStatusRow).where(VillageStatusRow.case_id == other.case_id)
        ).one()
    assert outcome.reason is not None
    assert outcome.reason.endswith(f"已于{left.since}退出（{other.case_id}案卷第{left.seq}条）")
