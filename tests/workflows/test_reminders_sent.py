"""T8: a limit makes itself heard before it, at it and after it; silence decides nothing (G4)."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest

from models.case.ledger import Entry, EntryKind
from tests.play import Play, eventually
from tests.stage import YEAR, Stage, at
from tests.workflows.reckoning import clauses, quiet, shortly_after, told_of_breaches

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)


async def spoken(play: Play, times: int) -> list[tuple[Entry, dict[str, Any]]]:
    """What is on file of reminders and of missed limits told, once it is so much."""
    heard: list[tuple[Entry, dict[str, Any]]] = []

    async def complete() -> bool:
        heard[:] = await play.says_told("提醒", "逾期")
        return len(heard) >= times

    await eventually(complete, lambda: f"{len(heard)} of {times} on file")
    return heard


async def silence(play: Play, until: datetime) -> None:
    """Let time pass: it gets the case nowhere."""
    before = await play.status()
    await play.until(until)
    after = await play.status()
    assert after.outcome is None
    assert (after.step, after.round) == (before.step, before.round)
    assert [line.state for line in after.steps] == [line.state for line in before.steps]


@pytest.mark.clause("T3", "T8", "G4")
async def test_a_limit_speaks_before_it_at_it_and_every_three_days_after_it(stage: Stage) -> None:
    play = await stage.opens(at(11, 16))
    await play.reaches("C2")
    due = (await play.limit("T3")).due
    await play.until(due + 6 * DAY + SECOND)
    city, province = f"合成{play.code[:4]}市扶贫开发领导小组", "河南省扶贫开发领导小组"
    expected = [
        (due - 3 * DAY, "提醒", city, "C2 市级初审距期限届满3日"),
        (due - 1 * DAY, "提醒", city, "C2 市级初审距期限届满1日"),
        *(
            (due + days * DAY, "逾期", office, "C2 市级初审已逾期")
            for days in (0, 3, 6)
            for office in (city, province)
        ),
    ]
    heard = await spoken(play, len(expected))
    moments = [moment for moment, *_ in expected]
    entries = [entry for entry, _ in heard]
    assert all(map(shortly_after, moments, entries)), [str(entry.at) for entry in entries]
    said = Counter(
        (moment, told["topic"], told["recipient"], told["subject"].split("年度：")[1])
        for moment, (_, told) in zip(moments, heard, strict=True)
    )
    assert all(f"{told['recipient']}（" in entry.text for entry, told in heard)
    assert said == Counter(expected)
    assert all("逾期不视为同意" in line["text"] for line in play.told("逾期"))
    (breach,) = await play.entries(EntryKind.BREACH)
    assert shortly_after(due, breach)

    await play.act("C2")  # what is done is not reminded of
    await play.reaches("C3")
    await play.until(due + 13 * DAY)
    await play.file()
    assert len(play.told("提醒") + play.told("逾期")) == len(expected)
    assert await clauses(play, EntryKind.LATE) == ["T3"]


@pytest.mark.clause("G4", "T5", "T7", "C3", "C4", "C5", "C7")
async def test_months_of_silence_approve_nothing(stage: Stage) -> None:
    play = await stage.opens(at(3, 1), tier="provincial", direct=True, policy=quiet(stage.policy))
    await play.reaches("C3")
    assert (await play.limit("T5")).due == at(1, 26, 0, year=YEAR + 1)
    await silence(play, at(4, 2, year=YEAR + 1))
    assert await clauses(play, EntryKind.BREACH) == ["T5"]
    told = [play.office("C3"), play.office("C7")] * 2  # at the limit and 60 days after it
    assert await told_of_breaches(play, 4) == sorted(told)
    await play.act("C3")

    await play.reaches("C4")
    objection = await play.object()
    await play.limit("T7")
    await silence(play, at(8, 2, year=YEAR + 1))
    assert (await play.status()).open_objections == (objection,)
    assert await clauses(play, EntryKind.BREACH) == ["T5", "T7"]
    await play.resolve(objection, "dismissed")

    await play.reaches("C5")
    await silence(play, at(12, 2, year=YEAR + 1))
    await play.act("C5")
    await play.reaches("C7")
    await silence(play, at(4, 2, year=YEAR + 2))
    assert await clauses(play, EntryKind.BREACH) == ["T5", "T7"]
    assert await clauses(play, EntryKind.LATE) == ["T5", "T7"]
    assert len(await play.entries(EntryKind.ACT)) == 2


@pytest.mark.server
@pytest.mark.clause("T8")
async def test_after_an_outage_a_limit_speaks_once(stage: Stage) -> None:
    play = await stage.opens(at(11, 16))
    await play.reaches("C2")
    due = (await play.limit("T3")).due
    await play.file()
    # The server also tries again when it skips to the first reminder, three days before the limit;
    # from then on the registry is back past the limit and the first reminder after it.
    first_reminder = due - 3 * DAY
    back = due + 5.5 * DAY - first_reminder
    stage.outages.begin(play.case_id, "write_ledger", again_in=back)
    await play.signal("act", "none")
    await eventually(lambda: _felt(play), lambda: "nothing was to be written")
    await play.until(first_reminder + 60 * SECOND)
    stage.outages.end(play.case_id)
    await play.until(due + 6 * DAY - 60 * SECOND)
    heard = await spoken(play, 2)
    assert [told["topic"] for _, told in heard] == ["逾期", "逾期"]
    assert await told_of_breaches(play, 2) == [play.office("C2"), play.office("C3")]
    assert play.told("提醒") == []
    assert await clauses(play, EntryKind.BREACH) == ["T3"]
    await play.until(due + 6 * DAY + SECOND)  # and then goes on as ever
    await spoken(play, 4)
    assert await clauses(play, EntryKind.BREACH) == ["T3"]


async def _felt(play: Play) -> bool:
    return play.stage.outages.felt(play.case_id, "write_ledger")


@pytest.mark.clause("T8", "G4")
async def test_a_limit_that_passed_with_no_worker_there_is_told_of_once(
    own_stage: Stage,
) -> None:
    play = await own_stage.opens(at(11, 16))
    await play.reaches("C2")
    due = (await play.limit("T3")).due
    await play.until(due - timedelta(minutes=2))
    await spoken(play, 2)
    await play.until(due - timedelta(minutes=1))  # nothing is under way that a worker would miss
    await own_stage.crew.goes()
    await play.until(due + SECOND)
    await own_stage.crew.comes()
    heard = await spoken(play, 4)
    assert [told["topic"] for _, told in heard] == ["提醒", "提醒", "逾期", "逾期"]
    await play.until(due + 3 * DAY - SECOND)
    await play.file()
    assert len(play.told("逾期")) == 2
    assert await clauses(play, EntryKind.BREACH) == ["T3"]
