"""What the tests of deliveries share: one notification, and one delivery of it."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from temporalio.api.failure.v1 import Failure
from temporalio.converter import DataConverter
from temporalio.exceptions import ApplicationError

from activities.notifications.channels import (
    Channel,
    DingtalkChannel,
    FeishuChannel,
    SmtpChannel,
    WebhookChannel,
)
from activities.notifications.deliver import Senders
from models.case.orders import Notification, Recipient
from models.offices import Office

CITY, COUNTY = Office.parse("A6/411500"), Office.parse("A5/411523")
KEY = "key-693axxx6-7aoc-4bc4"
SECRET = "SEC0123456789"
NOTIFICATION = Notification(
    case_id="county-exit/411523/2017",
    number=3,
    seq=7,
    topic="reminder",
    recipient=Recipient(name="信阳市扶贫开发领导小组", office=CITY),
    subject="新县：市级初审期限\n临近",
    text="期限为2017年12月7日24时。",
)
PERSON = Recipient(name="某丙", contact="li@example.org")


def to(recipient: Recipient) -> Notification:
    return NOTIFICATION.model_copy(update={"recipient": recipient})


async def deliver(
    channel: Channel, notification: Notification = NOTIFICATION, name: str | None = None
) -> None:
    await Senders([channel]).send(notification, name or channel.name)


async def failure(channel: Channel, notification: Notification = NOTIFICATION) -> ApplicationError:
    with pytest.raises(ApplicationError) as raised:
        await deliver(channel, notification)
    assert len(str(raised.value.message)) <= 300
    return raised.value


def kept_by_temporal(error: ApplicationError) -> str:
    """All that a server keeps of an error: message, causes, stack."""
    kept, converter = Failure(), DataConverter.default
    converter.failure_converter.to_failure(error, converter.payload_converter, kept)
    return str(kept)


def is_outage(error: ApplicationError) -> bool:
    assert error.type in ("Outage", "Undeliverable")
    assert error.non_retryable is (error.type == "Undeliverable")
    return error.type == "Outage"


@contextmanager
def nobody() -> Iterator[int]:
    """A port at which nobody listens, and nobody else will."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def hook(url: str) -> WebhookChannel:
    """A webhook of one's own."""
    return WebhookChannel.model_validate({"name": "hook", "url": url})


def dingtalk(url: str, secret: str | None = None) -> DingtalkChannel:
    """A robot of DingTalk."""
    return DingtalkChannel.model_validate({"name": "r", "url": url, "secret": secret})


def feishu(url: str, secret: str | None = None) -> FeishuChannel:
    """A robot of Feishu."""
    return FeishuChannel.model_validate({"name": "r", "url": url, "secret": secret})


def smtp(port: int, **changes: Any) -> SmtpChannel:
    """A mail server on this machine, without encryption."""
    settings: dict[str, Any] = {
        "name": "mail",
        "host": "127.0.0.1",
        "port": port,
        "security": "none",
        "sender": "exitflow@example.org",
        "recipients": {"A6/411500": "city@example.org"},
    }
    return SmtpChannel.model_validate(settings | changes)
