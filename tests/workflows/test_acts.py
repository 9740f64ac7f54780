"""Who may decide what, at which step and when: what is taken in, and what is refused."""

from datetime import timedelta
from typing import Any

import pytest

from models.case.ledger import EntryKind
from models.case.messages import Ending
from operators.desk.desk import NoCase
from tests.stage import Stage, at

STEPS = ("C2", "C3", "C5", "C6", "C7")


@pytest.mark.clause("C2", "C3", "C5", "C6", "C7", "A6", "A7", "A8", "A9")
async def test_each_step_takes_only_its_own_body_of_its_own_territory(stage: Stage) -> None:
    play = await stage.opens(at(11, 16))
    foreign = {"C2": "A6/419900", "C3": "A7/420000", "C5": "A7/420000", "C7": "A9/420000"}
    for step in STEPS:
        await play.pass_until(step)
        right = play.office(step)
        wrong = {play.office(each) for each in ("C1", *STEPS)} - {right}
        if step in foreign:
            wrong.add(foreign[step])
        for office in sorted(wrong)[:3] if step != "C2" else sorted(wrong):
            said = await play.update("act", play.message(step, office=office))
            assert f"{office} may not decide {step}" in said
            assert f"({right}) may" in said
    assert not await play.entries(EntryKind.REFUSED)


@pytest.mark.clause("C2")
async def test_a_refused_update_leaves_no_trace(stage: Stage) -> None:
    play = await stage.opens(at(11, 16))
    await play.reaches("C2")
    length = len(await play.file())
    city = play.office("C2")
    cases: list[tuple[Any, str]] = [
        (play.message("C3"), f"C3 is not open; {play.case_id} is at C2"),
        (play.message("C1"), "C1 is not open"),
        (play.message("C2") | {"step": "V1"}, "V1 is not open"),
        (play.message("C2", round=2), "round 2 is not running; the case is in round 1"),
        (
            play.message(
                "C2", "rectify", reason="合成", rectification={"office": city, "task": "x"}
            ),
            "rectification: only an act of C6 carries it",
        ),
        (play.message("C2", "reply"), "'reply' is no decision of C2"),
        (
            play.message("C2", "return", reason="合成", return_to="C2"),
            "return_to: C2 is no step",
        ),
        (
            play.message("C2", "return", reason="合成", return_to="C3"),
            "return_to: C3 is no step",
        ),
        (play.message("C2", "return", reason="合成"), "return_to: name the step"),
        (play.message("C2", return_to="C1"), "return_to: name the step"),
        (play.message("C2", "return", return_to="C1"), "reason: 'return' needs a reason"),
        (play.message("C2", "reject"), "reason: 'reject' needs a reason"),
        (play.message("C2", at="2027-01-01T00:00:00"), "at: Input should have timezone info"),
        (play.message("C2", colour="red"), "colour: Extra inputs are not permitted"),
        (play.message("C2", id="a b"), "id: String should match pattern"),
        (play.message("C2", office="A6"), "'A6' is not an office"),
        (play.message("C2", "maybe"), "decision: Input should be"),
        (play.message("C2", officer=" "), "officer: String should have at least 1 character"),
        (play.message("C2", evidence=[{"name": "报告.pdf", "sha256": "00"}]), "evidence.0.sha256"),
        (play.message("C2", figures={"poor": 1}), "figures.population: Field required"),
        ("approve", "'act' takes one JSON object with named fields"),
        (None, "'act' takes one JSON object with named fields"),
    ]
    for message, sentence in cases:
        assert sentence in await play.update("act", message)
    entries = await play.file()
    assert {entry.kind for entry in entries[length:]} <= {EntryKind.NOTIFIED}
    async for event in play.handle.fetch_history_events():
        assert not event.HasField("workflow_execution_update_accepted_event_attributes")
    await play.act("C2")
    await play.reaches("C3")


@pytest.mark.clause("C2")
async def test_an_act_is_not_signed_in_the_future(stage: Stage) -> None:
    play = await stage.opens(at(11, 16))
    await play.reaches("C2")
    now = await play.now()
    said = await play.update("act", play.message("C2", at=(now + timedelta(minutes=7)).isoformat()))
    assert "lies in the future" in said
    await play.act("C2", at=now + timedelta(minutes=4))  # clocks differ
    await play.reaches("C3")


@pytest.mark.clause("C2", "C3", "C5", "C6", "C7")
@pytest.mark.parametrize("step", STEPS)
async def test_a_rejection_ends_the_case_as_not_exited(stage: Stage, step: str) -> None:
    play = await stage.opens(at(11, 16))
    await play.pass_until(step)
    await play.act(step, "reject", reason="未达标（合成）", document_number="合成〔4〕号")
    outcome = await play.ends()
    assert outcome.ending is Ending.NOT_EXITED
    assert (outcome.step, outcome.by) == (step, play.office(step))
    assert (outcome.reason, outcome.document_number) == ("未达标（合成）", "合成〔4〕号")
    standing = stage.registry.county_record(play.code).standings[-1]
    assert standing.status == "listed"
    done = [entry.step for entry in await play.entries(EntryKind.STEP_DONE)]
    assert step not in done


@pytest.mark.clause("C7")
async def test_nothing_is_added_to_an_ended_case(stage: Stage) -> None:
    play = await stage.opens(at(11, 16))
    await play.reaches("C2")
    await play.act("C2", "reject", reason="未达标（合成）")
    await play.ends()
    await play.file()
    with pytest.raises(NoCase, match="has ended"):
        await play.act("C2")
