"""The outbox: taken in with the entries that say so, delivered once, tried for days (T8, G7)."""

import asyncio
import json
import sqlite3
import threading
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.ledger import RegistryActivities
from activities.notifications.channels import Channel, FileChannel
from activities.notifications.deliver import NotificationActivities, Senders
from activities.notifications.outbox import Outbox
from models.case.ledger import EntryKind
from models.case.orders import (
    Delivered,
    Delivery,
    Notification,
    Recipient,
    Telling,
    TellOrder,
)
from models.offices import Office
from registry.database.engine import writing
from registry.desk import Registry
from registry.tables import CaseRow, DeliveryRow, EntryRow, OutboxRow
from tests.activities.admitted import CLOCK, called, registry_activities, run
from tests.activities.deliveries import hook
from tests.activities.registry_cases import APPLIED, File, admission, rows

pytestmark = [pytest.mark.clause("T8", "G7"), pytest.mark.usefixtures("registry")]

COUNTY = Recipient(name="新县扶贫开发领导小组", office=Office.parse("A5/411523"))
CITY = Recipient(name="信阳市扶贫开发领导小组", office=Office.parse("A6/411500"))
STRANGER = Recipient(name="商城县扶贫开发领导小组", office=Office.parse("A5/411524"))
PERSON = Recipient(name="钱某某", contact="qian@example.org")


@dataclass
class Post:
    """A registry with channels, what was set going, and what time it is."""

    engine: Engine
    channels: list[Channel]
    rung: list[str] = field(default_factory=list)
    known: tuple[Delivered, ...] | None = None
    now: datetime = APPLIED
    away: bool = False

    def ring(self, order: Delivery, _tried_for: timedelta) -> tuple[Delivered, ...] | None:
        if self.away:
            raise TimeoutError("no server")
        self.rung.append(order.id)
        return self.known

    @property
    def outbox(self) -> Outbox:
        senders = Senders(self.channels)
        return Outbox(self.engine, senders.reached_by, lambda: self.now, self.ring)

    @property
    def registry(self) -> RegistryActivities:
        return registry_activities(self.engine, channels=self.channels, ring=self.ring)

    @property
    def notifications(self) -> NotificationActivities:
        return NotificationActivities(self.engine, self.outbox, Senders(self.channels))

    async def deliver(self, file: File, seq: int) -> tuple[Delivered, ...]:
        """One attempt, under no workflow."""
        environment = ActivityEnvironment()
        environment.info = replace(environment.info, workflow_id=None)
        order = Delivery(case_id=file.case_id, seq=seq, told="")
        delivered: tuple[Delivered, ...] = await environment.run(self.notifications.deliver, order)
        return delivered

    async def outage(self, file: File, seq: int) -> ApplicationError:
        """One attempt that leaves something."""
        with pytest.raises(ApplicationError) as raised:
            await self.deliver(file, seq)
        assert (raised.value.type, raised.value.non_retryable) == ("Outage", False)
        return raised.value


@pytest.fixture
def log(tmp_path: Path) -> FileChannel:
    return FileChannel(name="log", path=tmp_path / "log.jsonl")


@pytest.fixture
def post(engine: Engine, log: FileChannel) -> Post:
    return Post(engine, [log])


@pytest.fixture
def file(post: Post) -> File:
    """A case that is admitted, and begun."""
    run(post.registry.admit_county, admission())
    begun = File()
    begun.open()
    return begun


def lines(log: FileChannel) -> list[dict[str, Any]]:
    if not log.path.exists():
        return []
    return [json.loads(line) for line in log.path.read_text(encoding="utf-8").splitlines()]


def ways(post: Post) -> list[tuple[int, int, str, str | None]]:
    """What is in the outbox and came of it; a question mark where nothing has yet."""
    came = {
        (row["seq"], row["number"], row["channel"]): row["error"]
        for row in rows(post.engine, DeliveryRow)
    }
    keys = [(row["seq"], row["number"], row["channel"]) for row in rows(post.engine, OutboxRow)]
    return sorted((*key, came.get(key, "?")) for key in keys)


async def test_what_is_told_is_kept_with_its_entry_and_delivered_once(
    post: Post, file: File, log: FileChannel
) -> None:
    seq = file.tell(COUNTY, PERSON).seq
    assert run(post.registry.write_ledger, file.batch()).count == seq
    assert post.rung == [f"outbox/{file.case_id}/{seq}"]
    assert ways(post) == [(seq, 1, "log", "?"), (seq, 2, "log", "?")]
    done = await post.deliver(file, seq)
    assert [(each.number, each.channel, each.error) for each in done] == [
        (1, "log", None),
        (2, "log", None),
    ]
    # At the same moment: nobody waits for another.
    assert {line["recipient"]["name"] for line in lines(log)} == {COUNTY.name, PERSON.name}
    # The file, and what lists show of the outbox, do not name who objected (G1).
    assert PERSON.name not in json.dumps(file.ledger.entries[-1].data, ensure_ascii=False)
    assert {row["recipient"] for row in rows(post.engine, OutboxRow)} == {COUNTY.name, "异议人"}
    # The worker went before the server had its answer: another attempt tells nobody.
    assert await post.deliver(file, seq) == done
    assert run(post.registry.write_ledger, file.batch()).count == seq
    assert len(post.rung) == 1
    assert len(lines(log)) == 2


def test_a_batch_that_is_refused_tells_nobody(post: Post, file: File) -> None:
    run(post.registry.write_ledger, file.batch())
    other = File()
    other.open(officer="另一人")
    other.tell(COUNTY)
    with pytest.raises(ApplicationError, match="is kept already with another content"):
        run(post.registry.write_ledger, other.batch())
    assert (ways(post), post.rung) == ([], [])


@pytest.mark.parametrize(
    "said",
    [
        {"told": []},
        {"told": None},
        {"told": [{"topic": "办理", "recipient": CITY.name, "subject": "C2 市级初审待办"}]},
    ],
)
def test_nothing_is_told_but_what_its_entry_says(
    post: Post, file: File, said: dict[str, Any]
) -> None:
    file.tell(COUNTY, **said)
    with pytest.raises(ApplicationError, match="says nothing of who is told what"):
        run(post.registry.write_ledger, file.batch())
    assert (ways(post), post.rung, rows(post.engine, EntryRow)) == ([], [], [])


def test_another_kind_of_entry_tells_nobody(post: Post, file: File) -> None:
    entry = file.tell(COUNTY)
    file.ledger.entries.pop()
    file.add(EntryKind.STEP_OPENED, entry.data)
    with pytest.raises(ApplicationError, match="says nothing of who is told what"):
        run(post.registry.write_ledger, file.batch())
    assert ways(post) == []


async def test_whom_a_case_may_not_tell_keeps_nobody_else_from_hearing(
    post: Post, file: File, log: FileChannel
) -> None:
    seq = file.tell(STRANGER, CITY, Recipient(name="乡", township="411524100")).seq
    run(post.registry.write_ledger, file.batch())
    await post.deliver(file, seq)
    assert [line["recipient"]["name"] for line in lines(log)] == [CITY.name]
    nobodys = "has nothing to do with the case"
    assert ways(post) == [
        (seq, 1, "—", f"A5/411524 {nobodys}"),
        (seq, 2, "log", None),
        (seq, 3, "—", f"township 411524100 {nobodys}"),
    ]


@pytest.mark.parametrize(
    ("office", "concerned"),
    [
        ("A5/411523", True),
        ("A6/411500", True),
        ("A8/100000", True),
        ("A1/411523100901", True),
        ("A5/411524", False),
        ("A6/411600", False),
        ("A9/420000", False),
    ],
)
def test_a_case_tells_offices_of_its_territory_alone(
    post: Post, file: File, office: str, concerned: bool
) -> None:
    file.tell(Recipient(name="某", office=Office.parse(office)))
    run(post.registry.write_ledger, file.batch())
    assert [channel for _, _, channel, _ in ways(post)] == ["log" if concerned else "—"]


def test_who_is_reached_by_no_channel_is_on_record(
    post: Post, file: File, registry: Registry
) -> None:
    post.channels = []
    seq = file.tell(COUNTY).seq
    run(post.registry.write_ledger, file.batch())
    assert ways(post) == [(seq, 1, "—", "no channel reaches this recipient")]
    assert post.rung == []  # there is nothing to deliver
    (listed,) = registry.unreached(file.case_id)
    assert (listed.recipient, listed.error) == (COUNTY.name, "no channel reaches this recipient")


async def test_one_channel_that_is_down_holds_up_no_other_and_is_tried_for_days(
    post: Post, file: File, log: FileChannel, tmp_path: Path, registry: Registry
) -> None:
    way = tmp_path / "way"
    way.write_text("", encoding="utf-8")
    shut = FileChannel(name="shut", path=way / "log.jsonl")
    post.channels.append(shut)
    seq = file.tell(COUNTY, CITY, days=3).seq
    run(post.registry.write_ledger, file.batch())
    for days in (0, 1, 2.9):
        post.now = APPLIED + timedelta(days=days)
        error = await post.outage(file, seq)
        assert "shut: the log file cannot be written" in error.message
        assert len(lines(log)) == 2
    assert {(each.channel, each.error) for each in registry.unreached()} == {("shut", None)}
    post.now = APPLIED + timedelta(days=3, minutes=1)
    await post.deliver(file, seq)
    shown = [each.error for each in registry.unreached(file.case_id)]
    assert len(shown) == 2
    assert all("cannot be written" in (error or "") for error in shown)
    assert [way[2:] for way in ways(post) if way[2] == "log"] == [("log", None)] * 2
    # Given up is given up: nobody is told a week later, when it works again.
    way.unlink()
    await post.deliver(file, seq)
    assert lines(shut) == []


async def test_a_channel_that_comes_back_after_the_end_of_the_case_still_delivers(
    post: Post, file: File, tmp_path: Path
) -> None:
    way = tmp_path / "way"
    way.write_text("", encoding="utf-8")
    shut = FileChannel(name="shut", path=way / "log.jsonl")
    post.channels = [shut]
    seq = file.tell(COUNTY).seq
    run(post.registry.write_ledger, file.batch())
    await post.outage(file, seq)
    run(post.registry.write_ledger, file.batch(first=seq + 1, outcome="not_exited"))
    way.unlink()
    post.now = APPLIED + timedelta(days=2)
    await post.deliver(file, seq)
    assert [line["recipient"]["name"] for line in lines(shut)] == [COUNTY.name]
    assert ways(post) == [(seq, 1, "shut", None)]


async def test_what_can_never_arrive_is_given_up_at_once(
    post: Post, file: File, httpserver: HTTPServer
) -> None:
    httpserver.expect_request("/").respond_with_data("", status=410)
    post.channels = [hook(httpserver.url_for("/"))]
    seq = file.tell(COUNTY).seq
    run(post.registry.write_ledger, file.batch())
    (given_up,) = await post.deliver(file, seq)
    assert "410" in (given_up.error or "")
    await post.deliver(file, seq)
    assert len(httpserver.log) == 1


async def test_a_channel_says_itself_when_it_is_tried_again(
    post: Post, file: File, httpserver: HTTPServer
) -> None:
    busy = {"Retry-After": "600"}
    httpserver.expect_request("/").respond_with_data("", status=503, headers=busy)
    post.channels = [hook(httpserver.url_for("/"))]
    seq = file.tell(COUNTY).seq
    run(post.registry.write_ledger, file.batch())
    assert (await post.outage(file, seq)).next_retry_delay == timedelta(minutes=10)


async def test_a_worker_that_dies_between_sending_and_noting_tells_a_log_once(
    post: Post, file: File, log: FileChannel, httpserver: HTTPServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """A receiver that can tell has the same key twice; one that cannot is told twice."""
    httpserver.expect_request("/").respond_with_data("")
    post.channels.append(hook(httpserver.url_for("/")))
    seq = file.tell(COUNTY).seq
    run(post.registry.write_ledger, file.batch())

    both = threading.Barrier(2, timeout=10)

    def dies(*_: Any) -> None:
        both.wait()  # both are sent
        raise asyncio.CancelledError

    with monkeypatch.context() as dying:
        dying.setattr(Outbox, "settle", dies)
        with pytest.raises(asyncio.CancelledError):
            await post.deliver(file, seq)
    await post.deliver(file, seq)
    assert len(lines(log)) == 1
    keys = [request.headers["Idempotency-Key"] for request, _ in httpserver.log]
    assert (len(keys), len(set(keys))) == (2, 1)


def test_what_could_not_be_set_going_is_when_the_batch_comes_again(post: Post, file: File) -> None:
    seq = file.tell(COUNTY).seq
    post.away = True
    with pytest.raises(TimeoutError):
        run(post.registry.write_ledger, file.batch())
    assert ways(post) == [(seq, 1, "log", "?")]
    post.away = False
    run(post.registry.write_ledger, file.batch())
    assert post.rung == [f"outbox/{file.case_id}/{seq}"]


def test_what_nobody_has_set_going_is_found_again(post: Post, file: File) -> None:
    first, second = file.tell(COUNTY, days=2).seq, file.tell(CITY, PERSON).seq
    run(post.registry.write_ledger, file.batch())
    left = post.outbox.left()
    assert [(each.seq, each.tried_for) for each in left] == [
        (first, timedelta(days=2)),
        (second, timedelta(days=3)),
    ]
    assert left == file.tellings
    post.outbox.deliver(left)
    assert len(post.rung) == 4


async def test_a_restored_registry_learns_from_the_server_who_was_told(
    post: Post, file: File, log: FileChannel
) -> None:
    seq = file.tell(COUNTY, CITY).seq
    post.channels.append(log.model_copy(update={"name": "newer"}))
    post.known = (
        Delivered(number=1, channel="log", at=CLOCK, error=None),
        Delivered(number=2, channel="log", at=CLOCK, error="no such mailbox"),
    )
    run(post.registry.write_ledger, file.batch())
    later = "the channel is newer than what was delivered on the others"
    assert ways(post) == [
        (seq, 1, "log", None),
        (seq, 1, "newer", later),
        (seq, 2, "log", "no such mailbox"),
        (seq, 2, "newer", later),
    ]
    noted = {each.at for each in post.outbox.settled(file.case_id, seq) if each.error == later}
    assert noted == {CLOCK}
    await post.deliver(file, seq)
    assert lines(log) == []  # they were told before


async def test_a_delivery_waits_for_a_registry_that_has_lost_what_it_delivers(
    post: Post, file: File, log: FileChannel
) -> None:
    seq = file.tell(COUNTY).seq
    assert "nothing of this entry yet" in (await post.outage(file, seq)).message
    run(post.registry.write_ledger, file.batch())
    await post.deliver(file, seq)
    assert len(lines(log)) == 1


def test_no_row_is_changed_or_taken_out(post: Post, file: File) -> None:
    file.tell(STRANGER)
    run(post.registry.write_ledger, file.batch())
    for statement in (
        "UPDATE outbox SET content = '{}'",
        "DELETE FROM outbox",
        "UPDATE deliveries SET error = NULL",
        "DELETE FROM deliveries",
    ):
        with (
            pytest.raises((DBAPIError, sqlite3.Error), match="written once and kept"),
            post.engine.begin() as connection,
        ):
            connection.execute(text(statement))


# -- telling without a file -----------------------------------------------------------------------


def told_by(case_id: str, office: str | None) -> TellOrder:
    whom = Recipient(name="某", office=Office.parse(office) if office else None)
    notification = Notification(
        case_id=case_id, seq=1, number=1, topic="核查", recipient=whom, subject="事", text="文"
    )
    return TellOrder(telling=Telling(notifications=(notification,), tried_for=timedelta(hours=6)))


@pytest.mark.parametrize(
    ("of", "office", "concerned"),
    [
        ("check", "A7/410000", True),
        ("check", "A6/411500", False),
        ("check", None, False),
        ("watch", "A7/410000", True),
        ("watch", "A5/411523", True),
        ("watch", "A5/421523", False),
        ("watch", "A8/100000", False),
        ("watch", None, False),
    ],
)
def test_a_check_tells_the_province_and_a_morning_the_offices_of_its_region(
    post: Post, of: str, office: str | None, concerned: bool
) -> None:
    round_ = f"round/{of}/410000-2018-08-02T18:00:00Z"
    called(post.notifications.tell, told_by(round_, office), round_)
    assert [channel for _, _, channel, _ in ways(post)] == ["log" if concerned else "—"]
    assert post.rung == ([f"outbox/{round_}/1"] if concerned else [])
    called(post.notifications.tell, told_by(round_, office), round_)
    assert len(rows(post.engine, OutboxRow)) == 1


@pytest.mark.parametrize("by", [None, "round/check/420000-2018-08-02T18:00:00Z"])
def test_nobody_tells_in_the_name_of_another(post: Post, by: str | None) -> None:
    order = told_by("round/check/410000-2018-08-02T18:00:00Z", "A7/410000")
    with pytest.raises(ApplicationError, match="was not asked for by its case") as raised:
        called(post.notifications.tell, order, by)
    assert raised.value.non_retryable
    assert (ways(post), post.rung) == ([], [])


def test_a_case_tells_nothing_past_its_file(post: Post, file: File) -> None:
    run(post.registry.write_ledger, file.batch())
    with pytest.raises(ApplicationError, match="a case tells by its file"):
        called(post.notifications.tell, told_by(file.case_id, "A5/411523"), file.case_id)
    assert (ways(post), post.rung) == ([], [])


def test_nobody_tells_for_what_is_no_case(post: Post, engine: Engine) -> None:
    order = told_by("made-up", "A5/411523")
    called(post.notifications.tell, order, "made-up")
    assert ways(post) == [(1, 1, "—", "the registry has admitted no such case")]
    with writing(engine) as session:
        assert session.get(CaseRow, "made-up") is None
