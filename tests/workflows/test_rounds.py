"""G3: what is returned for correction passes again, in a round of its own."""

import pytest

from models.case.ledger import EntryKind
from models.case.messages import Ending
from models.periods import beijing
from operators.desk.desk import Refused
from tests.play import Play
from tests.stage import Stage, at, figures
from tests.village_stage import put_village

PASSED = {
    "C1": ["C1", "C2", "C3", "C4", "C5", "C6", "C7"],
    "C2": ["C2", "C3", "C4", "C5", "C6", "C7"],
    "C3": ["C3", "C4", "C5", "C6", "C7"],
    "C4": ["C4", "C5", "C6", "C7"],
    "C5": ["C5", "C6", "C7"],
    "C6": ["C6", "C7"],
}


async def returns(play: Play, step: str, to: str) -> None:
    """A step's body sends the case back."""
    await play.reaches(step)
    await play.act(step, "return", reason="补充材料（合成）", return_to=to)


async def done_in(play: Play, round_: int) -> list[str]:
    """The steps that a round has finished."""
    return [e.step for e in await play.entries(EntryKind.STEP_DONE) if e.round == round_]


@pytest.mark.clause("G3", "C2", "C3", "C5", "C6", "C7")
@pytest.mark.parametrize(
    ("step", "to"),
    [
        ("C2", "C1"),
        ("C3", "C1"),
        ("C3", "C2"),
        ("C5", "C3"),
        ("C5", "C4"),
        ("C6", "C5"),
        ("C6", "C2"),
        ("C7", "C6"),
        ("C7", "C4"),
    ],
)
async def test_a_returned_case_passes_again_from_there(stage: Stage, step: str, to: str) -> None:
    play = await stage.opens(at(11, 16))
    await play.pass_until(step)
    await returns(play, step, to)
    await play.reaches(to, 2)
    (entry,) = await play.entries(EntryKind.RETURNED)
    assert entry.data == {"to": to, "by": play.office(step)}
    seen = await play.status()
    states = {line.id: line.state.value for line in seen.steps}
    assert states[to] == "current"
    assert all(states[each] == "ahead" for each in states if each > to)
    assert all(states[each] == "done" for each in states if each < to)
    if to == "C1":
        await play.act("C1")
    await play.pass_until("C7")
    await play.act("C7")
    outcome = await play.ends()
    assert (outcome.ending, outcome.round) == (Ending.EXITED, 2)
    assert await done_in(play, 2) == PASSED[to]


@pytest.mark.clause("G3", "T3")
async def test_a_returned_step_arms_its_limit_again(stage: Stage) -> None:
    play = await stage.opens(at(11, 16))
    await play.reaches("C2")
    first = await play.limit("T3")
    await play.act("C2")
    await play.reaches("C3")
    await play.until(at(11, 18))
    await returns(play, "C3", "C2")
    await play.reaches("C2", 2)
    again = await play.limit("T3")
    assert beijing(again.request.start or first.due).date() == at(11, 18).date()
    assert again.last_day > first.last_day


@pytest.mark.clause("G3")
async def test_a_renewed_application_has_a_limit_and_only_one_decision(stage: Stage) -> None:
    play = await stage.opens(at(11, 16))
    await returns(play, "C2", "C1")
    seen = await play.reaches("C1", 2)
    assert seen.waiting_for == play.office("C1")
    limit = await play.limit("G3")
    assert (limit.last_day - at(11, 16).date()).days >= 15
    for decision, more in (("reject", {}), ("return", {"return_to": "C1"})):
        with pytest.raises(Refused, match="is no decision of C1 县级申请 now; it takes approve"):
            await play.act("C1", decision, reason="合成", **more)
    with pytest.raises(Refused, match="may not decide C1"):
        await play.act("C1", office=play.office("C2"))
    await play.act("C1", document_number="合成〔2〕号")
    await play.reaches("C2", 2)
    assert not [limit for limit in (await play.status()).limits if limit.limit.clause == "G3"]


@pytest.mark.clause("C1", "G3", "S5")
async def test_renewed_figures_that_no_desk_has_seen_are_held_against_the_register(
    own_stage: Stage,
) -> None:
    county = own_stage.county()
    put_village(own_stage, county, population=1000, poor=10)
    true = figures(poor=10, population=1000)
    right = true.model_dump(mode="json")
    wrong = right | {"poor": 0}
    play = await own_stage.opens_for(county, at(11, 16), figures=true)
    await returns(play, "C2", "C1")
    await play.reaches("C1", 2)
    await play.rests()

    await own_stage.crew.goes()
    await play.signal("act", play.message("C1", figures=wrong))
    await play.signal("act", play.message("C2"))
    await own_stage.crew.comes()
    lapsed = await play.has_entered(EntryKind.LAPSED, 2)
    said = f"{true.as_of}登记为10人/1000人，所报数据不同而未说明理由不再有效"
    assert all(said in entry.text for entry in lapsed)
    seen = await play.reaches("C1", 2)
    assert seen.waiting_for == play.office("C1")
    assert [each.limit.clause for each in seen.limits] == ["G3"]
    assert seen.lapsed == lapsed[-1].seq

    await play.send("act", play.message("C1", figures=wrong, reason="统计口径不同（合成）"))
    await play.reaches("C2", 2)
    await returns(play, "C2", "C1")
    await play.reaches("C1", 3)
    await play.send("act", play.message("C1", figures=right))
    await play.reaches("C2", 3)
    assert len(await play.entries(EntryKind.LAPSED)) == 2


@pytest.mark.clause("G3")
async def test_each_round_keeps_its_own_acts(stage: Stage) -> None:
    play = await stage.opens(at(11, 16))
    await play.reaches("C2")
    await play.act("C2", id="first-c2", round=1)
    await returns(play, "C3", "C2")
    await play.reaches("C2", 2)
    await play.act("C2", id="first-c2", round=1)  # the old one again: known, and of no effect
    with pytest.raises(Refused, match="round 1 is not running; the case is in round 2"):
        await play.act("C2", round=1)
    assert (await play.status()).step == "C2"
    await play.act("C2", round=2)
    await play.reaches("C3", 2)


@pytest.mark.clause("G3")
async def test_an_act_that_waits_for_an_old_round_lapses(own_stage: Stage) -> None:
    play = await own_stage.opens(at(11, 16), direct=True)
    await play.pass_until("C5")
    objection = await play.object()
    await play.waits(lambda seen: objection in seen.open_objections)
    await play.rests()
    await own_stage.crew.goes()
    await play.signal("resolve", play.result(objection, return_to="C3"))
    await play.signal("act", play.message("C5"))
    await play.signal("act", play.message("C6"))
    await own_stage.crew.comes()
    await play.reaches("C3", 2)
    entries = await play.file()
    waiting = {entry.seq for entry in entries if entry.kind is EntryKind.ACT and entry.step > "C3"}
    lapsed = {e.data["entry"] for e in entries if e.kind is EntryKind.LAPSED}
    assert len(waiting) == 2
    assert lapsed == waiting
    await play.act("C3")
    await play.reaches("C4", 2)
    await play.pass_until("C5")
    assert (await play.status()).round == 2


@pytest.mark.clause("G3", "S3")
async def test_corrected_figures_are_what_the_next_check_uses(stage: Stage) -> None:
    play = await stage.opens(at(11, 16))
    await returns(play, "C2", "C1")
    await play.reaches("C1", 2)
    await play.act("C1", figures=figures(poor=20_000).model_dump(mode="json"))
    await play.reaches("C2", 2)
    with pytest.raises(Refused, match=r"S3.incidence is not met \(incidence 20000/1000000"):
        await play.act("C2")
    await returns(play, "C2", "C1")
    await play.reaches("C1", 3)
    await play.act("C1", figures=figures(poor=19_999).model_dump(mode="json"))
    await play.reaches("C2", 3)
    await play.act("C2")
    await play.reaches("C3", 3)
    await play.act("C3")
    await play.reaches("C4", 3)
    (notice,) = stage.registry.notices(play.case_id)
    assert "19999" in notice.markdown.replace(",", "")


@pytest.mark.clause("G3", "S3")
async def test_an_early_act_is_held_against_the_corrected_figures(own_stage: Stage) -> None:
    play = await own_stage.opens(at(11, 16))
    await returns(play, "C2", "C1")
    await play.reaches("C1", 2)
    await play.rests()
    await own_stage.crew.goes()
    failing = figures(poor=30_000).model_dump(mode="json")
    await play.signal("act", play.message("C1", figures=failing))
    await play.signal("act", play.message("C2"))
    await own_stage.crew.comes()
    await play.reaches("C2", 2)
    (why,) = await play.refused()
    assert why.startswith("S3.incidence is not met")


@pytest.mark.clause("G3", "S5")
@pytest.mark.parametrize("as_of", [f"{at(11, 17).date()}", "2014-03-03"])
async def test_corrected_figures_are_of_this_year_and_not_of_the_future(
    stage: Stage, as_of: str
) -> None:
    play = await stage.opens(at(11, 16))
    await returns(play, "C2", "C1")
    await play.reaches("C1", 2)
    wrong = figures(as_of=as_of).model_dump(mode="json")
    assert "figures.as_of" in await play.update("act", play.message("C1", figures=wrong))


@pytest.mark.clause("G3", "C2", "C6")
async def test_a_skipped_step_is_no_target_of_a_return(stage: Stage) -> None:
    play = await stage.opens(at(11, 16), direct=True, tier="provincial")
    await play.reaches("C3")
    with pytest.raises(Refused, match=r"return_to: C2 is no step .* one of C1$"):
        await returns(play, "C3", "C2")
    await play.pass_until("C7")
    with pytest.raises(Refused, match=r"return_to: C6 is no step .* one of C1, C3, C4, C5$"):
        await returns(play, "C7", "C6")
    await returns(play, "C7", "C5")
    await play.reaches("C5", 2)


@pytest.mark.clause("G3", "C1")
async def test_figures_come_with_the_application_alone(stage: Stage) -> None:
    play = await stage.opens(at(11, 16))
    await play.reaches("C2")
    with pytest.raises(Refused, match="figures: only an act of C1 carries it"):
        await play.act("C2", figures=figures().model_dump(mode="json"))
