"""C1 admission: what may open a case, whichever way it was started (T2, G5, G6, G9)."""

from datetime import datetime
from typing import Any

import pytest
from temporalio.client import WorkflowExecutionStatus, WorkflowFailureError

from models.case.ledger import EntryKind
from models.county.messages import CountyOpening
from models.offices import County, Division
from operators.desk.desk import Refused
from operators.desk.registry import rehearsed_at
from tests.models import samples
from tests.play import Play
from tests.play import not_admitted as turned_away
from tests.stage import YEAR, Stage, application, at
from workers.catalogue import TASK_QUEUE

UNKNOWN = samples.county().model_copy(
    update={
        "code": "429999",
        "name": "无名县",
        "city": Division(code="429900", name="无名市"),
    }
)


async def bypassing(
    stage: Stage,
    of: County,
    begins: datetime,
    *,
    attempt: str = "",
    case_year: int = YEAR,
    **changes: Any,
) -> Play:
    """Open a case past the desk."""
    opening = CountyOpening(
        case_id=f"county-exit/{of.code}/{case_year}{attempt}",
        application=application(**({"code": of.code} | changes)),
        subject=of,
        policy=stage.policy,
    )
    return await stage.opens_directly(opening, begins)


async def not_admitted(play: Play) -> str:
    """The sentence of a case that was not admitted."""
    return await turned_away(play, "C1")


@pytest.mark.clause("C1")
async def test_an_unknown_county_is_not_admitted(stage: Stage) -> None:
    said = await not_admitted(await bypassing(stage, UNKNOWN, at(11, 16)))
    assert said.startswith("county 429999: the register knows no such code")


@pytest.mark.clause("C1")
async def test_a_county_that_differs_from_the_register_is_not_admitted(stage: Stage) -> None:
    known = stage.known(stage.county())
    made_direct = known.model_copy(update={"directly_administered": True})
    said = await not_admitted(await bypassing(stage, made_direct, at(11, 16)))
    assert "directly_administered True for False" in said


@pytest.mark.clause("C1")
async def test_an_application_for_another_county_than_the_case_is_not_admitted(
    stage: Stage,
) -> None:
    mine, other = stage.known(stage.county()), stage.county()
    play = await bypassing(stage, mine, at(11, 16), code=other)
    assert f"code '{mine.code}' for '{other}'" in await not_admitted(play)


@pytest.mark.clause("G6")
async def test_an_unplanned_county_joins_the_plan_with_a_reason(stage: Stage) -> None:
    with pytest.raises(Refused, match=r"not in the plan of .* \(G6\)"):
        await stage.opens(at(11, 16), planned=False)
    addition = {"reason": "应退则退（合成）", "document_number": "合成〔3〕号"}
    play = await stage.opens(at(11, 16), planned=False, plan_addition=addition)
    await play.reaches("C2")
    (entry,) = await play.entries(EntryKind.PLAN_ADDITION)
    assert "应退则退（合成）" in entry.text
    plans = stage.registry.county_record(play.code).plans
    (added,) = [plan for plan in plans if plan.year == YEAR]
    assert (added.addition, added.reason, added.document) == (
        True,
        "应退则退（合成）",
        "合成〔3〕号",
    )


@pytest.mark.clause("G6")
async def test_a_planned_county_is_not_added_to_the_plan(stage: Stage) -> None:
    addition = {"reason": "多余（合成）", "document_number": "合成〔3〕号"}
    play = await stage.opens(at(11, 16), plan_addition=addition)
    await play.reaches("C2")
    assert not await play.entries(EntryKind.PLAN_ADDITION)


@pytest.mark.clause("G9")
async def test_a_second_case_of_a_county_and_year_is_refused(stage: Stage) -> None:
    first = await stage.opens(at(11, 16))
    await first.reaches("C2")
    await first.file()
    with pytest.raises(Refused, match=f"{first.case_id} .*G9"):
        await stage.opens_for(first.code, at(11, 17))
    second = await bypassing(stage, stage.known(first.code), at(11, 17), attempt="/2")
    said = await not_admitted(second)
    assert said.endswith(f"already has an open case for {YEAR}: {first.case_id} (G9)")
    assert (await first.status()).step == "C2"


@pytest.mark.clause("G9")
async def test_a_second_start_before_the_first_has_begun_is_refused(stage: Stage) -> None:
    code = stage.county()
    with stage.skipper.with_time_skipping_disabled(), rehearsed_at(at(11, 16)):
        first = await stage.desk.open(application(code))
        with pytest.raises(Refused, match=f"{first} .*G9"):
            await stage.desk.open(application(code))
    await stage.desk.client.get_workflow_handle(first).terminate()


@pytest.mark.clause("G9")
async def test_after_a_withdrawal_the_next_attempt_has_its_own_id_and_file(stage: Stage) -> None:
    first = await stage.opens(at(3, 1))
    await first.reaches("C2")
    await first.withdraw()
    await first.ends()
    await first.file()
    second = await stage.opens_for(first.code, at(11, 16))
    assert (first.case_id, second.case_id) == (
        f"county-exit/{first.code}/{YEAR}",
        f"county-exit/{first.code}/{YEAR}/2",
    )
    await second.reaches("C2")
    assert (await second.file())[0].kind is EntryKind.OPENED


@pytest.mark.clause("G9")
async def test_a_rejected_county_has_no_second_case_in_its_year(stage: Stage) -> None:
    first = await stage.opens(at(3, 1))
    await first.reaches("C2")
    await first.act("C2", "reject", reason="未达标（合成）")
    await first.ends()
    await first.file()
    with pytest.raises(Refused, match=rf"{first.case_id}.*next year \(G3\)"):
        await stage.opens_for(first.code, at(11, 16))


@pytest.mark.clause("T2", "G5")
async def test_a_late_application_without_a_reason_is_not_admitted(stage: Stage) -> None:
    begins = at(1, 2, year=YEAR + 1)
    play = await bypassing(stage, stage.known(stage.county()), begins)
    said = await not_admitted(play)
    assert said == (f"the application comes after {YEAR}-12-31 24:00 (T2); give a late_reason (G5)")


@pytest.mark.clause("C1")
async def test_an_input_that_is_none_fails_at_once(stage: Stage) -> None:
    handle = await stage.desk.client.start_workflow(
        "CountyExit",
        {"application": {"county": "none"}},
        id="county-exit/undecodable",
        task_queue=TASK_QUEUE,
    )
    with pytest.raises(WorkflowFailureError):
        await handle.result()
    assert (await handle.describe()).status is WorkflowExecutionStatus.FAILED


@pytest.mark.clause("C1", "T2")
async def test_an_application_is_not_received_in_the_future(stage: Stage) -> None:
    county = stage.known(stage.county())
    opening = CountyOpening(
        case_id=f"county-exit/{county.code}/{YEAR}",
        application=application(county.code),
        subject=county,
        policy=stage.policy,
        received_at=at(11, 17),
    )
    play = await stage.opens_directly(opening, at(11, 16))
    assert "received_at: " in await not_admitted(play)
