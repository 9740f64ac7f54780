"""One delivery on one channel: the log, outages that any channel can have, who is never told."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from activities.notifications import deliver as notifications
from activities.notifications import mail, webhooks
from activities.notifications.channels import FileChannel
from activities.notifications.deliver import Senders
from models.case.orders import Recipient
from tests.activities.deliveries import (
    COUNTY,
    KEY,
    NOTIFICATION,
    PERSON,
    deliver,
    failure,
    hook,
    is_outage,
    kept_by_temporal,
    smtp,
    to,
)


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def log(tmp_path: Path) -> FileChannel:
    return FileChannel(name="log", path=tmp_path / "new" / "log.jsonl")


@pytest.mark.clause("T8", "G7")
async def test_the_log_holds_a_delivery_once(log: FileChannel) -> None:
    senders = Senders([log])
    for notification in (NOTIFICATION, NOTIFICATION, to(PERSON)):
        await senders.send(notification, "log")
    await deliver(log)  # another worker, after a restart
    first, second = lines(log.path)
    assert first["recipient"] == {
        "name": "信阳市扶贫开发领导小组",
        "office": "A6/411500",
        "contact": None,
        "township": None,
    }
    assert (first["case_id"], first["seq"], first["topic"]) == (NOTIFICATION.case_id, 7, "reminder")
    assert second["recipient"]["contact"] == "li@example.org"
    assert log.path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "change",
    [
        {"case_id": "county-exit/411523/2018"},
        {"number": 4},
        {"seq": 8},
        {"recipient": Recipient(name="县", office=COUNTY)},
        {"recipient": PERSON},
    ],
)
async def test_another_key_is_another_line(log: FileChannel, change: dict[str, Any]) -> None:
    await deliver(log)
    await deliver(log, NOTIFICATION.model_copy(update=change))
    assert len({line["key"] for line in lines(log.path)}) == 2


async def test_two_channels_may_share_a_log(log: FileChannel) -> None:
    for channel in (log, log.model_copy(update={"name": "copy"})):
        await deliver(channel)
    assert len(lines(log.path)) == 2


async def test_a_log_that_cannot_be_written_is_an_outage(tmp_path: Path) -> None:
    (tmp_path / "way").write_text("", encoding="utf-8")
    error = await failure(FileChannel(name="log", path=tmp_path / "way" / "log.jsonl"))
    assert is_outage(error)


@asynccontextmanager
async def silent_server() -> AsyncIterator[int]:
    """A server that takes a connection and says nothing."""
    opened: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(
        lambda _reader, writer: opened.append(writer), "127.0.0.1", 0
    )
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        for writer in opened:
            writer.close()
        server.close()


@pytest.mark.parametrize(
    "modules",
    [
        pytest.param([mail, webhooks], id="the limit of each wait"),
        pytest.param([notifications], id="the limit of the whole"),
    ],
)
async def test_a_server_that_says_nothing_is_an_outage(
    monkeypatch: pytest.MonkeyPatch, modules: list[ModuleType]
) -> None:
    for module in modules:
        monkeypatch.setattr(module, "SECONDS", 0.05)
    async with silent_server() as port:
        for channel in (
            smtp(port),
            hook(f"http://127.0.0.1:{port}/{KEY}"),
        ):
            error = await failure(channel)
            assert is_outage(error)
            assert ("no answer within" in str(error)) is (modules == [notifications])
            assert KEY not in kept_by_temporal(error)


async def test_deliveries_do_not_wait_for_each_other() -> None:
    together = threading.Barrier(3, timeout=10)

    def answer(_request: Request) -> Response:
        together.wait()  # answers when all three are here
        return Response("")

    with HTTPServer(host="127.0.0.1", threaded=True) as server:
        server.expect_request("/").respond_with_handler(answer)
        senders = Senders([hook(server.url_for("/"))])
        await asyncio.gather(*(senders.send(NOTIFICATION, "hook") for _ in range(3)))
