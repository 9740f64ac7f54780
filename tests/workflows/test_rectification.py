"""G3, C6: a failed national inspection is rectified and inspected again, or ends the case."""

import pytest

from models.case.ledger import EntryKind
from models.case.messages import Ending
from operators.desk.desk import Refused
from tests.play import Play
from tests.stage import Stage, at

GOOD = {"incidence": "0.46", "wrongly_exited": "0.1", "omitted": "0.1", "recognition": "98.5"}


async def rectify(play: Play, office: str, task: str = "补建卫生室（合成）") -> None:
    """The inspection has failed: somebody has to put something right."""
    seen = await play.reaches("C6")
    assert seen.waiting_for == play.office("C6")
    await play.act(
        "C6",
        "rectify",
        reason="抽查不合格（合成）",
        rectification={"office": office, "task": task},
    )
    await play.waits(lambda seen: seen.waiting_for == office)


@pytest.mark.clause("C6", "G3")
async def test_inspection_rectification_reply_and_inspection_again(stage: Stage) -> None:
    play = await stage.opens(at(11, 16), direct=True)
    await play.pass_until("C6")
    for office in (play.office("C1"), play.office("C3")):
        await rectify(play, office)
        assert (await play.limit("G3")).request.start is not None
        others = {play.office(step) for step in ("C1", "C3", "C6", "C7")} - {office}
        for other in others:
            with pytest.raises(Refused, match=f"{other} may not decide C6"):
                await play.act("C6", "reply", office=other)
        for decision in ("approve", "reject", "rectify"):
            more = {"rectification": {"office": office, "task": "x"}}
            with pytest.raises(Refused, match="it takes reply"):
                await play.act(
                    "C6",
                    decision,
                    office=office,
                    reason="合成",
                    **(more if decision == "rectify" else {}),
                )
        await play.act("C6", "reply", office=office, document_number="合成〔6〕号")
    await play.waits(lambda seen: seen.waiting_for == play.office("C6"))
    await play.act("C6", rates=GOOD)
    await play.reaches("C7")
    acts = [e.data["act"]["decision"] for e in await play.entries(EntryKind.ACT) if e.step == "C6"]  # type: ignore[index,call-overload]
    assert acts == ["rectify", "reply", "rectify", "reply", "approve"]
    assert (await play.status()).round == 1


@pytest.mark.clause("C6", "G3")
async def test_a_rectification_can_end_as_not_exited(stage: Stage) -> None:
    play = await stage.opens(at(11, 16), direct=True)
    await play.pass_until("C6")
    await rectify(play, play.office("C1"))
    await play.act("C6", "reply", office=play.office("C1"))
    await play.waits(lambda seen: seen.waiting_for == play.office("C6"))
    await play.act("C6", "reject", reason="整改不到位（合成）")
    outcome = await play.ends()
    assert (outcome.ending, outcome.step, outcome.by) == (
        Ending.NOT_EXITED,
        "C6",
        play.office("C6"),
    )


@pytest.mark.clause("C6", "G3", "A5")
async def test_a_rectification_concerns_this_county_alone(stage: Stage) -> None:
    play = await stage.opens(at(11, 16), direct=True)
    await play.pass_until("C6")
    for foreign in ("A5/500101", "A6/419900", "A1/500101001001"):
        said = await play.update(
            "act",
            play.message(
                "C6", "rectify", reason="合成", rectification={"office": foreign, "task": "x"}
            ),
        )
        assert foreign in said
        assert "责成" not in said


@pytest.mark.clause("C6", "G3")
async def test_a_task_may_be_as_long_as_a_text_can_be(stage: Stage) -> None:
    play = await stage.opens(at(11, 16), direct=True)
    await play.pass_until("C6")
    await rectify(play, play.office("C1"), "整" * 4000)
    await play.act("C6", "reply", office=play.office("C1"))
    await play.waits(lambda seen: seen.waiting_for == play.office("C6"))


@pytest.mark.clause("C6")
async def test_only_the_inspection_orders_a_rectification(stage: Stage) -> None:
    play = await stage.opens(at(11, 16), direct=True)
    await play.reaches("C3")
    with pytest.raises(Refused, match="rectification: only an act of C6 carries it"):
        await play.act(
            "C3",
            "rectify",
            reason="合成",
            rectification={"office": play.office("C1"), "task": "x"},
        )
