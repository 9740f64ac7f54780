"""A channel that stays down is given up, put on file, and holds up nobody (T8)."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from temporalio.client import Client, WorkflowExecutionStatus

from activities.notifications.channels import FileChannel, WebhookChannel
from models.case.ledger import Entry, EntryKind
from models.case.messages import Ending
from models.policy import Notification
from tests.crew import apart
from tests.play import Play, execution_status
from tests.stage import Stage, at, set_stage, set_stage_on, settings_in
from workers.embedded import free_port


@pytest.fixture
async def down(
    nightly_server: Client | None, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Stage]:
    """A stage with a log, and with a webhook that nobody listens at."""
    folder = tmp_path_factory.mktemp("down")
    url = f"http://127.0.0.1:{free_port()}/exits"
    hook = WebhookChannel.model_validate({"name": "hook", "url": url})
    log = FileChannel(name="log", path=folder / "notifications.jsonl")
    settings = settings_in(folder, channels=(hook, log))
    async with set_stage_on(nightly_server, settings) as stage:
        yield stage


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
    first, last = await by(play, "hook")
    assert first == given_up
    assert last.kind is EntryKind.NOT_NOTIFIED
    assert (last.data["topic"], last.data["error"]) == (
        "结果",
        "the case ended before the channel answered",
    )
    assert [entry.kind for entry in await by(play, "log")] == [EntryKind.NOTIFIED] * 2
    assert (await play.status()).undelivered == 2


@pytest.mark.clause("G7")
async def test_what_several_channels_left_undone_is_on_file_in_one_order(
    server: Client, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Every replay writes the same file, also where a dozen deliveries are broken off at once."""
    hooks = tuple(
        WebhookChannel.model_validate({"name": name, "url": f"http://127.0.0.1:{free_port()}/"})
        for name in ("one", "two", "three")
    )
    settings = settings_in(tmp_path_factory.mktemp("all-down"), channels=hooks)
    async with set_stage(await apart(server), settings, max_cached_workflows=0) as stage:
        play = await stage.opens(at(11, 16), direct=True)
        # A step is waiting before its limits are armed and its office is told: an act that comes
        # between the two leaves nothing to be told.
        await play.waits(lambda seen: seen.step == "C3" and bool(seen.limits))
        await play.act("C3", "reject", reason="未达标（合成）")
        await play.waits(lambda seen: seen.outcome is not None)
        await play.until(await play.now() + timedelta(hours=1, minutes=1))
        await play.ends()
        left = [entry for entry in await play.file() if entry.kind is EntryKind.NOT_NOTIFIED]
        assert [entry.data["channel"] for entry in left] == ["one", "two", "three"] * 2
