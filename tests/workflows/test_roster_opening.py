"""How a roster's case is opened, past the desk too, and once for a household (H1, S7, G9)."""

import asyncio
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import select
from temporalio.client import WorkflowFailureError

from models.roster.messages import RosterOpening
from operators.desk.desk import Refused
from registry.database.engine import reading
from registry.tables import RosterRow
from tests.play import eventually
from tests.play import not_admitted as turned_away
from tests.roster_stage import (
    RosterPlay,
    meeting,
    opens_roster_of,
    put_households,
    put_village,
    roster_application,
)
from tests.stage import YEAR, Stage, at
from workers.catalogue import TASK_QUEUE
from workflows.household_exit import HouseholdExitWorkflow


async def bypassing(
    stage: Stage,
    village: str,
    households: list[str],
    *,
    batch: int = 1,
    begins: datetime | None = None,
    received_at: datetime | None = None,
    **changes: Any,
) -> RosterPlay:
    """Start a case past the desk, as anybody with access to the server can."""
    known = stage.registry.known_households(village, YEAR, date(YEAR, 6, 1), [])[0]
    assert known is not None
    opening = RosterOpening(
        case_id=f"household-exit/{village}/{YEAR}/{batch}",
        application=roster_application(village, households, **changes),
        subject=known,
        policy=stage.policy,
        received_at=received_at,
    )
    play = RosterPlay(stage, opening.case_id, village)
    play.households = households
    return await stage.opens_past_the_desk(
        play, HouseholdExitWorkflow.run, opening, begins or at(11, 16)
    )


async def not_admitted(play: RosterPlay) -> str:
    """The sentence of a case that was not admitted."""
    said = await turned_away(play, "H1")
    with reading(play.stage.settings.engine()) as session:
        assert not session.exec(select(RosterRow).where(RosterRow.case_id == play.case_id)).all()
    return said


@pytest.mark.clause("H1")
async def test_what_the_rules_forbid_starts_nothing(stage: Stage) -> None:
    village = put_village(stage, stage.county())
    households = put_households(stage, village, 2)
    votes = [{"household": code, "in_favour": 18} for code in households]
    # By the clock of the desk, and of the case: the day after they have it.
    appraisal = {"meeting": meeting(held_on=f"{YEAR}-11-17"), "households": votes}
    said = f"meeting.held_on: {YEAR}-11-17 lies after {YEAR}-11-16"
    with pytest.raises(Refused) as refusal:
        await opens_roster_of(stage, village, households, at(11, 16), appraisal=appraisal)
    assert said in str(refusal.value)
    past_the_desk = await bypassing(stage, village, households, appraisal=appraisal)
    assert said in await not_admitted(past_the_desk)


@pytest.mark.clause("H1", "G6", "G9")
async def test_what_the_register_says_against_it_starts_nothing(stage: Stage) -> None:
    village = put_village(stage, stage.county())
    unplanned = put_households(stage, village, 1, planned=False)
    said = f"household {unplanned[0]} is not in the plan of {YEAR} (G6)"
    with pytest.raises(Refused) as refusal:
        await opens_roster_of(stage, village, unplanned, at(11, 16))
    assert said in str(refusal.value)
    assert said in await not_admitted(await bypassing(stage, village, unplanned))


@pytest.mark.clause("G9")
async def test_a_case_has_the_next_number_of_its_village(stage: Stage) -> None:
    village = put_village(stage, stage.county())
    households = put_households(stage, village, 1)
    case = await bypassing(stage, village, households, batch=2)
    first = f"household-exit/{village}/{YEAR}/1"
    assert await not_admitted(case) == f"the id of this case is not {case.case_id} but {first} (G9)"


@pytest.mark.clause("G5")
async def test_a_roster_is_not_received_in_the_future(stage: Stage) -> None:
    village = put_village(stage, stage.county())
    households = put_households(stage, village, 1)
    late = at(11, 16) + timedelta(days=2)
    case = await bypassing(stage, village, households, received_at=late)
    assert "is not when the case was started (" in await not_admitted(case)


@pytest.mark.clause("G9")
async def test_of_two_cases_at_once_one_has_the_household(stage: Stage) -> None:
    village = put_village(stage, stage.county())
    shared, *others = put_households(stage, village, 3)
    first, second = await asyncio.gather(
        bypassing(stage, village, [shared, others[0]], batch=1),
        bypassing(stage, village, [shared, others[1]], batch=2),
    )

    async def decided() -> bool:
        states = [await each.status() for each in (first, second)]
        return sum(each.outcome is not None for each in states) == 1 and any(
            each.step == "H2" for each in states
        )

    await eventually(decided)


@pytest.mark.clause("G7", "H1")
async def test_what_is_no_opening_fails_at_once(stage: Stage) -> None:
    handle = await stage.desk.client.start_workflow(
        "HouseholdExit", {"case_id": "x"}, id="household-exit/none", task_queue=TASK_QUEUE
    )
    with pytest.raises(WorkflowFailureError):
        await handle.result()
