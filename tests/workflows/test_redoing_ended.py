"""Cases that have ended are read once; a registry that was put back is given all kinds again."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from models.case.documents import CaseDocument
from models.case.messages import Ending
from models.identity import special_inspection_case
from models.reentry.orders import Entered
from models.roster.messages import StruckOff
from registry.checks.restoring import Restoring
from registry.database.engine import writing
from tests.follow_up_stage import follow_up_of, put_exited, settings_kept_up
from tests.play import Play, eventually
from tests.reentry_stage import opens_reentry, put_left, put_left_village
from tests.restored import content, copied, files, histories_read, redone, restored
from tests.revocation_stage import document, exited_village, revokes
from tests.roster_stage import opens_roster_of, put_households
from tests.roster_stage import put_village as put_roster_village
from tests.stage import YEAR, Stage, at, set_stage_on
from tests.supervision_stage import inspects, inspects_directly, opening
from tests.supervision_stage import put_exited as put_inspected
from tests.tampering import tampering
from tests.unguarded import unguarded
from tests.village_stage import opens_village, put_village
from workers import redoing

pytestmark = pytest.mark.clause("G7")


async def withdrawn(stage: Stage, code: str | None = None) -> Play:
    """A county's case that has ended."""
    play = await stage.opens_for(code or stage.county(), at(11, 16))
    await play.reaches("C2")
    await play.withdraw()
    assert (await play.ends()).ending is Ending.WITHDRAWN
    await play.file()
    return play


async def test_an_ended_case_is_read_once_and_what_a_copy_lacks_again(
    lone_stage: Stage, tmp_path: Path
) -> None:
    stage = lone_stage
    early = [await withdrawn(stage) for _ in range(2)]
    made = put_inspected(stage)
    wrong = opening(stage, made.county, at(4, 1))
    wrong = wrong.model_copy(
        update={"subject": wrong.subject.model_copy(update={"name": "别名县"})}
    )
    refused = await inspects_directly(stage, wrong, at(4, 1))
    assert (await refused.ends()).ending is Ending.NOT_ADMITTED
    with histories_read(stage) as asked:
        assert (await redone(stage)).cases == ()
    assert asked == dict.fromkeys([*(play.case_id for play in early), refused.case_id], 1)
    with histories_read(stage) as asked:
        assert (await redone(stage)).cases == ()
    assert asked == {}

    running = await stage.opens(at(11, 16))
    await running.reaches("C2")
    await running.file()
    with histories_read(stage) as asked:
        await redone(stage, ended_since=at(1, 1))
    assert asked == {}  # what goes on is looked at by a worker that starts

    code = stage.county()
    copied(stage, tmp_path / "copy.db")
    late = await withdrawn(stage, code)
    before = content(stage)
    assert (await redone(stage)).cases == ()
    await stage.crew.goes()
    restored(stage, tmp_path / "copy.db")
    with histories_read(stage) as asked:
        done = await redone(stage)
    assert (done.cases, done.failed) == ((late.case_id,), {})
    assert set(asked) == {late.case_id, running.case_id}
    assert content(stage) == before
    with histories_read(stage) as asked:
        await redone(stage)
    assert set(asked) == {running.case_id}


async def test_a_note_that_a_run_is_whole_counts_for_what_is_there(lone_stage: Stage) -> None:
    play = await withdrawn(lone_stage)
    before = content(lone_stage)
    await redone(lone_stage)
    with tampering(lone_stage.settings) as connection:
        for table in ("indicators", "outbox", "deliveries", "ledger_entries"):
            connection.execute(text(f"DELETE FROM {table}"))
    done = await redone(lone_stage)
    assert (done.cases, done.failed) == ((play.case_id,), {})
    assert content(lone_stage) == before


async def test_cases_of_every_kind_come_back(
    nightly_server: Client | None, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    settings = settings_kept_up(tmp_path_factory.mktemp("own"))
    async with set_stage_on(nightly_server, settings) as stage:
        village = await exited_village(stage)
        left = put_left_village(stage, stage.county())
        fallen_back = put_left(stage, left)
        visited = put_village(stage, stage.county(), poor=0)
        put_exited(stage, visited, 2)
        inspected = put_inspected(stage)
        proposed = put_roster_village(stage, stage.county())
        households = put_households(stage, proposed, 2)
        copied(stage, tmp_path / "copy.db")

        roster = await opens_roster_of(stage, proposed, households, at(11, 16))
        reentry = await opens_reentry(stage, fallen_back, left, at(11, 16))
        await reentry.is_cleared()
        await reentry.act("R4")
        assert (await reentry.ends()).ending is Ending.ENTERED
        follow_up = await follow_up_of(stage, visited[:9], at(1, 5, 9))
        await follow_up.limit("F5")
        supervision = await inspects(stage, inspected.county, at(4, 1))
        await supervision.drawn()
        filed = CaseDocument.model_validate(document(village.office("V1")))
        supplement = (await stage.desk.file(village.case_id, filed)).case_id
        await stage.desk.client.get_workflow_handle(supplement).result()
        revocation = await revokes(stage, village, at(3, 2, year=YEAR + 1))
        assert (await revocation.ends()).ending is Ending.REVOKED
        plays = (roster, reentry, follow_up, supervision, revocation)
        for play in plays:
            await play.file()
        before = content(stage)
        await stage.crew.goes()
        restored(stage, tmp_path / "copy.db")
        done = await redone(stage)
        assert set(done.cases) == {supplement, *(play.case_id for play in plays)}
        assert done.failed == {}
        assert content(stage) == before

        # Where a case has sent its file again by itself, what it had ordered is still done again.
        for deleted in (
            f"DELETE FROM revocations WHERE case_id = '{revocation.case_id}'",
            f"DELETE FROM village_status WHERE case_id = '{revocation.case_id}'",
            f"UPDATE village_status SET until = NULL WHERE case_id = '{village.case_id}'",
            f"DELETE FROM household_episodes WHERE opened_by = '{reentry.case_id}'",
            f"DELETE FROM samples WHERE case_id = '{supervision.case_id}'",
        ):
            with unguarded(settings.engine()) as connection:
                connection.execute(text(deleted))
        done = await redone(stage)
        assert set(done.cases) == {each.case_id for each in (revocation, reentry, supervision)}
        assert done.failed == {}
        assert content(stage) == before


async def test_what_was_admitted_and_is_not_on_file_yet_comes_back(
    lone_stage: Stage, tmp_path: Path
) -> None:
    stage = lone_stage
    made = put_inspected(stage)
    case_id = special_inspection_case(made.county, YEAR, 1)
    stage.outages.begin(case_id, "write_ledger", again_in=timedelta(seconds=1))
    copied(stage, tmp_path / "copy.db")
    play = await inspects(stage, made.county, at(4, 1))
    assert play.case_id == case_id

    async def waits_for_the_registry() -> bool:
        return stage.outages.felt(case_id, "write_ledger")

    await eventually(waits_for_the_registry)
    before = content(stage)
    await stage.crew.goes()
    restored(stage, tmp_path / "copy.db")
    done = await redone(stage)
    assert (done.cases, done.failed) == ((case_id,), {})
    assert content(stage) == before
    assert (await redone(stage)).cases == ()
    stage.outages.end(case_id)
    await stage.crew.comes()
    await play.drawn()
    await play.file()


async def test_what_the_server_has_forgotten_is_named(lone_stage: Stage) -> None:
    stage = lone_stage
    gone = f"supervision/419999/{YEAR}-q1"
    with writing(stage.settings.engine()) as session:
        session.execute(
            text(
                "INSERT INTO cases (case_id, procedure, subject_code, subject_name, year, region, "
                "step, round, overdue, open_objections, entries, head, updated) VALUES "
                "(:id, 'supervision', '419999', '合成县', :year, '/410000/', 'J2', 1, 0, 0, "
                "0, '', '2026-01-01 00:00:00')"
            ),
            {"id": gone, "year": YEAR},
        )
    done = await redone(stage)
    assert done.failed == {gone: "the server has no history of it any more"}


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("enter_household", Entered(number=None)),
        ("strike_off_households", StruckOff(households=(), notice=None)),
    ],
)
def test_what_changed_nothing_then_is_not_ordered_again(name: str, answer: object) -> None:
    assert redoing._was_nothing(name, answer)


async def test_two_workers_that_start_at_once_do_it_once(lone_stage: Stage, tmp_path: Path) -> None:
    stage = lone_stage
    code = stage.county(tier="provincial", direct=True)
    copied(stage, tmp_path / "copy.db")
    play = await stage.opens_for(code, at(11, 16), direct=True, tier="provincial")
    await play.pass_until("C7")
    await play.act("C7", document_number="合成〔9〕号")
    assert (await play.ends()).ending is Ending.EXITED
    await play.file()
    before, out = content(stage), files(stage)
    await stage.crew.goes()
    restored(stage, tmp_path / "copy.db")
    for file in stage.settings.notices_folder.iterdir():
        file.unlink()
    both = await asyncio.gather(redone(stage), redone(stage))
    assert [(done.cases, done.failed) for done in both] == [((play.case_id,), {})] * 2
    assert content(stage) == before
    assert files(stage) == out


@pytest.mark.clause("C7", "V3")
async def test_an_announcement_that_the_registry_has_lost_is_put_up_again(
    lone_stage: Stage,
) -> None:
    """As every other notice: the file says that it was out (公告退出)."""
    stage = lone_stage
    play = await opens_village(stage, at(11, 16))
    await play.is_reported()
    await play.act("V3")
    assert (await play.ends()).ending is Ending.EXITED
    await play.file()
    before = stage.registry.notices(play.case_id)
    assert [each.title[-2:] for each in before] == ["公示", "公告"]
    with tampering(stage.settings) as connection:
        connection.execute(text("DELETE FROM notices WHERE id = :id"), {"id": before[1].id})
    done = await redone(stage)
    assert (done.cases, done.failed) == ((play.case_id,), {})
    assert stage.registry.notices(play.case_id) == before


async def test_a_server_that_does_not_answer_is_asked_again(
    lone_stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    asked: list[datetime | None] = []

    async def redo(*_: object, ended_since: datetime | None) -> redoing.Redone:
        asked.append(ended_since)
        if len(asked) < 3:
            raise RPCError("nothing listens there", RPCStatusCode.UNAVAILABLE, b"")
        return redoing.Redone(files=0, cases=(), orders=0, ahead=(), failed={})

    monkeypatch.setattr(redoing, "redo", redo)
    monkeypatch.setattr(redoing, "_AGAIN_IN", 0.01)
    monkeypatch.setattr(redoing, "_EVERY", timedelta(seconds=0.01))
    restoring = Restoring(lone_stage.settings.engine(), lone_stage.settings.notices_folder)
    going = asyncio.create_task(redoing.redo_in_background(lone_stage.desk.client, restoring, []))

    async def often_enough() -> bool:
        return len(asked) > 3

    await eventually(often_enough)
    going.cancel()
    assert asked[:3] == [None] * 3
    assert asked[3] is not None
    assert caplog.text.count("nothing listens there") == 2
