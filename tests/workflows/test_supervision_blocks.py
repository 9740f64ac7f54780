"""A failed rate of a supervision blocks C7 of a county's case, until a later one lifts it (F6)."""

from datetime import timedelta
from typing import Any

import pytest

from models.case.ledger import Entry, EntryKind
from models.case.messages import Ending
from models.identity import content_id
from models.supervision.messages import SupervisionResult
from tests.play import Play, eventually
from tests.stage import YEAR, Stage, at
from tests.supervision_stage import Exited, SupervisionPlay, inspects, put_exited

LAPSED = EntryKind.LAPSED


async def applies(stage: Stage, made: Exited) -> Play:
    """The county applies for its exit; its figures are its own."""
    reason = "按统计口径（合成）"
    return await stage.opens_for(
        made.county, at(11, 16), direct=True, tier="provincial", figures_reason=reason
    )


async def ready(stage: Stage, made: Exited) -> Play:
    """The county's case at C7."""
    play = await applies(stage, made)
    await play.pass_until("C7")
    return play


def exited(stage: Stage) -> Exited:
    """A directly administered provincial county that some have left: without C2 and C6."""
    return put_exited(stage, households=10, size=5, direct=True, tier="provincial")


async def decides(inspection: SupervisionPlay, *, passes: bool = False) -> None:
    """A supervision to its end; without a pass one of its households was wrongly exited."""
    households, _ = await inspection.drawn()
    await inspection.is_heard(**({} if passes else {households[0]: ("S1.housing",)}))
    await inspection.act("J4")
    assert (await inspection.ends()).ending is Ending.CONCLUDED


def of(act: Entry) -> dict[str, Any]:
    """What is on file of an act that lapsed."""
    signed = act.data["act"]
    assert isinstance(signed, dict)
    return {"entry": act.seq, "act": signed["id"]}


async def told(play: Play, *supervisions: SupervisionPlay) -> list[Any]:
    """The results that a county's case has on file, once it has all of these."""
    wanted = [each.case_id for each in supervisions]

    found: list[Any] = []

    async def on_file() -> bool:
        entries = await play.entries(EntryKind.SUPERVISION)
        found[:] = [entry.data["supervision"] for entry in entries]
        return [each["supervision"] for each in found] == wanted

    await eventually(on_file)
    return found


@pytest.mark.clause("F6", "S4", "C7")
async def test_a_failed_rate_blocks_the_approval_and_a_later_pass_lifts_the_block(
    stage: Stage,
) -> None:
    made = exited(stage)
    play = await ready(stage, made)
    failing = await inspects(stage, made.county, at(4, 1))
    await decides(failing)
    (result,) = await told(play, failing)
    # 5 of the 50 people that were drawn: one of ten households of five.
    assert result["rates"]["wrongly_exited"] == {"part": 5, "whole": 50}
    # 0 poor, and 5/50 of the 50 exited people, of 1000.
    assert result["rates"]["incidence"] == {"part": 5, "whole": 1000}
    assert result["failed"] == ["S4.wrong"]

    said = await play.update("act", play.message("C7"))
    assert said.removeprefix("Refused: ") == (
        f"S4.wrong failed in {failing.case_id} (wrong 5/50): no approval (C7) until a later "
        "supervision finds it met; S4 cannot be overridden (F6, S4)"
    )
    override = play.message("C7", overrides=["S4.wrong"], reason="应退则退（合成）")
    said = await play.update("act", override)
    assert "overrides: S4.wrong cannot be overridden (S4): no exit" in said
    blocked = [each["recipient"]["office"] for each in await play.has_told("督导", 2)]
    assert sorted(blocked) == [f"A5/{made.county}", "A9/410000"]

    await play.until(at(12, 27))
    passing = await inspects(stage, made.county, at(12, 20))
    await decides(passing, passes=True)
    await told(play, failing, passing)
    early = play.message("C7", at=at(12, 15).isoformat())
    assert "when supervision found met what had failed" in await play.update("act", early)
    await play.act("C7")
    assert (await play.ends()).ending is Ending.EXITED


@pytest.mark.clause("F6", "S4", "C7", "G2")
async def test_an_approval_lapses_where_a_rate_fails_before_the_register_is_changed(
    stage: Stage,
) -> None:
    made = exited(stage)
    play = await ready(stage, made)
    report = await play.object("举报（合成）")
    await play.act("C7")
    await play.waits(lambda seen: seen.waiting_for == "A7/410000")  # the report, not C7
    failing = await inspects(stage, made.county, at(4, 1))
    await decides(failing)
    await play.waits(lambda seen: seen.waiting_for == "A9/410000")
    (act,) = [e for e in await play.entries(EntryKind.ACT) if e.step == "C7"]
    (lapsed,) = await play.entries(LAPSED)
    assert lapsed.data == of(act)
    assert f"因督导错退率未达标（{failing.case_id}）不再有效" in lapsed.text
    await play.resolve(report, "dismissed")
    assert "no approval (C7)" in await play.update("act", play.message("C7"))

    passing = await inspects(stage, made.county, at(5, 4))
    await decides(passing, passes=True)
    await told(play, failing, passing)
    await play.act("C7", document_number="合成〔9〕号")
    assert (await play.ends()).document_number == "合成〔9〕号"


@pytest.mark.clause("F6", "S4", "C7")
async def test_an_approval_that_waits_to_be_looked_at_lapses_too(own_stage: Stage) -> None:
    made = exited(own_stage)
    play = await ready(own_stage, made)
    result = SupervisionResult.model_validate(
        {
            "id": "r-1",
            "office": "A7/410000",
            "supervision": f"supervision/{made.county}/{YEAR}-q2",
            "county": made.county,
            "year": YEAR,
            "quarter": 2,
            "rates": {
                "incidence": {"part": 1, "whole": 100},
                "wrongly_exited": {"part": 2, "whole": 100},
                "omitted": {"part": 0, "whole": 100},
                "recognition": {"part": 9, "whole": 10},
            },
            "failed": ["S4.wrong"],
            "at": at(4, 1).isoformat(),
        }
    )
    await play.rests()
    await own_stage.crew.goes()
    await play.signal("act", play.message("C7"))
    await play.signal("inspect", result.content())
    await own_stage.crew.comes()
    (lapsed,) = await play.entries(LAPSED)
    (act,) = [e for e in await play.entries(EntryKind.ACT) if e.step == "C7"]
    assert lapsed.data == of(act)
    assert (await play.status()).waiting_for == "A9/410000"


@pytest.mark.clause("F6", "S4", "C7")
async def test_a_result_that_the_registry_does_not_have_neither_blocks_nor_lifts(
    stage: Stage,
) -> None:
    made = exited(stage)
    play = await ready(stage, made)
    failing = await inspects(stage, made.county, at(4, 1))
    await decides(failing)
    (result,) = await told(play, failing)
    passed = {"failed": [], "rates": result["rates"] | {"wrongly_exited": {"part": 0, "whole": 9}}}
    forged = result | passed | {"supervision": f"supervision/{made.county}/{YEAR}-q3"}
    later = {"at": at(4, 9).isoformat()}
    await play.signal("inspect", forged | later | {"id": "r-2"})
    await play.signal("inspect", result | passed | {"id": "r-3"})  # known, with another content

    async def disbelieved() -> bool:
        return len(await play.refused()) == 2

    await eventually(disbelieved)
    said = " ".join(await play.refused())
    assert f"登记中没有督导结果 supervision/{made.county}/{YEAR}-q3，不予采信" in said
    assert f"supervision: {failing.case_id} was told with another result" in said
    assert "S4.wrong failed in" in await play.update("act", play.message("C7"))

    passing = await inspects(stage, made.county, at(5, 4))
    await decides(passing, passes=True)
    blocks = result | {"supervision": f"supervision/{made.county}/{YEAR}-q4", "id": "r-4"}
    await play.signal("inspect", blocks | {"at": at(6, 1).isoformat()})

    async def lifted() -> bool:
        return len(await play.refused()) == 3

    await eventually(lifted)
    await play.act("C7")
    assert (await play.ends()).ending is Ending.EXITED


@pytest.mark.clause("F6", "S4", "C7")
async def test_a_false_result_does_not_keep_the_true_one_out(stage: Stage) -> None:
    """Anybody can foresee the id of a supervision's message, and send it before it has decided."""
    made = exited(stage)
    play = await ready(stage, made)
    coming, none = f"supervision/{made.county}/{YEAR}-s1", {"part": 0, "whole": 9}
    false = {
        "id": content_id("inspection", coming),
        "office": "A7/410000",
        "supervision": coming,
        "county": made.county,
        "year": YEAR,
        "rates": dict.fromkeys(("incidence", "wrongly_exited", "omitted", "recognition"), none),
        "failed": [],
        "at": at(4, 1).isoformat(),
    }
    await play.signal("inspect", false)

    async def disbelieved() -> bool:
        return len(await play.refused()) == 1

    await eventually(disbelieved)
    failing = await inspects(stage, made.county, at(4, 1))
    assert failing.case_id == coming
    await decides(failing)
    await told(play, failing, failing)  # the false one stands in the file, too
    assert await disbelieved()
    assert "S4.wrong failed in" in await play.update("act", play.message("C7"))


@pytest.mark.clause("F6", "S4", "C7")
async def test_a_case_that_opens_after_a_failed_rate_of_its_year_is_blocked_too(
    stage: Stage,
) -> None:
    made = exited(stage)
    failing = await inspects(stage, made.county, at(4, 1))
    await decides(failing)
    assert not await failing.entries(EntryKind.NOT_NOTIFIED)
    play = await ready(stage, made)
    await told(play, failing)
    assert "S4.wrong failed in" in await play.update("act", play.message("C7"))
    # Blocked is the approval alone.
    await play.act("C7", "reject", reason="督导未达标（合成）")
    assert (await play.ends()).ending is Ending.NOT_EXITED


@pytest.mark.clause("F6", "S4", "C7")
async def test_a_case_that_opens_while_the_result_is_being_written_hears_of_it(
    stage: Stage,
) -> None:
    """It is told, or reads the result itself: there is no moment between the two."""
    made = exited(stage)
    failing = await inspects(stage, made.county, at(4, 1))
    households, _ = await failing.drawn()
    await failing.is_heard(**{households[0]: ("S1.housing",)})
    await failing.file()
    stage.outages.begin(failing.case_id, "write_ledger")
    await failing.act("J4")

    async def felt() -> bool:
        return stage.outages.felt(failing.case_id, "write_ledger")

    await eventually(felt)
    play = await applies(stage, made)
    await play.reaches("C3")
    assert not await play.entries(EntryKind.SUPERVISION)
    stage.outages.end(failing.case_id)
    await failing.until(await failing.now() + timedelta(minutes=1))
    await failing.ends()
    await told(play, failing)


@pytest.mark.clause("F6", "C7")
async def test_a_supervision_is_not_troubled_by_a_case_that_has_ended(stage: Stage) -> None:
    made = exited(stage)
    play = await ready(stage, made)
    inspection = await inspects(stage, made.county, at(4, 1))
    await inspection.is_heard()
    # Ended for the server, open for the registry: as if it ended between the two looks.
    await play.handle.terminate("a test")
    await inspection.act("J4")
    assert (await inspection.ends()).ending is Ending.CONCLUDED
    (entry,) = await inspection.entries(EntryKind.NOT_NOTIFIED)
    assert entry.text == f"未能告知在办案件 {play.case_id}"
    assert (entry.data["channel"], entry.data["recipient"]) == ("case", play.case_id)
    (result,) = await inspection.entries(EntryKind.SUPERVISION)
    assert entry.data["entry"] == result.seq
    assert entry.data["error"]


@pytest.mark.clause("F6", "C7")
async def test_a_county_takes_results_of_its_own_from_the_province_alone(stage: Stage) -> None:
    made = exited(stage)
    play = await applies(stage, made)
    inspection = await inspects(stage, made.county, at(4, 1))
    await decides(inspection, passes=True)
    (result,) = await told(play, inspection)
    await play.signal("inspect", result | {"id": "r-1", "office": f"A6/{made.county[:4]}00"})
    other = f"supervision/411523/{YEAR}-q2"
    await play.signal("inspect", result | {"id": "r-2", "county": "411523", "supervision": other})
    await play.signal("inspect", {})

    async def refused() -> bool:
        return len(await play.refused()) == 3

    await eventually(refused)
    office, county, form = await play.refused()
    assert "may not tell a result of supervision here" in office
    assert f"county: {other} is of 411523, this case of {made.county}" in county
    assert "Field required" in form
