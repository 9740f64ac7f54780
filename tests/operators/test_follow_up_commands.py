"""follow-up due, visit and mark, and what other commands say of a township's follow-up (F5)."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from temporalio.client import Client

from models.identity import follow_up_case
from models.periods import BEIJING
from models.rounds import Round, RoundResult
from operators.up import prepare_registry
from registry.records import CaseFilter
from tests.follow_up_stage import FollowUpPlay, put_exited, settings_kept_up
from tests.operators.conftest import NOW, THIS_YEAR, Shell
from tests.operators.rosters_today import write_csv
from tests.play import eventually
from tests.stage import Stage, set_stage_on
from tests.village_stage import put_village
from workers.catalogue import TASK_QUEUE

pytestmark = pytest.mark.clause("F5")

TODAY = NOW.date()
HEADER = ("户编号", "回访日期", "是否稳定", "回访情况", "风险", "更正理由")


@pytest.fixture(scope="module")
async def kept_up(
    nightly_server: Client | None, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Stage]:
    """An installation whose policy keeps support up to this year and beyond."""
    async with set_installation(nightly_server, tmp_path_factory.mktemp("kept-up")) as stage:
        yield stage


@pytest.fixture(scope="module")
async def kept_up_on_server(
    server: Client, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Stage]:
    """The same on a real server."""
    async with set_installation(server, tmp_path_factory.mktemp("kept-up")) as stage:
        yield stage


@asynccontextmanager
async def set_installation(server: Client | None, folder: Path) -> AsyncIterator[Stage]:
    # On every day of a year its round has been called for.
    settings = settings_kept_up(folder, opens="01-01")
    prepare_registry(settings)
    async with set_stage_on(server, settings) as stage:
        yield stage


@pytest.fixture
def installation(request: pytest.FixtureRequest) -> Stage:
    """One of them, as a test is marked."""
    marked = request.node.get_closest_marker("server") is not None
    found: Stage = request.getfixturevalue("kept_up_on_server" if marked else "kept_up")
    return found


@pytest.fixture
def environment(installation: Stage, environment: dict[str, str]) -> dict[str, str]:
    """The same, with the policy."""
    return environment | {"EXITFLOW_POLICY": installation.settings.policy}


@dataclass(frozen=True)
class Followed:
    """A follow-up that began today."""

    case: FollowUpPlay
    county: str
    village: str
    households: list[str]


@pytest.fixture
async def followed(installation: Stage) -> Followed:
    """Three households of a village, to be visited this year."""
    return await begins(installation)


@pytest.fixture(scope="module")
async def refusing(kept_up: Stage) -> Followed:
    """The same, to which only what is refused is sent."""
    return await begins(kept_up)


async def begins(installation: Stage) -> Followed:
    county = installation.county()
    village = put_village(installation, county, poor=0)
    left_on = TODAY.replace(year=THIS_YEAR - 1, day=1)
    households = put_exited(installation, village, 3, on=left_on)
    with installation.skipper.with_time_skipping_disabled():
        result = await installation.desk.client.execute_workflow(
            "FollowUpRound",
            Round(region=county),
            id=f"by-hand/{county}",
            task_queue=TASK_QUEUE,
            result_type=RoundResult,
        )
    case_id = follow_up_case(village[:9], THIS_YEAR)
    assert result.started == (case_id,)
    case = FollowUpPlay(installation, case_id, village[:9])
    await case.reaches("K1")
    await case.file()
    return Followed(case, county, village, households)


@pytest.mark.server
async def test_a_round_that_was_missed_is_told_of_and_begun_by_hand(
    cli: Shell, installation: Stage
) -> None:
    county = installation.county()
    village = put_village(installation, county, poor=0)
    put_exited(installation, village, 2, on=date(THIS_YEAR - 1, 12, 20))
    words = ("follow-up", "due", "--county", county)
    said = " ".join((await cli(*words)).done().split())
    assert f"0 households in {THIS_YEAR}, 0 still to be visited 2 more of {county} had left" in said
    assert f"`exitflow begin-round follow-up/{county}`" in said
    assert "more of" not in (await cli(*words, "--year", THIS_YEAR - 1)).done()
    assert "more of" not in (await cli(*words, "--year", THIS_YEAR + 1)).done()

    begin = ("begin-round", f"follow-up/{county}")
    assert f"follow-up/{county}: there is no such schedule" in (await cli(*begin)).fails(2)
    (await cli("setup", "schedules")).done()
    client, case_id = installation.desk.client, follow_up_case(village[:9], THIS_YEAR)
    schedule = client.get_schedule_handle(f"follow-up/{county}")
    rounds: list[str] = []
    for began in ("started", "there"):  # the second finds what the first has begun
        second = datetime.now(BEIJING).replace(microsecond=0)

        async def another_second() -> bool:
            return datetime.now(BEIJING) >= second + timedelta(seconds=1)  # noqa: B023

        await eventually(another_second)  # by which the server names what a schedule begins
        said = (await cli(*begin)).done()
        assert said.startswith(f"round of follow-up/{county} begun")

        async def another() -> bool:
            recent = [each.action for each in (await schedule.describe()).info.recent_actions]
            ids = [each.workflow_id for each in recent if hasattr(each, "workflow_id")]
            new = [each for each in ids if each not in rounds]
            rounds.extend(new)
            return bool(new)

        await eventually(another)
        result = await client.get_workflow_handle(rounds[-1], result_type=RoundResult).result()
        assert getattr(result, began) == (case_id,)
    assert "more of" not in (await cli(*words)).done()
    cases = installation.registry.case_rows(CaseFilter(region=county))
    assert [case.case_id for case in cases] == [follow_up_case(village[:9], THIS_YEAR)]


async def test_due_lists_who_is_visited_and_what_was_found(cli: Shell, followed: Followed) -> None:
    first, second, _ = followed.households
    county = ("--county", followed.county)
    said = (await cli("follow-up", "due", *county)).done()
    assert said.count("待访 due") == 3
    assert f"3 households in {THIS_YEAR}, 3 still to be visited" in said
    signed = ("--as", f"A1/{followed.village}", "--officer", "某丙")
    done = await cli("follow-up", "visit", followed.case.case_id, first, *signed)
    assert done.done().splitlines()[1].endswith("回访1户，尚有2户待访")
    # The household alone: its follow-up is looked up.
    words = ("--unstable", "--note", "失业（合成）", "--risk", "unstable")
    done = await cli("follow-up", "visit", second, *words, *signed)
    assert "其中1户不稳定，尚有1户待访" in done.done()
    await followed.case.file()
    found = {
        each["household"]: each for each in (await cli("follow-up", "due", *county, "--json")).json
    }
    assert found[first]["made_on"] == TODAY.isoformat()
    assert (found[second]["stable"], found[second]["risks"]) == (False, ["unstable"])
    said = (await cli("follow-up", "due", *county, "--year", THIS_YEAR)).done()
    assert "脱贫不稳定户" in said
    assert f"3 households in {THIS_YEAR}, 1 still to be visited" in said
    none = (await cli("follow-up", "due", *county, "--year", THIS_YEAR + 1)).done()
    assert none == f"0 households in {THIS_YEAR + 1}, 0 still to be visited\n"

    limits = (await cli("deadlines", "--office", f"A5/{followed.county}")).done()
    # A list that is drawn up after the date of the year holds nobody to it.
    in_time = date(THIS_YEAR, 11, 30) >= TODAY
    assert ("K1 跟踪回访（尚有1户待访）" in re.sub(r"\s+", " ", limits)) is in_time
    shown = (await cli("registry", "show", second)).done()
    assert "Follow-up 跟踪回访 (F5)" in shown
    assert "失业（合成）" in shown
    assert "脱贫不稳定户" in shown
    record = (await cli("registry", "show", second, "--json")).json
    assert [each["made_on"] for each in record["visits"]] == [TODAY.isoformat()]
    assert [each["risk"] for each in record["risks"]] == ["unstable"]


async def test_many_visits_come_from_a_file_and_a_correction_says_why(
    cli: Shell, followed: Followed, tmp_path: Path
) -> None:
    rows = [(code, TODAY.isoformat(), "是", "", "", "") for code in followed.households]
    file = write_csv(tmp_path / "visits.csv", HEADER, rows)
    words = ("--as", f"A5/{followed.county}", "--officer", "某丙")
    case, first = followed.case.case_id, followed.households[0]
    done = await cli("follow-up", "visit", case, "--file", file, *words)
    assert done.done().splitlines()[1].endswith("回访3户，尚有0户待访")
    again = await cli("follow-up", "visit", case, "--file", file, *words)
    assert again.done().startswith("was received before: ")
    said = (await cli("follow-up", "visit", first, "--note", "甲", *words)).fails(1)
    assert "to replace that, say why in correction" in said
    right = ("--note", "甲", "--correction", "误录（合成）")
    assert "回访1户" in (await cli("follow-up", "visit", first, *right, *words)).done()
    closed = await cli("act", case, "--step", "K1", "--approve", *words)
    assert "K1 同意" in closed.done()
    shown = (await cli("case", case)).done()
    assert "K1 跟踪回访" in shown


async def test_a_risk_is_marked_and_lifted(cli: Shell, followed: Followed) -> None:
    first = followed.households[0]
    words = ("--as", f"A1/{followed.village}", "--officer", "某丙")
    risk = ("--risk", "sudden-hardship")
    done = await cli("follow-up", "mark", first, *risk, "--reason", "大病（合成）", *words)
    assert f"标注{first}户风险：突发困难户，理由：大病（合成）" in done.done()
    lift = ("--lifted", "--reason", "已救助（合成）")
    done = await cli("follow-up", "mark", followed.case.case_id, first, *risk, *lift, *words)
    assert f"解除{first}户风险" in done.done()
    said = await cli("follow-up", "mark", first, "--risk", "marginal", *lift, *words)
    assert "is not marked as marginal; there is no mark to lift" in said.fails(1)


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("visit", "{case}"), 2, "HOUSEHOLD: name who was visited, or give the visits of many in"),
        (("visit", "{case}", "{first}", "--file", "x.csv"), 2, "HOUSEHOLD: name who was visited"),
        (("visit", "follow-up/1/2", "{first}"), 2, "CASE: 'follow-up/1/2' is no follow-up"),
        (("visit", "SL-none"), 2, "HOUSEHOLD: SL-none is on the list of no follow-up"),
        (("visit", "{case}", "{first}", "{first}"), 2, "{first} is named twice; name it once"),
        (("visit", "{case}", "{first}", "--made-on", "heute"), 2, "--made-on: 'heute' is no date"),
        (("visit", "{case}", "{first}", "--unstable"), 2, "is not stable; say what was found"),
        (("visit", "{case}", "--file", "x.csv", "--unstable"), 2, "says what each visit found"),
        (("visit", "{case}", "SL-none"), 1, "household SL-none is not due in"),
        (
            ("mark", "{case}", "--risk", "marginal", "--reason", "合成"),
            2,
            "HOUSEHOLD: name the one",
        ),
        (("mark", "{first}", "--risk", "poor", "--reason", "合成"), 2, "poor"),
    ],
)
async def test_what_cannot_be_is_refused_in_a_sentence(
    cli: Shell, refusing: Followed, words: tuple[str, ...], status: int, said: str
) -> None:
    named = {"case": refusing.case.case_id, "first": refusing.households[0]}
    given = [word.format(**named) for word in words]
    signed = ("--as", f"A5/{refusing.county}", "--officer", "某丙")
    assert said.format(**named) in (await cli("follow-up", *given, *signed)).fails(status)
