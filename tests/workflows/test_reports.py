"""G2: an objection after publicity is a report; it suspends the change of the register."""

import json
from datetime import timedelta

import pytest

from models.case.ledger import EntryKind
from models.case.messages import Ending
from operators.desk.desk import NoCase
from tests.play import Play, eventually
from tests.stage import Stage, at

NAME, CONTACT = "孙某某", "sun@example.org"


async def suspended(stage: Stage, **fields: str) -> tuple[Play, str]:
    """A case that is approved, and waits for a report to be investigated."""
    play = await stage.opens(at(11, 16), direct=True, tier="provincial")
    await play.pass_until("C5")
    report = await play.object("举报住房不实（合成）", **fields)
    await play.act("C5")
    await play.reaches("C7")
    await play.act("C7", document_number="合成〔9〕号")
    seen = await play.waits(lambda seen: seen.waiting_for == "A7/410000")
    assert (seen.step, seen.open_objections) == ("C7", (report,))
    assert f"举报 {report}" in [limit.subject for limit in seen.limits]
    return play, report


def standings(play: Play) -> list[str]:
    """What the register says of the county, from the beginning."""
    county = play.stage.registry.county_record(play.code)
    return [standing.status.value for standing in county.standings]


@pytest.mark.clause("G2", "C7", "T7")
async def test_a_report_suspends_the_change_until_it_is_dismissed(stage: Stage) -> None:
    play, report = await suspended(stage)
    (received,) = await play.entries(EntryKind.OBJECTION)
    assert received.data["as"] == "report"
    due = (await play.limit("T7")).due
    await play.until(due + timedelta(seconds=1))
    seen = await play.waits(lambda seen: seen.overdue)
    assert seen.step == "C7"
    assert standings(play) == ["listed"]
    await play.resolve(report, "dismissed")
    outcome = await play.ends()
    assert (outcome.ending, outcome.by) == (Ending.EXITED, "A9/410000")
    assert standings(play) == ["listed", "exited"]
    (change,) = [e for e in await play.file() if e.kind is EntryKind.REGISTER_CHANGE]
    (resolved,) = await play.entries(EntryKind.RESOLUTION)
    assert change.seq > resolved.seq


@pytest.mark.clause("G2", "C7")
async def test_a_second_report_suspends_as_well(stage: Stage) -> None:
    play, first = await suspended(stage)
    second = await play.object("举报道路未通（合成）")
    await play.resolve(first, "dismissed")
    await play.waits(lambda seen: seen.open_objections == (second,))
    assert standings(play) == ["listed"]
    await play.resolve(second, "dismissed")
    assert (await play.ends()).ending is Ending.EXITED


@pytest.mark.clause("G2")
async def test_an_upheld_report_takes_the_county_out(stage: Stage) -> None:
    play, report = await suspended(stage)
    await play.resolve(report, "upheld", reason="住房不实（合成）", document_number="合成〔8〕号")
    outcome = await play.ends()
    assert (outcome.ending, outcome.step, outcome.by) == (Ending.NOT_EXITED, "C7", "A7/410000")
    assert "住房不实（合成）" in outcome.reason
    assert standings(play) == ["listed"]
    assert not await play.entries(EntryKind.REGISTER_CHANGE)


@pytest.mark.clause("G2", "G3", "G8")
async def test_an_upheld_report_sends_back_and_the_approval_is_given_anew(stage: Stage) -> None:
    play, report = await suspended(stage, objector=NAME, contact=CONTACT)
    meanwhile = await play.details()
    assert f"举报 {report}" in meanwhile
    await play.resolve(report, "upheld", return_to="C3")
    seen = await play.reaches("C3", 2)
    assert not seen.open_objections
    await play.pass_until("C7")
    seen = await play.reaches("C7", 2)
    assert seen.waiting_for == play.office("C7")
    assert standings(play) == ["listed"]
    await play.act("C7", document_number="合成〔10〕号")
    outcome = await play.ends()
    assert (outcome.ending, outcome.document_number) == (Ending.EXITED, "合成〔10〕号")
    (answer,) = play.told("答复")
    assert answer["recipient"]["name"] == NAME
    await is_named_nowhere(play, meanwhile)


@pytest.mark.clause("G2", "G3", "T5")
async def test_an_upheld_report_ends_the_limit_of_the_step_that_is_left(stage: Stage) -> None:
    play = await stage.opens(at(11, 16))
    await play.pass_until("C3")
    report = await play.object("举报住房不实（合成）")
    seen = await play.waits(lambda seen: len(seen.limits) == 2)
    assert sorted(each.limit.clause for each in seen.limits) == ["T5", "T7"]
    await play.resolve(report, "upheld", return_to="C2")
    seen = await play.reaches("C2", 2)
    assert [each.limit.clause for each in seen.limits] == ["T3"]


async def is_named_nowhere(play: Play, *more: str) -> None:
    """Name and contact of the objector stand in nothing that is shown or listed."""
    described = await play.handle.describe()
    entries = await play.file()
    public = [*more, await play.details(), (await play.status()).model_dump_json()]
    public += [
        notice.markdown + notice.html for notice in play.stage.registry.notices(play.case_id)
    ]
    public += [str(described.typed_search_attributes), str(await described.static_summary())]
    public += [str(await described.static_details())]
    public += [f"{entry.text} {entry.actor} {entry.step}" for entry in entries]
    for event in (await play.history()).events:
        shown = event.user_metadata
        public += [json.loads(each.data or "null") or "" for each in (shown.summary, shown.details)]
    public += [str(line) for line in play.told() if line["topic"] != "答复"]
    public += [str(case) for case in play.stage.registry.county_record(play.code).cases]
    assert len([text for text in public if "举报" in text]) > 5
    assert not [text for text in public if NAME in text or CONTACT in text]
    inside = [entry.kind for entry in entries if CONTACT in entry.model_dump_json()]
    assert inside == [EntryKind.OBJECTION]


@pytest.mark.clause("G2", "C7")
async def test_nothing_is_taken_in_once_the_register_is_changed(stage: Stage) -> None:
    play = await stage.opens(at(11, 16), direct=True, tier="provincial")
    await play.pass_until("C7")
    stage.outages.begin(play.case_id, "write_ledger", behind="strike_off_county")
    await play.act("C7", document_number="合成〔9〕号")
    await play.waits(lambda seen: seen.outcome is not None)
    late = {"id": "late", "text": "太晚（合成）"}
    said = await play.update("object", late)
    assert f"{play.case_id} has ended; nothing can be added to it any more" in said
    await play.signal("object", late)

    async def on_file() -> bool:
        own = await stage.desk.ledger(play.case_id)
        return EntryKind.REFUSED in [entry.kind for entry in own]

    await eventually(on_file)
    stage.outages.end(play.case_id)
    await play.until(await play.now() + timedelta(minutes=1))
    assert (await play.ends()).ending is Ending.EXITED
    assert standings(play) == ["listed", "exited"]
    entries = await play.file()
    assert len([entry for entry in entries if entry.kind is EntryKind.REFUSED]) == 1
    with pytest.raises(NoCase, match="has ended"):
        await play.object()
