"""A channel that stays down is given up, put on file, and holds up nobody (T8)."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio.client import Client, WorkflowExecutionStatus

from activities.notifications.channels import FileChannel, WebhookChannel
from models.case.ledger import Entry, EntryKind
from models.case.messages import Ending
from models.policy import Notification
from tests.fast.server import FastServer
from tests.play import Play, execution_status
from tests.replays import replay
from tests.stage import Stage, at, set_fast_stage, set_stage_on, settings_in
from workers.embedded import free_port
from workers.settings import Settings


@pytest.fixture
async def down(
    nightly_server: Client | None, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Stage]:
    """A stage with a log, and with a webhook that nobody listens at."""
    settings = with_a_hook(tmp_path_factory.mktemp("down"))
    async with set_stage_on(nightly_server, settings) as stage:
        yield stage


def with_a_hook(folder: Path) -> Settings:
    """An installation with a log and that webhook."""
    url = f"http://127.0.0.1:{free_port()}/exits"
    hook = WebhookChannel.model_validate({"name": "hook", "url": url})
    log = FileChannel(name="log", path=folder / "notifications.jsonl")
    return settings_in(folder, channels=(hook, log))


async def by(play: Play, channel: str) -> list[Entry]:
    """What the file says of a channel."""
    entries = await play.entries(EntryKind.NOTIFIED, EntryKind.NOT_NOTIFIED)
    return [entry for entry in entries if entry.data["channel"] == channel]


@pytest.mark.clause("T8", "G7")
async def test_a_channel_that_is_down_is_given_up(down: Stage) -> None:
    policy = down.policy.model_copy(update={"notification": Notification(give_up_after_days=1)})
    play = await down.opens(at(11, 16), direct=True, policy=policy)
    await play.reaches("C3")
    await play.has_told("办理", 1)
    assert (await play.status()).undelivered == 0
    await play.until(await play.now() + timedelta(days=1, minutes=1))
    seen = await play.waits(lambda seen: seen.undelivered == 1)
    assert (seen.step, seen.waiting_for) == ("C3", play.office("C3"))
    (given_up,) = await by(play, "hook")
    assert given_up.kind is EntryKind.NOT_NOTIFIED
    assert given_up.text.startswith("未送达")
    assert "hook" in str(given_up.data["error"])
    assert "127.0.0.1" not in given_up.model_dump_json()
    assert [entry.kind for entry in await by(play, "log")] == [EntryKind.NOTIFIED]

    await play.act("C3", "reject", reason="未达标（合成）")
    await play.waits(lambda seen: seen.outcome is not None)
    assert await execution_status(play) is WorkflowExecutionStatus.RUNNING
    await play.until(await play.now() + timedelta(hours=1, minutes=1))
    assert (await play.ends()).ending is Ending.NOT_EXITED
    first, *last = await by(play, "hook")
    assert first == given_up
    # The county, which applied, and the province, which decided.
    assert [entry.kind for entry in last] == [EntryKind.NOT_NOTIFIED] * 2
    assert {(entry.data["topic"], entry.data["error"]) for entry in last} == {
        ("结果", "the case ended before the channel answered")
    }
    assert [entry.kind for entry in await by(play, "log")] == [EntryKind.NOTIFIED] * 3
    assert (await play.status()).undelivered == 3


@pytest.mark.clause("T8", "G7")
async def test_a_later_run_goes_on_trying_and_gives_it_up_at_the_same_moment(
    tmp_path: Path,
) -> None:
    async with set_fast_stage(with_a_hook(tmp_path)) as stage:
        server = stage.skipper
        assert isinstance(server, FastServer)
        server.works.long_after = 1
        policy = stage.policy.model_copy(
            update={"notification": Notification(give_up_after_days=1)}
        )
        play = await stage.opens(at(11, 16), direct=True, policy=policy)
        await play.reaches("C3")
        await play.has_told("办理", 1)
        told = await play.now()
        for hours in (3, 9, 15):
            await play.until(told + timedelta(hours=hours))
            await play.object()
        runs = [run for run in server.runs if run.id == play.case_id]
        assert len(runs) >= 3
        orders = [
            event.activity_task_scheduled_event_attributes.activity_id
            for run in (*runs, server.of(play.case_id))
            for event in run.history.events
            if event.HasField("activity_task_scheduled_event_attributes")
        ]
        assert len(orders) == len(set(orders))
        assert await by(play, "hook") == []
        await play.until(told + timedelta(days=1, minutes=1))
        given_up, *_ = await by(play, "hook")
        assert given_up.kind is EntryKind.NOT_NOTIFIED
        assert given_up.data["topic"] == "办理"
        assert told < given_up.at <= told + timedelta(days=1, minutes=1)


@pytest.mark.clause("G7")
async def test_what_several_channels_left_undone_is_on_file_in_one_order(
    nightly_server: Client | None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Every replay writes the same file, also where a dozen deliveries are broken off at once."""
    hooks = tuple(
        WebhookChannel.model_validate({"name": name, "url": f"http://127.0.0.1:{free_port()}/"})
        for name in ("one", "two", "three")
    )
    settings = settings_in(tmp_path_factory.mktemp("all-down"), channels=hooks)
    async with set_stage_on(nightly_server, settings) as stage:
        play = await stage.opens(at(11, 16), direct=True)
        # A step is waiting before its limits are armed and its office is told: an act that comes
        # between the two leaves nothing to be told.
        await play.waits(lambda seen: seen.step == "C3" and bool(seen.limits))
        await play.act("C3", "reject", reason="未达标（合成）")
        await play.waits(lambda seen: seen.outcome is not None)
        await play.until(await play.now() + timedelta(hours=1, minutes=1))
        await play.ends()
        file = await play.file()
        left = [entry for entry in file if entry.kind is EntryKind.NOT_NOTIFIED]
        assert [entry.data["channel"] for entry in left] == ["one", "two", "three"] * 3
        assert (await replay(await play.history())).entries == file
