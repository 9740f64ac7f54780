"""A key that a desk has before the worker, or that the worker loses: no case leaves its history."""

import json
from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from pathlib import Path
from shutil import copyfile
from typing import Any
from uuid import uuid4

import pytest
from rich.console import Console
from temporalio.api.common.v1 import Payload
from temporalio.client import (
    Client,
    WorkflowExecutionStatus,
    WorkflowHandle,
    WorkflowUpdateFailedError,
)
from temporalio.common import RawValue
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Worker

from activities.warrants import server_time
from models.case.ledger import Entry, EntryKind
from operators.commands.case import entry_of
from operators.views.case import print_entry
from tests.play import PLAYED, Play, eventually, execution_status, noise, wedged
from tests.replays import replay
from tests.stage import Stage, at
from workers.catalogue import ACTIVITY_QUEUE, TASK_QUEUE, WORKFLOWS, activities, sandbox
from workers.keys import Keyring, Keys
from workers.seal import sealed_client, sealed_converter

pytestmark = [pytest.mark.clause("G7"), pytest.mark.server]


class Ahead:
    """A desk whose file of keys has one that the worker's has not, yet."""

    def __init__(self, stage: Stage, folder: Path) -> None:
        self.worker, self.file = stage.settings.keys_file, folder / "ahead"
        self.before = folder / "before"
        for copy in (self.file, self.before):
            copyfile(self.worker, copy)
            copy.chmod(0o600)
        self.key = Keys.another(self.file).newest.id
        self.client = sealed_client(stage.desk.client, Keyring(self.file))

    def door(self, play: Play) -> WorkflowHandle[Any, Any]:
        """Where it sends to a case."""
        return self.client.get_workflow_handle(play.case_id)

    async def objects(self, play: Play, id: str, text: str = "") -> None:
        """As ``exitflow object CASE … --signal`` does."""
        said = {"id": id, "text": text or f"道路未通（合成，{id}）"}
        await self.door(play).signal("object", said)

    def arrives(self) -> None:
        """The file comes to the worker."""
        copyfile(self.file, self.worker)

    def is_lost(self) -> None:
        """The worker's file is the older one again."""
        copyfile(self.before, self.worker)


@pytest.fixture
def ahead(own_stage: Stage, tmp_path: Path) -> Ahead:
    return Ahead(own_stage, tmp_path)


async def at_c2(stage: Stage) -> Play:
    play = await stage.opens(at(11, 16))
    await play.reaches("C2")
    await play.rests()
    return play


async def anew(stage: Stage) -> None:
    """The worker is started again."""
    await stage.crew.goes()
    await stage.crew.comes(max_cached_workflows=0)


async def marks(play: Play) -> list[str]:
    """The keys that the history says were known from there on."""
    events = (await play.handle.fetch_history()).events
    found = [event.marker_recorded_event_attributes for event in events]
    return [str(dict(each.details)) for each in found if each.marker_name]


async def objections(play: Play, count: int) -> list[str]:
    """The ids of objections on file, once there are as many."""
    entries = await play.has_entered(EntryKind.OBJECTION, count)
    return [each.data["objection"]["id"] for each in entries]  # type: ignore[index,call-overload,misc]


async def same_in_a_replay(play: Play, keys: Path) -> None:
    """A replay with these keys writes the same file."""
    file = await play.file()
    history = await play.handle.fetch_history()
    replayed = await replay(history, converter=sealed_converter(Keyring(keys)))
    # An order that is given again brings its entries again.
    assert [*dict.fromkeys(each.hash for each in replayed.entries)] == [each.hash for each in file]


def lost(stage: Stage) -> list[int]:
    """The entries of messages that a check says can be read now, and nobody has heard."""
    engine = stage.settings.engine()
    try:
        report = stage.settings.checks(engine).run(("not checked", ()))
    finally:
        engine.dispose()
    found = [each for each in report.findings if "did not have its key" in each.what]
    assert all("send it again" in each.mend for each in found)
    return [int(each.where.split()[-1]) for each in found]


def kept_of(entries: list[Entry]) -> str:
    return "".join(str(each.data["content"]) for each in entries)


async def test_a_message_that_came_before_its_key_stays_refused_and_can_be_opened(
    own_stage: Stage, ahead: Ahead
) -> None:
    play = await at_c2(own_stage)
    await ahead.objects(play, "o-1")
    await ahead.objects(play, "o-2")
    refused = await play.has_entered(EntryKind.REFUSED, 2)
    for entry in refused:
        assert entry.data["key"] == ahead.key
        assert f"sealed with the key {ahead.key}, which this" in str(entry.data["why"])
        assert "the whole content is kept" in str(entry.data["why"])
    assert await marks(play) == []
    assert lost(own_stage) == []  # who has no key cannot tell them from a stranger's
    await same_in_a_replay(play, ahead.file)
    await same_in_a_replay(play, ahead.before)

    ahead.arrives()
    await anew(own_stage)
    await play.act("C2")
    await play.reaches("C3")
    assert not await wedged(play)
    assert (await play.entries(EntryKind.REFUSED)) == refused
    await same_in_a_replay(play, ahead.file)
    assert "道路未通（合成，o-1）" in (own_stage.settings.opened(kept_of(refused[:1])) or "")
    assert lost(own_stage) == [entry.seq for entry in refused]

    # The same, sent again, counts; and from there on the key is known.
    await ahead.objects(play, "o-1")
    await ahead.objects(play, "o-3")
    assert await objections(play, 2) == ["o-1", "o-3"]
    await play.file()
    assert lost(own_stage) == [refused[1].seq]
    (mark,) = await marks(play)
    assert f"key-{ahead.key}/2" in mark
    await anew(own_stage)
    await play.act("C3")
    await play.reaches("C4")
    assert not await wedged(play)
    assert len(await marks(play)) == 1
    await same_in_a_replay(play, ahead.file)


async def test_a_key_that_was_known_and_is_lost_is_waited_for(
    own_stage: Stage, ahead: Ahead
) -> None:
    play = await at_c2(own_stage)
    await ahead.objects(play, "o-1")
    await play.has_entered(EntryKind.REFUSED)
    ahead.arrives()
    await anew(own_stage)
    await ahead.objects(play, "o-2")
    assert await objections(play, 1) == ["o-2"]
    await play.rests()

    await waits_for(own_stage, ahead, play)
    await ahead.objects(play, "o-3")
    ahead.arrives()
    await anew(own_stage)
    assert await objections(play, 2) == ["o-2", "o-3"]
    await play.act("C2")
    await play.reaches("C3")
    first, clear = await play.refused()
    assert ahead.key in first
    assert ahead.key not in clear
    await same_in_a_replay(play, ahead.file)


async def waits_for(stage: Stage, ahead: Ahead, play: Play) -> None:
    """Without the key nothing is refused, and nothing goes wrong: the case waits."""
    await goes_without(stage, ahead, play)
    assert all(f"sealed with the key {ahead.key}" in fault for fault in await wedged(play))


async def goes_without(stage: Stage, ahead: Ahead, play: Play) -> None:
    """The key is lost, and the case has tried to go on."""
    PLAYED.remove(play)
    file = await play.file()
    ahead.is_lost()
    await anew(stage)
    await play.signal("act", {"id": "in the clear, and no act"})

    async def tried() -> bool:
        return bool(await wedged(play))

    await eventually(tried)
    assert await execution_status(play) is WorkflowExecutionStatus.RUNNING
    assert stage.registry.ledger(play.case_id) == file


LONG = noise(800_000)


async def test_a_long_message_that_waits_for_its_key_is_kept_whole(
    own_stage: Stage, ahead: Ahead
) -> None:
    play = await at_c2(own_stage)
    await ahead.objects(play, "o-1", LONG)
    await play.has_entered(EntryKind.REFUSED)
    file = await play.file()
    (first,) = [entry.seq for entry in file if "key" in entry.data]
    assert int(str(file[first - 1].data["pieces"])) > 10
    opener = own_stage.settings.opened
    assert (await entry_of(own_stage.desk, play.case_id, first, opener))[1] is None
    ahead.arrives()
    entry, said = await entry_of(own_stage.desk, play.case_id, first, opener)
    assert entry == file[first - 1]
    assert json.loads(said or "") == {"id": "o-1", "text": LONG}
    out = StringIO()
    print_entry(Console(file=out, width=100), entry, said)
    assert "(sealed)" in out.getvalue()
    assert LONG[:40] in out.getvalue()
    assert lost(own_stage) == [first]


async def test_an_update_of_an_unknown_key_is_refused_by_name_and_an_accepted_one_waits_for_it(
    own_stage: Stage, ahead: Ahead
) -> None:
    play = await at_c2(own_stage)
    message = {"id": "o-1", "text": "道路未通（合成）"}
    with pytest.raises(WorkflowUpdateFailedError) as caught:
        await ahead.door(play).execute_update("object", message)
    assert f"sealed with the key {ahead.key}" in str(caught.value.cause)
    ahead.arrives()
    await anew(own_stage)
    await ahead.door(play).execute_update("object", message)
    assert await objections(play, 1) == ["o-1"]
    await play.rests()

    await waits_for(own_stage, ahead, play)
    ahead.arrives()
    await anew(own_stage)
    await play.has_entered(EntryKind.REFUSED)
    await play.act("C2")
    await play.reaches("C3")
    await same_in_a_replay(play, ahead.file)


async def test_keys_that_a_stranger_invents_mark_nothing(own_stage: Stage, ahead: Ahead) -> None:
    play = await at_c2(own_stage)
    ahead.arrives()
    await anew(own_stage)
    for key in (*(uuid4().hex[:16] for _ in range(5)), "no key", ahead.key, ahead.key):
        names = {"encryption-key-id": key, "sealed-for": play.case_id, "sealed-as": "workflow"}
        metadata = {"encoding": b"binary/encrypted"} | {k: v.encode() for k, v in names.items()}
        payload = Payload(metadata=metadata, data=b"x" * 99)
        await foreign(own_stage.desk.client, play).signal("object", RawValue(payload))
    refused = await play.has_entered(EntryKind.REFUSED, 8)
    assert ["key" in entry.data for entry in refused] == [True] * 5 + [False] * 3
    assert len(await marks(play)) == 1  # of the key that is known, however often it is named
    await anew(own_stage)
    await play.act("C2")
    await play.reaches("C3")
    await same_in_a_replay(play, ahead.file)


async def test_answers_of_a_worker_that_has_the_key_first_wedge_no_case(
    own_stage: Stage, ahead: Ahead
) -> None:
    """Two machines, one of which has the new file: its answers count once the other has it too."""
    play = await at_c2(own_stage)
    await own_stage.crew.goes()
    client, settings = own_stage.desk.client, own_stage.settings
    doing = Worker(
        sealed_client(client, Keyring(ahead.file), answering=True),
        task_queue=ACTIVITY_QUEUE,
        activities=activities(settings, server_time, own_stage.policies, client),
        activity_executor=ThreadPoolExecutor(2),
    )
    cases = Worker(
        client,
        task_queue=TASK_QUEUE,
        workflows=WORKFLOWS,
        workflow_runner=sandbox(),
        max_cached_workflows=0,
    )
    async with doing, cases:
        await play.signal("act", play.message("C2", "return", return_to="C1", reason="补件"))

        async def answered_twice() -> bool:
            return await answers(play, ahead.key) >= 2

        await eventually(answered_twice)
        assert await marks(play) == []
        ahead.arrives()

        async def counts() -> bool:
            return len(await marks(play)) == 1

        await eventually(counts)
    await own_stage.crew.comes(max_cached_workflows=0)
    await play.reaches("C1", 2)  # which a query sees ahead of the task that is tried again
    await play.rests()
    assert not await wedged(play)
    await same_in_a_replay(play, ahead.file)


async def answers(play: Play, key: str) -> int:
    """How many answers the case has got that are sealed with a key."""
    given = [
        event.activity_task_completed_event_attributes.result.payloads
        for event in (await play.handle.fetch_history()).events
        if event.HasField("activity_task_completed_event_attributes")
    ]
    ids = [each.metadata["encryption-key-id"].decode() for part in given for each in part]
    return ids.count(key)


def foreign(client: Client, play: Play) -> WorkflowHandle[Any, Any]:
    """The door of somebody who has no key."""
    config = client.config()
    config["data_converter"] = pydantic_data_converter
    return Client(**config).get_workflow_handle(play.case_id)
