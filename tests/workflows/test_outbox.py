"""Deliveries on a real server: activities of their own, which outlive case and worker (T8, G7)."""

import json
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.common import RetryPolicy

from activities.notifications.channels import FileChannel, WebhookChannel
from activities.warrants import server_time
from models.case.messages import Ending
from models.case.orders import Delivery
from models.texts.characters import markdown
from tests.crew import apart
from tests.play import PLAYED, Play, eventually, execution_status
from tests.restored import copied, redone, restored
from tests.stage import Stage, at, set_stage, settings_in
from workers import limits
from workers.catalogue import build_worker
from workers.connection import connect
from workers.deliveries import Bell
from workers.embedded import embedded, free_port

pytestmark = [pytest.mark.server, pytest.mark.clause("T8", "G7")]


@pytest.fixture(autouse=True)
def _soon_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """What fails is tried again in a moment, which on this server is one of real time."""
    soon = RetryPolicy(initial_interval=timedelta(seconds=0.3), backoff_coefficient=1.0)
    monkeypatch.setattr("workflows.retries._PATIENT", soon)


class Receiver:
    """A system of one's own, which is down until it is told to come."""

    def __init__(self) -> None:
        self.port = free_port()
        self._server: HTTPServer | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def comes(self) -> None:
        self._server = HTTPServer(host="127.0.0.1", port=self.port)
        self._server.expect_request("/").respond_with_data("")
        self._server.start()

    def goes(self) -> None:
        if self._server is not None:
            self._server.clear()
            self._server.stop()

    def keys(self) -> list[str]:
        """Of what came in."""
        if self._server is None:
            return []
        return [request.headers["Idempotency-Key"] for request, _ in self._server.log]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.goes()


@pytest.fixture
async def posting(server: Client, tmp_path: Path, receiver: Receiver) -> AsyncIterator[Stage]:
    """A stage of its own with a log and that receiver."""
    hook = WebhookChannel.model_validate({"name": "hook", "url": receiver.url})
    log = FileChannel(name="log", path=tmp_path / "notifications.jsonl")
    settings = settings_in(tmp_path, channels=(hook, log))
    async with set_stage(await apart(server), settings) as stage:
        yield stage


async def all_arrived(play: Play) -> None:
    """Wait until everything that a case has told has arrived."""

    async def arrived() -> bool:
        return not play.stage.registry.unreached(play.case_id)

    await eventually(arrived, lambda: str(play.stage.registry.unreached(play.case_id)))


async def rejected(stage: Stage) -> Play:
    """A case that has ended at once: what it tells is on its way."""
    play = await stage.opens(at(11, 16), direct=True)
    await play.reaches("C3")
    await play.act("C3", "reject", reason="未达标（合成）")
    assert (await play.ends()).ending is Ending.NOT_EXITED
    return play


async def test_what_a_case_tells_arrives_after_its_end_and_another_worker(
    posting: Stage, receiver: Receiver
) -> None:
    play = await rejected(posting)
    assert await execution_status(play) is WorkflowExecutionStatus.COMPLETED
    unreached: list[str] = []

    async def logged() -> bool:
        unreached[:] = [each.channel for each in posting.registry.unreached(play.case_id)]
        return set(unreached) == {"hook"}

    await eventually(logged, lambda: f"not arrived: {unreached}")
    await posting.crew.goes()
    receiver.comes()
    await posting.crew.comes()
    await all_arrived(play)
    assert len(play.told()) == 3
    assert len(receiver.keys()) == len(set(receiver.keys())) == 3


async def test_a_delivery_is_seen_on_the_server_with_whom_it_is_for(
    posting: Stage, receiver: Receiver
) -> None:
    receiver.comes()
    play = await rejected(posting)
    await all_arrived(play)
    client = posting.desk.client

    async def listed() -> bool:
        found = [each async for each in client.list_activities("ActivityType = 'deliver'")]
        return {each.activity_id for each in found} == expected

    seqs = {entry.seq for entry, _ in await play.says_told("办理", "结果")}
    expected = {f"outbox/{play.case_id}/{seq}" for seq in seqs}
    await eventually(listed, lambda: f"not listed: {expected}")
    first = client.get_activity_handle(f"outbox/{play.case_id}/{min(seqs)}")
    described = await first.describe()
    shown = described.raw_info.user_metadata.summary
    (summary,) = await client.data_converter.decode([shown], [str])
    assert summary == markdown(f"通知 {play.office('C3')} 办理")
    # Nothing of it can be read there without the keys.
    said = (shown, described.raw_input, described.raw_outcome)
    assert all("办理".encode() not in each.SerializeToString() for each in said if each)


async def test_two_workers_tell_nobody_twice(posting: Stage, receiver: Receiver) -> None:
    receiver.comes()
    client = posting.desk.client
    address = client.service_client.config.target_host
    other = await connect(posting.settings.keyring(), address, client.namespace)
    async with build_worker(other, posting.settings, clock=server_time):
        plays = [await rejected(posting) for _ in range(3)]
        for play in plays:
            await all_arrived(play)
    assert len(receiver.keys()) == len(set(receiver.keys())) == 9
    assert [len(play.told()) for play in plays] == [3, 3, 3]


async def test_what_could_not_be_set_going_is_with_the_next_attempt(
    posting: Stage, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver.comes()
    rung: list[str] = []
    ring = Bell.__call__

    def once_in_vain(bell: Bell, order: Delivery, tried_for: timedelta) -> object:
        rung.append(order.id)
        if rung.count(order.id) == 1:
            raise TimeoutError("no answer")
        return ring(bell, order, tried_for)

    monkeypatch.setattr(Bell, "__call__", once_in_vain)
    play = await rejected(posting)
    await all_arrived(play)
    assert len(rung) == 2 * len(set(rung))
    assert len(receiver.keys()) == len(set(receiver.keys())) == 3


async def test_a_registry_restored_from_an_older_copy_tells_nobody_twice(
    posting: Stage, receiver: Receiver, tmp_path: Path
) -> None:
    """The server remembers what was delivered; what was under way goes on."""
    receiver.comes()
    play = await posting.opens(at(11, 16), direct=True)
    await play.reaches("C3")
    assert await play.file()  # what the case said so far is in the registry, so in the copy
    copied(posting, tmp_path / "copy.db")
    await play.act("C3", "reject", reason="未达标（合成）")
    await play.ends()
    await all_arrived(play)
    told, keys, kept = play.told(), receiver.keys(), len(await play.file())
    await posting.crew.goes()
    restored(posting, tmp_path / "copy.db")
    assert posting.registry.ledger(play.case_id)[-1].seq < kept
    await posting.crew.comes()
    done = await redone(posting)
    assert (done.cases, done.failed) == ((play.case_id,), {})
    await all_arrived(play)
    assert (play.told(), receiver.keys()) == (told, keys)
    lines = (tmp_path / "notifications.jsonl").read_text(encoding="utf-8").splitlines()
    assert len({json.loads(line)["key"] for line in lines}) == len(lines)


async def test_a_server_that_takes_no_deliveries_holds_up_no_case(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "LIMITS", {**limits.LIMITS, limits.STANDALONE: False})
    async with (
        embedded(time_skipping=True) as server,
        set_stage(server.client, settings_in(tmp_path)) as stage,
    ):
        play = await stage.opens(at(11, 16))
        await play.reaches("C2")
        await play.act("C2")
        await play.reaches("C3")
        waiting = stage.registry.unreached(play.case_id)
    PLAYED.clear()  # their server has gone
    assert "办理" in {each.topic for each in waiting}
    assert {each.error for each in waiting} == {None}
