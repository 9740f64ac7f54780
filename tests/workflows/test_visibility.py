"""What the list of cases, its filters and the page of one case show."""

import json
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from models import search
from models.periods import BEIJING, Limit, chinese
from tests.play import Play, eventually
from tests.stage import YEAR, Stage, at

pytestmark = pytest.mark.server

GUIDE = Path(__file__).resolve().parents[2] / "docs/offices.md"
SECOND = timedelta(seconds=1)


async def shown(play: Play) -> dict[str, Any]:
    """The search attributes of a case, as the server has them."""
    attributes = (await play.handle.describe()).typed_search_attributes
    return {
        pair.key.name: pair.value
        for pair in attributes.search_attributes
        if pair.key.name.startswith("Exit")
    }


async def shows(play: Play, **expected: Any) -> None:
    """Wait until search attributes have values; None stands for none."""
    seen: dict[str, Any] = {}

    async def as_expected() -> bool:
        seen.clear()
        seen.update(await shown(play))
        return {name: seen.get(name) for name in expected} == expected

    await eventually(as_expected, lambda: f"shown is {seen}, expected {expected}")


async def summaries(play: Play, event: str) -> list[str]:
    """The summaries of events of one kind."""
    return [
        json.loads(each.user_metadata.summary.data)
        for each in (await play.history()).events
        if each.HasField(event) and each.user_metadata.HasField("summary")  # type: ignore[arg-type]
    ]


def last_second(limit: Limit) -> datetime:
    """The last second of a limit; its moment is 23:59:59 of the last day in Beijing."""
    moment = limit.due - SECOND
    assert f"{moment.astimezone(BEIJING):%H:%M:%S}" == "23:59:59"
    assert moment.astimezone(BEIJING).date() == limit.last_day
    return moment


@pytest.mark.clause("T3", "T1", "G1", "G4")
async def test_the_attributes_of_a_case_from_beginning_to_end(stage: Stage) -> None:
    play = await stage.opens(at(11, 16), tier="provincial")
    await play.reaches("C2")
    review = await play.limit("T3")
    city = f"{play.code[:4]}00"
    await shows(
        play,
        ExitProcedure="county",
        ExitYear=YEAR,
        ExitSubject=f"合成{play.code}县",
        ExitRegion=["410000", city, play.code],
        ExitStep="C2",
        ExitWaitingFor=f"A6/{city}",
        ExitDeadline=last_second(review),
        ExitOverdue=False,
        ExitOpenObjections=0,
        ExitOutcome="open",
    )
    assert set(await shown(play)) == {key.name for key in search.ALL}

    await play.until(review.due + SECOND)
    await shows(play, ExitOverdue=True, ExitDeadline=last_second(review), ExitStep="C2")

    await play.act("C2")
    await play.reaches("C3")
    check = await play.limit("T5")
    await shows(play, ExitOverdue=False, ExitWaitingFor="A7/410000", ExitStep="C3")
    await shows(play, ExitDeadline=last_second(check))

    await play.act("C3")
    await play.reaches("C4")
    closes = await play.limit("T1")
    await shows(play, ExitStep="C4", ExitWaitingFor="none", ExitDeadline=last_second(closes))

    objection = await play.object()
    await shows(play, ExitOpenObjections=1, ExitWaitingFor="A7/410000")
    await shows(play, ExitDeadline=last_second(closes))
    await play.resolve(objection, "dismissed")
    await shows(play, ExitOpenObjections=0, ExitWaitingFor="none")

    await play.end_publicity()
    await shows(play, ExitStep="C5", ExitWaitingFor="A7/410000", ExitDeadline=None)
    await play.act("C5")
    await play.reaches("C7")
    await play.act("C7", document_number="合成〔9〕号")
    await play.ends()
    await shows(
        play,
        ExitStep="C7",
        ExitWaitingFor="none",
        ExitDeadline=None,
        ExitOverdue=False,
        ExitOpenObjections=0,
        ExitOutcome="exited",
        ExitSubject=f"合成{play.code}县",
    )


@pytest.mark.clause("G1")
async def test_an_ended_case_shows_no_open_objection(stage: Stage) -> None:
    play = await stage.opens(at(11, 16), direct=True)
    await play.pass_until("C4")
    await play.object()
    await shows(play, ExitOpenObjections=1)
    await play.withdraw()
    await play.ends()
    await shows(play, ExitOutcome="withdrawn", ExitWaitingFor="none", ExitDeadline=None)
    assert (await shown(play))["ExitOpenObjections"] == 0


def filters() -> dict[str, str]:
    """The filters that the guide names, by the first words that say what they show."""
    text = GUIDE.read_text(encoding="utf-8")
    table = text[text.index("| To see | Filter |") :].split("\n\n")[0]
    rows = [line.strip("| ").split(" | ") for line in table.splitlines()[2:]]
    return {said: query.strip("`") for said, query in rows}


@pytest.mark.clause("T3", "G1", "G4")
async def test_the_filters_of_the_guide_find_exactly_the_right_cases(own_stage: Stage) -> None:
    in_review = await own_stage.opens(at(11, 16))
    overdue = await own_stage.opens(at(11, 16))
    objected = await own_stage.opens(at(11, 20), direct=True)
    ended = await own_stage.opens(at(11, 16))
    review = await in_review.limit("T3")
    await overdue.until((await overdue.limit("T3")).due + SECOND)
    await objected.pass_until("C4")
    await objected.object()
    await ended.reaches("C2")
    await ended.act("C2", "reject", reason="未达标（合成）")
    await ended.ends()
    city = f"{in_review.code[:4]}00"
    same_city = [
        play for play in (in_review, overdue, objected, ended) if play.code[:4] == city[:4]
    ]
    day = (review.due + SECOND).isoformat()
    expected = {
        "ExitOverdue": [overdue],
        "ExitOutcome": [in_review, overdue],
        "ExitRegion": same_city,
        "ExitWaitingFor": [objected],
        "ExitOpenObjections": [objected],
    }
    queries = [
        re.sub(r'"\d{4}-\d\d-\d\dT[^"]*"', f'"{day}"', query).replace('"411500"', f'"{city}"')
        for query in filters().values()
    ]
    assert sorted(query.split()[0] for query in queries) == sorted(expected)
    for query in queries:
        await finds(own_stage, query, expected[query.split()[0]])
    await finds(own_stage, f'ExitSubject = "合成{ended.code}县"', [ended])
    await finds(own_stage, 'ExitOutcome = "not_exited"', [ended])
    await finds(own_stage, 'ExitProcedure = "county" AND ExitYear = ' + str(YEAR + 1), [])


async def finds(stage: Stage, query: str, plays: list[Play]) -> None:
    """A list query finds these cases and no others."""
    found: set[str] = set()

    async def right() -> bool:
        found.clear()
        found.update([each.id async for each in stage.desk.client.list_workflows(query)])
        return found == {play.case_id for play in plays}

    await eventually(right, lambda: f"{query} finds {found}")


@pytest.mark.clause("T3", "T4", "T1", "T7")
async def test_the_page_of_a_case_names_clause_day_and_reason(stage: Stage) -> None:
    play = await stage.opens(at(11, 16), tier="provincial")
    await play.reaches("C2")
    review = await play.limit("T3")
    described = await play.handle.describe()
    assert await described.static_summary() == f"合成{play.code}县 {YEAR}年度 贫困县退出"
    about = await described.static_details()
    assert about is not None
    assert "省定贫困县" in about
    assert "河南省贫困退出实施办法" in about

    text = await play.details()
    rows = {line.split()[1]: line for line in text.splitlines() if line.startswith("| C")}
    assert list(rows) == ["C1", "C2", "C3", "C4", "C5", "C6", "C7"]
    assert "✔ 已办结" in rows["C1"]
    assert "▶ 办理中" in rows["C2"]
    assert "– 不适用" in rows["C6"]
    assert all("· 未到" in rows[step] for step in ("C3", "C4", "C5", "C7"))
    assert review.zh in text
    assert f"{review.last_day} 24:00" in text
    assert chinese(review.last_day) in review.zh
    assert f"等待合成{play.code[:4]}市扶贫开发领导小组" in text.splitlines()[0]

    await play.act("C2")
    await play.reaches("C3")
    await play.act("C3")
    await play.reaches("C4")
    closes = await play.limit("T1")
    objection = await play.object()
    await play.waits(lambda seen: len(seen.limits) == 2)
    await play.rests()
    text = await play.details()
    assert closes.zh in text
    assert "**未办结异议 1 件**" in text
    timers = await summaries(play, "timer_started_event_attributes")
    assert f"T3 C2 市级初审 至 {review.last_day} 24:00" in timers
    assert f"T1 C4 公告公示 至 {closes.last_day} 24:00" in timers
    calls = await summaries(play, "activity_task_scheduled_event_attributes")
    for said in (
        "受理审查 C1",
        f"T1 发布公示，至 {closes.last_day} 24:00",
    ):
        assert said in calls
    assert [said for said in calls if re.fullmatch(r"写入案卷 \d+–\d+", said)]

    await play.resolve(objection, "upheld")
    await play.ends()
    text = await play.details()
    rows = {line.split()[1]: line for line in text.splitlines() if line.startswith("| C")}
    assert "■ 终止" in rows["C4"]
    assert "未退出" in text.splitlines()[0]
    assert "期限" not in text
